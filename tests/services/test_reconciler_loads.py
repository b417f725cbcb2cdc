"""A load that is wrong is found and repaired while its agent works; one that is right is left alone, however the agent
moves and however far the index lags behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from recado.domain.agents import AgentChange
from recado.domain.chats import Chat
from recado.services.reconciler import Reconciler
from recado.storage import keys
from recado.storage.agents import AgentRecord, AgentStore, MemberRecord, RingRecord, agent_key
from recado.storage.reconciliation import CountingRecord, DynamoReconciliation
from tests.checked import Checked, Interleaved, place
from tests.team import ACCOUNT, Team


@pytest.fixture
def checked(dynamodb: Any, clock: Any, ids: Any) -> Checked:
    return Checked(Team(clock, ids))


def served(user_id: str) -> int:
    """Chats that an agent really has: the index of the tests does not lag."""
    return len(DynamoReconciliation().in_service(ACCOUNT, user_id))


@dataclass
class Work:
    """What an agent does all the time: chats come and are closed, in an order that is not the same each time."""

    team: Team
    user_id: str
    chats: list[Chat] = field(default_factory=list)
    done: int = 0

    def step(self) -> None:
        self.done += 1
        self.team.presence.renew(ACCOUNT, self.user_id, force=True)
        if self.done % 3 == 2 and self.chats:
            self.team.close(self.chats.pop(0))
        elif self.done % 7 == 6 and self.chats:
            self.team.close(self.chats.pop())
        elif self.done % 11 == 10:
            self.team.presence.set_presence(ACCOUNT, self.user_id, "paused", "almoço")
            self.team.presence.set_presence(ACCOUNT, self.user_id, "available")
        else:
            self.take()

    def take(self) -> None:
        (chat,) = self.team.arrive()
        self.team.look()
        assert self.team.owner(chat) != "-"
        self.chats.append(chat)

    def every(self, reads: int) -> Callable[[], None]:
        """A step before each so many-th read."""
        seen = [0]

        def happens() -> None:
            seen[0] += 1
            if seen[0] % reads == 0:
                self.step()

        return happens


def test_a_load_is_repaired_by_the_second_look_five_minutes_later(checked: Checked, clock: Any) -> None:
    a = checked.join("A", 1, cap=2)
    checked.team.give(1)
    AgentRecord(*agent_key(ACCOUNT, a)).update([AgentRecord.load.set(2)])
    RingRecord(keys.ring_pk(ACCOUNT, checked.team.department), place(1, a)).delete()
    MemberRecord(keys.members_pk(ACCOUNT, checked.team.department), place(1, a)).update(
        [MemberRecord.eligible.set(False)]
    )
    assert checked.look() == [("load", a, False)], "a full agent stands in no ring: only the load is wrong"
    clock.move(299)
    assert checked.look() == [("load", a, False)] and checked.load(a) == 2
    clock.move(1)
    assert checked.look() == [("load", a, True)]
    assert checked.load(a) == 1
    assert checked.ring == [place(1, a)] and checked.members == {place(1, a): True}
    checked.team.presence.renew(ACCOUNT, a, force=True)
    assert checked.team.give(1) == "A"
    assert checked.look() == []


@pytest.mark.parametrize("difference", [2, -1])
def test_the_load_of_an_agent_who_works_all_the_time_is_repaired_by_the_second_look(
    checked: Checked, clock: Any, difference: int
) -> None:
    """The agent moves between the looks, and once within each of them while the chats are counted."""
    a = checked.join("A", 1)
    work = Work(checked.team, a)
    for _ in range(4):
        work.take()
    checked.drift_load(a, difference)
    for repaired in (False, True):
        moves = [work.step]
        busy = Interleaved(after={"in_service": lambda moves=moves: moves.pop()() if moves else None})
        assert checked.look(busy) == [("load", a, repaired)]
        assert not moves
        assert (checked.load(a) == served(a)) is repaired
        for _ in range(8):
            clock.move(40)
            work.step()
    assert checked.look() == []
    assert checked.load(a) == served(a) > 0


@pytest.mark.parametrize("reads", [1, 2, 3])
def test_the_load_of_an_agent_who_moves_between_all_reads_is_left_alone(
    checked: Checked, clock: Any, reads: int
) -> None:
    a = checked.join("A", 1)
    work = Work(checked.team, a)
    happens = work.every(reads)
    for _ in range(3):
        store = Interleaved(before={"in_service": happens, "agents": happens}, after={"in_service": happens})
        assert checked.look(store) == []
        clock.move(300)
    assert checked.load(a) == served(a) and work.done > 6


def test_a_chat_that_comes_after_it_was_counted_is_no_drift(checked: Checked) -> None:
    """One comes before the agent's chats are listed at all, the next one when they were counted twice."""
    a = checked.join("A", 1)
    work = Work(checked.team, a)
    asked = [0]

    class Between(DynamoReconciliation):
        def in_service(self, account: str, user_id: str) -> list[str]:
            asked[0] += 1
            if asked[0] == 1:
                work.take()
            found = super().in_service(account, user_id)
            if asked[0] == 3:
                work.take()
            return found

    assert checked.look(Between()) == []
    assert asked[0] > 3 and checked.load(a) == served(a) == 2


