"""A worker that dies before or after any of its writes (R1, R7): nothing is sent twice, and every message comes to an
end."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from recado.domain.messages import StatusUpdate
from recado.domain.sending import Step, claim
from recado.services.outbound import OutboundService
from recado.services.statuses import StatusService
from recado.storage.statuses import DynamoStatuses
from tests.lost_answers import LostAnswers
from tests.sending_world import CHANNEL, A, World, refuses


class Died(BaseException):
    """The process is gone: nothing catches this."""


class Dying:
    """The outbox of a worker that dies at its `nth` write, before it is made or after; or that never hears of its
    success."""

    def __init__(self, world: World, nth: int, moment: str) -> None:
        self._world, self._left, self._moment = world, nth, moment

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.outbox, name)

    def advance(self, *arguments: Any) -> bool:
        self._left -= 1
        if self._left == 0 and self._moment == "before":
            raise Died
        done = self._world.outbox.advance(*arguments)
        if self._left == 0:
            raise Died if self._moment == "after" else ConnectionError("the answer was lost")
        return done


@pytest.mark.parametrize("moment", ["before", "after", "lost"])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_send(dynamodb: Any, clock: Any, ids: Any, nth: int, moment: str) -> None:
    world = World(clock, ids)
    message = world.write()
    _die(world, world.worker(Dying(world, nth, moment)), message.id)
    _recover(world, message.id)
    sent = len(world.provider.sent)
    expected = {
        (1, "before"): ("sent", 1),
        (1, "after"): ("unknown", 0),
        (2, "before"): ("unknown", 1),
    }
    assert (world.message(message.id).status, sent) == expected.get((nth, moment), ("sent", 1))


@pytest.mark.parametrize("moment", ["before", "after", "lost"])
@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_a_send_that_is_retried(dynamodb: Any, clock: Any, ids: Any, nth: int, moment: str) -> None:
    world = World(clock, ids)
    world.provider.script = [refuses(131000)]
    message = world.write()
    _die(world, world.worker(Dying(world, nth, moment)), message.id)
    _recover(world, message.id)
    accepted = len(world.provider.sent) - (1 if not world.provider.script else 0)
    assert accepted <= 1
    assert world.message(message.id).status in ("sent", "unknown")


@pytest.mark.parametrize("retried", [False, True])
def test_the_client_repeats_a_claim_whose_answer_it_lost(
    dynamodb: Any, clock: Any, ids: Any, lost_answers: LostAnswers, retried: bool
) -> None:
    """The repetition is refused by the claim itself; the worker knows it for its own."""
    world = World(clock, ids)
    world.provider.script = [refuses(131000)] if retried else []
    message = world.write()
    lost_answers.repeat("PutItem", 3 if retried else 1)
    world.outbound.send(A, message.id)
    assert (world.message(message.id).status, len(world.provider.sent)) == ("sent", 2 if retried else 1)


def test_a_claim_of_another_worker_is_left_to_it(dynamodb: Any, clock: Any, ids: Any) -> None:
    world = World(clock, ids)
    message = world.write()

    class Late(Dying):
        """Another worker claims between this one's reading and its claim."""

        def advance(self, a: str, before: Any, step: Any) -> bool:
            other = claim(before, 20, clock.now(), ids.secret())
            assert self._world.outbox.advance(a, before, Step(other))
            return self._world.outbox.advance(a, before, step)

    world.worker(Late(world, 1, "")).send(A, message.id)
    assert (world.out(message.id).state, world.provider.sent) == ("claimed", [])


def test_a_worker_dies_before_it_takes_the_early_statuses_up(dynamodb: Any, clock: Any, ids: Any) -> None:
    world = World(clock, ids)
    message = world.write()
    StatusService(DynamoStatuses(), world.outbox).apply(A, CHANNEL, StatusUpdate("wamid.1", None, "read", clock.now()))
    _die(world, world.worker(Dying(world, 2, "after")), message.id)
    assert world.message(message.id).status == "sent"
    world.outbound.send(A, message.id)
    assert world.message(message.id).status == "read"


def _die(world: World, worker: OutboundService, message_id: str) -> None:
    """Nothing is raised where the worker finds out by itself what became of its claim."""
    with suppress(Died, ConnectionError):
        worker.send(A, message_id)


def _recover(world: World, message_id: str) -> None:
    """The queue delivers the command again, at once and later; the sweep goes on."""
    for _ in range(6):
        world.outbound.send(A, message_id)
        world.clock.move(60)
        world.sweep()
        world.work()
