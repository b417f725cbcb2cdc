"""What a customer's message sets off when it finds no open chat: a chat of its own, or the closed one that opens again;
who served them last; the answer of a department that is closed (PRODUCT B2, D4). Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from recado.domain.chat_moves import may_reopen, reopen
from recado.domain.chats import Author, Chat, Message, Thread, shortened
from recado.domain.flow_starts import Beginning
from recado.domain.people import Department
from recado.domain.sending import ENQUEUE_AGAIN_S, Outgoing
from recado.domain.timers import armed
from recado.domain.windows import WindowRule, may_send

MAX_FLOWS_IN_A_ROW = 10
SOON = timedelta(minutes=1)
"""So many chats of a customer are begun by the channel's flow, each so soon after the one before: a flow that answers
and closes, and a machine that answers that, would go on for ever. The next chat waits for people."""


@dataclass(frozen=True)
class Opening:
    """What was read for it. `department`: where the chat will wait, None when it is gone; `reopens`: the closed chat
    that opens again; `away`: what the department answers, as it is closed; `window`: the channel's rule."""

    department: Department | None = None
    reopens: Chat | None = None
    preferred_agent_id: str | None = None
    away: str | None = None
    window: WindowRule | None = None
    flow: Beginning | None = None
    """The channel's own flow, which leads a new chat."""
    flows_in_a_row: int = 1
    """Which one that would be of those that followed soon upon each other."""


@dataclass(frozen=True)
class AwayMessage:
    """The answer of a closed department, with its send."""

    message: Message
    out: Outgoing


def opening(
    department: Department | None, last: Chat | None, own: Department | None, contact_id: str, now: datetime
) -> Opening:
    """How the chat opens. `department` is the channel's; `last` the chat that closed last in the thread and `own` its
    department, whose rule says whether it opens again; each None when it is gone. A chat of another contact (the
    thread's was deleted since) counts for nothing."""
    if department is None:
        return Opening()
    if last is None or last.situation != "closed" or last.contact_id != contact_id:
        return Opening(department)
    again = own is not None and own.reopening.by_customer and may_reopen(last, own.reopening, now)
    where = own if again and own is not None else department
    preferred = last.agent_id if where.last_agent_first else None
    return Opening(where, last if again else None, preferred)


def flows_in_a_row(last: Chat | None, contact_id: str, now: datetime) -> int:
    """Of a chat that a flow begins now. `last`: the chat that closed last in the thread."""
    if last is None or last.contact_id != contact_id or now - last.opened_at >= SOON:
        return 1
    return last.flows_in_a_row + 1


def reopened(opening: Opening, chat: Chat, thread: Thread, now: datetime) -> Chat:
    """The closed chat as the customer opens it again."""
    move = reopen(chat, thread, now)
    if move is None:
        raise ValueError(f"{chat.id} is open")
    waiting = replace(move.after, preferred_agent_id=opening.preferred_agent_id, moved_by=None)
    return armed(waiting, opening.department)


def led(chat: Chat, flow: Beginning, in_a_row: int = 0) -> Chat:
    """A new chat that a flow leads. `in_a_row`: of those that the channel's own flow begins."""
    return replace(
        chat,
        situation="automatic",
        queued_at=None,
        preferred_agent_id=None,
        execution_id=flow.execution_id,
        flow_id=flow.flow_id,
        flows_in_a_row=in_a_row,
    )


def away_message(opening: Opening, thread: Thread, chat: Chat, message_id: str, now: datetime) -> AwayMessage | None:
    """What is answered at the end of the thread. None: the department is open or has nothing to say, or the customer
    wrote so long ago that the channel takes nothing any more."""
    if not opening.away or not may_send(opening.window, "text", thread.last_inbound_at, now):
        return None
    message = Message(
        id=message_id,
        chat_id=chat.id,
        contact_id=chat.contact_id,
        thread=thread.key,
        seq=thread.last_seq + 1,
        direction="outbound",
        kind="text",
        text=opening.away,
        status="queued",
        author=Author("system"),
        sent_at=now,
        created_at=now,
        payload={"away": True},
    )
    due = now + timedelta(seconds=ENQUEUE_AGAIN_S)
    return AwayMessage(message, Outgoing(message_id, thread.key, message.seq, now, due=due))


def answered_away(thread: Thread, away: AwayMessage) -> Thread:
    """The thread with the away message as its last. What is unread stays so: nobody has read it."""
    message = away.message
    return replace(
        thread,
        last_seq=message.seq,
        last_message_at=max(message.created_at, thread.last_message_at or message.created_at),
        last_text=shortened(message.text),
    )
