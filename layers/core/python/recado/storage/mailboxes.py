"""Which channel of which account an address belongs to (port: recado/ports/mail.py)."""

from __future__ import annotations

from recado.ports.mail import Mailbox
from recado.storage import keys
from recado.storage.channels import ChannelDirectoryRecord

DIRECTORY = "mailbox"
"""As the channels' adapters name it (`ChannelAdapter.address_directory`)."""


class DynamoMailboxes:
    """Directory items, written with the channel."""

    def find(self, address: str) -> Mailbox | None:
        """1 read of 1 RRU. An address that its channel left is nobody's to read."""
        found = ChannelDirectoryRecord.find(keys.directory_pk(DIRECTORY, address), "DIR")
        return None if found is None or found.ttl is not None else Mailbox(found.account, found.channel_id)
