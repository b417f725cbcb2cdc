"""Fixtures that every test may use: a fixed clock, counted ids, and the three tables in moto, defined by
infra/data.yaml itself."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3
import moto.dynamodb.models as moto_models
import pytest
from moto import mock_aws

ROOT = Path(__file__).resolve().parent.parent

os.environ.update(
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_DEFAULT_REGION="us-east-1",
    CONTACTS_TABLE="contacts",
    CHATS_TABLE="chats",
    WORKSPACE_TABLE="workspace",
    FILES_BUCKET="recado-files",
)

from recado.domain.ids import make_id  # noqa: E402
from recado.storage import tables, transaction  # noqa: E402
from tests.lost_answers import LostAnswers  # noqa: E402
from tests.table_definitions import table_definitions  # noqa: E402


class FixedClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class CountedIds:
    """Ids that count up, so that tests can be read."""

    def __init__(self, clock: FixedClock) -> None:
        self._clock = clock
        self.count = 0

    def new(self, kind: str, account: str) -> str:
        self.count += 1
        return make_id(kind, account, self._clock.now(), f"{self.count:016x}")

    def account(self) -> str:
        self.count += 1
        return "acct" + "".join(chr(ord("a") + int(digit)) for digit in f"{self.count:04d}")

    def secret(self) -> str:
        self.count += 1
        return f"secret-{self.count:036d}"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def ids(clock: FixedClock) -> CountedIds:
    return CountedIds(clock)


@pytest.fixture
def lost_answers(monkeypatch: pytest.MonkeyPatch) -> LostAnswers:
    """Lets answers of AWS get lost; none so far."""
    return LostAnswers(monkeypatch)


class _CopyOnce:
    """Stands for the `copy` module in moto's tables: moto copies a whole table once for each operation of a
    transaction, to be able
    to put it back; once for each transaction is enough and makes large ones some fifty times faster."""

    def __init__(self) -> None:
        self._copies: dict[int, Any] = {}

    def deepcopy(self, value: Any) -> Any:
        if not isinstance(value, moto_models.Table):
            return copy.deepcopy(value)
        if id(value) not in self._copies:
            self._copies[id(value)] = copy.deepcopy(value)
        return self._copies[id(value)]

    def __getattr__(self, name: str) -> Any:
        return getattr(copy, name)


_transact = moto_models.DynamoDBBackend.transact_write_items


def _transact_with_one_copy(self: Any, transact_items: Any) -> None:
    moto_models.copy = _CopyOnce()
    try:
        _transact(self, transact_items)
    finally:
        moto_models.copy = copy


moto_models.DynamoDBBackend.transact_write_items = _transact_with_one_copy


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    """A boto3 client on the three empty tables in moto."""
    with mock_aws():
        client = _client()
        for definition in table_definitions(ROOT / "infra" / "data.yaml"):
            client.create_table(**definition)
        yield client
        transaction.restore()


@lru_cache
def _client() -> Any:
    """Making a client takes longer than most tests; this one, and pynamodb's, serve all that run in moto."""
    tables.reset_connections()
    return boto3.client("dynamodb")
