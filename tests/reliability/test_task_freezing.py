"""Runs over chats whose workers die at every page while the chats move (PRODUCT G4, R8): each that stays open is in the
audience once, whatever situations it goes through."""

from __future__ import annotations

import random
from typing import Any

import pytest

from recado.domain.chats import OPEN_SITUATIONS
from recado.storage import segment_reads
from recado.storage.segment_reads import DynamoSegmentReads
from tests.open_chats import OpenChats, between_reads
from tests.task_world import World

CHATS, WINDOW, PAGE = 90, 7, 5


@pytest.fixture
def chats(dynamodb: Any, clock: Any, monkeypatch: pytest.MonkeyPatch) -> OpenChats:
    monkeypatch.setattr(segment_reads, "_WINDOW", WINDOW)
    monkeypatch.setattr("recado.services.task_run_work.FROZEN_AT_ONCE", PAGE)
    return OpenChats(clock)


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_every_page_while_chats_move(
    chats: OpenChats, clock: Any, ids: Any, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    stay = [chats.add(chance.choice(OPEN_SITUATIONS)) for _ in range(CHATS)]
    closing = [chats.add("queued") for _ in range(10)]
    world = World(clock, ids)
    monkeypatch.setattr(world.tables, "part", DynamoSegmentReads().part)
    world.killer.armed = True
    to_move = [*stay]
    chance.shuffle(to_move)

    def moves(call: int) -> None:
        if to_move:
            chats.move(to_move.pop(), chance.choice(OPEN_SITUATIONS))
        if closing and call % 7 == 0:
            chats.move(closing.pop(), "closed")

    between_reads(monkeypatch, moves)
    run_id = world.begin(table="chats")
    run = world.to_the_end(run_id)
    assert not to_move and not closing, "nothing moved"
    assert world.killer.kills > 2 * CHATS / PAGE, "nobody was killed"
    assert set(world.tables.put.values()) == {1}, "a chat was put into the audience twice"
    assert set(stay) <= set(world.tables.put), "a chat that was open all the time is missing"
    assert run.audience == len(world.tables.put)
    assert world.states(run_id) == {"executed": run.audience}
