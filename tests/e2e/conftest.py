"""The local stack for the end-to-end tests: the same as `make run`, on free ports and in a folder of its own."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from random import SystemRandom
from types import FrameType

import pytest

from infra.local.stack import Stack
from tests.e2e.workbench import tables_of

# Below the ports that systems give to whoever connects: a stack binds its ports while others, and itself, connect.
PORTS = range(20_000, 32_768)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now; held together while they are chosen, so that they differ."""
    chosen: list[int] = []
    with ExitStack() as held:
        for port in SystemRandom().sample(PORTS, 100):
            probe = held.enter_context(socket.socket())
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                chosen.append(port)
            if len(chosen) == count:
                return chosen
    raise AssertionError(f"{count} free ports were not found")


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack with its fresh demo account (`stack.demo`), shared by all tests: each makes what it needs."""
    port, ministack_port, providers_port = free_ports(3)
    folder = tmp_path_factory.mktemp("stack")
    with (
        Stack(folder, port, ministack_port, providers_port, quiet=True, throwaway=True) as running,
        _ended_by_ctrl_c(running),
    ):
        yield running


@contextmanager
def _ended_by_ctrl_c(running: Stack) -> Iterator[None]:
    """Ctrl-C ends the stack before the test that it interrupts: a worker has ten seconds, and tests tidy up by asking
    the stack."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        running.stop()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.fixture
def stack_tables(stack: Stack) -> Iterator[None]:
    """This process on the stack's own tables."""
    with tables_of(stack):
        yield
