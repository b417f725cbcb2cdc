"""Counts what code asks of AWS: calls by operation, and DynamoDB capacity by the documented rounding
(docs/data-model.md §1), not moto's figures.

    with record() as calls:
        service.do()
    assert calls.wru <= 6

Hooks botocore in this process and looks at the items in the store before and after each write; those looks are not
counted."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.client import BaseClient

from tests.capacity import Cost, DynamoDB


@dataclass(frozen=True)
class Call:
    """One call: `sqs:SendMessageBatch`, its parameters and what it cost."""

    operation: str
    parameters: dict[str, Any]
    cost: Cost


@dataclass
class Calls:
    """What was recorded, in order of completion."""

    log: list[Call] = field(default_factory=list)

    @property
    def operations(self) -> Counter[str]:
        """How often each operation was called."""
        return Counter(call.operation for call in self.log)

    @property
    def wru(self) -> float:
        """Write units of tables; those of indexes are in `index_wru`."""
        return sum(call.cost.wru for call in self.log)

    @property
    def rru(self) -> float:
        """Read units."""
        return sum(call.cost.rru for call in self.log)

    @property
    def index_wru(self) -> dict[str, float]:
        """Write units by index."""
        total: Counter[str] = Counter()
        for call in self.log:
            total.update(call.cost.index_wru)
        return dict(total)

    def count(self, prefix: str = "") -> int:
        """Calls of operations that begin so: `dynamodb:`, `sqs:SendMessageBatch`; all by default."""
        return sum(call.operation.startswith(prefix) for call in self.log)


_recording = threading.Lock()


@contextmanager
def record() -> Iterator[Calls]:
    """Record every call that any boto client of this process makes meanwhile. One recording at a time."""
    if not _recording.acquire(blocking=False):
        raise RuntimeError("a recording within a recording")
    calls, original = Calls(), BaseClient._make_api_call
    BaseClient._make_api_call = _recorder(calls, original)
    try:
        yield calls
    finally:
        BaseClient._make_api_call = original
        _recording.release()


def _recorder(calls: Calls, original: Callable[..., Any]) -> Callable[..., Any]:
    def make_api_call(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
        service = client.meta.service_model.service_name
        store = DynamoDB(lambda name, asked: original(client, name, asked)) if service == "dynamodb" else None
        estimate = store.estimate(operation, parameters) if store else (lambda _: Cost())
        failed = True
        try:
            answer = original(client, operation, parameters)
            failed = False
            return answer
        finally:
            calls.log.append(Call(f"{service}:{operation}", parameters, estimate(failed)))

    return make_api_call
