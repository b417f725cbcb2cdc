"""Files that are sent with messages: whether this one may be, as what, and how the channel gets it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recado.domain.access import Caller
from recado.domain.errors import Conflict, FieldError, Invalid, NotFound, TooLarge, WrongType
from recado.domain.file_limits import sent_as
from recado.domain.file_types import TYPES
from recado.domain.files import SENDABLE, SENT_FOR_S, File, served_key
from recado.domain.messages import CannotSend, Failure, Media
from recado.ports.core import Blobs
from recado.ports.files import FileObjects, FileStore
from recado.ports.outbox import SendingAdapter
from recado.services.files import FileService

_MISSING = Failure("file_missing", "The file is not there any more.", "content")


class SentFiles:
    """How a channel gets a file: made anew for each try, as links run out."""

    def __init__(self, files: FileStore, objects: FileObjects, blobs: Blobs) -> None:
        self._files = files
        self._objects = objects
        self._blobs = blobs

    def media(self, a: str, shown: Mapping[str, Any], uploads: bool) -> Media:
        """A message's file with its bytes, or with a link that holds for an hour. Raises CannotSend when it is gone."""
        file = self._files.get(a, str(shown["id"]))
        if file is None or file.etag is None:
            raise CannotSend(_MISSING)
        return self.of_file(a, file, self.content(a, file) if uploads else None)

    def of_file(self, a: str, file: File, content: bytes | None = None) -> Media:
        """An accepted file with these bytes, or with a link."""
        url = None if content is not None else self._objects.link(served_key(a, file.id, file.etag or ""), SENT_FOR_S)
        return Media(None, url, file.content_type, file.name, size=file.size, content=content)

    def content(self, a: str, file: File) -> bytes:
        """The bytes of an accepted file. Raises CannotSend when they are gone."""
        try:
            return self._blobs.get(served_key(a, file.id, file.etag or ""))
        except KeyError:
            raise CannotSend(_MISSING) from None


class Attachments:
    """The file of a message that somebody writes."""

    def __init__(self, files: FileService, sent: SentFiles) -> None:
        self._files = files
        self._sent = sent

    def take(self, caller: Caller, file_id: str, pointer: str = "/file_id") -> File:
        """The file, if the caller may send it at all. Raises NotFound, Conflict `file_not_accepted`, Invalid, each
        pointing to where it is named."""
        try:
            file = self._files.get(caller, file_id)
        except NotFound as unknown:
            raise NotFound(unknown.detail, errors=[FieldError(pointer, "not_found", unknown.detail)]) from None
        if file.feature not in SENDABLE:
            detail = f"A file that was uploaded for {file.feature} is not sent."
            raise Invalid.field(pointer, "feature_not_sent", detail)
        if file.state != "accepted":
            detail = "The file was rejected." if file.state == "rejected" else "The file did not arrive yet."
            raise Conflict(
                detail,
                code="file_not_accepted",
                errors=[FieldError(pointer, file.state, detail)],
                extra={"file_state": file.state, **({"reason": file.reason} if file.reason else {})},
            )
        return file

    def kind(self, file: File, kind: str | None, adapter: SendingAdapter | None) -> str:
        """The kind of message that the file is sent as; of a note, which no channel takes, what it is by nature. Raises
        WrongType, TooLarge, each pointing to `/file_id`."""
        if adapter is None:
            return TYPES[file.content_type].kind
        try:
            return sent_as(kind, file.content_type, file.size, adapter.media_limits, adapter.file_feature)
        except (WrongType, TooLarge) as refusal:
            refusal.errors = (FieldError("/file_id", refusal.code, refusal.detail),)
            raise

    def media(self, a: str, file: File) -> Media:
        """The file as a channel is asked whether it takes it: with a link, whichever way it will go."""
        return self._sent.of_file(a, file)
