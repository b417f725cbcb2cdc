"""An export of all that is kept of one contact, into a ZIP file (LGPD): what was asked for, and how far it is.

It is written in one go. `version` moves by one with each step; who is overtaken stops. A worker that died is followed
by another that begins anew: nothing of the file is there before it is complete."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from recado.domain.chats import Author

DataExportState = Literal["queued", "running", "done", "failed"]
DataExportFailure = Literal["gave_up", "too_large"]
KEPT_FOR = timedelta(days=7)
"""How long the file is there (infra/data.yaml), and the item that leads to it."""
LEASE = timedelta(seconds=200)
"""After so long without a step whoever makes it counts as dead: longer than a function of the worker runs."""
MOST_TRIES = 5
PART_BYTES = 6 * 1_048_576
"""A part of the file; S3 takes none below 5 MiB but the last."""
MOST_AT_ONCE = 5
"""Exports of a contact that are kept."""


@dataclass(frozen=True)
class DataExport:
    """`contact_ids`: the contact's, then those that were merged into it. `done`: chats, messages, events and files
    written. `due`: when somebody looks whether it goes on. `size` in bytes."""

    id: str
    contact_id: str
    contact_ids: tuple[str, ...]
    file_id: str
    author: Author
    created_at: datetime
    state: DataExportState = "queued"
    version: int = 1
    tries: int = 0
    due: datetime | None = None
    done: int = 0
    size: int = 0
    finished_at: datetime | None = None
    reason: DataExportFailure | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ("done", "failed")

    @property
    def kept_until(self) -> datetime | None:
        """Until when its file is there."""
        return self.finished_at + KEPT_FOR if self.state == "done" and self.finished_at else None

    @property
    def mark(self) -> str:
        """What stands for the etag in the place of its file: a name that no other bytes will ever have."""
        return f"{self.id}-{self.version}"


def begun(export: DataExport, now: datetime) -> DataExport:
    """Somebody begins to write it."""
    return replace(export, state="running", version=export.version + 1, tries=export.tries + 1, done=0, due=now + LEASE)


def finished(export: DataExport, done: int, size: int, now: datetime) -> DataExport:
    """The file is complete. It keeps its version, which its file is named by."""
    return replace(export, state="done", done=done, size=size, due=None, finished_at=now)


def failed(export: DataExport, reason: DataExportFailure, now: datetime) -> DataExport:
    """It comes to nothing."""
    return replace(export, state="failed", version=export.version + 1, reason=reason, due=None, finished_at=now)
