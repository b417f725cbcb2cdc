"""Files that come to us as bytes and not by a form: looked at, put where they are served, described; or refused.

Nothing is written of what is refused. What is kept lies under a key that is made of its contents, so that doing it
again changes nothing; it is linked to by nothing before its FILE item is there, which the caller writes."""

from __future__ import annotations

from hashlib import sha256
from typing import IO

from recado.domain.archives import HostileArchive, Read
from recado.domain.fetching import Reason, file_name, hash_differs, type_among
from recado.domain.file_contents import HEAD_BYTES, real_types, runs_something
from recado.domain.file_limits import Feature
from recado.domain.file_types import SVG
from recado.domain.files import File, served_key
from recado.domain.messages import Media
from recado.ports.core import Clock
from recado.ports.files import FileObjects
from recado.services.file_checks import disposition

_CHUNK_BYTES = 1024 * 1024


class Refused(Exception):
    """The file is not taken, for a reason that its message shows."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


class ReceivedFiles:
    """One file at a time."""

    def __init__(self, objects: FileObjects, clock: Clock) -> None:
        self._objects = objects
        self._clock = clock

    def keep(
        self, a: str, file_id: str, told: Media, kind: str, body: IO[bytes], feature: Feature, created_by: str
    ) -> File:
        """The file, accepted, its bytes where they are served; `told` is what came with it, `kind` that of its message.
        The body is left open. Raises Refused."""

        def read(offset: int, length: int) -> bytes:
            body.seek(offset)
            return body.read(length)

        size, digest = _measured(read)
        if hash_differs(told.sha256, digest):
            raise Refused("hash_differs")
        content_type = _type_of(told.content_type, kind, size, read)
        name = file_name(told.name, kind, content_type)
        if name is None:
            raise Refused("type_not_taken")
        now = self._clock.now()
        file = File(file_id, feature, name, content_type, size, created_by, now, "accepted", etag=digest)
        body.seek(0)
        self._objects.put(served_key(a, file_id, digest), body, content_type, disposition(file))
        return file


def _measured(read: Read) -> tuple[int, str]:
    """Bytes, and their SHA-256 in hexadecimal."""
    size, digest = 0, sha256()
    while chunk := read(size, _CHUNK_BYTES):
        size += len(chunk)
        digest.update(chunk)
    return size, digest.hexdigest()


def _type_of(declared: str | None, kind: str, size: int, read: Read) -> str:
    """What a file is by its bytes. Raises Refused."""
    if size == 0:
        raise Refused("empty")
    try:
        found = real_types(read(0, HEAD_BYTES), size, read)
    except HostileArchive:
        raise Refused("hostile_archive") from None
    content_type = type_among(found, declared, kind)
    if content_type is None:
        raise Refused("type_not_taken")
    if content_type == SVG and runs_something(read, size):
        raise Refused("active_content")
    return content_type
