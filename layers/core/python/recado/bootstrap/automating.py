"""What answers by itself, and what agents call up: segments, shortcuts."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from recado.bootstrap.filing import Filing

if TYPE_CHECKING:
    from recado.services.segments import SegmentService
    from recado.services.shortcuts import ShortcutService
    from recado.services.variables import Variables


class Automating(Filing):
    """What answers by itself, and what agents call up: segments, shortcuts."""

    @cached_property
    def variables(self) -> Variables:
        """Values of variables in texts."""
        from recado.services.variables import Variables
        from recado.storage.contacts import ContactStore
        from recado.storage.queue_lengths import QueueLengths

        return Variables(
            self.accounts,
            self.departments,
            self.users,
            ContactStore(),
            self.contact_shapes,
            QueueLengths(),
            self.clock,
        )

    @cached_property
    def segment_service(self) -> SegmentService:
        """Readings of filters."""
        from recado.services.segments import SegmentService
        from recado.storage.segment_reads import DynamoSegmentReads

        return SegmentService(
            DynamoSegmentReads(),
            self.custom_field_service,
            self.workflow_service,
            self.accounts,
            {"contacts": self.contact_service, "chats": self.chat_service},
            self.clock,
        )

    @cached_property
    def shortcut_service(self) -> ShortcutService:
        """Shortcuts."""
        from recado.services.sent_files import Attachments
        from recado.services.shortcuts import ShortcutService
        from recado.storage.shortcuts import DynamoShortcuts

        return ShortcutService(
            DynamoShortcuts(),
            Attachments(self.file_service, self.sent_files),
            self.chat_service,
            self.variables,
            self.clock,
            self.ids,
        )
