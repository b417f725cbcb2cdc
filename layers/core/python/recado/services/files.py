"""Files as people upload and fetch them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recado.domain.access import Caller
from recado.domain.errors import Invalid, NotFound
from recado.domain.file_limits import Feature, MediaLimit, declared_type
from recado.domain.files import SERVED_FOR_S, UPLOAD_FOR_S, File, may_read, quarantine_key, served_key
from recado.domain.ids import is_id
from recado.ports.channels import ChannelStore
from recado.ports.core import Clock, Ids
from recado.ports.files import FileObjects, FileStore, UploadForm
from recado.ports.outbox import Adapters
from recado.services.chats import ChatService

CHATS_LOOKED_AT = 25
"""In how many chats, the last ones that a file is in, somebody is looked for who may read it."""


class FileService:
    """What is announced here is checked by `FileChecks` when it arrives; nothing else is ever linked to."""

    def __init__(
        self,
        files: FileStore,
        objects: FileObjects,
        channels: ChannelStore,
        adapters: Adapters,
        chats: ChatService,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._files = files
        self._objects = objects
        self._channels = channels
        self._adapters = adapters
        self._chats = chats
        self._clock = clock
        self._ids = ids

    def announce(
        self, caller: Caller, feature: Feature, channel_id: str | None, name: str, content_type: str, size: int
    ) -> tuple[File, UploadForm]:
        """A file that is to come, and the form to post it with. Raises Forbidden, WrongType, TooLarge, Invalid."""
        a = caller.account
        limits = self._channel_limits(a, channel_id) if channel_id is not None else None
        real_type = declared_type(feature, caller.role, name, content_type, size, limits)
        file = File(
            self._ids.new("fi", a), feature, name, real_type, size, caller.id, self._clock.now(), channel_id=channel_id
        )  # fmt: skip
        self._files.create(a, file)
        return file, self._objects.upload_form(quarantine_key(a, file.id), real_type, size, UPLOAD_FOR_S)

    def get(self, caller: Caller, file_id: str) -> File:
        """Raises NotFound, also for what the caller may not see and what never came."""
        a = caller.account
        file = self._files.get(a, file_id) if is_id(file_id, "fi", a) else None
        if file is None or file.is_gone(self._clock.now()):
            raise NotFound("There is no such file.")
        if not may_read(caller, file) and not self._is_in_sight(caller, file):
            raise NotFound("There is no such file.")
        return file

    def _is_in_sight(self, caller: Caller, file: File) -> bool:
        """Whether the caller sees one of the last chats that the file was sent in, or came by."""
        if file.state != "accepted":
            return False
        return bool(self._chats.seen(caller, self._files.chats_with(caller.account, file.id, CHATS_LOOKED_AT)))

    def link(self, a: str, file: File) -> str | None:
        """From where an accepted file is fetched, for five minutes; None for any other."""
        if file.state != "accepted" or file.etag is None:
            return None
        return self._objects.link(served_key(a, file.id, file.etag), SERVED_FOR_S)

    def link_of(self, a: str, file_id: str) -> str | None:
        """As `link`, of a file that was accepted for a message; whoever may see the message may fetch it."""
        file = self._files.get(a, file_id) if is_id(file_id, "fi", a) else None
        return None if file is None else self.link(a, file)

    def _channel_limits(self, a: str, channel_id: str) -> Mapping[str, MediaLimit]:
        channel = self._channels.get(a, channel_id) if is_id(channel_id, "ch", a) else None
        if channel is None or channel.state == "removed":
            raise Invalid.field("/channel_id", "unknown_channel", "There is no such channel.")
        return self._adapters(channel.type).media_limits


def file_view(file: File, url: str | None) -> dict[str, Any]:
    """A file in its public shape."""
    return {
        "id": file.id,
        "feature": file.feature,
        "name": file.name,
        "content_type": file.content_type,
        "size": file.size,
        "state": file.state,
        "reason": file.reason,
        "url": url,
    }
