"""The removal of channels: the code that confirms it, the removal, and the chats it leaves to be closed
(docs/data-model.md C2)."""

from __future__ import annotations

from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action

from recado.domain.channel_removal import CODES_WITHIN, Closing, RemovalCode
from recado.domain.channels import Channel
from recado.domain.chats import Event
from recado.ports.sweeps import DuePage
from recado.storage import keys
from recado.storage.channels import CHANNEL_UNCHANGED, ChannelRecord, ChannelSecretsRecord, leave_address
from recado.storage.due import Due, due_page
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import Transaction, condition_failed, guard
from recado.storage.workspace_events import add_workspace_event

CODE_AS_SEEN = guard(
    "removal-code-moves-from-seen-version",
    "two guesses, or two requests for a code, come at once: each would be counted from what it read, and there would "
    "be more of them than there may be",
)
CLOSING_THERE = guard(
    "removed-channel-is-there-to-look-at",
    "one look finds the end while another puts it off: half an item would be looked at for ever",
)


class RemovalCodeRecord(WorkspaceRecord):
    """REMOVALCODE: ends by `ttl`, and with the removal."""

    code_hash = UnicodeAttribute()
    expires_at = TimeAttribute()
    counted_from = TimeAttribute()
    codes = NumberAttribute()
    tries = NumberAttribute()
    version = NumberAttribute()

    def code(self) -> RemovalCode:
        """The entity."""
        return self.to(RemovalCode, codes=int(self.codes), tries=int(self.tries), version=int(self.version))


class ClosingRecord(WorkspaceRecord):
    """REMOVED: a removed channel whose chats are being closed."""

    removed_at = TimeAttribute()
    place = UnicodeAttribute(null=True)
    pass_from = TimeAttribute(null=True)
    closed = NumberAttribute(default=0)
    due_pk = UnicodeAttribute()
    due_sk = UnicodeAttribute()
    due = Due()

    def closing(self) -> Closing:
        """The entity."""
        due = datetime.fromisoformat(self.due_sk)
        return self.to(Closing, channel_id=self.sk, due=due, closed=int(self.closed))


class DynamoChannelRemovals:
    """The store of removals (ports.channel_removals.RemovalStore)."""

    def code(self, a: str, channel_id: str) -> RemovalCode | None:
        """1 RRU."""
        found = RemovalCodeRecord.find(keys.workspace_pk(a, "REMOVALCODES"), channel_id)
        return None if found is None else found.code()

    def move_code(self, a: str, channel_id: str, before: RemovalCode | None, after: RemovalCode) -> bool:
        """1 transactional put: what was written is not taken for another's when its answer is lost."""
        record = RemovalCodeRecord.of(
            after,
            pk=keys.workspace_pk(a, "REMOVALCODES"),
            sk=channel_id,
            ttl=int((after.counted_from + CODES_WITHIN + CODES_WITHIN).timestamp()),
        )
        seen = RemovalCodeRecord.pk.does_not_exist() if before is None else RemovalCodeRecord.version == before.version
        tx = Transaction()
        tx.put("code", record, CODE_AS_SEEN(seen))
        return tx.committed()

    def remove(self, a: str, before: Channel, after: Channel, event: Event, closing: Closing) -> bool:
        """Whoever changes the channel, or removes it too, moves its version: everything else follows from that."""
        tx = Transaction()
        tx.put(
            "channel", ChannelRecord.of_channel(a, after), CHANNEL_UNCHANGED(ChannelRecord.version == before.version)
        )
        tx.delete("secrets", ChannelSecretsRecord(keys.workspace_pk(a, "CHANNELSECRETS"), before.id))
        tx.delete("code", RemovalCodeRecord(keys.workspace_pk(a, "REMOVALCODES"), before.id))
        if before.address:
            leave_address(tx, a, before, closing.removed_at)
        tx.put("closing", _closing_record(a, closing))
        add_workspace_event(tx, a, before.id, event)
        return tx.committed()

    def due(self, now: datetime, limit: int) -> DuePage:
        """16 queries of the index, over all accounts."""
        return due_page("REMOVED", ClosingRecord, now, limit)

    def closing(self, a: str, channel_id: str) -> Closing | None:
        """1 RRU."""
        found = ClosingRecord.find(keys.workspace_pk(a, "REMOVED"), channel_id)
        return None if found is None else found.closing()

    def go_on(self, a: str, closing: Closing) -> None:
        """1 WRU and the index."""
        place, began = ClosingRecord.place, ClosingRecord.pass_from
        actions: list[Action] = [
            place.remove() if closing.place is None else place.set(closing.place),
            began.remove() if closing.pass_from is None else began.set(closing.pass_from),
            ClosingRecord.closed.set(closing.closed),
            ClosingRecord.due_sk.set(keys.stamp(closing.due)),
        ]
        record = ClosingRecord(keys.workspace_pk(a, "REMOVED"), closing.channel_id)
        try:
            record.update(actions, condition=CLOSING_THERE(ClosingRecord.pk.exists()))
        except UpdateError as error:
            if not condition_failed(error):
                raise

    def end(self, a: str, channel_id: str) -> None:
        """1 WRU and the index."""
        ClosingRecord(keys.workspace_pk(a, "REMOVED"), channel_id).delete()


def _closing_record(a: str, closing: Closing) -> ClosingRecord:
    return ClosingRecord.of(
        closing,
        pk=keys.workspace_pk(a, "REMOVED"),
        sk=closing.channel_id,
        due_pk=keys.due_pk("REMOVED", closing.channel_id),
        due_sk=keys.stamp(closing.due),
    )
