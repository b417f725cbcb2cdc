"""Messages being written and their sends: MSG, THREAD and OUT in one transaction, then OUT with what its message shows
(docs/data-model.md D2)."""

from __future__ import annotations

from datetime import datetime, timedelta

from pynamodb.exceptions import PutError, TransactWriteError, UpdateError
from pynamodb.expressions.update import Action

from recado.domain.chat_moves import ChatMove
from recado.domain.chats import Message, Status, Thread, ThreadKey
from recado.domain.delivery import earlier_than
from recado.domain.errors import Busy
from recado.domain.sending import Outgoing, Posting, Step, told
from recado.ports.inbound import Delivery, Seen
from recado.ports.sweeps import DuePage
from recado.storage import keys
from recado.storage.chat_moves import add_move
from recado.storage.chat_records import ChatEventRecord, ChatRecord, MessageRecord, SeenRecord, ThreadRecord
from recado.storage.due import due_page
from recado.storage.files import add_chat_of_file
from recado.storage.opt_outs import note_opt_out
from recado.storage.sends import OutRecord
from recado.storage.statuses import LOOK_BACK, STATUS_FORWARD
from recado.storage.threads import SEEN_DAYS
from recado.storage.transaction import Cancelled, Transaction, condition_failed, guard

_TRIES = 5
POST_MOVES = guard(
    "post-moves-thread-from-seen-seq",
    "two messages are written in one thread at once, or its chat closes meanwhile: one would take the other's place, "
    "or lie in a closed chat",
)
WRITTEN_ONCE = guard(
    "send-is-written-once",
    "the answer of a write was lost and the message is written again, at another seq: the customer would get it twice",
)
FLOW_LEADS = guard(
    "flow-writes-while-it-leads",
    "an agent takes a chat while its flow writes: the flow would talk into their conversation",
)
SEND_MOVES = guard(
    "send-moves-from-seen-version",
    "two workers, a sweep and a status act on one send at once: each decides from what it read, and the customer "
    "would get it twice",
)
SEND_DUE = guard(
    "send-is-there-to-look-at",
    "a send ends and goes while the sweep puts it off: half a send would stay for ever",
)


