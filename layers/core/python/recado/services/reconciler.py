"""Finding and putting right what is not as it should be: places and rings, the queue, loads (docs/runbook.md, Drift).

Lists only find what to look at. Each thing is then read again from the item that decides it, and repaired under the
condition that this one still is as it was read: what merely moved while it was looked at is neither told nor touched.

A check of a department is done in looks. One goes on where the one before it ended, page by page, until its time is
over; so a look never outlasts the function it runs in, however many members and waiting chats there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from recado.domain.agents import with_load
from recado.domain.errors import NotFound
from recado.domain.people import Agent
from recado.domain.reconciliation import (
    Counting,
    Drift,
    Places,
    Waiting,
    counted,
    expected_places,
    expected_wait,
    head_drift,
    is_settled,
    place_drifts,
    sane_head,
    wait_drifts,
)
from recado.ports.agents import AgentStore, Departments, Waker
from recado.ports.core import Clock
from recado.ports.reconciliation import DriftJournal, Mark, ReconciliationStore

ASKED_TIME = timedelta(seconds=10)
"""How long a look that somebody asked for begins new pages."""
HOURLY_TIME = timedelta(milliseconds=200)
"""The same of a look among many other departments'."""
MEMBERS_PAGE = 25
CHATS_PAGE = 100
MOST_DRIFTS = 200
_TRIES = 3


@dataclass
class Look:
    """What a look saw. `seen` counts members, users and chats; `complete`: the check came to its end with it."""

    department_id: str
    began_at: datetime
    seen: int = 0
    complete: bool = False
    drifts: list[Drift] = field(default_factory=list)


