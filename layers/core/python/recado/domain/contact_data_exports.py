"""An export of all that is kept of one contact, into a ZIP file (LGPD): what was asked for, and how far it is.

It is written in one go. `version` moves by one with each step; who is overtaken stops. A worker that died is followed
by another that begins anew: nothing of the file is there before it is complete."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from recado.domain.exports import Export

DataExportFailure = Literal["gave_up", "too_large"]
LEASE = timedelta(seconds=200)
"""After so long without a step whoever makes it counts as dead: longer than a function of the worker runs."""
MOST_TRIES = 5
PART_BYTES = 6 * 1_048_576
"""A part of the file; S3 takes none below 5 MiB but the last."""
MOST_AT_ONCE = 5
"""Exports of a contact that are kept."""


@dataclass(frozen=True)
class DataExport(Export):
    """`contact_ids`: the contact's, then those that were merged into it. `done`: chats, messages, events and files
    written."""

    contact_id: str
    contact_ids: tuple[str, ...]
    _: KW_ONLY
    version: int = 1

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
