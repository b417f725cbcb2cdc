"""How workers share the suite: one has the tests of the local stack, the others have all else meanwhile.

Tests of the stack mostly wait, and share one that takes a while to start: they go to one worker, and first. What needs
no stack goes file by file to whoever is free, and gives way to the stack, whose answers are waited for with a
bound.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

OF_THE_STACK = "tests/e2e/"
WITH_ITS_OWN = "tests/e2e/test_lifecycle.py"
"""Starts and stops stacks of its own, and needs no other."""
GIVES_WAY = 10
"""Niceness of a worker from its first test that needs no stack on: it has none of the stack after that."""
_WITH_STACK = pytest.StashKey[bool]()


class StackApart(LoadScopeScheduling):
    """All tests of the shared stack are one piece of work; else a file is one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return OF_THE_STACK if file.startswith(OF_THE_STACK) and file != WITH_ITS_OWN else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> StackApart | None:
    """Unless another way was asked for."""
    if config.option.dist != "load":
        return None
    config.option.loadscopereorder = False  # in the order of the items below
    return StackApart(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whatever takes longest begins first."""
    items.sort(key=lambda item: not item.nodeid.startswith(OF_THE_STACK))
    config.stash[_WITH_STACK] = bool(items) and items[0].nodeid.startswith(OF_THE_STACK)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Once for a worker."""
    worker = "PYTEST_XDIST_WORKER" in os.environ
    if worker and item.config.stash[_WITH_STACK] and not item.nodeid.startswith(OF_THE_STACK):
        item.config.stash[_WITH_STACK] = False
        os.nice(GIVES_WAY)
