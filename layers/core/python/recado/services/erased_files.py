"""Files that go with a contact: their bytes first, then what leads to them."""

from __future__ import annotations

from recado.domain.chats import Message
from recado.domain.contact_erasure import Erasing
from recado.domain.files import File, quarantine_key, served_key
from recado.domain.ids import is_id, sibling_id
from recado.ports.chats import ChatStore
from recado.ports.contact_erasures import ErasedFiles, ErasedObjects
from recado.ports.files import FileStore

CHATS_AT_ONCE = 100
_PERSONS = frozenset({"service", "email", "photo"})
"""What is uploaded for one customer. Files of the other features are the company's own, and sent to many."""


class DoomedFiles:
    """Bytes are removed before the transaction that erases the item: whoever dies between removes them again."""

    def __init__(self, store: FileStore, files: ErasedFiles, objects: ErasedObjects, chats: ChatStore) -> None:
        self._store = store
        self._files = files
        self._objects = objects
        self._chats = chats

    def of_message(self, a: str, work: Erasing, message: Message) -> File | None:
        """The file that goes with a message: what the customer sent, and what was sent to them alone."""
        file_id = (message.file or {}).get("id")
        file = self.find(a, file_id)
        if file is None:
            return None
        sent = message.direction == "inbound" or file.created_by in work.contact_ids
        return file if sent or self.is_theirs_alone(a, work, file) else None

    def is_theirs_alone(self, a: str, work: Erasing, file: File) -> bool:
        """Whether a file that somebody of the company uploaded was for this contact, and is in nobody else's chat. One
        that was sent to very many is nobody's own."""
        if file.feature not in _PERSONS:
            return False
        ids = self._files.chats_with(a, file.id, CHATS_AT_ONCE)
        return all(chat.contact_id in work.contact_ids for chat in self._chats.read(a, ids))

    def find(self, a: str, file_id: object) -> File | None:
        """A file by what a message, an event or a pointer calls it."""
        return self._store.get(a, str(file_id)) if is_id(file_id, "fi", a) else None

    def remove(self, a: str, file_id: str) -> None:
        """The bytes wherever they lie, and the ways by chats; the item is left."""
        self._objects.remove_under(quarantine_key(a, file_id))
        self._objects.remove_under(served_key(a, file_id, ""))
        self._files.leave_chats(a, file_id)


def late_file(message: Message) -> str | None:
    """The id that the file of a message gets whose fetching is under way."""
    pending = message.file is not None and message.file.get("id") is None and message.file.get("state") == "pending"
    return sibling_id("fi", message.id) if pending else None
