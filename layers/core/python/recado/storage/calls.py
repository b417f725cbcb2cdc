"""CALL: what is known of a telephone call, and the message that shows it."""

from __future__ import annotations

from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError

from recado.domain.calls import KEPT_DAYS, Call, open_until
from recado.domain.chats import ThreadKey
from recado.ports.sweeps import DuePage
from recado.storage import keys
from recado.storage.chat_records import MessageRecord
from recado.storage.due import Due, due_page
from recado.storage.tables import ChatsRecord, TimeAttribute
from recado.storage.transaction import Cancelled, Transaction, condition_failed, guard

_BEGINS = guard("call-begins-once", "a call's first request comes twice at once: the later would begin its menu anew")
_MOVES = guard(
    "call-moves-from-seen-version",
    "two requests of one call at once: one would take back what the other told, such as that it was answered",
)
_MESSAGE_THERE = guard(
    "call-message-is-there", "a contact is erased while they are on the telephone: an empty message would be made anew"
)
_DUE = guard("call-is-there-to-look-at", "a call ends while the sweep puts it off: it would be looked at for ever")
_COUNTS, _LENGTHS = ("asked", "seq", "version"), ("duration_s", "talk_s")


class CallRecord(ChatsRecord):
    """CALL."""

    id = UnicodeAttribute()
    channel_id = UnicodeAttribute()
    begun_at = TimeAttribute()
    stage = UnicodeAttribute()
    asked = NumberAttribute()
    sender = UnicodeAttribute(null=True)
    seq = NumberAttribute()
    message_id = UnicodeAttribute(null=True)
    chat_id = UnicodeAttribute(null=True)
    waits_since = TimeAttribute(null=True)
    agent_id = UnicodeAttribute(null=True)
    answered_at = TimeAttribute(null=True)
    answered_by = UnicodeAttribute(null=True)
    ended_at = TimeAttribute(null=True)
    voicemail_id = UnicodeAttribute(null=True)
    duration_s = NumberAttribute(null=True)
    talk_s = NumberAttribute(null=True)
    version = NumberAttribute()
    due_pk = UnicodeAttribute(null=True)
    due_sk = UnicodeAttribute(null=True)
    due = Due()

    @classmethod
    def of_call(cls, a: str, call: Call) -> CallRecord:
        """The item of a call; it goes some weeks after its beginning."""
        texts = {name: getattr(call, name) or None for name in ("sender", "message_id", "chat_id")}
        ttl = int((call.begun_at + timedelta(days=KEPT_DAYS)).timestamp())
        until = open_until(call)
        due_pk = keys.due_pk("CALL", call.id) if until else None
        due_sk = keys.stamp(until) if until else None
        pk = keys.call_pk(a, call.channel_id, call.id)
        return cls.of(call, pk=pk, sk="CALL", ttl=ttl, due_pk=due_pk, due_sk=due_sk, **texts)

    def call(self) -> Call:
        """The entity."""
        whole = {name: int(getattr(self, name)) for name in _COUNTS}
        lengths = {name: None if (value := getattr(self, name)) is None else int(value) for name in _LENGTHS}
        return self.to(Call, **whole, **lengths)


class DynamoCalls:
    """The store of calls (ports.calls.CallStore)."""

    def get(self, a: str, channel_id: str, call_id: str) -> Call | None:
        """A call: 1 RRU."""
        found = CallRecord.find(keys.call_pk(a, channel_id, call_id), "CALL")
        return None if found is None else found.call()

    def write(self, a: str, before: Call | None, after: Call) -> bool:
        """CALL, and MSG when it shows something else now: 2 to 4 WRU. Where the message was erased the call goes on
        alone."""
        if _is_shown_anew(before, after):
            lost = self._commit(a, before, after, with_message=True)
            if lost != {"message"}:
                return not lost
        return not self._commit(a, before, after, with_message=False)

    def due(self, now: datetime, limit: int) -> DuePage:
        """By the `due` index."""
        return due_page("CALL", CallRecord, now, limit)

    def look_again_at(self, a: str, channel_id: str, call_id: str, when: datetime) -> None:
        """Moves the place in the index only; the call's next state puts it right. 1 WRU and the index."""
        record = CallRecord(keys.call_pk(a, channel_id, call_id), "CALL")
        try:
            record.update([CallRecord.due_sk.set(keys.stamp(when))], condition=_DUE(CallRecord.due_sk.exists()))
        except UpdateError as error:
            if not condition_failed(error):
                raise

    def _commit(self, a: str, before: Call | None, after: Call, with_message: bool) -> frozenset[str]:
        tx = Transaction()
        unmoved = (
            _BEGINS(CallRecord.pk.does_not_exist()) if before is None else _MOVES(CallRecord.version == before.version)
        )
        tx.put("call", CallRecord.of_call(a, after), unmoved)
        if with_message:
            thread = ThreadKey(after.channel_id, after.sender)
            record = MessageRecord(keys.thread_pk(a, thread), keys.message_sk(after.seq))
            shown = [MessageRecord.payload.set(after.payload())]
            tx.update("message", record, shown, _MESSAGE_THERE(MessageRecord.id == after.message_id))
        try:
            tx.commit()
        except Cancelled as lost:
            return lost.failed
        return frozenset()


def _is_shown_anew(before: Call | None, after: Call) -> bool:
    return after.joined and (before is None or not before.joined or before.payload() != after.payload())
