"""Finding and putting right what is not as it should be: places and rings, the queue, loads (docs/runbook.md, Drift).

Lists only find what to look at. Each thing is then read again from the item that decides it, and repaired under the
condition that this one still is as it was read: what merely moved while it was looked at is neither told nor touched.
What cannot be read at all is told and passed over.

A check of a department is done in looks. One goes on where the one before it ended, page by page, until its time is
over; so a look never outlasts the function it runs in, however many members and waiting chats there are.

Loads. An agent's chats are found by an index that lags. A count is taken only while AGENT stays at one version, so no
chat comes or leaves meanwhile; each chat that the index names is read by its key, so none too many is counted; and the
index is asked twice and has to answer the same. What is left is a chat that came a moment ago, which the index does not
have yet: a difference is repaired when a count at least five minutes later comes to the same, and does not show a chat
that the first should have shown. So a load is made wrong only when the index lacks as many new chats of the agent at
both times, through both of its answers, and those it lacked first have left the agent by then; as the load is then too
low, which no lag can feign, the next two looks put it right."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from recado.domain.agents import with_load
from recado.domain.chats import Chat
from recado.domain.errors import NotFound
from recado.domain.people import Agent
from recado.domain.reconciliation import (
    Counting,
    Drift,
    Places,
    Waiting,
    counting,
    expected_places,
    expected_wait,
    goes_on,
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
GOING_ON_TIME = timedelta(milliseconds=500)
"""The same where a check goes on that an earlier look began: few departments have so much to read."""
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
        mark = self._store.mark(a, department_id)
        self._look(a, department_id, mark, GOING_ON_TIME if mark else HOURLY_TIME)

    def look(self, a: str, department_id: str) -> Look:
        """A look, for somebody who asks. NotFound for an unknown department."""
        if self._departments.get(a, department_id) is None:
            raise NotFound("There is no such department.")
        return self._look(a, department_id, self._store.mark(a, department_id), ASKED_TIME)

    def _look(self, a: str, department_id: str, mark: Mark | None, time: timedelta) -> Look:
        begun = self._clock.now()
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
            self._store.drop_mark(a, department_id)
        elif not look.complete:
            self._store.keep_mark(a, department_id, Mark(part, after, look.began_at), self._clock.now())
        return look

    def _members(self, a: str, look: Look, after: str | None) -> str | None:
        """What MEMBER and RING list, and the loads of those agents."""
        listed = self._store.listed_places(a, look.department_id, after, MEMBERS_PAGE)
        self._told(a, look, listed.unreadable)
        agents = self._store.agents(a, listed.found)
        self._told(a, look, agents.unreadable)
        countings = self._store.countings(a)
        unreadable = _ids(agents.unreadable)
        for user_id, found in listed.found.items():
            look.seen += 1
            agent = agents.found.get(user_id)
            expected = expected_places(agent, look.department_id)
            if user_id not in unreadable and place_drifts(user_id, found, expected):
                self._mend_places(a, look, user_id, found)
            if agent is not None:
                self._mend_load(a, look, agent, countings.get(user_id))
        return listed.following

    def _users(self, a: str, look: Look, after: str | None) -> str | None:
        """Agents of the department whom no list has."""
        users, following = self._store.users(a, after, CHATS_PAGE)
        agents = self._store.agents(a, users)
        self._told(a, look, agents.unreadable)
        expected = {
            user_id: expected_places(agent, look.department_id)
            for user_id, agent in agents.found.items()
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
            read = self._store.agents(a, [user_id])
            self._told(a, look, read.unreadable)
            if read.unreadable:
                return
            agent = read.found.get(user_id)
            expected = expected_places(agent, look.department_id)
            places = {*listed.members, *listed.rings, *expected.members}
            found = self._store.places(a, look.department_id, {user_id: places})[user_id]
            drifts = place_drifts(user_id, found, expected)
            if not drifts:
                return
            if self._store.mend_places(a, look.department_id, user_id, agent, found, expected):
                self._told(a, look, [replace(one, repaired=True) for one in drifts])
                if expected.rings - (found.rings - found.broken):
                    self._waker.wake(a, [look.department_id], "reconciled")
                return

    def _mend_load(self, a: str, look: Look, listed: Agent, before: Counting | None) -> None:
        """A difference is at first only told; it is repaired when a later count comes to the same."""
        if before is None and len(self._store.in_service(a, listed.user_id)) == listed.load:
            return
        counted = self._counted(a, look, listed)
        if counted is None:
            return
        (agent, chats), now = counted, self._clock.now()
        this = counting(agent, chats, now)
        if this.difference == 0:
            if before is not None:
                self._store.drop_counting(a, agent.user_id)
            return
        drift = Drift("load", agent.user_id, agent.load, len(chats))
        if before is None or not goes_on(before, this, chats):
            self._store.keep_counting(a, this)
        elif is_settled(before, now):
            drift = replace(drift, repaired=self._repair_load(a, agent, this))
        self._told(a, look, [drift])

    def _counted(self, a: str, look: Look, agent: Agent) -> tuple[Agent, list[Chat]] | None:
        """An agent and the chats in service that were theirs for as long as it took to count them twice. None for
        nobody, for an agent who does not stand still, and when there is one among the chats that cannot be read."""
        for _ in range(_TRIES):
            first, second = (self._in_service(a, look, agent.user_id) for _ in range(2))
            again = self._store.agents(a, [agent.user_id]).found.get(agent.user_id)
            if first is None or second is None or again is None:
                return None
            if again.version == agent.version and first.keys() == second.keys():
                return again, list(second.values())
            agent = again
        return None

    def _in_service(self, a: str, look: Look, user_id: str) -> dict[str, Chat] | None:
        chats = self._store.chats(a, self._store.in_service(a, user_id))
        self._told(a, look, chats.unreadable)
        if chats.unreadable:
            return None
        return {
            chat_id: chat
            for chat_id, chat in chats.found.items()
            if chat.situation == "in_service" and chat.agent_id == user_id
        }

    def _repair_load(self, a: str, agent: Agent, counted: Counting) -> bool:
        change = with_load(agent, -counted.difference)
        if not self._agents.change(a, change):
            return False
        self._store.drop_counting(a, agent.user_id)
        if change.entered:
            self._waker.wake(a, sorted(change.entered), "reconciled")
        return True

    def _head(self, a: str, look: Look, after: str | None) -> str | None:
        read = self._store.head(a, look.department_id)
        self._told(a, look, read.unreadable)
        head = read.found
        drift, sane = head_drift(look.department_id, head), sane_head(head)
        if drift and head and sane and self._store.mend_head(a, look.department_id, head, sane):
            self._told(a, look, [replace(drift, repaired=True)])
            self._waker.wake(a, [look.department_id], "reconciled")
        return None

    def _waits(self, a: str, look: Look, after: str | None) -> str | None:
        """What the queue lists."""
        listed = self._store.listed_waits(a, look.department_id, after, CHATS_PAGE)
        self._told(a, look, listed.unreadable)
        chats = self._store.chats(a, [one.chat_id for one in listed.found])
        self._told(a, look, chats.unreadable)
        unreadable = _ids(chats.unreadable)
        for one in listed.found:
            look.seen += 1
            expected = expected_wait(chats.found.get(one.chat_id), look.department_id)
            if one.chat_id not in unreadable and wait_drifts([one], expected):
                self._mend_wait(a, look, one.chat_id, one)
        return listed.following

    def _queued(self, a: str, look: Look, after: str | None) -> str | None:
        """Waiting chats that the queue does not list."""
        listed, following = self._store.listed_queued(a, look.department_id, after, CHATS_PAGE)
        chats = self._store.chats(a, listed)
        self._told(a, look, chats.unreadable)
        expected = [one for chat in chats.found.values() if (one := expected_wait(chat, look.department_id))]
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
            read = self._store.chats(a, [chat_id])
            self._told(a, look, read.unreadable)
            if read.unreadable:
                return
            chat = read.found.get(chat_id)
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

    def _told(self, a: str, look: Look, drifts: Iterable[Drift]) -> None:
        """Tell drifts; what cannot be read is told once, however often it is met."""
        for drift in drifts:
            if drift.kind != "unreadable" or drift not in look.drifts:
                look.drifts.append(drift)
                self._journal.found(a, look.department_id, drift)


def _ids(unreadable: Iterable[Drift]) -> set[str]:
    return {one.id for one in unreadable}
