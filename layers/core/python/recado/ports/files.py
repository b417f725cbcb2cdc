"""What uploads need of the table and of the bucket."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import IO, NamedTuple, Protocol

from recado.domain.files import Ending, File


class FileStore(Protocol):
    """The items of files. False: the file was settled before, or is gone."""

    def create(self, a: str, file: File) -> None: ...

    def get(self, a: str, file_id: str) -> File | None: ...

    def chats_with(self, a: str, file_id: str, limit: int) -> list[str]:
        """The ids of chats that a file is in, the newest first."""
        ...

    def accept(self, a: str, file: File, etag: str, kept_until: datetime | None, now: datetime) -> bool:
        """The bytes with this etag are the file, until its end; None: it stays."""
        ...

    def keep_until(self, a: str, file: File, until: datetime, now: datetime) -> bool:
        """Put the end of an accepted file off, never forward; False: it is over, or gone."""
        ...

    def reject(self, a: str, file: File, reason: str, now: datetime) -> bool: ...


class UploadForm(NamedTuple):
    """Where to post, and the fields that go before the file."""

    url: str
    fields: Mapping[str, str]


class Found(NamedTuple):
    """An object as it lies there."""

    etag: str
    size: int


class Replaced(Exception):
    """The object is no longer the one that was looked at."""


class FileObjects(Protocol):
    """The objects of the files bucket."""

    def upload_form(self, key: str, content_type: str, size: int, seconds: int) -> UploadForm:
        """A form for exactly this key, type and number of bytes; S3 refuses anything else."""
        ...

    def link(self, key: str, seconds: int) -> str:
        """A URL from which a browser gets the object."""
        ...

    def look(self, key: str) -> Found | None: ...

    def read(self, key: str, found: Found, offset: int, length: int) -> bytes:
        """Bytes of the object as it was found. Raises Replaced."""
        ...

    def keep(
        self, source: str, found: Found, target: str, content_type: str, disposition: str, ending: Ending | None = None
    ) -> None:
        """Copy the object as it was found, to be served as this type; without `ending` it stays. Raises Replaced."""
        ...

    def mark(self, key: str, ending: Ending) -> None:
        """Say of an object that is there which end it has. Raises Replaced."""
        ...

    def put(self, key: str, body: IO[bytes], content_type: str, disposition: str) -> None:
        """Store a body from its beginning, to be served as this type."""
        ...

    def remove(self, key: str) -> None: ...
