"""R6: large bodies are stored whole; one poison item takes no other with it, lies with the dead letters, and redrive
adds nothing twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from recado.ports.inbound import LostRace
from tests.reception import ANA, Reception, body, change, record_of, said, status, text

EXACT = 1772452800


@pytest.fixture
def reception(dynamodb: Any, clock: Any, ids: Any) -> Reception:
    return Reception(clock, ids)


@pytest.mark.parametrize(("size", "customers"), [(50, 2), (500, 2), (1_000, 1)])
def test_a_body_of_many_messages_is_stored_whole(reception: Reception, size: int, customers: int) -> None:
    messages = [
        text(f"wamid.{number}", "x", f"55119876500{number % customers:02d}", EXACT + number) for number in range(size)
    ]
    half = size // 2
    raw = body(
        [change(*messages[:half], statuses=[status("wamid.ours", "sent")])],
        [change(*messages[half:]), change(statuses=[status("wamid.ours", "read")])],
    )
    for _ in range(2 if size < 1_000 else 1):
        assert reception.post(raw).answer.status == 200
        reception.queue.forget()
        assert reception.work() == []
    stored = reception.all_messages()
    assert len(stored) == size
    assert {one.provider_id for one in stored} == {f"wamid.{number}" for number in range(size)}
    assert len(reception.chats()) == customers


class Poisoned:
    """A store of threads that cannot write one message."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.cured = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def take_in(self, a: str, intake: Any, contact: Any, events: Sequence[Any]) -> LostRace | None:
        if not self.cured and any(one.provider_id == "wamid.poison" for one in intake.messages):
            raise ValueError("a message that no code can write")
        found: LostRace | None = self._inner.take_in(a, intake, contact, events)
        return found


def test_poison_is_set_aside_at_its_last_attempt_and_redriven(reception: Reception) -> None:
    poisoned = Poisoned(reception.threads)
    reception.intake._threads = poisoned  # type: ignore[assignment]
    reception.post(said(text("wamid.1"), text("wamid.poison", at=EXACT + 1), text("wamid.2", at=EXACT + 2)))
    reception.post(said(text("wamid.3", at=EXACT + 3)))
    reception.post(said(text("wamid.4", sender="5521987654321", at=EXACT + 4)))
    commands = reception.queue.take()
    group = [one for one in commands if one.group.endswith(ANA)]
    for receives in (1, 2, 3):
        assert reception.inbound.work([record_of(one, receives) for one in group]) == 0
    assert reception.all_messages() == []
    assert reception.inbound.work([record_of(one, 4) for one in group]) == 2
    assert [one.provider_id for one in reception.messages()] == ["wamid.1", "wamid.2", "wamid.3"]
    assert len(reception.blobs.under("parked")) == len(reception.journal.put_aside) == 1
    (dead,) = reception.dead_letters.take()
    assert dead.group == group[0].group
    assert {name: value for name, value in dead.body.items() if name != "parked"} == group[0].body

    poisoned.cured = True
    assert reception.inbound.work([record_of(dead)]) == 1
    assert reception.inbound.work([record_of(dead)]) == 1
    assert [one.provider_id for one in reception.messages()] == ["wamid.1", "wamid.2", "wamid.3", "wamid.poison"]
    assert len(reception.chats()) == 1


def test_poison_of_one_customer_holds_no_other_up(reception: Reception) -> None:
    reception.intake._threads = Poisoned(reception.threads)  # type: ignore[assignment]
    reception.post(said(text("wamid.poison"), text("wamid.4", sender="5521987654321")))
    done = [reception.inbound.work([record_of(one)]) for one in reception.queue.take()]
    assert sorted(done) == [0, 1]
    assert [one.provider_id for one in reception.all_messages()] == ["wamid.4"]


def test_a_store_that_cannot_park_leaves_the_record_to_the_queue(reception: Reception) -> None:
    reception.intake._threads = Poisoned(reception.threads)  # type: ignore[assignment]
    reception.post(said(text("wamid.poison")))
    (command,) = reception.queue.take()
    reception.dead_letters.refuses = True
    assert reception.inbound.work([record_of(command, 4)]) == 0
