"""What answers by itself, and what agents call up: flows, triggers, segments, shortcuts."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from recado.bootstrap.filing import Filing

if TYPE_CHECKING:
    from recado.ports.flow_http import FlowRequests
    from recado.ports.flow_secrets import FlowSecretStore
    from recado.services.flow_requests import FlowRequesting
    from recado.services.flow_secrets import FlowSecretService
    from recado.services.flows import FlowService, ProjectService
    from recado.services.segments import SegmentService
    from recado.services.shortcuts import ShortcutService
    from recado.services.triggers import TriggerService
    from recado.services.variables import Variables


class Automating(Filing):
    """What answers by itself, and what agents call up: flows, triggers, segments, shortcuts."""

    @cached_property
    def variables(self) -> Variables:
        """Values of variables in texts."""
        from recado.services.variables import Variables
        from recado.storage.contacts import ContactStore
        from recado.storage.groups import DynamoGroups
        from recado.storage.queue_lengths import QueueLengths

        return Variables(
            self.accounts,
            self.departments,
            self.users,
            ContactStore(),
            self.contact_shapes,
            DynamoGroups(),
            QueueLengths(),
            self.clock,
        )

    @cached_property
    def segment_service(self) -> SegmentService:
        """Readings of filters."""
        from recado.services.segment_references import SegmentReferences
        from recado.services.segments import SegmentService
        from recado.storage.segment_reads import DynamoSegmentReads

        reads = DynamoSegmentReads()
        return SegmentService(
            reads,
            self.custom_field_service,
            SegmentReferences(reads, self.workflow_service),
            self.accounts,
            {"contacts": self.contact_service, "chats": self.chat_service},
            self.clock,
        )

    @cached_property
    def project_service(self) -> ProjectService:
        """Projects of flows."""
        from recado.services.flows import ProjectService
        from recado.storage.flows import DynamoFlows, DynamoProjects

        return ProjectService(DynamoProjects(), DynamoFlows(), self.references, self.clock, self.ids)

    @cached_property
    def flow_service(self) -> FlowService:
        """Flows, drawn and published."""
        from recado.services.flow_references import KnownReferences
        from recado.services.flows import FlowService
        from recado.services.sent_files import Attachments
        from recado.storage.flow_executions import DynamoExecutions
        from recado.storage.flows import DynamoFlows

        references = KnownReferences(
            DynamoFlows(),
            self.departments,
            self.users,
            self.workflow_service,
            self.tabulation_service,
            Attachments(self.file_service, self.sent_files),
            self.segment_service,
            self.flow_secrets,
            self.custom_field_service,
        )
        return FlowService(
            DynamoFlows(),
            self.project_service,
            references,
            self.channels,
            self.references,
            DynamoExecutions(),
            self.clock,
            self.ids,
        )

    @cached_property
    def flow_secrets(self) -> FlowSecretStore:
        """Secrets of flows, with their values."""
        from recado.storage.flow_secrets import DynamoFlowSecrets

        return DynamoFlowSecrets()

    @cached_property
    def flow_secret_service(self) -> FlowSecretService:
        """Secrets of flows."""
        from recado.services.flow_secrets import FlowSecretService

        return FlowSecretService(self.flow_secrets, self.clock)

    @cached_property
    def flow_requesting(self) -> FlowRequesting:
        """HTTP steps of flows."""
        from recado.services.flow_requests import FlowRequesting

        return FlowRequesting(self.flow_requests, self.flow_secrets)

    @cached_property
    def flow_requests(self) -> FlowRequests:
        """The way out of flows, to public addresses alone."""
        from recado.outside.flow_http import OutsideFlowRequests

        return OutsideFlowRequests(self.public_addresses)

    @cached_property
    def trigger_service(self) -> TriggerService:
        """Triggers of online chats."""
        from recado.services.triggers import TriggerService
        from recado.storage.flows import DynamoFlows
        from recado.storage.triggers import DynamoTriggers

        return TriggerService(DynamoTriggers(), self.channels, DynamoFlows(), self.file_service, self.clock, self.ids)

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
            self.custom_field_service,
            self.clock,
            self.ids,
        )
