"""The shapes in which adapters speak (`channels/base.py`): what comes in, what goes out, what a channel can do."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from recado.domain.errors import FieldError

Headers = Mapping[str, str]
"""Names in lower case."""
Secrets = Mapping[str, tuple[str, ...]]
"""Each secret's values that hold at present, the newest first: several while one is being rotated."""
PartKind = Literal["messages", "statuses", "account", "other", "unreadable"]


class BadSignature(Exception):
    """The request is not proved to come from the provider: 401. Says nothing of what was expected."""


class Answer(NamedTuple):
    """What ingress answers the provider."""

    status: int = 200
    body: str = ""
    content_type: str = "text/plain"


class Part(NamedTuple):
    """What one customer did in one webhook, in the order it came, small enough for a queue message when the body is.

    kind: ``messages`` (anything the customer or the company said, with or without statuses) · ``statuses`` (nothing
    else) · ``account`` (facts of the provider's account, of no customer) · ``other`` (well formed, of no customer or
    not understood) · ``unreadable`` (broken). The last three have no sender; the last two hold
    ``{"kept": [{"reason", …as it came}]}``.
    """

    kind: PartKind
    address: str | None
    """Which of the provider's accounts it is for, as ``account_address`` writes it; None: the channel it was posted
    to."""
    sender: str | None
    """The customer's canonical key: with the channel it makes the FIFO group. Up to 160 ASCII characters: hash it for
    SQS."""
    payload: dict[str, Any]
    """JSON-safe: all that ``parse`` needs."""

    def to_json(self) -> str:
        """ASCII JSON for the queue. Never raises: a payload that cannot be written is kept as a reason alone (its raw
        body is kept by the caller)."""
        try:
            return json.dumps(self._asdict(), allow_nan=False, separators=(",", ":"))
        except (RecursionError, ValueError):
            lost = unreadable(self.address, [{"reason": "nested too deeply"}])
            return json.dumps(lost._asdict(), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Part:
        """The part that ``to_json`` wrote."""
        return cls(**json.loads(text))


class HttpRequest(NamedTuple):
    """One request for the port Http. ``customer_url``: a customer of ours chose the URL, so it goes through the SSRF
    guard."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    timeout_s: float
    customer_url: bool = False


class Limits(NamedTuple):
    """How long texts may be, in characters."""

    text: int
    caption: int


class Window(NamedTuple):
    """How long after the customer's last message anything may be sent; ``after`` are the kinds that may be sent later
    too. For ``human_seconds``, from the same moment, what a person of the company writes may be sent."""

    seconds: int
    after: frozenset[str]
    human_seconds: int | None = None


class RetryPolicy(NamedTuple):
    """When a failure of class ``retry`` is tried again, in seconds."""

    first_wait_s: float = 5.0
    longest_wait_s: float = 3_600.0
    give_up_after_s: float = 86_400.0
    after_no_answer: bool = False
    """Whether a request that may have been received is sent again: only where the receiver drops what it has seen."""
    as_asked: bool = False
    """Whether a wait that the provider asks for is kept exactly, however many tries there were."""

    def wait_s(self, attempt: int, jitter: float, asked_s: float | None = None) -> float:
        """Seconds before the try after the ``attempt``-th (from 1): doubling, spread over its upper half by ``jitter``
        in [0, 1), and never less than the provider asked for."""
        if self.as_asked and asked_s is not None:
            return asked_s
        doubled = min(self.longest_wait_s, self.first_wait_s * 2.0 ** min(attempt - 1, 30))
        return max(doubled * (0.5 + jitter / 2), asked_s or 0.0)


class Field(NamedTuple):
    """A setting or secret of a channel. ``wrong`` gives what is wrong with a text, or None.

    need: ``always`` (the channel is refused without it) · ``to_send`` (it cannot do its whole work without it: a
    problem of the channel) · ``never`` (it may be left out).
    """

    place: Literal["settings", "secrets"]
    name: str
    need: Literal["always", "to_send", "never"]
    wrong: Callable[[str], str | None] | None = None
    faults: Callable[[Any], Sequence[FieldError]] | None = None
    """In place of ``wrong``, for a setting that is any JSON value and no text: all that is wrong with it. The pointers
    begin at the value."""
    rotates: bool = False
    """Of a secret by which what comes in is signed: the value before holds beside a new one for a time."""

    def errors(self, value: Any) -> list[FieldError]:
        """What is wrong with a value that was given."""
        if self.faults is not None:
            at = f"/{self.place}/{self.name}"
            return [FieldError(at + one.pointer, one.code, one.detail) for one in self.faults(value)]
        detail = self.wrong(value) if self.wrong and isinstance(value, str) else "It must be a text."
        return [self.error("invalid", detail)] if detail else []

    def error(self, code: str, detail: str) -> FieldError:
        """The error of this field, pointing into a channel's JSON."""
        return FieldError(f"/{self.place}/{self.name}", code, detail)


def unreadable(address: str | None, kept: list[dict[str, Any]]) -> Part:
    """A part of broken items, each with a ``reason``."""
    return Part("unreadable", address, None, {"kept": kept})


def unreadable_body(raw: bytes, reason: str) -> Part:
    """A part of a body that cannot be read at all."""
    return unreadable(None, [{"reason": reason, "body_base64": b64encode(raw).decode("ascii")}])