def test_an_agent_who_moves_as_the_load_is_repaired_is_left_to_the_next_look(checked: Checked, clock: Any) -> None:
    a = checked.join("A", 1)
    work = Work(checked.team, a)
    work.take()
    checked.drift_load(a, 2)

    class Losing(AgentStore):
        def change(self, account: str, change: AgentChange) -> bool:
            work.take()
            return super().change(account, change)

    assert checked.look() == [("load", a, False)]
    clock.move(300)
    team = checked.team
    checked.team.presence.renew(ACCOUNT, a, force=True)
    losing = Reconciler(DynamoReconciliation(), Losing(), team.departments, team.wakes, clock, checked.journal)
    assert [one.repaired for one in losing.look(ACCOUNT, team.department).drifts] == [False]
    assert (checked.load(a), served(a)) == (4, 2)
    assert checked.look() == [("load", a, True)]
    assert checked.load(a) == 2


def test_a_load_that_is_too_low_takes_the_agent_out_of_the_ring(checked: Checked, clock: Any) -> None:
    a = checked.join("A", 1, cap=1)
    checked.team.give(1)
    agent = checked.team.presence.get(ACCOUNT, a)[0]
    AgentRecord(*agent_key(ACCOUNT, a)).update([AgentRecord.load.set(0)])
    assert [one[:2] for one in checked.look()] == [("member", a), ("ring", a), ("load", a)]
    clock.move(300)
    assert checked.look() == [("load", a, True)]
    assert (checked.load(a), checked.ring) == (agent.load, [])


def test_an_index_that_lags_behind_changes_no_load(checked: Checked, clock: Any, monkeypatch: Any) -> None:
    """A chat was given a moment ago: the index does not have it yet at the first look, and has it at the second."""
    a = checked.join("A", 1, cap=5)
    checked.team.give(2)

    class Lagging(DynamoReconciliation):
        def in_service(self, a: str, user_id: str) -> list[str]:
            return super().in_service(a, user_id)[:1]

    assert checked.look(Lagging()) == [("load", a, False)]
    clock.move(300)
    assert checked.look() == []
    assert checked.load(a) == 2


def test_an_index_that_still_tells_of_chats_that_left_tells_nothing(checked: Checked) -> None:
    a = checked.join("A", 1, cap=5)
    chats = checked.team.arrive(2)
    checked.team.look()
    stale = [chat.id for chat in chats]
    checked.team.close(chats[0])

    class Lagging(DynamoReconciliation):
        def in_service(self, a: str, user_id: str) -> list[str]:
            return stale

    assert checked.look(Lagging()) == []
    assert checked.load(a) == 1


class WithoutNewest(DynamoReconciliation):
    """An index that always lacks the chat that came last."""

    def in_service(self, a: str, user_id: str) -> list[str]:
        return sorted(super().in_service(a, user_id))[:-1]


def test_an_index_that_always_lacks_the_newest_chat_changes_no_load(checked: Checked, clock: Any) -> None:
    a = checked.join("A", 1)
    work = Work(checked.team, a)
    work.take()
    for _ in range(4):
        work.take()
        assert checked.look(WithoutNewest()) == [("load", a, False)], "there is a difference, and it is the same again"
        clock.move(600)
        checked.team.presence.renew(ACCOUNT, a, force=True)
    assert checked.load(a) == served(a) == 5


def test_an_index_that_catches_up_while_it_is_counted_is_no_drift(checked: Checked) -> None:
    a = checked.join("A", 1)
    checked.team.give(2)
    asked = [0]

    class CatchingUp(DynamoReconciliation):
        def in_service(self, a: str, user_id: str) -> list[str]:
            asked[0] += 1
            return super().in_service(a, user_id)[: None if asked[0] > 2 else 1]

    assert checked.look(CatchingUp()) == []
    assert asked[0] > 3 and checked.load(a) == 2


def test_a_load_that_was_right_in_between_is_counted_anew(checked: Checked, clock: Any) -> None:
    a = checked.join("A", 1)
    checked.team.give(2)
    assert checked.look(WithoutNewest()) == [("load", a, False)]
    clock.move(300)
    assert checked.look() == []
    assert list(CountingRecord.query(keys.workspace_pk(ACCOUNT, "CHECKS"))) == []
    checked.drift_load(a, 1)
    assert checked.look() == [("load", a, False)]


def test_after_a_repair_the_next_difference_is_counted_anew(checked: Checked, clock: Any) -> None:
    a = checked.join("A", 1)
    checked.team.give(2)
    for _ in range(2):
        checked.drift_load(a, 1)
        assert checked.look() == [("load", a, False)]
        clock.move(300)
        assert checked.look() == [("load", a, True)]
        clock.move(300)
    assert checked.load(a) == 2


def test_a_load_that_stopped_at_zero_is_told_and_heals(checked: Checked, clock: Any) -> None:
    """It is two too low: closing three chats brings it to zero and no further."""
    a = checked.join("A", 1)
    work = Work(checked.team, a)
    for _ in range(3):
        work.take()
    checked.drift_load(a, -2)
    assert checked.look() == [("load", a, False)]
    told = checked.journal.told[-1]
    assert (told.found, told.expected) == (1, 3)
    for chat in work.chats[:2]:
        checked.team.close(chat)
    assert (checked.load(a), served(a)) == (0, 1)
    clock.move(300)
    assert checked.look() == [("load", a, False)], "the difference is another one now"
    checked.team.close(work.chats[2])
    assert checked.load(a) == served(a) == 0
    assert checked.look() == []
