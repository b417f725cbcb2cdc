"""What a simulated provider is: the calls it takes, the answers it gives, the status webhooks it sends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, runtime_checkable


def readable(raw: bytes) -> Any:
    """A body as the controls show it: parsed when it is JSON, else its text."""
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", errors="replace")


@dataclass(frozen=True)
class Call:
    """One request of the product to a provider. `headers` have lower-case names; `values` are the path's variables."""

    channel: str
    at: datetime
    method: str
    path: str
    headers: Mapping[str, str]
    raw: bytes
    values: Mapping[str, str]

    def body(self) -> Any:
        """The parsed body when it is JSON, else its text."""
        return readable(self.raw)

    def object(self) -> dict[str, Any]:
        """The body as a JSON object; empty when it is anything else."""
        body = self.body()
        return body if isinstance(body, dict) else {}


@dataclass(frozen=True)
class Answer:
    """What a provider answers."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(cls, status: int, value: object) -> Answer:
        return cls(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def object(self) -> dict[str, Any]:
        """The body as a JSON object; empty when it is anything else."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True)
class StatusRequest:
    """A wish of the person at the controls: tell the product that `provider_id` is now `status`.

    `details` holds what the wish says beyond that (error, recipient_id, timestamp…), read by the provider.
    """

    provider_id: str
    status: str
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Webhook:
    """A signed request of the provider to the product. `body` is sent byte for byte: the signature covers it."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class StatusRefused(Exception):
    """The provider cannot send such a status; the text says why."""


class ChannelSettings(Protocol):
    """Looks up where the product takes a provider's webhooks and with which secret they are signed."""

    def find(self, channel: str, **matching: str | None) -> Mapping[str, Any]:
        """The settings of the channel type: those which match first, else the newest. StatusRefused: there are none."""
        ...


class Provider(Protocol):
    """One provider. A new one is one file and one line in registry.py."""

    @property
    def channel(self) -> str:
        """The name under which its calls are kept and scripted."""
        ...

    @property
    def routes(self) -> tuple[tuple[str, str], ...]:
        """(method, path pattern) of each call it takes."""
        ...

    def answer(self, call: Call) -> Answer:
        """What the provider answers when nothing is scripted."""
        ...

    def remember(self, call: Call, answer: Answer) -> str | None:
        """Keep what a later status needs; the id given to the message, None when the call sent none."""
        ...

    def status_webhook(self, wish: StatusRequest, settings: ChannelSettings, now: datetime) -> Webhook:
        """The signed webhook that tells the product of the status. StatusRefused: the provider has no such thing."""
        ...


@runtime_checkable
class KeepsState(Protocol):
    """A provider some of whose state outlives a restart, as the product's does."""

    def keep_in(self, folder: Path) -> None:
        """Go on with what was kept there, and keep every change there."""
        ...


@runtime_checkable
class SharesRoutes(Protocol):
    """A provider whose calls come by another one's routes, as both have one address."""

    def takes(self, call: Call) -> bool:
        """Whether the call is its own."""
        ...
