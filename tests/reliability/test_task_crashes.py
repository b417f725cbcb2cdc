"""Runs of tasks whose workers die at every boundary (R8): each contact is acted on once, all end, the counts add up."""

from __future__ import annotations

from typing import Any

from tests.task_world import World


def whole(world: World, run_id: str, audience: int) -> None:
    run = world.run(run_id)
    assert (run.state, run.audience) == ("done", audience)
    assert world.states(run_id) == {"executed": audience}
    assert sum(run.counts.values()) == audience == run.counts["executed"]
    assert set(world.tables.put.values()) <= {1}, "a target was made anew"
    assert {len(acts) for acts in world.acts.effects.values()} <= {1}, "somebody was contacted twice"
    assert sorted(world.acts.effects) == sorted(world.people)
    assert [one.type for one in world.tables.events] == ["task.run_started", "task.run_finished"]


def test_5000_contacts_killed_at_every_page_boundary(clock: Any, ids: Any) -> None:
    world = World(clock, ids, people=5_000)
    world.killer.armed = True
    run_id = world.begin()
    world.to_the_end(run_id)
    assert world.killer.kills > 500, "nobody was killed"
    whole(world, run_id, 5_000)


def test_commands_that_are_lost_and_come_twice(clock: Any, ids: Any) -> None:
    world = World(clock, ids, people=400)
    run_id = world.begin()
    first = list(world.queue.waiting)
    world.queue.loses = True
    world.go_on()
    world.queue.loses = False
    for command in first:
        world.deliver(command)
    world.queue.waiting += first
    world.to_the_end(run_id)
    whole(world, run_id, 400)
    for command in first:
        world.deliver(command)
    whole(world, run_id, 400)


def test_a_worker_that_has_no_time_gives_the_lane_on(clock: Any, ids: Any) -> None:
    world = World(clock, ids, people=300)
    run_id = world.begin(lanes=1)
    times = iter(range(10_000))
    commands = world.go_on(has_time=lambda: next(times) % 7 != 0)
    assert commands >= 10
    world.to_the_end(run_id)
    whole(world, run_id, 300)


def test_killed_in_the_middle_of_a_page_acts_again_by_the_same_id(clock: Any, ids: Any) -> None:
    world = World(clock, ids, people=60)
    world.dies_once_at_each()
    run_id = world.begin(lanes=2)
    world.to_the_end(run_id)
    whole(world, run_id, 60)
    assert max(world.acts.asked.values()) > 1, "nobody was asked for again"
