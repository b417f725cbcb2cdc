"""Customers who want no more messages, as far as their provider's refusals tell: noted on the thread, unless they have
written since."""

from __future__ import annotations

from datetime import datetime

from pynamodb.exceptions import UpdateError

from recado.domain.errors import Busy
from recado.ports.inbound import Seen
from recado.storage import keys
from recado.storage.chat_records import MessageRecord, ThreadRecord
from recado.storage.transaction import condition_failed, guard

OPT_OUT_AS_SEEN = guard(
    "opt-out-from-seen-thread",
    "the customer writes START while a provider's earlier refusal is noted: nothing would be sent to them again",
)
LOOK_AHEAD = 100
_TRIES = 5


def note_as_seen(thread_pk: str, last_seq: int, at: datetime) -> bool:
    """1 WRU. False: the thread has moved since that message, and is to be looked at anew."""
    try:
        ThreadRecord(thread_pk, "THREAD").update(
            actions=[ThreadRecord.opted_out_at.set(at)],
            condition=OPT_OUT_AS_SEEN(ThreadRecord.last_seq == last_seq),
        )
    except UpdateError as error:
        if condition_failed(error):
            return False
        raise
    return True


def note_opt_out(a: str, place: Seen, at: datetime) -> None:
    """A message was refused, in the answer to its send or later: 1 get, 1 query, 1 WRU; again it changes nothing. What
    the customer wrote after it, START perhaps, counts more; what we wrote says nothing. Where a hundred messages and
    more came after it, the next send finds out. Raises Busy."""
    pk = keys.thread_pk(a, place.thread)
    for _ in range(_TRIES):
        thread = ThreadRecord.find(pk, "THREAD")
        if thread is None or thread.opted_out_at is not None or thread.last_seq - place.seq > LOOK_AHEAD:
            return
        after = MessageRecord.sk.between(keys.message_sk(place.seq + 1), keys.message_sk(place.seq + LOOK_AHEAD))
        if any(one.direction == "inbound" for one in MessageRecord.query(pk, after, consistent_read=True)):
            return
        if note_as_seen(pk, int(thread.last_seq), at):
            return
    raise Busy(f"opt-out of {place.message_id}")
