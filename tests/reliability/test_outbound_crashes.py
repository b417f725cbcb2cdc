"""A worker that dies before or after any of its writes (R1, R7): nothing is sent twice, and every message comes to an
end."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.messages import StatusUpdate
from recado.services.outbound import OutboundService
from recado.services.statuses import StatusService
from recado.storage.statuses import DynamoStatuses
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
        (1, "lost"): ("unknown", 0),
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


def test_a_worker_dies_before_it_takes_the_early_statuses_up(dynamodb: Any, clock: Any, ids: Any) -> None:
    world = World(clock, ids)
    message = world.write()
    StatusService(DynamoStatuses(), world.outbox).apply(A, CHANNEL, StatusUpdate("wamid.1", None, "read", clock.now()))
    _die(world, world.worker(Dying(world, 2, "after")), message.id)
    assert world.message(message.id).status == "sent"
    world.outbound.send(A, message.id)
    assert world.message(message.id).status == "read"


def _die(world: World, worker: OutboundService, message_id: str) -> None:
    with pytest.raises((Died, ConnectionError)):
        worker.send(A, message_id)


def _recover(world: World, message_id: str) -> None:
    """The queue delivers the command again, at once and later; the sweep goes on."""
    for _ in range(6):
        world.outbound.send(A, message_id)
        world.clock.move(60)
        world.sweep()
        world.work()
