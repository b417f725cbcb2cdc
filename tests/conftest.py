"""Fixtures that every test may use: a fixed clock, counted ids, and the three tables in moto, defined by infra/data.yaml itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

ROOT = Path(__file__).resolve().parent.parent

os.environ.update(
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",  # noqa: S106 - moto takes anything
    AWS_DEFAULT_REGION="us-east-1",
    CONTACTS_TABLE="contacts",
    CHATS_TABLE="chats",
    WORKSPACE_TABLE="workspace",
)

from recado.domain.ids import make_id  # noqa: E402
from recado.storage import tables, transaction  # noqa: E402
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
        self._count = 0

    def new(self, kind: str, account: str) -> str:
        self._count += 1
        return make_id(kind, account, self._clock.now(), f"{self._count:016x}")

    def account(self) -> str:
        self._count += 1
        return "acct" + "".join(chr(ord("a") + int(digit)) for digit in f"{self._count:04d}")

    def secret(self) -> str:
        self._count += 1
        return f"secret-{self._count:036d}"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def ids(clock: FixedClock) -> CountedIds:
    return CountedIds(clock)


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    """A boto3 client on the three empty tables in moto."""
    with mock_aws():
        tables.reset_connections()
        client = boto3.client("dynamodb")
        for definition in table_definitions(ROOT / "infra" / "data.yaml"):
            client.create_table(**definition)
        yield client
        transaction.restore()
        tables.reset_connections()
