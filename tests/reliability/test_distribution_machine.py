"""Any interleaving of arrivals, starts, closes, presence, leases, caps, places, transfers and overflow, on the tables,
against a plain model that says who must have which chat (R3)."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import boto3
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from moto import mock_aws

from recado.domain.access import Caller
from recado.domain.chats import Chat
from recado.domain.errors import Conflict
from recado.domain.people import Membership
from recado.storage import keys, tables
from tests.conftest import ROOT, CountedIds, FixedClock
from tests.table_definitions import table_definitions
from tests.team import ACCOUNT, Team

ADMIN = Caller(ACCOUNT, "admin", user_id="us_admin")
OVERFLOW = 120
EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "10"))


@dataclass
class Person:
    """What the model knows of an agent. `steady`: never changed, so always eligible."""

    id: str
    cap: int | None
    steady: bool
    present: bool = True
    leased_until: datetime | None = None
    here: dict[str, int] = field(default_factory=dict)
    away_from: set[str] = field(default_factory=set)


@dataclass
class Talk:
    """What the model knows of a chat."""

    id: str
    department: str
    place: datetime | None
    since: datetime
    owner: str | None = None
    started: bool = False
    closed: bool = False
    had: list[str] = field(default_factory=list)
    cycles: int = 0


class Model:
    """The rules in the plainest words, on lists in memory."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.talks: dict[str, Talk] = {}
        self.last: dict[str, tuple[int, str]] = {}
        self.overflows_to: dict[str, str | None] = {}

    def load(self, person: str) -> int:
        return sum(talk.owner == person and not talk.closed for talk in self.talks.values())

    def waiting(self, department: str) -> list[Talk]:
        rows = [one for one in self.talks.values() if one.department == department and not one.owner and not one.closed]
        return sorted(rows, key=lambda one: (one.place, one.id))

    def free(self, department: str, now: datetime) -> list[Person]:
        """Who can be given a chat, in the order in which they take turns from the last one on."""
        members = sorted(
            ((one.here[department], one.id) for one in self.people.values() if department in one.here),
        )
        last = self.last.get(department)
        circle = [one for one in members if last is None or one > last] + [
            one for one in members if last is not None and one <= last
        ]
        return [person for _, key in circle if self.can(person := self.people[key], department, now)]

    def can(self, person: Person, department: str, now: datetime) -> bool:
        room = person.cap is None or self.load(person.id) < person.cap
        leased = person.leased_until is not None and person.leased_until > now
        return person.present and leased and room and department not in person.away_from

    def drain(self, department: str, now: datetime) -> None:
        """Give out what can be given."""
        for talk in self.waiting(department):
            free = self.free(department, now)
            if not free:
                break
            fresh = [one for one in free if one.id not in talk.had]
            if not fresh and self.overflow(talk, now):
                continue
            chosen = (fresh or free)[0]
            if not fresh:
                talk.had, talk.cycles = [], talk.cycles + 1
            talk.owner, talk.since, talk.started = chosen.id, now, False
            self.last[department] = (chosen.here[department], chosen.id)

    def overflow(self, talk: Talk, now: datetime) -> bool:
        """A new cycle begins in the other department, if somebody there can be given the chat."""
        target = self.overflows_to[talk.department]
        if target is None or not self.free(target, now):
            return False
        talk.department, talk.had, talk.since, talk.cycles = target, [], now, talk.cycles + 1
        return True

    def time(self, now: datetime) -> None:
        """What the minute's work does with those whose time is over, in the order of the sweep."""
        due = [one for one in self.talks.values() if not (one.closed or one.started)]
        due = [one for one in due if (one.owner or one.had) and now >= one.since + timedelta(seconds=OVERFLOW)]
        for talk in sorted(due, key=lambda one: (keys.due_pk("CHAT", one.id), one.since, one.id)):
            if talk.owner:
                talk.had.append(talk.owner)
                talk.owner, talk.since = None, now
            elif not self.overflow(talk, now):
                talk.had, talk.since, talk.cycles = [], now, talk.cycles + 1

    def put(self, talk: Talk, now: datetime, owner: str | None, started: bool, department: str) -> None:
        """A person's action: what distribution remembered of the chat is forgotten."""
        talk.owner, talk.started, talk.department, talk.since = owner, started, department, now
        talk.had, talk.cycles = [], 0
        if owner is None:
            talk.place = now


