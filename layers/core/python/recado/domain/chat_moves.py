"""The moves of a chat from one situation to another, as pure decisions. Storage writes each in one transaction with
what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from recado.domain.agents import AgentChange
from recado.domain.chats import Chat, Event, Situation, Thread
from recado.domain.distribution import Turn
from recado.domain.errors import Conflict
from recado.domain.flow_executions import Ending, Execution
from recado.domain.moments import rfc3339
from recado.domain.people import ReopenRule

_BROKEN_OFF: Mapping[Situation, str] = {
    "automatic": "another_flow",
    "queued": "chat_queued",
    "in_service": "chat_assigned",
    "closed": "chat_closed",
}
"""Why an execution is broken off, by what became of its chat."""
MAX_SERVED_BY = 50
"""Users whom a chat remembers to have served it; those of long ago go first."""


class Overtaken(Exception):
    """What a move was to be decided from does not belong together: it moved between two reads. Read again."""


@dataclass(frozen=True)
class ChatMove:
    """A chat before and after. What else moves follows from comparing both: WAIT items, loads of agents, the thread's
    open chat."""

    before: Chat
    after: Chat
    thread: Thread | None = None
    """The thread as seen; required when the chat closes or opens again, or a flow begins, since that moves it."""
    begins: Execution | None = None
    """The execution that leads the chat from now on."""
    begins_with: str | None = None
    """The contact with whom a flow begins, who has to be there."""
    ending: Ending | None = None
    """How the execution that led it ends; None: as one that was broken off."""
    judged_seq: int | None = None
    """The last seq of the thread with which the chat was judged (`Caller.judged`), at which it has to stand still."""

    @property
    def released(self) -> str | None:
        """The agent who gives the chat back."""
        holder = _holder(self.before)
        return holder if holder != _holder(self.after) else None

    @property
    def taken(self) -> str | None:
        """The agent who takes the chat."""
        holder = _holder(self.after)
        return holder if holder != _holder(self.before) else None

    @property
    def left_execution(self) -> str | None:
        """The execution that leads the chat no more."""
        led_by = self.before.execution_id
        return led_by if led_by != self.after.execution_id else None

    @property
    def how_it_ended(self) -> Ending:
        """How that execution ended."""
        return self.ending or Ending("aborted", _BROKEN_OFF[self.after.situation])

    @property
    def left(self) -> str | None:
        """Who served the chat until now, and neither serves it now nor as the last before it closed."""
        agent_id = self.before.agent_id
        return agent_id if agent_id in self.before.served_by and agent_id != self.after.agent_id else None


def _holder(chat: Chat) -> str | None:
    """Whose load the chat counts to. A closed chat only remembers who served it."""
    return chat.agent_id if chat.situation == "in_service" else None


@dataclass(frozen=True)
class MoveCommit:
    """Moves with everything that has to happen together with them. `live` are agents whose lease must hold at `now`;
    `alerts` are those of the events that the supervisors of a department are told. `act_id`: of an act of which there
    is one, whoever repeats it (`Caller.act_id`)."""

    moves: Sequence[ChatMove]
    agents: Sequence[AgentChange]
    events: Sequence[Event]
    turn: Turn | None = None
    live: Sequence[str] = ()
    now: datetime | None = None
    alerts: Sequence[tuple[str, Event]] = ()
    act_id: str | None = None


def _open(chat: Chat) -> None:
    if chat.situation == "closed":
        raise Conflict(
            "The chat is closed.",
            code="chat_closed",
            extra={"situation": chat.situation, "closed_at": rfc3339(chat.closed_at) if chat.closed_at else None},
        )


def _next(after: Chat) -> Chat:
    """The chat with what changed of it, one version further; nothing leads one that is not automatic."""
    after = replace(after, version=after.version + 1)
    return after if after.situation == "automatic" else replace(after, execution_id=None, flow_id=None)


def _afresh(after: Chat, now: datetime) -> Chat:
    """The chat where somebody put it: what its distribution remembered of it no longer counts."""
    return _next(replace(after, moved_at=now, not_started_by=(), cycles=0, preferred_agent_id=None))


def served_also(served_by: tuple[str, ...], agent_id: str | None) -> tuple[str, ...]:
    """Who served a chat once the agent has begun with it; None: nobody has."""
    if agent_id is None:
        return served_by
    return (*(one for one in served_by if one != agent_id), agent_id)[-MAX_SERVED_BY:]


def assume(chat: Chat, agent_id: str, now: datetime) -> ChatMove | None:
    """The agent takes the chat, or starts the one they were given. None when they already have and started it."""
    _open(chat)
    if chat.situation == "in_service":
        if chat.agent_id != agent_id:
            raise Conflict(
                "Another agent has this chat.",
                code="chat_taken",
                extra={"situation": chat.situation, "agent_id": chat.agent_id},
            )
        return None if chat.started_at else ChatMove(chat, started(chat, now))
    after = _afresh(
        replace(
            chat,
            situation="in_service",
            agent_id=agent_id,
            assigned_at=now,
            started_at=now,
            served_by=served_also(chat.served_by, agent_id),
        ),
        now,
    )
    return ChatMove(chat, after)


def started(chat: Chat, now: datetime) -> Chat:
    """The chat once the agent who was given it began with it."""
    return _afresh(replace(chat, started_at=now, served_by=served_also(chat.served_by, chat.agent_id)), now)


def put_in_queue(chat: Chat, department_id: str, now: datetime, place: datetime | None = None) -> ChatMove | None:
    """The chat waits (again) in a department, as the last, or in a place that it had. None when it already does."""
    _open(chat)
    if chat.situation == "queued" and chat.department_id == department_id:
        return None
    after = _afresh(
        replace(
            chat,
            situation="queued",
            department_id=department_id,
            agent_id=None,
            queued_at=place or now,
            assigned_at=None,
            started_at=None,
        ),
        now,
    )
    return ChatMove(chat, after)


def lead(chat: Chat, thread: Thread, execution: Execution, now: datetime) -> ChatMove:
    """A flow leads the chat from now on, whoever had it. One that waited keeps its place, for when the flow fails.
    Conflict `chat_closed`."""
    _open(chat)
    waited = chat.situation in ("queued", "automatic")
    after = _afresh(
        replace(
            chat,
            situation="automatic",
            agent_id=None,
            queued_at=chat.queued_at if waited else None,
            assigned_at=None,
            started_at=None,
            execution_id=execution.id,
            flow_id=execution.flow_id,
        ),
        now,
    )
    return ChatMove(chat, after, thread, begins=execution)


def put_back(chat: Chat, now: datetime) -> ChatMove:
    """A chat that an agent had waits again, in its old place."""
    return ChatMove(chat, _waiting_again(chat, now))


def not_started(chat: Chat, now: datetime) -> ChatMove:
    """A chat whose agent did not start it in time waits again, in its old place, for somebody else."""
    agent_id = chat.agent_id or ""
    return ChatMove(chat, _waiting_again(replace(chat, not_started_by=(*chat.not_started_by, agent_id)), now))


def overflow_to(chat: Chat, department_id: str, now: datetime) -> ChatMove:
    """A waiting chat that everybody here had in vain goes on waiting in another department, with its seniority."""
    after = _next(
        replace(
            chat,
            moved_at=now,
            department_id=department_id,
            not_started_by=(),
            cycles=chat.cycles + 1,
            preferred_agent_id=None,
        )
    )
    return ChatMove(chat, after)


def unattended(chat: Chat, now: datetime) -> ChatMove:
    """A waiting chat that everybody who could had in vain goes on waiting: a new cycle begins."""
    return ChatMove(chat, _next(replace(chat, moved_at=now, not_started_by=(), cycles=chat.cycles + 1)))


def rehome(chat: Chat, department_id: str, now: datetime) -> ChatMove:
    """A waiting chat whose department is gone goes on waiting in another, in its old place."""
    return ChatMove(chat, _next(replace(chat, department_id=department_id, moved_at=now)))


def transfer_to_agent(chat: Chat, agent_id: str, department_id: str, now: datetime) -> ChatMove | None:
    """The chat goes to another agent, not yet started. None when they have it already."""
    _open(chat)
    if chat.situation == "in_service" and chat.agent_id == agent_id:
        return None
    after = _afresh(
        replace(
            chat,
            situation="in_service",
            department_id=department_id,
            agent_id=agent_id,
            assigned_at=now,
            started_at=None,
        ),
        now,
    )
    return ChatMove(chat, after)


def close(chat: Chat, thread: Thread, now: datetime) -> ChatMove | None:
    """The chat ends with the last message that its thread has. None when it is closed."""
    if chat.situation == "closed":
        return None
    return ChatMove(
        chat, _afresh(replace(chat, situation="closed", closed_at=now, last_seq=thread.last_seq), now), thread
    )


def _waiting_again(chat: Chat, now: datetime) -> Chat:
    return _next(
        replace(
            chat,
            moved_at=now,
            situation="queued",
            agent_id=None,
            queued_at=chat.queued_at or chat.opened_at,
            assigned_at=None,
            started_at=None,
            preferred_agent_id=None,
        )
    )


def may_reopen(chat: Chat, rule: ReopenRule, now: datetime) -> bool:
    """Whether the rule of its department lets a closed chat be opened again; the last moment of its hours counts."""
    if rule.policy != "within":
        return rule.policy == "always"
    if chat.closed_at is None or rule.within_hours is None:
        return False
    return now - chat.closed_at <= timedelta(hours=rule.within_hours)


def reopen_until(chat: Chat, rule: ReopenRule) -> datetime | None:
    """The last moment at which the rule lets a closed chat be opened again; None where it sets none."""
    if rule.policy != "within" or chat.closed_at is None or rule.within_hours is None:
        return None
    return chat.closed_at + timedelta(hours=rule.within_hours)


def reopen(
    chat: Chat, thread: Thread, now: datetime, agent_id: str | None = None, department_id: str | None = None
) -> ChatMove | None:
    """A closed chat opens again: with the agent, who begins with it, or as the last that waits; in its department, or
    in the one that is given. None when it is open. Conflict `another_chat_open` when its thread has one; Overtaken when
    the thread, which was read later, has this one open already."""
    if chat.situation != "closed":
        return None
    if thread.open_chat_id == chat.id:
        raise Overtaken(chat.id)
    if thread.open_chat_id is not None:
        raise Conflict(
            "The customer has another open chat on this channel.",
            code="another_chat_open",
            extra={"chat_id": thread.open_chat_id},
        )
    begun = None if agent_id is None else now
    after = _afresh(
        replace(
            chat,
            situation="queued" if agent_id is None else "in_service",
            department_id=department_id or chat.department_id,
            agent_id=agent_id,
            queued_at=now,
            assigned_at=begun,
            started_at=begun,
            served_by=served_also(chat.served_by, agent_id),
            answered_at=None,
            reopened_at=now,
            reopened_by=None,
            closed_at=None,
            last_seq=None,
        ),
        now,
    )
    return ChatMove(chat, after, thread)


def answered(chat: Chat, user_id: str | None, now: datetime) -> Chat | None:
    """The chat once the user has written to its customer: in service it has begun, elsewhere it stays what it is. Its
    agent serves it from then on, which a supervisor who answers does not. None when nothing of that is new."""
    begins = chat.situation == "in_service" and chat.started_at is None
    serves = chat.situation == "in_service" and user_id is not None and user_id == chat.agent_id
    if chat.answered_at is not None and not begins and not (serves and user_id not in chat.served_by):
        return None
    after = _afresh(replace(chat, started_at=now), now) if begins else _next(chat)
    by = served_also(chat.served_by, user_id if serves else None)
    return replace(after, answered_at=chat.answered_at or now, served_by=by)


def marked(before: Chat, after: Chat) -> ChatMove | None:
    """The chat where it is, with another workflow step, tabulation or feedback. None when it has them already."""
    return None if after == before else ChatMove(before, _next(after))