class DynamoOutbox:
    """The store of sends (ports.outbox.OutboxStore)."""

    def write(self, a: str, posting: Posting) -> Message | None:
        """MSG, THREAD, OUT unless it is a note, the way from its file to the chat, CHAT and its fact when it is a first
        answer. The thread at the seq that was read says that its chat is still open too: closing moves it. When the
        answer was lost, what lies at the message's place tells whether it was written."""
        before, after = posting.thread_before, posting.thread_after
        tx = Transaction()
        tx.put("message", MessageRecord.of_message(a, posting.message))
        actions: list[Action] = [ThreadRecord.last_seq.set(after.last_seq), ThreadRecord.unread.set(after.unread)]
        if posting.out is not None and after.last_message_at is not None and after.company_wrote_at is not None:
            actions += [
                ThreadRecord.last_message_at.set(after.last_message_at),
                ThreadRecord.last_text.set(after.last_text),
                ThreadRecord.company_wrote_at.set(after.company_wrote_at),
            ]
            if after.pair_full_at is not None:
                actions.append(ThreadRecord.pair_full_at.set(after.pair_full_at))
            tx.put("out", OutRecord.of_send(a, posting.out), WRITTEN_ONCE(OutRecord.pk.does_not_exist()))
        thread = ThreadRecord(keys.thread_pk(a, before.key), "THREAD")
        tx.update("thread", thread, actions, POST_MOVES(ThreadRecord.last_seq == before.last_seq))
        if posting.message.file is not None:
            add_chat_of_file(tx, a, str(posting.message.file["id"]), posting.message.chat_id)
        if posting.chat_before is not None and posting.chat_after is not None:
            add_move(tx, a, ChatMove(posting.chat_before, posting.chat_after))
        if posting.led_by is not None:
            chat = ChatRecord(keys.chat_pk(a, posting.message.chat_id), "CHAT")
            tx.check("chat-led", chat, FLOW_LEADS(ChatRecord.execution_id == posting.led_by))
        for event in posting.events:
            tx.put(f"event:{event.id}", ChatEventRecord.of_event(a, event))
        try:
            failed = _committed(tx)
        except TransactWriteError:
            found = self.message(a, before.key, posting.message.seq)
            if found is None or found.id != posting.message.id:
                raise
            return found
        if failed is None:
            return posting.message
        return self._written_before(a, posting.message.id) if "out" in failed else None

    def _written_before(self, a: str, message_id: str) -> Message | None:
        out = self.get(a, message_id)
        return None if out is None else self.message(a, out.thread, out.seq)

    def get(self, a: str, message_id: str) -> Outgoing | None:
        """1 RRU."""
        found = OutRecord.find(keys.out_pk(a, message_id), "OUT")
        return None if found is None else found.send()

    def message(self, a: str, thread: ThreadKey, seq: int) -> Message | None:
        """1 RRU for each 4 KB."""
        found = MessageRecord.find(keys.thread_pk(a, thread), keys.message_sk(seq))
        return None if found is None else found.message()

    def said_before(self, a: str, message: Message) -> Message | None:
        """One query backwards, of LOOK_BACK messages at most."""
        ours: Message | None = None
        for record in MessageRecord.query(
            keys.thread_pk(a, message.thread),
            MessageRecord.sk.between(keys.message_sk(0), keys.message_sk(message.seq - 1)),
            consistent_read=True,
            scan_index_forward=False,
            page_size=LOOK_BACK,
            limit=LOOK_BACK,
        ):
            one = record.message()
            if not one.provider_id:
                continue
            if one.direction == "inbound":
                return one
            ours = one if one.chat_id == message.chat_id else ours
        return ours

    def thread(self, a: str, key: ThreadKey) -> Thread | None:
        """1 RRU."""
        found = ThreadRecord.find(keys.thread_pk(a, key), "THREAD")
        return None if found is None else found.thread()

    def advance(self, a: str, before: Outgoing, step: Step) -> bool:
        """One put while the message shows nothing new; else OUT, MSG and, with a provider's id, SEEN in one
        transaction. A status that the message has passed is left out at a second try."""
        moved = SEND_MOVES(OutRecord.version == before.version)
        record = OutRecord.of_send(a, step.out)
        if step.status is None:
            try:
                record.save(condition=moved)
            except PutError as error:
                if condition_failed(error):
                    return False
                raise
            return True
        for status in (step.status, None):
            tx = Transaction()
            tx.put("out", record, moved)
            _add_outcome(tx, a, step, status)
            failed = _committed(tx)
            if failed is None:
                return True
            if "out" in failed:
                return False
        return False

    def settle_by_status(
        self, a: str, channel_id: str, message_id: str, provider_id: str | None, delivery: Delivery
    ) -> Seen | None:
        """Where the message of a status by our own id lies (ports.inbound.SentMessages). The provider has it, whatever
        its send came to, so nothing sends it again. None when no such message of this channel is known any more.
        Raises Busy."""
        for _ in range(_TRIES):
            out = self.get(a, message_id)
            if out is None or out.thread.channel_id != channel_id:
                return None
            place = Seen(message_id, out.thread, out.seq)
            if out.state == "settled" or self.advance(a, out, told(out, delivery.status, provider_id, delivery.error)):
                return place
        raise Busy(f"send of {message_id}")

    def opt_out(self, a: str, out: Outgoing, at: datetime) -> None:
        """1 get, 1 query, 1 WRU."""
        note_opt_out(a, Seen(out.message_id, out.thread, out.seq), at)

    def due(self, now: datetime, limit: int) -> DuePage:
        """16 queries of the index, over all accounts."""
        return due_page("OUT", OutRecord, now, limit)

    def look_again_at(self, a: str, message_id: str, when: datetime) -> None:
        """Moves the place in the index only; the send's own next state puts it right."""
        try:
            OutRecord(keys.out_pk(a, message_id), "OUT").update(
                [OutRecord.due_sk.set(keys.stamp(when))], condition=SEND_DUE(OutRecord.due_sk.exists())
            )
        except UpdateError as error:
            if not condition_failed(error):
                raise


def _add_outcome(tx: Transaction, a: str, step: Step, status: Status | None) -> None:
    """What the message shows, and where a provider's id leads from now on. `status` None: it stands further already."""
    out = step.out
    actions: list[Action] = []
    condition = None
    if status is not None:
        actions.append(MessageRecord.status.set(status))
        if step.error is not None:
            actions += [MessageRecord.error_code.set(step.error.code), MessageRecord.error_title.set(step.error.title)]
        else:
            actions += [MessageRecord.error_code.remove(), MessageRecord.error_title.remove()]
        earlier = ("queued",) if status == "unknown" else earlier_than(status)
        condition = STATUS_FORWARD(MessageRecord.status.is_in(*earlier))
    if step.provider_id:
        actions.append(MessageRecord.provider_id.set(step.provider_id))
        seen = SeenRecord(
            keys.seen_pk(a, out.thread.channel_id, step.provider_id),
            "SEEN",
            message_id=out.message_id,
            sender=out.thread.sender,
            seq=out.seq,
            ttl=int((out.created_at + timedelta(days=SEEN_DAYS)).timestamp()),
        )
        tx.put("seen", seen)
    if actions:
        tx.update("message", MessageRecord(keys.thread_pk(a, out.thread), keys.message_sk(out.seq)), actions, condition)


def _committed(tx: Transaction) -> frozenset[str] | None:
    """None when it was written, else what failed."""
    try:
        tx.commit()
    except Cancelled as cancelled:
        return cancelled.failed
    return None
