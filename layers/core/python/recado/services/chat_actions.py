"""What people do with a chat: assume, transfer, put back in the queue, close, reopen.

Each is decided from the state that was read, written only if that still stands, and repeated by the same person without
effect, also where the act itself took the chat out of their sight. Who finds the chat moved by somebody else is told
where it is now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from recado.domain import chat_moves
from recado.domain.access import Caller, can_answer_chat, relation
from recado.domain.chat_moves import ChatMove, Overtaken
from recado.domain.chats import Chat, Event, Thread
from recado.domain.errors import Busy, Conflict, DomainError, FieldError, Forbidden, Invalid, NotFound
from recado.domain.ids import is_id
from recado.domain.people import Agent, Department
from recado.ports.agents import AgentStore, ChatReads, Departments, Hours
from recado.ports.core import Clock
from recado.ports.reception import ChannelDirectory
from recado.services.chat_commits import ChatCommits
from recado.services.views import moment

_TRIES = 5


class VisibleChats(Protocol):
    """The one gate to chats (services.chats)."""

    def visible(self, caller: Caller, chat_id: str) -> Chat:
        """The chat, read consistently; NotFound when it is unknown, foreign or not for this caller."""
        ...


class ChatRecall(ChatReads, Protocol):
    """Chats with what happened to them."""

    def last_event(self, a: str, chat_id: str, event_type: str) -> Event | None:
        """The newest fact of one type of a chat, consistently."""
        ...


class KnownTabulations(Protocol):
    """The tabulations of an account (services.tabulations)."""

    def exists(self, a: str, tabulation_id: str) -> bool:
        """Whether there is such a tabulation."""
        ...


class ChatActions:
    """All actions answer the chat as it is afterwards."""

    def __init__(
        self,
        gate: VisibleChats,
        reads: ChatRecall,
        commits: ChatCommits,
        agents: AgentStore,
        departments: Departments,
        hours: Hours,
        tabulations: KnownTabulations,
        channels: ChannelDirectory,
        clock: Clock,
    ) -> None:
        self._gate = gate
        self._reads = reads
        self._commits = commits
        self._agents = agents
        self._departments = departments
        self._hours = hours
        self._tabulations = tabulations
        self._channels = channels
        self._clock = clock

    def assume(self, caller: Caller, chat_id: str) -> Chat:
        """Take a waiting chat, or start the one that was given. 409 `agent_at_cap`, `chat_taken`, `chat_closed`."""
        user_id = caller.user_id
        if user_id is None:
            raise Conflict("A chat is assumed by a user; this token belongs to none.", code="no_user")
        return self._act(caller, chat_id, lambda chat, now: chat_moves.assume(chat, user_id, now), "assumed")

    def transfer_to_agent(self, caller: Caller, chat_id: str, agent_id: str) -> Chat:
        """Give the chat to another agent of the account. 400 `/agent_id` for nobody, 409 `agent_at_cap`,
        `agent_offline` where chats do not stay with who is gone, `chat_closed`, `chat_moved`."""
        a = caller.account

        def decide(chat: Chat, now: datetime) -> ChatMove | None:
            found = self._agents.get(a, agent_id) if is_id(agent_id, "us", a) else None
            if found is None:
                raise Invalid.field("/agent_id", "not_found", "There is no such agent.")
            _refuse_closed(chat, "/agent_id")
            move = chat_moves.transfer_to_agent(chat, agent_id, chat.department_id, now)
            if move is not None and not connected(*found, now):
                department = self._departments.get(a, chat.department_id)
                if department is not None and department.when_agent_gone == "requeue":
                    raise _offline()
            return move

        return self._act(caller, chat_id, decide, "transferred")

    def transfer_to_department(self, caller: Caller, chat_id: str, department_id: str) -> Chat:
        """Let the chat wait in another department. 400 `/department_id` for none, 409 `department_unavailable` while it
        does not work, `chat_closed`, `chat_moved`."""
        a = caller.account

        def decide(chat: Chat, now: datetime) -> ChatMove | None:
            department = self._departments.get(a, department_id) if is_id(department_id, "dp", a) else None
            if department is None:
                raise Invalid.field("/department_id", "not_found", "There is no such department.")
            _refuse_closed(chat, "/department_id")
            move = chat_moves.put_in_queue(chat, department_id, now)
            if move is not None and not self._hours.open(a, department):
                raise _unavailable(self._hours.opens_at(a, department))
            return move

        return self._act(caller, chat_id, decide, "transferred")

    def queue(self, caller: Caller, chat_id: str, department_id: str | None = None) -> Chat:
        """Put the chat back in its department's queue, or into another's, whether that works now or not. 400
        `/department_id` for none."""
        a = caller.account

        def decide(chat: Chat, now: datetime) -> ChatMove | None:
            if department_id is not None and self._departments.get(a, department_id) is None:
                raise Invalid.field("/department_id", "not_found", "There is no such department.")
            return chat_moves.put_in_queue(chat, department_id or chat.department_id, now)

        return self._act(caller, chat_id, decide, "queued")

    def close(
        self,
        caller: Caller,
        chat_id: str,
        tabulation_id: str | None = None,
        comment: str | None = None,
        feedback: bool = False,
    ) -> Chat:
        """End the chat. What the customer writes next opens another. `feedback`: the customer is going to be asked,
        which the fact tells. 400 `/tabulation_id` for an unknown one, or none where the department requires it; 409
        `already_closed`, also for who closed it with something else."""
        a = caller.account
        notes = {**({"comment": comment} if comment else {}), **({"feedback_asked": True} if feedback else {})}

        def decide(chat: Chat, now: datetime) -> ChatMove | None:
            if tabulation_id is not None and not self._tabulations.exists(a, tabulation_id):
                raise Invalid.field("/tabulation_id", "not_found", "There is no such tabulation.")
            move = chat_moves.close(chat, self._thread(a, chat), now)
            if move is None:
                if chat.moved_by == caller.id and not self._was_closed_with(a, chat, tabulation_id, notes):
                    raise _already(chat, "closed")
                return None
            filed = replace(move.after, tabulation_id=tabulation_id or chat.tabulation_id)
            if filed.tabulation_id is None and self._requires_tabulation(a, chat):
                raise Invalid.field(
                    "/tabulation_id", "required", "This department closes no chat without a tabulation."
                )
            return replace(move, after=filed)

        return self._act(caller, chat_id, decide, "closed", notes)

    def reopen(self, caller: Caller, chat_id: str) -> Chat:
        """Open a closed chat again, where its department allows it. Who takes part in the department as agent gets it
        and begins; of others it waits. 409 `reopen_not_allowed`, `channel_unusable` where it was removed,
        `another_chat_open` (named to who may see it), `agent_at_cap`, `already_open`."""
        a = caller.account

        def decide(chat: Chat, now: datetime) -> ChatMove | None:
            if chat.situation != "closed":
                return None
            department = self._home(a, chat)
            if not chat_moves.may_reopen(chat, department.reopening, now):
                until = moment(chat_moves.reopen_until(chat, department.reopening))
                detail = "This department's chats are not opened again, or no longer."
                raise Conflict(detail, code="reopen_not_allowed", extra={"reopen_until": until})
            self._refuse_removed(a, chat)
            agent_id = caller.user_id if takes_part(caller, department.id) else None
            try:
                move = chat_moves.reopen(chat, self._thread(a, chat), now, agent_id, department.id)
            except Conflict as refusal:
                raise self._naming_what_is_seen(caller, refusal) from None
            return None if move is None else replace(move, after=replace(move.after, reopened_by=caller.id))

        return self._act(caller, chat_id, decide, "reopened")

    def _refuse_removed(self, a: str, chat: Chat) -> None:
        """A chat of a removed channel stays closed: nothing could be said in it."""
        channel = self._channels.find(a, chat.channel_id, fresh=True)
        if channel is not None and channel.state == "removed":
            detail = "The channel was removed: its chats can only be read."
            raise Conflict(detail, code="channel_unusable", extra={"channel_state": "removed"})

    def _naming_what_is_seen(self, caller: Caller, refusal: Conflict) -> Conflict:
        """`another_chat_open`, without that chat's id for who may not see it."""
        try:
            self._gate.visible(caller, str(refusal.extra.get("chat_id")))
        except NotFound:
            refusal.extra = {}
        return refusal

    def _was_closed_with(self, a: str, chat: Chat, tabulation_id: str | None, notes: Mapping[str, Any]) -> bool:
        """Whether a closed chat has all of this. What is not given is not asked for."""
        if tabulation_id not in (None, chat.tabulation_id):
            return False
        told = self._reads.last_event(a, chat.id, "chat.closed") if notes else None
        return not notes or (told is not None and all(told.data.get(name) == notes[name] for name in notes))

    def _home(self, a: str, chat: Chat) -> Department:
        """The department of a closed chat; the default one when that was deleted."""
        department = self._departments.get(a, chat.department_id)
        if department is None:
            default = self._departments.default(a)
            department = self._departments.get(a, default) if default else None
        if department is None:
            raise Busy(f"departments of {a}")
        return department

    def _requires_tabulation(self, a: str, chat: Chat) -> bool:
        department = self._departments.get(a, chat.department_id)
        return department is not None and department.tabulation_required

    def _thread(self, a: str, chat: Chat) -> Thread:
        thread = self._reads.thread(a, chat.thread)
        if thread is None:
            raise Busy(f"thread of {chat.id}")
        return thread

    def _act(
        self,
        caller: Caller,
        chat_id: str,
        decide: Callable[[Chat, datetime], ChatMove | None],
        cause: str,
        notes: Mapping[str, Any] | None = None,
    ) -> Chat:
        first: Chat | None = None
        for _ in range(_TRIES):
            now = self._clock.now()
            try:
                chat = self._gate.visible(caller, chat_id)
            except NotFound as unseen:
                return self._done_out_of_sight(caller, chat_id, now, decide, cause, first, unseen)
            if self._commits.is_done(caller):
                return chat
            try:
                move = self._decided(caller, chat, now, decide, cause)
            except Overtaken:
                first = first or chat
                continue
            if move is None:
                return _done_already(chat, caller, cause)
            if first is not None and cause != "assumed" and _place(chat) != _place(first):
                raise _moved(chat)
            if not _permitted(caller, chat, cause):
                raise _not_yours()
            written = self._commits.write(caller, move, cause, now, notes or {})
            if written is not None:
                return written
            first = first or chat
        raise Busy(f"chat {chat_id}")

    def _done_out_of_sight(
        self,
        caller: Caller,
        chat_id: str,
        now: datetime,
        decide: Callable[[Chat, datetime], ChatMove | None],
        cause: str,
        first: Chat | None,
        unseen: NotFound,
    ) -> Chat:
        """A chat that the caller does not see, where they did this to it already. Who saw it a moment ago is told where
        it went; for anybody else it stays `unseen`."""
        a = caller.account
        chat = self._reads.chat(a, chat_id) if is_id(chat_id, "ca", a) else None
        if chat is None:
            raise unseen
        if caller.id in _done_by(chat, cause) and _nothing_left(chat, now, decide):
            return chat
        raise unseen if first is None else _moved(chat)

    def _decided(
        self,
        caller: Caller,
        chat: Chat,
        now: datetime,
        decide: Callable[[Chat, datetime], ChatMove | None],
        cause: str,
    ) -> ChatMove | None:
        """What `decide` says. Its refusals tell where the chat is; who may not act at all learns no more than that."""
        try:
            return decide(chat, now)
        except Conflict as refusal:
            if cause == "reopened" and not _permitted(caller, chat, cause):
                raise _not_yours() from None
            refusal.extra = {**whereabouts(chat), **refusal.extra}
            raise
        except Invalid:
            if not _permitted(caller, chat, cause):
                raise _not_yours() from None
            raise


