"""Contacts that are merged while a run means both: the customer is written to once (PRODUCT G7)."""

from __future__ import annotations

from typing import Any

import pytest

from recado import settings
from recado.domain.errors import Busy
from recado.domain.task_runs import PARTS, Result, Target
from recado.storage.chat_records import MessageRecord
from recado.storage.task_targets import DynamoTargets, part_of
from tests.flow_task_world import TaskWorld
from tests.flow_world import ADMIN
from tests.reception import A

FALLBACK = {"name": "volta", "language": "pt_BR", "variables": ["{{contact.name}}"]}
ONCE = {("executed", None): 1, ("skipped", "merged"): 1}


class Merging(TaskWorld):
    """A run that means two contacts, in the order of their turns."""

    def begin(self, one_page: bool = False) -> list[str]:
        """`one_page`: they are of one part, so that what became of both is written down at once."""
        self.approve("volta", "Olá, {{1}}!")
        first, *more = (self.people(1)[0] for _ in range(100))
        other = next(one for one in more if (part_of(one) == part_of(first)) is one_page)
        for one in more:
            if one != other:
                self.container.contact_service.delete(ADMIN, one)
        self.task_id = self.task(template_fallback=FALLBACK)
        self.run_id = self.container.task_run_service.start(ADMIN, self.task_id)["id"]
        self.freeze()
        return self.in_turn()

    def begin_with_known(self) -> list[str]:
        """They wrote before, the second of them last: the channel's own way to each is known."""
        senders = [f"55119876{number:05d}" for number in range(2)]
        for sender in senders:
            self.wrote(sender)
        self.task_id = self.task()
        self.run_id = self.container.task_run_service.start(ADMIN, self.task_id)["id"]
        self.freeze()
        turns = self.in_turn()
        [sender] = {one.thread.sender for one in self.reception.chats() if one.contact_id == turns[1]}
        self.wrote(sender.removeprefix("+"))
        return turns

    def wrote(self, sender: str) -> None:
        self.clock.move(1)
        self.say("Oi", sender=sender)
        for chat in self.reception.chats():
            if chat.situation != "closed":
                self.container.chat_actions.close(ADMIN, chat.id)

    def freeze(self) -> None:
        """Everybody is a target when the worker dies, and nobody was acted on."""
        lanes = self.container.task_run_work._lanes
        begin_page = lanes.begin_page
        lanes.begin_page = _dies  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            self.work()
        lanes.begin_page = begin_page  # type: ignore[method-assign]

    def in_turn(self) -> list[str]:
        return [
            one.id for part in range(PARTS) for one in DynamoTargets().page(A, self.run_id, part, None, 99, None)[0]
        ]

    def merge(self, kept: str, other: str) -> None:
        self.container.contact_merging.merge(ADMIN, kept, other)

    def on_turn(self, number: int, then: Any) -> None:
        """Something happens when so many acts are done."""
        actions, done = self.container.task_actions, list[str]()
        act = actions.act

        def later(*given: Any) -> Any:
            result = act(*given)
            done.append(given[2].id)
            if len(done) == number:
                then()
            return result

        actions.act = later  # type: ignore[method-assign]

    def to_the_end(self) -> Any:
        for _ in range(3):
            self.clock.move(130)
            self.container.task_run_work.look_due(160)
            self.work()
            self.run()
            self.sent()
            self.clock.move(61)
            self.container.task_run_work.look_at_sends(160)
        return self.container.task_run_service.get(ADMIN, self.task_id, self.run_id)

    def said(self) -> list[str]:
        return [one.text for one in MessageRecord.scan(MessageRecord.direction.exists())]


def _dies(*_: Any, **__: Any) -> Any:
    raise KeyboardInterrupt


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any, monkeypatch: pytest.MonkeyPatch) -> Merging:
    monkeypatch.setattr("time.sleep", clock.move)
    settings.settings.cache_clear()
    made = Merging(clock, ids)
    made.prepare()
    return made


def begin(world: Merging, page: str) -> list[str]:
    return world.begin(page == "one page")


