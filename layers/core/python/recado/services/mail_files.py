"""Attachments through the one door for files: their bytes are looked at as those of any file that comes, and what is
refused is shown with its reason."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from recado.domain.fetching import MAX_NAME, shown
from recado.domain.file_types import TYPES, type_of
from recado.domain.mail import MailFile
from recado.domain.messages import Media
from recado.ports.files import FileStore
from recado.services.received_files import ReceivedFiles, Refused


class MailFileStore:
    """The port `recado.ports.mail.MailFiles`. The bytes come before the item, as nothing is linked to without one."""

    def __init__(self, files: FileStore, received: ReceivedFiles) -> None:
        self._files = files
        self._received = received

    def keep(self, a: str, channel_id: str, file_id: str, file: MailFile) -> dict[str, Any]:
        """Check and store a file; the `file` of its message."""
        content_type = type_of(file.content_type)
        known = TYPES.get(content_type)
        told = Media(None, None, content_type, file.name)
        try:
            if file.too_large:
                raise Refused("too_large")
            kind = known.kind if known else "document"
            kept = self._received.keep(a, file_id, told, kind, BytesIO(file.content), "email", channel_id)
        except Refused as refused:
            return {
                "id": None,
                "name": file.name[-MAX_NAME:],
                "content_type": content_type,
                "size": None if file.too_large else len(file.content),
                "state": "rejected",
                "reason": refused.reason,
            }
        self._files.create(a, kept)
        return shown(kept)
