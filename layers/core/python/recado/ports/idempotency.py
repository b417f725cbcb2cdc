"""Port of the kept answers (recado/api/idempotency.py)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Attempt:
    """One run of a request with a key. `origin` is an id of kind `rq` that all runs of it share, so that ids made from
    it are the same in each. `again`: an earlier run ended without an answer; it may have written."""

    origin: str
    again: bool = False


@dataclass(frozen=True)
class Claimed:
    """The key is ours; `claim` proves it when the answer is kept."""

    claim: str
    attempt: Attempt


@dataclass(frozen=True)
class Running:
    """Another request holds the key; `request` is the hash of what it asked."""

    request: str


@dataclass(frozen=True)
class Kept:
    """The first answer; `body` is what the API stored."""

    request: str
    status: int
    body: bytes


class IdempotencyStore(Protocol):
    """Keys per account and caller."""

    def claim(
        self, a: str, caller: str, key: str, request: str, now: datetime, lease_until: datetime, kept_until: datetime
    ) -> Claimed | Running | Kept:
        """Take the key when it is free or was first taken 24 h ago, for a first run; for one more run of the same
        request when its holder's lease has lapsed without an answer."""
        ...

    def keep(self, a: str, caller: str, key: str, claim: str, answer: Kept) -> None:
        """Keep the answer, unless the lease lapsed meanwhile and somebody else took the key over."""
        ...

    def release(self, a: str, caller: str, key: str, claim: str) -> None:
        """Free the key, unless somebody else took it over."""
        ...