def takes_part(caller: Caller, department_id: str) -> bool:
    """Whether the caller, as a person at work, can be given chats of the department."""
    membership = caller.memberships.get(department_id)
    return caller.token_id is None and caller.user_id is not None and membership is not None and membership.agent


def connected(agent: Agent, lease_until: datetime | None, now: datetime) -> bool:
    """Whether the agent is there, as far as their lease tells."""
    return agent.connected and lease_until is not None and lease_until > now


def whereabouts(chat: Chat) -> dict[str, Any]:
    """Where a chat is and who brought it there: what a lost race is answered with."""
    return {
        "situation": chat.situation,
        "agent_id": chat.agent_id,
        "department_id": chat.department_id,
        "version": chat.version,
        "moved_by": chat.moved_by,
    }


def _permitted(caller: Caller, chat: Chat, cause: str) -> bool:
    if cause in ("assumed", "reopened"):
        return relation(caller, chat) != "stranger"
    return can_answer_chat(caller, chat)


def _not_yours() -> Forbidden:
    return Forbidden("Another agent serves this chat, or nobody yet: assume it first.", code="not_your_chat")


def _offline() -> Conflict:
    detail = "The agent is not connected, and this department's chats do not stay with who is not there."
    return Conflict(detail, code="agent_offline", errors=[FieldError("/agent_id", "agent_offline", detail)])


