"""The deployed product in one process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.handlers.stack import Stack, reset


@pytest.fixture
def stack(dynamodb: Any, monkeypatch: pytest.MonkeyPatch, clock: Any, ids: Any) -> Iterator[Stack]:
    """Tables, queues, buckets and handlers."""
    yield Stack(monkeypatch.setenv, clock, ids)
    monkeypatch.undo()
    reset()
