"""The file of a message that came with one: a placeholder until its bytes are fetched from the provider, then accepted
or rejected. Pure.

An attempt is counted when it begins, and nobody begins another before `due`: so one that died is made again, later and
later, until the time is over."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from recado.domain.chats import Message
from recado.domain.file_contents import Reason as ContentReason
from recado.domain.file_types import TYPES, extension_of, is_run_by_name, type_of
from recado.domain.files import File
from recado.domain.messages import Media

LOST_AFTER = timedelta(seconds=60)
"""After this long without an attempt the command counts as lost and is put into the queue again."""
ATTEMPT_LASTS = timedelta(seconds=180)
"""Longer than the function that makes one may run."""
MAX_NAME = 200
_LIKELIEST = ("text/plain", "video/mp4", "video/webm", "audio/mpeg")
Reason = (
    Literal[
        "too_large", "expired", "hash_differs", "type_not_taken", "host_not_allowed", "refused", "not_fetched",
        "channel_removed",
    ]
    | ContentReason
)  # fmt: skip
"""Why a file will never come: it is larger than we take · the provider has it no longer · it is not what the provider
announced · it is of no type that is taken, or runs · it lies where nobody fetches from · the provider refuses it · no
attempt succeeded in the time there was · the channel was removed · or what its bytes say."""


@dataclass(frozen=True)
class Fetching:
    """A message whose file is a placeholder. `attempt` counts those that were begun; `due` is when the next may be."""

    message: Message
    attempt: int
    due: datetime


def is_placeholder(file: Mapping[str, Any] | None) -> bool:
    """Whether the bytes of a message's file are still to be fetched; one that has an id lies in our store already."""
    return file is not None and file.get("state") == "pending" and file.get("id") is None


def first_due(message: Message) -> datetime:
    """When a sweep looks after a message whose first attempt nobody made."""
    return message.created_at + LOST_AFTER


def begun(found: Fetching, wait_s: float, now: datetime) -> Fetching:
    """The next attempt; `wait_s` is how long after a failed one the following would wait."""
    lasts = max(ATTEMPT_LASTS, timedelta(seconds=wait_s))
    return replace(found, attempt=found.attempt + 1, due=now + lasts)


def media_of(message: Message) -> Media:
    """The file as the provider told of it (`domain.intake.arrival`)."""
    told, file = message.payload.get("media", {}), message.file or {}
    return Media(
        told.get("provider_id"), told.get("url"), file.get("content_type"), file.get("name"), told.get("sha256")
    )


def hash_differs(told: str | None, sha256: str) -> bool:
    """Whether a provider's hash, base64 or hexadecimal, is of other bytes than those with this one in hexadecimal. What
    is no hash at all says nothing."""
    if not told:
        return False
    try:
        given = bytes.fromhex(told) if len(told) == 64 else b64decode(told, validate=True)
    except ValueError:
        return False
    return len(given) == 32 and given.hex() != sha256


def type_among(found: frozenset[str], declared: str | None, kind: str) -> str | None:
    """Which of the types that a file may be by its bytes it is: the declared one, else one of the message's kind; None
    when it is of none that is taken."""
    taken = [one for one in found if one in TYPES]
    if declared and (told := type_of(declared)) in taken:
        return told
    return min(taken, key=lambda one: (TYPES[one].kind != kind, one not in _LIKELIEST, one), default=None)


def file_name(told: str | None, kind: str, content_type: str) -> str | None:
    """A name for the file: the one it came with, without folders, or its kind; None for one that makes a machine run
    it."""
    last = (told or "").replace("\\", "/").rpartition("/")[2].strip()
    name = "".join(sign for sign in last if sign.isprintable())[-MAX_NAME:] or kind + extension_of(content_type)
    return None if is_run_by_name(name) else name


def shown(file: File) -> dict[str, Any]:
    """The `file` of a message."""
    return {
        "id": file.id,
        "name": file.name,
        "content_type": file.content_type,
        "size": file.size,
        "state": file.state,
        "reason": file.reason,
    }


def rejected(message: Message, reason: str) -> dict[str, Any]:
    """The `file` of a message whose bytes will not come."""
    return {**(message.file or {}), "state": "rejected", "reason": reason}