def once(world: Merging) -> None:
    run = world.to_the_end()
    assert (run["state"], run["executed"], run["skipped"]) == ("done", 1, 1), world.targets()
    assert world.targets() == ONCE
    assert len(world.said()) == len(world.executions) == 1


PAGES = pytest.mark.parametrize("page", ["one page", "two pages"])


@PAGES
@pytest.mark.parametrize("kept", [0, 1])
@pytest.mark.parametrize("merged_after", [0, 1])
def test_two_targets_that_are_merged_are_written_to_once(
    world: Merging, kept: int, merged_after: int, page: str
) -> None:
    turns = begin(world, page)

    def merge() -> None:
        world.merge(turns[kept], turns[1 - kept])

    merge() if merged_after == 0 else world.on_turn(1, merge)
    once(world)


@PAGES
@pytest.mark.parametrize("kept", [0, 1])
def test_the_worker_dies_between_the_first_and_the_merge(world: Merging, kept: int, page: str) -> None:
    """The first was written to, which is not written down when the second has its turn."""
    turns = begin(world, page)

    world.on_turn(1, _dies)
    world.clock.move(130)
    world.container.task_run_work.look_due(160)
    with pytest.raises(KeyboardInterrupt):
        world.work()
    world.run()
    assert len(world.said()) == 1
    world.merge(turns[kept], turns[1 - kept])
    once(world)


def test_a_retry_writes_to_nobody_who_was_written_to_as_another(world: Merging) -> None:
    turns = world.begin()
    act, refuses = world.container.task_actions.act, {turns[0]}

    def first_refused(*given: Any) -> Any:
        return Result("failed", "busy") if given[2].id in refuses else act(*given)

    world.container.task_actions.act = first_refused  # type: ignore[method-assign]
    run = world.to_the_end()
    assert (run["executed"], run["failed"]) == (1, 1)
    refuses.clear()
    world.merge(turns[0], turns[1])
    world.container.task_run_service.retry(ADMIN, world.task_id, world.run_id)
    once(world)


@pytest.mark.parametrize("merged_after", [0, 1])
def test_two_that_are_merged_into_one_who_is_no_target(world: Merging, merged_after: int) -> None:
    turns = world.begin()
    kept = world.container.contact_service.create(ADMIN, {"name": "Quem fica", "email": "fica@example.com"})["id"]

    def merge() -> None:
        for one in turns:
            world.merge(kept, one)

    merge() if merged_after == 0 else world.on_turn(1, merge)
    once(world)
    assert len(world.said()) == 1


@PAGES
def test_who_dies_behind_the_act_on_the_kept_one_acts_on_them_once(world: Merging, page: str) -> None:
    turns = begin(world, page)
    kept = world.container.contact_service.create(ADMIN, {"name": "Quem fica", "email": "fica@example.com"})["id"]
    for one in turns:
        world.merge(kept, one)

    world.on_turn(1, _dies)
    world.clock.move(130)
    world.container.task_run_work.look_due(160)
    with pytest.raises(KeyboardInterrupt):
        world.work()
    run = world.to_the_end()
    assert run["state"] == "done" and len(world.said()) == len(world.executions) == 1


def test_two_lanes_that_act_on_the_kept_one_at_once(world: Merging) -> None:
    """The second does all of it between the first's look and its start."""
    turns = world.begin()
    kept = world.container.contact_service.create(ADMIN, {"name": "Quem fica", "email": "fica@example.com"})["id"]
    for one in turns:
        world.merge(kept, one)
    starting, actions = world.container.flow_starting, world.container.task_actions
    start, run = starting.with_contact, world.container.task_run_work._runs.get(A, world.task_id, world.run_id)
    assert run is not None

    def overtaken(*given: Any) -> Any:
        starting.with_contact = start  # type: ignore[method-assign]
        assert actions.act(A, run, Target(turns[1]), world.ids.new("rq", A)).state == "pending"
        return start(*given)

    starting.with_contact = overtaken  # type: ignore[method-assign]
    assert actions.act(A, run, Target(turns[0]), world.ids.new("rq", A)).state == "pending"
    world.run()
    assert len(world.said()) == len(world.executions) == 1


