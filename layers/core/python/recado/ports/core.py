"""Ports that every part uses: time, ids, queues, blobs, the way out by HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


class Clock(Protocol):
    """The product's clock."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        ...


class Ids(Protocol):
    """A source of public ids and of secrets."""

    def new(self, kind: str, account: str) -> str:
        """A fresh public id of that kind under that account."""
        ...

    def account(self) -> str:
        """A fresh account's 8 characters."""
        ...

    def secret(self) -> str:
        """43 URL-safe characters of randomness (256 bits)."""
        ...


@dataclass(frozen=True)
class Command:
    """A queue message. `group` is the FIFO group; `dedup` must differ for every command that is not literally the
    same fact."""

    group: str
    dedup: str
    body: Mapping[str, Any]


class Queue(Protocol):
    """A FIFO queue of commands."""

    def send(self, commands: Sequence[Command]) -> None:
        """Send all, or raise naming how many were refused (none is silently dropped)."""
        ...


class Blobs(Protocol):
    """Raw bodies and files in S3."""

    def put(self, key: str, body: bytes, content_type: str) -> None:
        """Store bytes under a key that begins with the account."""
        ...

    def get(self, key: str) -> bytes:
        """Read bytes back; KeyError when there are none."""
        ...


@dataclass(frozen=True)
class HttpResponse:
    """A provider's answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ConnectFailed(Exception):
    """No connection was ever made: nothing can have been received, trying again is safe."""


class NoAnswer(Exception):
    """The connection was made and no complete answer came (time-out, reset): it may have been received."""


class AddressRefused(ConnectFailed):
    """A URL that a customer gave leads where no customer may send us; nothing was connected to, and trying again will
    not help."""


class Http(Protocol):
    """The way out to providers."""

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> HttpResponse:
        """One request, no redirects followed. Raises ConnectFailed or NoAnswer."""
        ...
