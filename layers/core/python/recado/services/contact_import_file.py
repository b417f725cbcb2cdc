"""The bytes of the file that an import reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from recado.domain.contact_imports import ContactImport, kept_until
from recado.domain.csv_files import LOOKED_AT_BYTES
from recado.domain.files import File, served_key
from recado.ports.files import FileObjects, FileStore, Found

_PART_BYTES = 1_048_576


class ImportFile:
    """The bytes of an import's file, in parts."""

    def __init__(self, files: FileStore, objects: FileObjects) -> None:
        self._files = files
        self._objects = objects

    def found(self, a: str, file_id: str) -> tuple[str, Found] | None:
        """Where the file lies, and as what; None when it is gone."""
        file = self._files.get(a, file_id)
        return None if file is None else self.at(a, file)

    def at(self, a: str, file: File) -> tuple[str, Found] | None:
        """As `found`."""
        if file.state != "accepted" or file.etag is None:
            return None
        key = served_key(a, file.id, file.etag)
        found = self._objects.look(key)
        return None if found is None else (key, found)

    def taken_up(self, a: str, one: ContactImport, now: datetime) -> bool:
        """Keep the file for as long as the import is remembered: by it an erasure finds the file. False: it is gone.
        Doing it again changes nothing."""
        file = self._files.get(a, one.file_id)
        if file is None or file.is_gone(now) or file.etag is None:
            return False
        until = kept_until(one, file)
        if file.kept_until is None or file.kept_until >= until:
            return True
        key = served_key(a, file.id, file.etag)
        self._objects.mark(key, "imported")
        if not self._files.keep_until(a, file, until, now):
            return False
        self._objects.mark(key, "imported")  # a second check of its arrival put the tag back before it saw this end
        return True

    def parts(self, key: str, found: Found, start: int, end: int) -> Iterator[bytes]:
        """Bytes from `start` to before `end`. Raises Replaced."""
        for at in range(start, end, _PART_BYTES):
            yield self._objects.read(key, found, at, min(_PART_BYTES, end - at))

    def head(self, key: str, found: Found) -> bytes:
        """So much as tells how the file is written."""
        head = bytearray()
        for part in self.parts(key, found, 0, min(found.size, LOOKED_AT_BYTES)):
            head += part
        return bytes(head)
