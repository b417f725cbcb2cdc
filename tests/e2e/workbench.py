"""The product's parts in this process, on the tables of the running stack."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from infra.local.deployment import REGION
from infra.local.stack import Stack
from recado.aws.clock import SystemClock
from recado.aws.session import reset_clients
from recado.domain.chat_moves import MoveCommit
from recado.domain.errors import Busy
from recado.settings import settings
from recado.storage import tables
from recado.storage.chat_moves import ChatMoveStore


@contextmanager
def tables_of(stack: Stack) -> Iterator[None]:
    """This process on the stack's own tables."""
    names = ("CONTACTS_TABLE", "CHATS_TABLE", "WORKSPACE_TABLE")
    before = {name: os.environ.get(name) for name in (*names, "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION")}
    environment = stack.function_environment()
    os.environ.update({name: environment[name] for name in names})
    os.environ.update(AWS_ENDPOINT_URL=stack.ministack_url, AWS_DEFAULT_REGION=REGION)
    _forget()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        _forget()


def _forget() -> None:
    settings.cache_clear()
    tables.reset_connections()
    reset_clients()


class CountingMoves(ChatMoveStore):
    """Counts transactions and those that were cancelled, over all threads."""

    def __init__(self) -> None:
        self._lock, self.done, self.cancelled = threading.Lock(), 0, 0

    def commit(self, a: str, commit: MoveCommit) -> frozenset[str]:
        try:
            lost = super().commit(a, commit)
        except Busy:
            lost = frozenset({"contention"})
            raise
        finally:
            with self._lock:
                self.done += not lost
                self.cancelled += bool(lost)
        return lost

    @property
    def share(self) -> float:
        return self.cancelled / (self.done + self.cancelled)


class MovingClock:
    """The system's clock with the `move` that a Team calls: real time moves by itself."""

    def __init__(self, clock: SystemClock) -> None:
        self.now = clock.now

    def move(self, seconds: float) -> None:
        time.sleep(seconds)
