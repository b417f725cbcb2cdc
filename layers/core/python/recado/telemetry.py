"""Structured logs: named events with ids and counts, under the correlation id that a request or webhook began.

A log line has only the fields of `Fields`, and their text only in the form of ids: no message, name, address, secret or
text of an exception can come into one. Powertools writes the JSON; it is imported with the first line.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Any, LiteralString, TypedDict, Unpack

from recado.settings import settings

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

_ID = re.compile(r"[A-Za-z0-9_.:/#=-]{1,128}")
_PACKAGE = Path(__file__).resolve().parent
_REMOVED = "(removed)"
_FRAMES = 4
_correlation: ContextVar[str | None] = ContextVar("correlation_id", default=None)


class Fields(TypedDict, total=False):
    """What may be logged. Every field is an id, a name of the product's own, or a number."""

    account: str
    user_id: str
    department_id: str
    channel_id: str
    channel_type: str
    contact_id: str
    chat_id: str
    message_id: str
    event_id: str
    command_id: str
    record_id: str
    blob_key: str
    route: str
    method: str
    status: int | str
    code: str
    outcome: str
    kind: str
    attempt: int
    receives: int
    count: int
    done: int
    failed: int
    left: int
    seq: int
    lane: int
    size_bytes: int
    elapsed_ms: int


def info(event: LiteralString, **fields: Unpack[Fields]) -> None:
    """Log that something happened."""
    _logger().info(event, extra=_line(fields))


def warning(event: LiteralString, **fields: Unpack[Fields]) -> None:
    """Log that something was put right or set aside, and that a person may want to look."""
    _logger().warning(event, extra=_line(fields))


def failure(event: LiteralString, error: BaseException, **fields: Unpack[Fields]) -> None:
    """Log an error by its class and its places in this package. Its text stays out: it may quote what was being
    handled."""
    _logger().error(event, extra=_line(fields) | {"error": _class_name(error), "where": places(error)})


def places(error: BaseException) -> list[str]:
    """`services/feed.py:57` of the innermost frames in this package."""
    frames = [(Path(frame.filename), frame.lineno) for frame in extract_tb(error.__traceback__)]
    ours = [f"{path.relative_to(_PACKAGE)}:{line}" for path, line in frames if path.is_relative_to(_PACKAGE)]
    return ours[-_FRAMES:]


def correlation_id() -> str | None:
    """The id that goes with every command and log line of what is being done; None outside of `correlated`."""
    return _correlation.get()


@contextmanager
def correlated(known: object = None) -> Iterator[str]:
    """Do something under the correlation id that came with it; under a fresh one when none, or none like an id,
    came."""
    value = known if isinstance(known, str) and _ID.fullmatch(known) else secrets.token_hex(8)
    token = _correlation.set(value)
    try:
        yield value
    finally:
        _correlation.reset(token)


@lru_cache(maxsize=1)
def _logger() -> Logger:
    from aws_lambda_powertools import Logger

    return Logger(service="recado", level=settings().log_level, location=None)


def _line(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are allowed, in the form that is allowed. The names of others are told, so that they are
    missed."""
    line = {name: _safe(value) for name, value in fields.items() if name in Fields.__annotations__}
    foreign = sorted(fields.keys() - line.keys())
    if foreign:
        line["not_logged"] = foreign
    return line | {"correlation_id": correlation_id()}


def _safe(value: object) -> object:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return value if isinstance(value, str) and _ID.fullmatch(value) else _REMOVED


def _class_name(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"