class DistributionMachine(RuleBasedStateMachine):
    """Two departments share their agents; the second overflows to the first, sometimes also the other way."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.stack.enter_context(mock_aws())
        tables.reset_connections()
        client = boto3.client("dynamodb")
        for definition in table_definitions(ROOT / "infra" / "data.yaml"):
            client.create_table(**definition)
        self.clock = FixedClock()
        self.team = Team(self.clock, CountedIds(self.clock))
        self.model = Model()
        self.chats: dict[str, Chat] = {}

    def teardown(self) -> None:
        self.stack.close()
        tables.reset_connections()

    @initialize(
        caps=st.lists(st.sampled_from([None, 1, 2, 3]), min_size=3, max_size=3),
        both=st.booleans(),
        steady=st.sampled_from([0, 0, 2]),
    )
    def people(self, caps: list[int | None], both: bool, steady: int) -> None:
        """Three who come and go, and two or none who are always there: with them nobody ever waits in the first."""
        team = self.team
        other = team.add_department("Segundo", overflow_after_s=OVERFLOW, overflow_department_id=team.department)
        team.set(overflow_after_s=OVERFLOW, overflow_department_id=other if both else None)
        self.departments = [team.department, other]
        self.model.overflows_to = {team.department: other if both else None, other: team.department}
        for position, cap in enumerate([*caps, *[None] * steady], 1):
            user_id = team.join(f"P{position}", position, cap=cap)
            person = Person(user_id, cap, position > 3, here={team.department: position})
            person.leased_until = self.clock.now() + timedelta(seconds=90)
            self.model.people[user_id] = person
            if position in (1, 3):
                self.place(person, other, 10 - position)
        team.wakes.calls.clear()

    def place(self, person: Person, department: str, position: int, away: bool = False) -> None:
        membership = Membership(position, agent=True, supervisor=False, unavailable=away)
        self.team.presence.set_membership(ACCOUNT, person.id, department, membership)
        person.here[department] = position
        (person.away_from.add if away else person.away_from.discard)(department)

    def pick(self, number: int, wanted: Callable[[Talk], bool]) -> Talk | None:
        found = [one for one in self.model.talks.values() if wanted(one)]
        return found[number % len(found)] if found else None

    def follow(self) -> None:
        """Look where a wake says so, in both worlds; nobody may be left waiting for want of a wake."""
        calls = self.team.wakes.calls
        while calls:
            department, _ = calls.pop(0)
            self.team.look(department=department)
            self.model.drain(department, self.clock.now())
        for department in self.departments:
            before = [one.owner for one in self.model.talks.values()]
            self.model.drain(department, self.clock.now())
            assert before == [one.owner for one in self.model.talks.values()], "somebody was free, and nobody looked"

    @rule(which=st.integers(0, 1), count=st.integers(1, 4))
    def arrive(self, which: int, count: int) -> None:
        department = self.departments[which]
        for chat in self.team.arrive(count, department):
            self.chats[chat.id] = chat
            assert chat.queued_at is not None
            self.model.talks[chat.id] = Talk(chat.id, department, chat.queued_at, chat.queued_at)
        self.team.wakes.wake(ACCOUNT, [department], "queued")
        self.follow()

    @rule(number=st.integers(0, 99))
    def start(self, number: int) -> None:
        talk = self.pick(number, lambda one: bool(one.owner) and not one.started and not one.closed)
        if talk:
            self.team.actions.assume(Caller(ACCOUNT, "agent", user_id=talk.owner), talk.id)
            self.model.put(talk, self.clock.now(), talk.owner, True, talk.department)
            self.follow()

    @rule(number=st.integers(0, 99))
    def close(self, number: int) -> None:
        talk = self.pick(number, lambda one: not one.closed)
        if talk:
            self.team.actions.close(ADMIN, talk.id)
            talk.closed = True
            self.follow()

    @rule(number=st.integers(0, 99), to=st.integers(0, 4))
    def transfer(self, number: int, to: int) -> None:
        talk = self.pick(number, lambda one: not one.closed)
        people = list(self.model.people.values())
        person = people[to % len(people)]
        if not talk or talk.owner == person.id:
            return
        full = person.cap is not None and self.model.load(person.id) >= person.cap
        try:
            self.team.actions.transfer_to_agent(ADMIN, talk.id, person.id)
        except Conflict as refused:
            assert full and refused.code == "agent_at_cap"
        else:
            assert not full
            self.model.put(talk, self.clock.now(), person.id, False, talk.department)
        self.follow()

    @rule(number=st.integers(0, 99), which=st.integers(0, 1))
    def move_on(self, number: int, which: int) -> None:
        department = self.departments[which]
        talk = self.pick(number, lambda one: not one.closed and (bool(one.owner) or one.department != department))
        if talk:
            self.team.actions.transfer_to_department(ADMIN, talk.id, department)
            self.model.put(talk, self.clock.now(), None, False, department)
            self.follow()

    @rule(who=st.integers(0, 2), present=st.booleans())
    def presence(self, who: int, present: bool) -> None:
        person = list(self.model.people.values())[who]
        self.team.presence.set_presence(ACCOUNT, person.id, "available" if present else "paused")
        person.present = present
        self.follow()

    @rule(who=st.integers(0, 2), cap=st.sampled_from([None, 1, 2, 3]))
    def cap(self, who: int, cap: int | None) -> None:
        person = list(self.model.people.values())[who]
        self.team.presence.set_cap(ACCOUNT, person.id, cap)
        person.cap = cap
        self.follow()

    @rule(who=st.integers(0, 2), position=st.integers(0, 12), which=st.integers(0, 1), away=st.booleans())
    def reorder(self, who: int, position: int, which: int, away: bool) -> None:
        self.place(list(self.model.people.values())[who], self.departments[which], position, away)
        self.follow()

    @rule(who=st.integers(0, 2))
    def leave(self, who: int) -> None:
        person = list(self.model.people.values())[who]
        self.team.presence.disconnect(ACCOUNT, person.id)
        person.leased_until = None
        self.follow()

    @rule(who=st.integers(0, 2))
    def come_back(self, who: int) -> None:
        self.lease(list(self.model.people.values())[who])
        self.follow()

    def lease(self, person: Person) -> None:
        self.team.presence.renew(ACCOUNT, person.id, force=True)
        person.leased_until = self.clock.now() + timedelta(seconds=90)

    @rule(seconds=st.sampled_from([30, 60, 91, 120]), asleep=st.sets(st.integers(0, 2)))
    @precondition(lambda self: self.model.people)
    def time_passes(self, seconds: int, asleep: set[int]) -> None:
        self.clock.move(seconds)
        for number, person in enumerate(self.model.people.values()):
            if person.leased_until is not None and number not in asleep:
                self.lease(person)
        self.team.presence.lapse_due(160)
        assert not self.team.timers.run_due(160).failed
        self.model.time(self.clock.now())
        self.follow()

    @invariant()
    def the_tables_say_what_the_model_says(self) -> None:
        for talk in self.model.talks.values():
            chat = self.team.chat(self.chats[talk.id])
            situation = "closed" if talk.closed else "in_service" if talk.owner else "queued"
            assert (chat.situation, chat.department_id) == (situation, talk.department)
            if not talk.closed:
                assert (chat.agent_id, bool(chat.started_at), chat.cycles) == (talk.owner, talk.started, talk.cycles)
        for person in self.model.people.values():
            agent = self.team.presence.get(ACCOUNT, person.id)[0]
            assert agent.load == self.model.load(person.id)
        for department in self.model.overflows_to:
            assert self.team.waiting(department) == [one.id for one in self.model.waiting(department)]

    @invariant()
    def nobody_got_a_chat_above_the_cap_and_steady_agents_had_the_same_number_of_turns(self) -> None:
        turns: dict[str, int] = {person.id: 0 for person in self.model.people.values() if person.steady}
        for chat in self.chats.values():
            for receipt in self.team.receipts(chat):
                for line in receipt["candidates"]:
                    full = line["cap"] is not None and line["load"] >= line["cap"]
                    assert not (line["outcome"] == "chosen" and full)
                    if (
                        receipt["department_id"] == self.departments[0]
                        and receipt["turn"]
                        and line["agent_id"] in turns
                    ):
                        turns[line["agent_id"]] += 1
        assert not turns or max(turns.values()) - min(turns.values()) <= 1


DistributionMachine.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking would take longer than reading what failed
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
test_any_interleaving_agrees_with_the_plain_model = DistributionMachine.TestCase
