"""Presence, connection, caps and memberships of agents: whatever decides if a chat can be given to somebody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from recado.domain.agents import (
    AgentChange,
    with_cap,
    with_connection,
    with_membership,
    with_presence,
    with_supervised,
)
from recado.domain.errors import Busy, Conflict, NotFound
from recado.domain.people import HEARTBEAT_SECONDS, LEASE_SECONDS, Agent, Membership, Presence
from recado.ports.agents import AgentStore, Waker
from recado.ports.core import Clock
from recado.ports.sweeps import Owned, Swept

_TRIES = 5
_REMEMBERED = 10_000
_FAILED_AGAIN_S = 60
_PUT_BACK = 100
"""Chats of agents who are gone in one page, which has to end in the reserve of the tick; the next page goes on."""


class PresenceService:
    """Each change reads the agent, decides, and writes from the version it saw; a lost race is read again, up to five
    times."""

    def __init__(self, agents: AgentStore, waker: Waker, clock: Clock) -> None:
        self._agents = agents
        self._waker = waker
        self._clock = clock
        self._renewed: dict[tuple[str, str], datetime] = {}

    def create(self, a: str, user_id: str, cap: int | None) -> None:
        """The agent of a new user; repeating it changes nothing."""
        self._agents.create(a, user_id, cap)

    def get(self, a: str, user_id: str) -> tuple[Agent, datetime | None]:
        """The agent and the end of its lease (None: not connected). NotFound for an unknown user."""
        found = self._agents.get(a, user_id)
        if found is None:
            raise NotFound("There is no such user.")
        return found

    def read(self, a: str, user_ids: list[str]) -> dict[str, tuple[Agent, datetime | None]]:
        """Several agents at once; unknown ones are missing."""
        return self._agents.read(a, user_ids)

    def set_presence(self, a: str, user_id: str, presence: Presence, reason: str | None = None) -> Agent:
        """Choose `available`, `paused` (with a reason) or `unavailable`; it holds over log-out."""
        return self._change(a, user_id, lambda agent: with_presence(agent, presence, reason), "agent_returned")

    def set_cap(self, a: str, user_id: str, cap: int | None) -> Agent:
        """The most chats at once, None for no cap."""
        return self._change(a, user_id, lambda agent: with_cap(agent, cap), "cap_raised")

    def set_membership(self, a: str, user_id: str, department_id: str, membership: Membership | None) -> Agent:
        """Join, change or (None) leave a department."""
        return self._change(
            a, user_id, lambda agent: with_membership(agent, department_id, membership), "member_changed"
        )

    def change_membership(
        self, a: str, user_id: str, department_id: str, decide: Callable[[Membership | None], Membership]
    ) -> Agent:
        """Join or change a department, from what the user is there now (None: no member)."""
        return self._change(
            a,
            user_id,
            lambda agent: with_membership(agent, department_id, decide(agent.memberships.get(department_id))),
            "member_changed",
        )

    def set_supervised(self, a: str, user_id: str, supervised: Callable[[frozenset[str]], frozenset[str]]) -> Agent:
        """Whom the user follows beside departments, from whom they follow now. Conflict `too_many_supervised`."""
        return self._change(
            a, user_id, lambda agent: with_supervised(agent, supervised(agent.supervised)), "member_changed"
        )

    def members(self, a: str, department_id: str) -> list[tuple[str, Membership]]:
        """Members of a department in their predefined order."""
        order = self._agents.members(a, department_id)
        agents = self._agents.read(a, order)
        found = [(user_id, agents[user_id][0].memberships.get(department_id)) for user_id in order if user_id in agents]
        return [(user_id, membership) for user_id, membership in found if membership is not None]

    def renew(self, a: str, user_id: str, force: bool = False) -> datetime:
        """Renew the lease (at most every 30 s unless forced) and answer its end; an agent found disconnected is
        connected again."""
        now = self._clock.now()
        last = self._renewed.get((a, user_id))
        if last is not None and not force and timedelta(0) <= now - last < timedelta(seconds=HEARTBEAT_SECONDS):
            return last + timedelta(seconds=LEASE_SECONDS)
        until = now + timedelta(seconds=LEASE_SECONDS)
        if not self._agents.renew(a, user_id, until):
            self._connect(a, user_id, now)
        if len(self._renewed) >= _REMEMBERED:
            self._renewed.clear()
        self._renewed[a, user_id] = now
        return until

    def disconnect(self, a: str, user_id: str) -> None:
        """The user's last session ended."""
        self._renewed.pop((a, user_id), None)
        self._end(a, user_id, lapsed_at=None)

    def lapse(self, a: str, user_id: str) -> None:
        """Take an agent whose lease has lapsed out of the rings; one who came back meanwhile stays."""
        self._end(a, user_id, lapsed_at=self._clock.now())

    def lapse_due(self, limit: int, look_after: Callable[[str, str], int] | None = None) -> Swept:
        """Look at a page of leases that were to end by now; done are those that had lapsed. `look_after` answers how
        many chats it put back of an agent who is gone; without it they stay due. One that raises is looked at again in
        a minute, the others are done."""
        now = self._clock.now()
        page = self._agents.due(now, limit)
        agents, failed = self._read_each(page.found)
        renewed: dict[Owned, datetime] = {}
        lapsed = put_back = 0
        for who, (agent, until) in agents.items():
            if agent.connected and until is not None and until > now:
                renewed[who] = until
                continue
            try:
                if agent.connected:
                    self.lapse(*who)
                    lapsed += 1
                elif look_after is not None and put_back < _PUT_BACK:
                    put_back += look_after(*who)
            except Exception as error:  # whatever it is, it stops no other agent
                failed[who] = error
        failed |= self._agents.look_again(renewed)
        self._agents.look_again(dict.fromkeys(failed, now + timedelta(seconds=_FAILED_AGAIN_S)))
        errors = {user_id: error for (_, user_id), error in failed.items()}
        return Swept(len(page.found), lapsed, page.more or put_back > 0, errors)

    def _read_each(
        self, wanted: list[Owned]
    ) -> tuple[dict[Owned, tuple[Agent, datetime | None]], dict[Owned, Exception]]:
        """Agents in few calls; when that fails, one by one, to find the one that is the reason."""
        try:
            return self._agents.read_all(wanted), {}
        except Exception:  # whatever it is, it is met again below by the agent that raises it
            pass
        found: dict[Owned, tuple[Agent, datetime | None]] = {}
        failed: dict[Owned, Exception] = {}
        for who in wanted:
            try:
                found |= self._agents.read_all([who])
            except Exception as error:  # whatever it is, it stops no other agent
                failed[who] = error
        return found, failed

    def leaving(self, a: str, user_id: str) -> AgentChange | None:
        """The agent out of every department, to be deleted with its user; None when there is none. Conflict
        `user_has_chats`."""
        found = self._agents.get(a, user_id)
        if found is None:
            return None
        if found[0].load:
            raise Conflict("The user has chats in service. Transfer or close them first.", code="user_has_chats")
        change = with_connection(found[0], False)
        for department_id in found[0].memberships:
            change = AgentChange(found[0], with_membership(change.after, department_id, None).after)
        return change

    def remove(self, a: str, user_id: str) -> None:
        """Delete the agent of a user who never came to be."""
        for _ in range(_TRIES):
            change = self.leaving(a, user_id)
            if change is None or self._agents.remove(a, change):
                return
        raise Busy(f"agent {user_id}")

    def _connect(self, a: str, user_id: str, now: datetime) -> None:
        self._write(
            a,
            user_id,
            lambda agent: with_connection(agent, True),
            lambda change: self._agents.connect(a, change, now),
            "agent_returned",
        )

    def _end(self, a: str, user_id: str, lapsed_at: datetime | None) -> None:
        for _ in range(_TRIES):
            found = self._agents.get(a, user_id)
            if found is None or not found[0].connected:
                return
            if lapsed_at is not None and found[1] is not None and found[1] > lapsed_at:
                return
            look_at = self._clock.now() if found[0].load else None
            if self._agents.disconnect(a, with_connection(found[0], False), lapsed_at, look_at):
                return
        raise Busy(f"agent {user_id}")

    def _change(self, a: str, user_id: str, decide: Callable[[Agent], AgentChange], cause: str) -> Agent:
        return self._write(a, user_id, decide, lambda change: self._agents.change(a, change), cause)

    def _write(
        self,
        a: str,
        user_id: str,
        decide: Callable[[Agent], AgentChange],
        commit: Callable[[AgentChange], bool],
        cause: str,
    ) -> Agent:
        for _ in range(_TRIES):
            change = decide(self.get(a, user_id)[0])
            if commit(change):
                if change.entered:
                    self._waker.wake(a, list(change.entered), cause)
                return change.after
        raise Busy(f"agent {user_id}")
