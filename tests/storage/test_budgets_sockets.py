"""What sockets of the online chat may cost (docs/data-model.md §3, L2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from recado.domain.chats import ThreadKey
from recado.domain.sockets import listener_of
from recado.services.sockets import SocketService
from recado.storage.sockets import DynamoSockets
from tests.recording import record

A, THREAD = "accounta", ThreadKey("ch_1", "v:1")


class Line:
    """Nobody is there any more."""

    def post(self, connection_id: str, data: bytes) -> bool:
        return False

    def lost(self, channel_id: str, error: Exception) -> None:
        raise error


def test_a_socket_from_its_opening_to_its_end(dynamodb: Any, clock: Any) -> None:
    sockets = SocketService(DynamoSockets(), Line(), clock, Line())
    with record() as calls:
        sockets.tell(A, THREAD, 1)
    assert (dict(calls.operations), calls.rru) == ({"dynamodb:GetItem": 1}, 1), "nobody listens"
    for number, connection in enumerate(("c1", "c2")):
        with record() as calls:
            ends_at = clock.now() + timedelta(minutes=1)
            sockets.open(A, listener_of(THREAD), connection, f"t{number}", ends_at)
        assert dict(calls.operations) == {"dynamodb:PutItem": 2, "dynamodb:GetItem": 1}
        assert (calls.wru, calls.rru) == (2, 1)
    with record() as calls:
        sockets.close("c1")
    assert (calls.wru, calls.rru) == (2, 2)
    clock.move(60)
    with record() as calls:
        sockets.tell(A, THREAD, 2)
    assert (calls.wru, calls.rru) == (2, 2), "one is gone"
    with record() as calls:
        sockets.close("c2")
    assert (calls.wru, calls.rru) == (0, 1)
