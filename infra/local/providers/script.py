"""Scripted answers: what a channel's provider does with its next calls."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.local.providers.base import Answer

MAX_WAITING = 1_000
MAX_DELAY_MS = 600_000
KEYS = {"status", "body", "headers", "delay_ms", "drop"}


class BadScript(ValueError):
    """The script cannot be played; the text says why."""


@dataclass(frozen=True)
class Scripted:
    """One scripted answer. What it leaves open (status, body) is the provider's own answer."""

    status: int | None = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0
    drop: bool = False

    def over(self, default: Answer) -> Answer:
        """The answer to give: a refusal without a body is empty, an acceptance without one is the provider's own."""
        status = default.status if self.status is None else self.status
        if self.body is not None:
            return Answer(status, self.body, self.headers)
        if self.status is None or 200 <= status < 300:
            return Answer(status, default.body, {**default.headers, **self.headers})
        return Answer(status, b"", self.headers)


class Scripts:
    """The waiting answers of each channel, first in first out."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Scripted]] = {}

    def add(self, channel: str, responses: list[Scripted]) -> int:
        """Append; answers how many now wait. BadScript: too many."""
        waiting = self._waiting.setdefault(channel, deque())
        if len(waiting) + len(responses) > MAX_WAITING:
            raise BadScript(f"at most {MAX_WAITING} answers may wait")
        waiting.extend(responses)
        return len(waiting)

    def take(self, channel: str) -> Scripted:
        """The next answer of the channel; one that leaves all to the provider when none waits."""
        waiting = self._waiting.get(channel)
        return waiting.popleft() if waiting else Scripted()

    def clear(self) -> None:
        self._waiting.clear()


def parse_responses(value: object) -> list[Scripted]:
    """The `responses` of a script request, or BadScript."""
    if not isinstance(value, list):
        raise BadScript("responses must be a list")
    return [_parse(item) for item in value]


def _parse(item: object) -> Scripted:
    if not isinstance(item, dict):
        raise BadScript("a response must be an object")
    if unknown := sorted(set(item) - KEYS):
        raise BadScript(f"unknown key {unknown[0]!r}; known are {', '.join(sorted(KEYS))}")
    status, delay_ms, drop = item.get("status"), item.get("delay_ms", 0), item.get("drop", False)
    if status is not None and (type(status) is not int or not 200 <= status <= 599):
        raise BadScript("status must be a number from 200 to 599")
    if type(delay_ms) not in (int, float) or not 0 <= delay_ms <= MAX_DELAY_MS:
        raise BadScript(f"delay_ms must be a number from 0 to {MAX_DELAY_MS}")
    if type(drop) is not bool:
        raise BadScript("drop must be true or false")
    body, content_type = _body(item)
    return Scripted(status, body, _headers(item.get("headers"), content_type), delay_ms / 1000, drop)


def _body(item: dict[str, Any]) -> tuple[bytes | None, str]:
    """A text is sent as it is; anything else as JSON."""
    body = item.get("body")
    if body is None:
        return None, ""
    if isinstance(body, str):
        return body.encode(), "text/plain; charset=utf-8"
    return json.dumps(body).encode(), "application/json"


def _headers(value: object, content_type: str) -> dict[str, str]:
    if value is not None and not isinstance(value, dict):
        raise BadScript("headers must be an object")
    headers = {str(name): str(text) for name, text in (value or {}).items()}
    if content_type and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = content_type
    return headers