class Reconciler:
    """Checks departments."""

    def __init__(
        self,
        store: ReconciliationStore,
        agents: AgentStore,
        departments: Departments,
        waker: Waker,
        clock: Clock,
        journal: DriftJournal,
    ) -> None:
        self._store = store
        self._agents = agents
        self._departments = departments
        self._waker = waker
        self._clock = clock
        self._journal = journal
        self._parts: dict[str, Callable[[str, Look, str | None], str | None]] = {
            "members": self._members,
            "users": self._users,
            "head": self._head,
            "waits": self._waits,
            "queued": self._queued,
        }

    def check(self, a: str, department_id: str) -> None:
        """A short look, for the clock."""
        self._look(a, department_id, HOURLY_TIME)

    def look(self, a: str, department_id: str) -> Look:
        """A look, for somebody who asks. NotFound for an unknown department."""
        if self._departments.get(a, department_id) is None:
            raise NotFound("There is no such department.")
        return self._look(a, department_id, ASKED_TIME)

    def _look(self, a: str, department_id: str, time: timedelta) -> Look:
        begun = self._clock.now()
        mark = self._store.mark(a, department_id)
        names = list(self._parts)
        part, after = (mark.part, mark.after) if mark and mark.part in self._parts else (names[0], None)
        look = Look(department_id, mark.began_at if mark else begun)
        while True:
            after = self._parts[part](a, look, after)
            if after is None:
                if part == names[-1]:
                    look.complete = True
                    break
                part = names[names.index(part) + 1]
            if self._clock.now() - begun >= time or len(look.drifts) >= MOST_DRIFTS:
                break
        if look.complete and mark is not None:
            self._store.keep_mark(a, department_id, None)
        elif not look.complete:
            self._store.keep_mark(a, department_id, Mark(part, after, look.began_at))
        return look

    def _members(self, a: str, look: Look, after: str | None) -> str | None:
        """What MEMBER and RING list, and the loads of those agents."""
        listed, following = self._store.listed_places(a, look.department_id, after, MEMBERS_PAGE)
        agents = {user_id: one for user_id, (one, _) in self._agents.read(a, listed).items()}
        for user_id, found in listed.items():
            look.seen += 1
            agent = agents.get(user_id)
            if place_drifts(user_id, found, expected_places(agent, look.department_id)):
                self._mend_places(a, look, user_id, found)
            if agent is not None:
                self._mend_load(a, look, agent)
        return following

    def _users(self, a: str, look: Look, after: str | None) -> str | None:
        """Agents of the department whom no list has."""
        users, following = self._store.users(a, after, CHATS_PAGE)
        expected = {
            user_id: expected_places(agent, look.department_id)
            for user_id, (agent, _) in self._agents.read(a, users).items()
            if look.department_id in agent.memberships
        }
        places = {user_id: one.members for user_id, one in expected.items()}
        for user_id, found in self._store.places(a, look.department_id, places).items():
            look.seen += 1
            if place_drifts(user_id, found, expected[user_id]):
                self._mend_places(a, look, user_id, found)
        return following

    def _mend_places(self, a: str, look: Look, user_id: str, listed: Places) -> None:
        for _ in range(_TRIES):
            agent, _lease = self._agents.get(a, user_id) or (None, None)
            expected = expected_places(agent, look.department_id)
            places = {*listed.members, *listed.rings, *expected.members}
            found = self._store.places(a, look.department_id, {user_id: places})[user_id]
            drifts = place_drifts(user_id, found, expected)
            if not drifts:
                return
            if self._store.mend_places(a, look.department_id, user_id, agent, found, expected):
                self._told(a, look, [replace(one, repaired=True) for one in drifts])
                if expected.rings - found.rings:
                    self._waker.wake(a, [look.department_id], "reconciled")
                return

    def _mend_load(self, a: str, look: Look, agent: Agent) -> None:
        """The index lags: a difference is first only counted, and repaired when a later look finds the same while the
        agent has not moved (domain.reconciliation)."""
        ids = self._store.in_service(a, agent.user_id)
        if len(ids) == agent.load:
            return
        chats = sum(
            chat.situation == "in_service" and chat.agent_id == agent.user_id
            for chat in self._store.chats(a, ids).values()
        )
        now = self._agents.get(a, agent.user_id)
        if chats == agent.load or now is None or now[0].version != agent.version:
            return
        drift = Drift("load", agent.user_id, agent.load, chats)
        counting = counted(agent, chats, self._store.counting(a, agent.user_id), self._clock.now())
        if not is_settled(counting, self._clock.now()):
            self._store.keep_counting(a, counting)
            self._told(a, look, [drift])
            return
        self._repair_load(a, look, agent, counting, drift)

    def _repair_load(self, a: str, look: Look, agent: Agent, counting: Counting, drift: Drift) -> None:
        change = with_load(agent, counting.chats - agent.load)
        if self._agents.change(a, change):
            self._told(a, look, [replace(drift, repaired=True)])
            if change.entered:
                self._waker.wake(a, sorted(change.entered), "reconciled")

    def _head(self, a: str, look: Look, after: str | None) -> str | None:
        head = self._store.head(a, look.department_id)
        drift, sane = head_drift(look.department_id, head), sane_head(head)
        if drift and head and sane and self._store.mend_head(a, look.department_id, head, sane):
            self._told(a, look, [replace(drift, repaired=True)])
            self._waker.wake(a, [look.department_id], "reconciled")
        return None

    def _waits(self, a: str, look: Look, after: str | None) -> str | None:
        """What the queue lists."""
        listed, following = self._store.listed_waits(a, look.department_id, after, CHATS_PAGE)
        chats = self._store.chats(a, [one.chat_id for one in listed])
        for one in listed:
            look.seen += 1
            if wait_drifts([one], expected_wait(chats.get(one.chat_id), look.department_id)):
                self._mend_wait(a, look, one.chat_id, one)
        return following

    def _queued(self, a: str, look: Look, after: str | None) -> str | None:
        """Waiting chats that the queue does not list."""
        listed, following = self._store.listed_queued(a, look.department_id, after, CHATS_PAGE)
        chats = self._store.chats(a, listed)
        expected = [one for chat in chats.values() if (one := expected_wait(chat, look.department_id))]
        found = {
            one.chat_id: one
            for one in self._store.waits(a, look.department_id, [(one.chat_id, one.queued_at) for one in expected])
        }
        for one in expected:
            look.seen += 1
            there = found.get(one.chat_id)
            if wait_drifts([there] if there else [], one):
                self._mend_wait(a, look, one.chat_id, None)
        return following

    def _mend_wait(self, a: str, look: Look, chat_id: str, listed: Waiting | None) -> None:
        for _ in range(_TRIES):
            chat = self._store.chats(a, [chat_id]).get(chat_id)
            expected = expected_wait(chat, look.department_id)
            places = {one.queued_at for one in (listed, expected) if one}
            found = self._store.waits(a, look.department_id, [(chat_id, since) for since in places])
            drifts = wait_drifts(found, expected)
            if not drifts:
                return
            if self._store.mend_wait(a, look.department_id, chat_id, chat, found, expected is not None):
                self._told(a, look, [replace(one, repaired=True) for one in drifts])
                if expected is not None:
                    self._waker.wake(a, [look.department_id], "reconciled")
                return

    def _told(self, a: str, look: Look, drifts: list[Drift]) -> None:
        for drift in drifts:
            look.drifts.append(drift)
            self._journal.found(a, look.department_id, drift)
