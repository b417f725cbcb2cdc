"""Open chats as runs of tasks freeze them: by their ids, each once, also those that change their situation while they
are looked for."""

from __future__ import annotations

import random
from itertools import permutations
from typing import Any

import pytest

from recado.domain.chats import OPEN_SITUATIONS, Situation
from recado.domain.segment_bounds import Bounds
from recado.storage import segment_reads
from recado.storage.segment_reads import DynamoSegmentReads
from tests.open_chats import A, OpenChats, between_reads

EVERYTHING = Bounds(("id",))
CALLS_OF_A_WINDOW = 2 * len(OPEN_SITUATIONS) + 1


@pytest.fixture
def chats(dynamodb: Any, clock: Any) -> OpenChats:
    return OpenChats(clock)


def read(after: str | None = None) -> list[str]:
    pages = DynamoSegmentReads().part(A, "chats", EVERYTHING, 0, after)
    return [one["id"]["S"] for page in pages() for one in page]


@pytest.mark.parametrize("window", [2, 3, 7, 200])
def test_each_once_the_newest_first(chats: OpenChats, monkeypatch: pytest.MonkeyPatch, window: int) -> None:
    monkeypatch.setattr(segment_reads, "_WINDOW", window)
    chance = random.Random(window)
    for _ in range(40):
        chats.add(chance.choice([*OPEN_SITUATIONS, "closed"]))
    still_open = sorted(chats.open(), reverse=True)
    assert read() == still_open
    assert read(after=still_open[11]) == still_open[12:], "it does not go on from where it stood"


def test_all_in_one_situation(chats: OpenChats, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_reads, "_WINDOW", 4)
    ids = [chats.add("in_service") for _ in range(12)]
    assert read() == sorted(ids, reverse=True)


@pytest.mark.parametrize(("was", "becomes"), [*permutations(OPEN_SITUATIONS, 2)])
@pytest.mark.parametrize("call", range(CALLS_OF_A_WINDOW))
def test_who_moves_while_it_is_looked_for_comes_once(
    chats: OpenChats, monkeypatch: pytest.MonkeyPatch, call: int, was: Situation, becomes: Situation
) -> None:
    others = [chats.add(situation) for situation in OPEN_SITUATIONS]
    moving = chats.add(was)
    between_reads(monkeypatch, lambda number: chats.move(moving, becomes) if number == call else None)
    assert sorted(read()) == sorted([*others, moving])


@pytest.mark.parametrize("seed", range(8))
def test_chats_that_move_all_the_time_come_once_each(
    chats: OpenChats, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(segment_reads, "_WINDOW", 3)
    chance = random.Random(seed)
    ids = [chats.add(chance.choice(OPEN_SITUATIONS)) for _ in range(30)]
    unmoved = list(ids)

    def moves_one(_: int) -> None:
        if unmoved:  # each once: what moves again while its window is read may be missed (docs/tasks.md)
            chats.move(unmoved.pop(chance.randrange(len(unmoved))), chance.choice(OPEN_SITUATIONS))

    between_reads(monkeypatch, moves_one)
    assert read() == sorted(ids, reverse=True)


def test_who_is_closed_meanwhile_is_left_out(chats: OpenChats, monkeypatch: pytest.MonkeyPatch) -> None:
    stays, goes = chats.add("queued"), chats.add("queued")
    between_reads(monkeypatch, lambda number: chats.move(goes, "closed") if number == 3 else None)
    assert read() == [stays]
