"""Transactions whose operations have names, and guards: condition expressions that say which race they close.

pynamodb sends checks, deletes, puts and updates in that order whatever order they were added in, so cancellation
reasons are matched by label."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from recado.domain.errors import Busy
from recado.storage.tables import Record

MAX_OPERATIONS = 100
_TRIES = 5
_IN_PROGRESS = "TransactionInProgressException"
_PASSING = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"}
)


@dataclass(frozen=True)
class Guard:
    """A named condition. Calling it with a pynamodb condition gives that condition back, unless a test has lifted the
    guard."""

    name: str
    race: str

    def __call__(self, condition: Condition) -> Condition | None:
        """The condition to send, or None while lifted."""
        return None if self.name in _lifted else condition


GUARDS: dict[str, Guard] = {}
_lifted: set[str] = set()


def guard(name: str, race: str) -> Guard:
    """Declare a guard; `race` is the one line that names what it closes. Names are unique."""
    if name in GUARDS:
        raise ValueError(f"guard {name!r} is declared twice")
    GUARDS[name] = Guard(name, race)
    return GUARDS[name]


def lift(name: str) -> None:
    """Take a guard's condition away: only tests do, to show that it is needed."""
    _lifted.add(GUARDS[name].name)


def restore() -> None:
    """Put all lifted guards back."""
    _lifted.clear()


def all_of(*conditions: Condition | None) -> Condition | None:
    """The conjunction of what the guards left."""
    result: Condition | None = None
    for condition in conditions:
        if condition is not None:
            result = condition if result is None else result & condition
    return result


class Cancelled(Exception):
    """A transaction did not happen because conditions failed. `failed` are the labels of the operations that said
    no."""

    def __init__(self, failed: frozenset[str]) -> None:
        super().__init__(f"conditions failed: {', '.join(sorted(failed))}")
        self.failed = failed


class Transaction:
    """Collects labelled operations, commits them at once. An item may appear once; at most 100 operations."""

    def __init__(self) -> None:
        self._checks: list[tuple[str, tuple[Any, ...]]] = []
        self._deletes: list[tuple[str, tuple[Any, ...]]] = []
        self._puts: list[tuple[str, tuple[Any, ...]]] = []
        self._updates: list[tuple[str, tuple[Any, ...]]] = []

    def __len__(self) -> int:
        return len(self._checks) + len(self._deletes) + len(self._puts) + len(self._updates)

    def put(self, label: str, record: Record, condition: Condition | None = None) -> None:
        """Write a whole item."""
        self._puts.append((label, (record, condition)))

    def update(self, label: str, record: Record, actions: Sequence[Action], condition: Condition | None = None) -> None:
        """Change an item's attributes; `record` needs only its keys."""
        self._updates.append((label, (record, list(actions), condition)))

    def delete(self, label: str, record: Record, condition: Condition | None = None) -> None:
        """Delete an item; `record` needs only its keys."""
        self._deletes.append((label, (record, condition)))

    def check(self, label: str, record: Record, condition: Condition | None) -> None:
        """Require something of an item that is not changed. A lifted guard leaves nothing to check."""
        if condition is not None:
            self._checks.append((label, (record, condition)))

    @property
    def labels(self) -> list[str]:
        """The labels in the order in which pynamodb sends the operations."""
        return [label for label, _ in (*self._checks, *self._deletes, *self._puts, *self._updates)]

    def commit(self) -> None:
        """All or nothing. Raises Cancelled naming the failed conditions, Busy when contention outlasts the tries;
        both mean nothing was written. Any other error (a lost connection) means it may have been: the caller reads
        again.

        All tries bear one token: when an earlier one was applied after all, DynamoDB answers a later one with its
        success instead of failing its conditions."""
        if len(self) > MAX_OPERATIONS:
            raise ValueError(f"{len(self)} operations in a transaction of at most {MAX_OPERATIONS}")
        token = secrets.token_hex(16)
        undecided: TransactWriteError | None = None
        for attempt in range(_TRIES):
            try:
                self._send(token)
                return
            except TransactWriteError as error:
                codes = _codes(error)
                failed = frozenset(
                    label for label, code in zip(self.labels, codes, strict=False) if code == "ConditionalCheckFailed"
                )
                if failed:
                    raise Cancelled(failed) from error
                if not any(code in _PASSING for code in codes):
                    raise
                if refusal_of(error) == _IN_PROGRESS:
                    undecided = error
                time.sleep(random.uniform(0, 0.02 * 2**attempt))
        if undecided is not None:
            raise undecided
        raise Busy(f"transaction of {', '.join(self.labels[:4])}")

    def committed(self) -> bool:
        """`commit`, where it does not matter which condition failed: False when one did."""
        try:
            self.commit()
        except Cancelled:
            return False
        return True

    def _send(self, token: str) -> None:
        first = next(
            operation[1][0] for group in (self._checks, self._deletes, self._puts, self._updates) for operation in group
        )
        with TransactWrite(connection=first._get_connection().connection, client_request_token=token) as write:
            for _, (record, condition) in self._checks:
                write.condition_check(type(record), record.pk, record.sk, condition=condition)
            for _, (record, condition) in self._deletes:
                write.delete(record, condition=condition)
            for _, (record, condition) in self._puts:
                write.save(record, condition=condition)
            for _, (record, actions, condition) in self._updates:
                write.update(record, actions=actions, condition=condition)


def refusal_of(error: PynamoDBException) -> str | None:
    """The code with which DynamoDB refused; None when no answer came. (pynamodb's own property fails of that.)"""
    answer: Any = getattr(error.cause, "response", None)
    return answer["Error"].get("Code") if answer else None


def condition_failed(error: PynamoDBException) -> bool:
    """Whether the condition of a single write was not met; a write without an answer is no such thing."""
    return refusal_of(error) == "ConditionalCheckFailedException"


def _codes(error: TransactWriteError) -> list[str | None]:
    """The reason of each operation, None where it had none; a throttled or conflicting request as a whole is one
    passing reason."""
    reasons = [reason.code if reason else None for reason in error.cancellation_reasons]
    if not reasons and refusal_of(error) in {
        _IN_PROGRESS,
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
    }:
        return ["TransactionConflict"]
    return reasons
