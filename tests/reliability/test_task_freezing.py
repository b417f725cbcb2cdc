"""Runs whose workers die at every page while the tables change and answer in any order (PRODUCT G4, R8): each chat that
stays open is in the audience once, whatever situations it goes through, and each member of a group."""

from __future__ import annotations

import random
from typing import Any

import pytest

from recado.domain.chats import OPEN_SITUATIONS
from recado.domain.contacts import Contact
from recado.storage import keys, segment_reads
from recado.storage.contact_records import ContactRecord, MembershipRecord
from recado.storage.segment_reads import DynamoSegmentReads
from recado.storage.tables import ContactsRecord
from tests.open_chats import A, OpenChats, between_reads
from tests.task_world import World

CHATS, MEMBERS, WINDOW, PAGE = 90, 300, 7, 5


@pytest.fixture(autouse=True)
def tables(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pages."""
    monkeypatch.setattr(segment_reads, "_WINDOW", WINDOW)
    monkeypatch.setattr("recado.services.task_run_work.FROZEN_AT_ONCE", PAGE)


@pytest.fixture
def chats(clock: Any) -> OpenChats:
    return OpenChats(clock)


def killed_at_every_page(world: World, run_id: str) -> int:
    """The audience of the run at its end."""
    world.killer.armed = True
    run = world.to_the_end(run_id)
    assert world.killer.kills > 2 * CHATS / PAGE, "nobody was killed"
    assert set(world.tables.put.values()) == {1}, "somebody was put into the audience twice"
    assert run.audience == len(world.tables.put)
    assert world.states(run_id) == {"executed": run.audience}
    return run.audience


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_every_page_while_chats_move(
    chats: OpenChats, clock: Any, ids: Any, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    stay = [chats.add(chance.choice(OPEN_SITUATIONS)) for _ in range(CHATS)]
    closing = [chats.add("queued") for _ in range(10)]
    world = World(clock, ids)
    monkeypatch.setattr(world.tables, "part", DynamoSegmentReads().part)
    to_move = [*stay]
    chance.shuffle(to_move)

    def moves(call: int) -> None:
        if to_move:
            chats.move(to_move.pop(), chance.choice(OPEN_SITUATIONS))
        if closing and call % 7 == 0:
            chats.move(closing.pop(), "closed")

    between_reads(monkeypatch, moves)
    killed_at_every_page(world, world.begin(table="chats"))
    assert not to_move and not closing, "nothing moved"
    assert set(stay) <= set(world.tables.put), "a chat that was open all the time is missing"


def test_killed_at_every_page_of_a_group(clock: Any, ids: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now, group = clock.now(), f"gr_{A}_{1:027x}"
    members = [Contact(ids.new("ct", A), now, now, group_ids=(group,)) for _ in range(MEMBERS)]
    with ContactsRecord.batch_write() as batch:
        for one in members:
            batch.save(ContactRecord.of_contact(A, one))
            batch.save(MembershipRecord(keys.membership_pk(A, "GROUP", group, one.id), one.id))
    world = World(clock, ids)
    monkeypatch.setattr(world.tables, "part", DynamoSegmentReads().part)
    run_id = world.begin({"field": "group", "op": "eq", "value": group})
    assert killed_at_every_page(world, run_id) == MEMBERS
