"""Fixtures that every test may use: a fixed clock, counted ids, and the three tables in moto, defined by
infra/data.yaml itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from argon2 import PasswordHasher
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

from recado.aws import channel_directory  # noqa: E402
from recado.domain.ids import make_id  # noqa: E402
from recado.passwords import Argon2Passwords  # noqa: E402
from recado.storage import tables, transaction  # noqa: E402
from tests import any_order, quick_moto  # noqa: E402
from tests.lost_answers import LostAnswers  # noqa: E402
from tests.moto_worlds import make_tables  # noqa: E402
from tests.side_by_side import pytest_collection_modifyitems as pytest_collection_modifyitems  # noqa: E402
from tests.side_by_side import pytest_runtest_setup as pytest_runtest_setup  # noqa: E402
from tests.side_by_side import pytest_xdist_make_scheduler as pytest_xdist_make_scheduler  # noqa: E402


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


quick_moto.install()
any_order.install()
PRODUCTS_HASHER = vars(Argon2Passwords)["_hasher"]
# Every account begins with a password, and a good hash is slow by intent: tests/unit/test_credentials.py has it.
Argon2Passwords._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)  # type: ignore[assignment]


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    """A boto3 client on the three empty tables in moto. What a process remembers of channels for some seconds it
    remembers throughout a test: what is read must not depend on how busy this machine is."""
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(channel_directory, "monotonic", lambda: 0.0)
        client = _client()
        make_tables(client)
        yield client
        transaction.restore()


@lru_cache
def _client() -> Any:
    """Making a client takes longer than most tests; this one, and pynamodb's, serve all that run in moto."""
    tables.reset_connections()
    return boto3.client("dynamodb")
