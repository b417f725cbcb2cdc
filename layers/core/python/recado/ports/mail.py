"""What incoming mail needs from outside: the mail as it came, who has which address, where files lie."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from recado.domain.chats import ThreadKey
from recado.domain.mail import Mail, MailFile
from recado.domain.sending import Outgoing


class Mailbox(NamedTuple):
    """Whose an address is."""

    account: str
    channel_id: str


class Mailboxes(Protocol):
    """The addresses of all channels of all accounts."""

    def find(self, address: str) -> Mailbox | None:
        """Whose the address, in lower case and without a tag, is."""
        ...


class MailReader(Protocol):
    """Reads a mail."""

    def read(self, raw: bytes, called: Callable[[int], str]) -> Mail:
        """The mail; never raises. `called` gives the name by which its HTML is to call the n-th file, from 0."""
        ...


class MailFiles(Protocol):
    """Attachments in our own store."""

    def keep(self, a: str, channel_id: str, file_id: str, file: MailFile) -> dict[str, Any]:
        """Check and store a file; the `file` of its message. Again with the same id and bytes it changes nothing."""
        ...


class Sends(Protocol):
    """What was sent of late."""

    def get(self, a: str, message_id: str) -> Outgoing | None:
        """A send, while it is kept: 7 days after it was settled."""
        ...


class MailPlaces(Protocol):
    """Where the mails of a thread lie."""

    def keep_mail(self, a: str, thread: ThreadKey, key: str, at: datetime) -> None:
        """A way from the thread to a mail that came for it; put again it is the same."""
        ...


class MailJournal(Protocol):
    """What is told of mail to those who run the product: ids and codes only."""

    def mail_taken(self, channel_id: str, blob_key: str, files: int, automatic: bool) -> None:
        """A mail is on its way into a channel."""
        ...

    def mail_set_aside(self, reason: str, blob_key: str, channel_id: str = "") -> None:
        """A mail, or what is told of one, goes no further. It lies under its key as long as the bucket keeps it."""
        ...
