"""Delivery statuses of messages, and those that came before their message."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action

from recado.domain.chats import MessageError, Status, ThreadKey
from recado.domain.delivery import earlier_than
from recado.ports.billing import Charges
from recado.ports.inbound import Delivery, Seen
from recado.storage import keys
from recado.storage.chat_records import MessageRecord, ParkedRecord, SeenRecord
from recado.storage.opt_outs import note_opt_out
from recado.storage.threads import place_of
from recado.storage.transaction import Cancelled, Transaction, condition_failed, guard

PARKED_DAYS = 14
LOOK_BACK = 100
_KNOWN_AS_SENT: tuple[Status, ...] = ("sent", "delivered", "read")
STATUS_FORWARD = guard(
    "status-moves-forward",
    "two statuses of one message at once, or one after a later one: the message would go back from read to sent",
)
NOT_YET_SEEN = guard(
    "status-is-parked-before-its-message",
    "the message is recorded while its status is being parked: nobody would ever take the status up",
)


class DynamoStatuses:
    """The store of statuses (ports.inbound.StatusStore). `charges` is told of each status of a message that is known,
    whether or not it moved it."""

    def __init__(self, charges: Charges | None = None) -> None:
        self._charges = charges

    def place(self, a: str, channel_id: str, provider_id: str) -> Seen | None:
        """Where the message of a provider's id lies."""
        record = SeenRecord.find(keys.seen_pk(a, channel_id, provider_id), "SEEN")
        if record is None:
            return None
        return place_of(channel_id, record)

    def move(self, a: str, place: Seen, delivery: Delivery) -> bool:
        """One conditional update. A message that is gone has no status that could give way. What else it tells comes
        after it: whoever dies in between has the status told again."""
        moved = self._move(a, place, delivery)
        if delivery.withdrawn:
            note_opt_out(a, place, delivery.at)
        if self._charges is not None:
            self._charges.charge(a, place, delivery)
        return moved

    def _move(self, a: str, place: Seen, delivery: Delivery) -> bool:
        before = earlier_than(delivery.status)
        if not before:
            return False
        actions: list[Action] = [MessageRecord.status.set(delivery.status)]
        if delivery.error:
            actions += [
                MessageRecord.error_code.set(delivery.error.code),
                MessageRecord.error_title.set(delivery.error.title),
            ]
        else:
            actions += [MessageRecord.error_code.remove(), MessageRecord.error_title.remove()]
        record = MessageRecord(keys.thread_pk(a, place.thread), keys.message_sk(place.seq))
        try:
            record.update(actions=actions, condition=STATUS_FORWARD(MessageRecord.status.is_in(*before)))
        except UpdateError as error:
            if condition_failed(error):
                return False
            raise
        return True

    def park(self, a: str, channel_id: str, provider_id: str, delivery: Delivery) -> bool:
        """PARK, if there is no SEEN still. A second status of the same name takes the place of the first."""
        pk = keys.seen_pk(a, channel_id, provider_id)
        tx = Transaction()
        tx.put(
            "parked",
            ParkedRecord(
                pk=pk,
                sk=keys.parked_sk(delivery.status),
                status=delivery.status,
                at=delivery.at,
                error_code=delivery.error.code if delivery.error else None,
                error_title=delivery.error.title if delivery.error else None,
                pricing=dict(delivery.pricing) if delivery.pricing else None,
                withdrawn=delivery.withdrawn or None,
                ttl=int((delivery.at + timedelta(days=PARKED_DAYS)).timestamp()),
            ),
        )
        tx.check("seen", SeenRecord(pk, "SEEN"), NOT_YET_SEEN(SeenRecord.pk.does_not_exist()))
        try:
            tx.commit()
        except Cancelled:
            return False
        return True

    def sent_until(self, a: str, thread: ThreadKey, until: datetime, status: Status) -> list[Seen]:
        """One query backwards."""
        records = MessageRecord.query(
            keys.thread_pk(a, thread),
            MessageRecord.sk.startswith("MSG#"),
            consistent_read=True,
            scan_index_forward=False,
            page_size=LOOK_BACK,
            limit=LOOK_BACK,
        )
        stand_already = {other for other in _KNOWN_AS_SENT if other not in earlier_than(status)}
        found = []
        for record in records:
            if record.direction != "outbound" or record.internal or record.created_at > until:
                continue
            if record.status in stand_already:
                break
            if record.status in _KNOWN_AS_SENT:
                found.append(Seen(record.id, thread, int(record.seq)))
        return found

    def take_parked(self, a: str, channel_id: str, provider_id: str) -> int:
        """Apply, then forget: whoever stops between the two leaves them to be applied again, which changes nothing. To
        be called after the transaction that wrote SEEN."""
        place = self.place(a, channel_id, provider_id)
        if place is None:
            return 0
        pk = keys.seen_pk(a, channel_id, provider_id)
        parked = list(ParkedRecord.query(pk, ParkedRecord.sk.startswith(keys.parked_sk("")), consistent_read=True))
        for record in parked:
            error = MessageError(record.error_code, record.error_title or "") if record.error_code else None
            status: Any = record.status  # as it was written
            self.move(a, place, Delivery(status, record.at, error, record.pricing, bool(record.withdrawn)))
        for record in parked:
            record.delete()
        return len(parked)
