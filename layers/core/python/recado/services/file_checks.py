"""The check of a file when it arrived in quarantine: its real size and its real type, by its own bytes.

Safe to repeat from any point: the copy is of the bytes that were checked (by their etag) and goes to a key that is made
of that etag, the item says once and for all which bytes are the file, and the quarantine is emptied last."""

from __future__ import annotations

from typing import Literal, NamedTuple
from urllib.parse import quote

from recado.domain.file_contents import refusal
from recado.domain.file_types import is_inline
from recado.domain.files import Ending, File, accepted_until, file_in_quarantine, served_key
from recado.ports.core import Clock
from recado.ports.files import FileObjects, FileStore, Found, Replaced

Outcome = Literal["accepted", "rejected", "settled_before", "forgotten", "gone"]


class Checked(NamedTuple):
    """What came of an arrival. `reason` of a rejection."""

    outcome: Outcome
    account: str = ""
    file_id: str = ""
    size: int = 0
    reason: str = ""


class FileChecks:
    """One arrival at a time."""

    def __init__(self, files: FileStore, objects: FileObjects, clock: Clock) -> None:
        self._files = files
        self._objects = objects
        self._clock = clock

    def arrived(self, key: str) -> Checked:
        """Check what lies at a quarantine key. An object that is gone was settled, or replaced by one that arrives of
        its own; one that nobody announced, or too long ago, is deleted."""
        place = file_in_quarantine(key)
        found = self._objects.look(key)
        if found is None:
            return Checked("gone")
        a, file_id = place or ("", "")
        file = self._files.get(a, file_id) if place else None
        if file is None or file.is_gone(self._clock.now()):
            self._objects.remove(key)
            return Checked("forgotten", a, file_id, found.size)
        try:
            checked = self._settle(a, file, key, found)
        except Replaced:
            return Checked("gone", a, file_id)
        self._objects.remove(key)
        return checked

    def _settle(self, a: str, file: File, key: str, found: Found) -> Checked:
        if file.state != "pending":
            return Checked("settled_before", a, file.id, found.size)
        reason = refusal(
            file.content_type,
            file.size,
            found.size,
            lambda offset, length: self._objects.read(key, found, offset, length),
        )
        now = self._clock.now()
        if reason is not None:
            settled = self._files.reject(a, file, reason, now)
            return Checked("rejected" if settled else "settled_before", a, file.id, found.size, reason)
        target = served_key(a, file.id, found.etag)
        kept_until = accepted_until(file.feature, now)
        ending: Ending | None = "upload" if kept_until else None
        self._objects.keep(key, found, target, file.content_type, disposition(file), ending)
        if self._files.accept(a, file, found.etag, kept_until, now):
            return Checked("accepted", a, file.id, found.size)
        settled_as = self._files.get(a, file.id)
        if settled_as is None or settled_as.etag != found.etag:
            self._objects.remove(target)
        elif settled_as.ending == "imported":  # meanwhile; the copy has put its tag back
            self._objects.mark(target, "imported")
        return Checked("settled_before", a, file.id, found.size)


def disposition(file: File) -> str:
    """How a browser is to take the file (RFC 6266): shown only where that runs nothing, else saved under its name."""
    how = "inline" if is_inline(file.content_type) else "attachment"
    plain = "".join(sign if sign.isascii() and sign.isprintable() and sign not in '"\\' else "_" for sign in file.name)
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}"