def _place(chat: Chat) -> tuple[str, str | None, str]:
    return chat.situation, chat.agent_id, chat.department_id


def _moved(chat: Chat) -> Conflict:
    return Conflict("Somebody else moved the chat meanwhile.", code="chat_moved", extra=whereabouts(chat))


def _nothing_left(chat: Chat, now: datetime, decide: Callable[[Chat, datetime], ChatMove | None]) -> bool:
    """Whether nothing is left to do, told by nothing else."""
    try:
        return decide(chat, now) is None
    except (DomainError, Overtaken):
        return False


_ALREADY = {
    "closed": ("already_closed", "The chat is closed already."),
    "queued": ("already_queued", "The chat waits in this queue already."),
    "reopened": ("already_open", "The chat is open already."),
    "transferred": ("already_transferred", "The chat is there already."),
}


def _done_already(chat: Chat, caller: Caller, cause: str) -> Chat:
    """Nothing is left to do: fine for whoever did it, a lost race for anybody else."""
    if cause in _ALREADY and caller.id not in _done_by(chat, cause):
        raise _already(chat, cause)
    return chat


def _done_by(chat: Chat, cause: str) -> set[str | None]:
    """Whose act it was. A chat that was opened again may have been given to somebody since."""
    return {chat.moved_by, chat.reopened_by if cause == "reopened" else None}


def _already(chat: Chat, cause: str) -> Conflict:
    code, detail = _ALREADY[cause]
    filed = {"tabulation_id": chat.tabulation_id} if cause == "closed" else {}
    return Conflict(detail, code=code, extra={**whereabouts(chat), **filed})


def _refuse_closed(chat: Chat, pointer: str) -> None:
    if chat.situation == "closed":
        detail = "The chat is closed."
        error = FieldError(pointer, "chat_closed", detail)
        raise Conflict(detail, code="chat_closed", errors=[error], extra={"closed_at": moment(chat.closed_at)})


def _unavailable(opens_at: datetime | None) -> Conflict:
    detail = "The department does not work now."
    error = FieldError("/department_id", "department_unavailable", detail)
    return Conflict(detail, code="department_unavailable", errors=[error], extra={"opens_at": moment(opens_at)})