@pytest.mark.parametrize("address", ["learned", "known"])
@pytest.mark.parametrize("kept", [0, 1])
def test_a_merge_at_the_moment_of_the_act(world: Merging, kept: int, address: str) -> None:
    """The first's act is decided; before it is written they are merged, and the second has its turn in another lane.
    Where the address is known already nothing is written of the contact."""
    turns = world.begin() if address == "learned" else world.begin_with_known()
    actions, threads = world.container.task_actions, world.container.chat_starting._threads
    take_in, run = threads.take_in, world.container.task_run_work._runs.get(A, world.task_id, world.run_id)
    assert run is not None
    acts, results = [world.ids.new("rq", A) for _ in turns], list[Result]()

    def overtaken(*given: Any) -> Any:
        threads.take_in = take_in  # type: ignore[method-assign]
        world.merge(turns[kept], turns[1 - kept])
        results.append(actions.act(A, run, Target(turns[1]), acts[1]))
        return take_in(*given)

    threads.take_in = overtaken  # type: ignore[method-assign]
    if kept == 1:
        with pytest.raises(Busy):
            actions.act(A, run, Target(turns[0]), acts[0])
        assert actions.act(A, run, Target(turns[0]), acts[0]) == Result("skipped", "merged")
        assert [one.state for one in results] == ["pending"]
    else:
        assert actions.act(A, run, Target(turns[0]), acts[0]).state == "pending"
        assert results == [Result("skipped", "merged")]
    world.run()
    assert len([one for one in world.said() if one != "Oi"]) == len(world.executions) == 1


def test_a_merge_at_the_moment_of_an_act_in_an_open_chat(world: Merging) -> None:
    """The first has an open chat, which the flow is to lead."""
    world.flow_id = world.publish({"a": {"type": "send_text", "text": "Olá!"}})
    turns = [world.waits().contact_id, *world.people(1)]
    world.approve("volta", "Olá, {{1}}!")
    world.task_id = world.task(template_fallback=FALLBACK, when_queued="run", when_automatic="run")
    world.run_id = world.container.task_run_service.start(ADMIN, world.task_id)["id"]
    world.freeze()
    actions, moves = world.container.task_actions, world.container.flow_starting._commits._moves
    commit, run = moves.commit, world.container.task_run_work._runs.get(A, world.task_id, world.run_id)
    assert run is not None
    acts, late = [world.ids.new("rq", A) for _ in turns], list[Result]()

    def overtaken(*given: Any) -> Any:
        if not late:
            late.append(Result("pending"))
            world.merge(turns[1], turns[0])
        return commit(*given)

    moves.commit = overtaken  # type: ignore[method-assign]
    with pytest.raises(Busy):
        actions.act(A, run, Target(turns[0]), acts[0])
    assert actions.act(A, run, Target(turns[0]), acts[0]) == Result("skipped", "merged")
    assert actions.act(A, run, Target(turns[1]), acts[1]).state == "pending"
    world.run()
    assert len(world.executions) == 1 and world.said().count("Olá!") == 1


def test_a_page_that_is_written_down_between_two_looks(world: Merging) -> None:
    """The other was written to; between the look at it and the look at its lane that is written down, and the lane
    stands at no page any more."""
    task = world.task
    world.task = lambda **given: task(when_automatic="run", **given)  # type: ignore[method-assign]
    turns = world.begin()
    merges, act = world.container.task_flows._merges, world.container.task_actions.act
    seen, merged = list[str](), list[str]()

    class Late:
        """The first look finds the target as it was before its page was written down."""

        def get(self, a: str, run_id: str, target_id: str) -> Any:
            found = DynamoTargets().get(a, run_id, target_id)
            seen.append(target_id)
            return (Target(target_id), found[1]) if found is not None and len(seen) == 1 else found

    def second(*given: Any) -> Any:
        world.clock.move(1)
        if given[2].id == turns[1] and not merged:
            world.merge(turns[1], turns[0])
            merged.append(turns[0])
            merges._targets = Late()  # type: ignore[assignment]
        return act(*given)

    world.container.task_actions.act = second  # type: ignore[method-assign]
    once(world)
    assert merged == seen[:1], "nobody looked"
