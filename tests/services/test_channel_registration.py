"""A channel that is connected or gets other secrets has its provider asked for webhooks; what goes wrong is shown on
it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from recado.domain.channels import Channel
from recado.ports.channels import Secrets
from recado.services.channels import ChannelService
from recado.storage.flows import DynamoFlows

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DEPARTMENT = "dp_abcdefgh_000000000000000000000000001"


@dataclass
class Store:
    """One channel in memory."""

    channel: Channel | None = None
    kept: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def get(self, a: str, channel_id: str) -> Channel | None:
        return self.channel

    def secrets(self, a: str, channel_id: str) -> Secrets:
        return self.kept

    def create(self, a: str, channel: Channel, secrets: Secrets) -> None:
        self.channel, self.kept = channel, dict(secrets)

    def change(
        self, a: str, before: Channel, after: Channel, secrets: Secrets | None, now: datetime | None = None
    ) -> bool:
        assert self.channel == before
        self.channel, self.kept = after, self.kept if secrets is None else dict(secrets)
        return True


@dataclass
class Provider:
    """Says what it was told to, and what it was asked with."""

    wrong: str | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def register(self, channel: Channel, secrets: Secrets) -> str | None:
        self.asked.append(dict(secrets))
        return self.wrong


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def service(provider: Provider) -> ChannelService:
    def place(settings: Any, secrets: Any) -> Any:
        return dict(settings), dict(secrets), ()

    rules = SimpleNamespace(
        place=place,
        made=lambda *_: ({}, {}),
        validate=lambda *_: (),
        problems=lambda *_: (),
        departments=lambda *_: (),
        account_address=lambda *_: None,
        address_directory=None,
        misplaced=lambda *_: (),
        token_secret=None,
        token_life=lambda *_: None,
        token_min_age=lambda *_: None,
        rotating=frozenset(),
    )
    departments: Any = SimpleNamespace(default=lambda a: DEPARTMENT, get=lambda a, one: one)
    ids: Any = SimpleNamespace(new=lambda kind, a: "ch_1", secret=lambda: "secret")
    clock: Any = SimpleNamespace(now=lambda: NOW)
    store: Any = Store()
    return ChannelService(store, departments, lambda _: rules, provider, clock, ids, DynamoFlows())


def connect(service: ChannelService) -> Channel:
    return service.create("abcdefgh", "any", "Main", None, {}, {"token": "one"})


def test_connecting_asks_once_with_the_secrets(service: ChannelService, provider: Provider) -> None:
    made = connect(service)
    assert (made.problems, made.version) == ((), 1)
    assert provider.asked == [{"token": ("one",)}]


def test_other_secrets_ask_again_and_another_name_does_not(service: ChannelService, provider: Provider) -> None:
    connect(service)
    service.change("abcdefgh", "ch_1", {"name": "Other"})
    assert len(provider.asked) == 1
    service.change("abcdefgh", "ch_1", {"secrets": {"token": "two"}})
    assert provider.asked[1:] == [{"token": ("two",)}]


def test_what_goes_wrong_is_shown_until_it_is_mended(service: ChannelService, provider: Provider) -> None:
    provider.wrong = "It said no."
    made = connect(service)
    shown = {"code": "webhook_not_set", "detail": "It said no.", "at": "2026-03-10T12:00:00.000Z"}
    assert made.problems == (shown,)
    assert service.get("abcdefgh", "ch_1") == made
    again = service.change("abcdefgh", "ch_1", {"name": "Other"})
    assert [one["code"] for one in again.problems] == ["webhook_not_set"]
    provider.wrong = None
    mended = service.change("abcdefgh", "ch_1", {"name": "Third"})
    assert (mended.name, mended.problems) == ("Third", ())
