"""A file that somebody uploads: announced, put into quarantine, accepted or rejected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from recado.domain.access import Caller
from recado.domain.file_limits import Feature
from recado.domain.ids import ACCOUNT_LENGTH, is_id

CONFIRMED_WITHIN = timedelta(hours=24)
UPLOAD_FOR_S = 600
"""How long the form of an upload is good for."""
SENT_FOR_S = 3_600
"""How long a link is good for by which a provider fetches what we send."""
UPLOAD_KEPT_FOR = timedelta(days=7)
"""So long a CSV stays that was uploaded and that no import takes up: nobody can say who is in it."""
SENDABLE: frozenset[Feature] = frozenset({"service", "email", "flow", "shortcut"})
SERVED_FOR_S = 300
"""How long a link to an accepted file is good for."""
_QUARANTINE = "quarantine"
_OF_ALL: frozenset[Feature] = frozenset({"flow", "shortcut"})
FileState = Literal["pending", "accepted", "rejected"]
Ending = Literal["upload", "imported"]
"""Bytes that have an end, by whether an import took them up; the bucket forgets each kind after its days."""


@dataclass(frozen=True)
class File:
    """`content_type` is one of `file_types.TYPES`, `size` bytes, both as announced; an accepted file has exactly
    these. `etag` names the bytes that were accepted: S3's etag of an upload, the SHA-256 of what we put there, of an
    export its id. `reason` is a code (`domain.file_contents.Reason`)."""

    id: str
    feature: Feature
    name: str
    content_type: str
    size: int
    created_by: str
    created_at: datetime
    state: FileState = "pending"
    channel_id: str | None = None
    reason: str | None = None
    etag: str | None = None
    kept_until: datetime | None = None

    @property
    def ends_at(self) -> datetime | None:
        """When it is gone: if it was not accepted by then, or at its own end; else an accepted file stays."""
        return self.kept_until if self.state == "accepted" else self.created_at + CONFIRMED_WITHIN

    @property
    def ending(self) -> Ending | None:
        """The tag of its bytes, as its end tells; None: they stay. An upload that no import took up ends a week after
        it was accepted, which it was in time or never."""
        if self.kept_until is None:
            return None
        taken_up = self.kept_until > self.created_at + CONFIRMED_WITHIN + UPLOAD_KEPT_FOR
        return "imported" if taken_up else "upload"

    def is_gone(self, now: datetime) -> bool:
        """Whether nobody may find it any more, though its item may still lie there."""
        return self.ends_at is not None and now >= self.ends_at


def accepted_until(feature: Feature, now: datetime) -> datetime | None:
    """The end of a file that is accepted now; None: it stays."""
    return now + UPLOAD_KEPT_FOR if feature == "import" else None


def may_read(caller: Caller, file: File) -> bool:
    """Whether the file exists for the caller whatever chats it is in: who made it, and admins; what the company made to
    be sent is everybody's once it is there, a contact's photo is for whom contacts are. Files of many contacts are for
    admins alone, also where an agent made them when they were one."""
    if caller.role == "admin":
        return True
    if file.feature == "import":
        return False
    if file.created_by == caller.id:
        return True
    if file.feature == "photo":
        return caller.role != "restricted"
    return file.state == "accepted" and file.feature in _OF_ALL


def quarantine_key(a: str, file_id: str) -> str:
    """Where S3 takes an upload."""
    return f"quarantine/{a}/{file_id}"


def served_key(a: str, file_id: str, etag: str) -> str:
    """Where accepted bytes lie. The etag is part of it, so that a second upload by the same form can never come to lie
    over what was accepted."""
    return f"files/{a}/{file_id}/{etag}"


def file_in_quarantine(key: str) -> tuple[str, str] | None:
    """(account, file id) of a quarantine key; None for any other key."""
    place, _, rest = key.partition("/")
    a, _, file_id = rest.partition("/")
    if place != _QUARANTINE or len(a) != ACCOUNT_LENGTH or not is_id(file_id, "fi", a):
        return None
    return a, file_id
