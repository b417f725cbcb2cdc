"""Messages, from webhook to provider, and what the minute brings."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from recado.bootstrap.importing import Importing
from recado.bootstrap.privacy import Privacy
from recado.bootstrap.tasks import Tasks

if TYPE_CHECKING:
    from recado.channels.webhooks import AdapterWebhooks
    from recado.ports.core import Http
    from recado.ports.sweeps import Swept
    from recado.services.billing import BillingService
    from recado.services.buttons import ButtonService
    from recado.services.channel_problems import ChannelProblemNotes
    from recado.services.clicks import ClickService
    from recado.services.ingress import IngressService
    from recado.services.intake import IntakeService
    from recado.services.lost_calls import LostCalls
    from recado.services.message_changes import MessageChanges
    from recado.services.openings import ChatOpenings
    from recado.services.outbound import OutboundService
    from recado.services.sockets import SocketService
    from recado.services.statuses import StatusService
    from recado.services.tick import TickService
    from recado.storage.buttons import DynamoClicks
    from recado.storage.statuses import DynamoStatuses


class Messaging(Privacy, Importing, Tasks):
    """Messages, from webhook to provider, and what the minute brings."""

    @cached_property
    def message_changes(self) -> MessageChanges:
        """Edits and deletions of internal notes."""
        from recado.services.message_changes import MessageChanges
        from recado.storage.threads import DynamoThreads

        return MessageChanges(self.chat_service, DynamoThreads(), self.clock)

    @cached_property
    def provider_http(self) -> Http:
        """The way out to providers; what goes to AWS itself is signed."""
        from recado.aws.signed_http import SignedHttp
        from recado.outside.http import OutsideHttp

        return SignedHttp(OutsideHttp(), {self.settings.ses_base_url: "ses"})

    @cached_property
    def outbound(self) -> OutboundService:
        """Sending what was written."""
        from secrets import randbelow
        from time import sleep

        from recado.journal import LoggedSends
        from recado.outside.http import OutsideHttp
        from recado.services.outbound import OutboundService
        from recado.services.pacing import Pacing
        from recado.storage.outbox import DynamoOutbox
        from recado.storage.speeds import DynamoLines, DynamoSpeeds

        return OutboundService(
            DynamoOutbox(),
            self.channel_directory,
            self.channel_problems,
            self.status_store,
            self.sent_files,
            self.adapters,
            self.provider_http,
            OutsideHttp(self.public_addresses),
            self.outbound_queue,
            self.clock,
            self.ids,
            sleep,
            lambda: randbelow(1_000_000) / 1_000_000,
            LoggedSends(),
            self.settings.public_base_url,
            Pacing(DynamoSpeeds(), self.clock),
            DynamoLines(),
            self.sockets,
        )

    @cached_property
    def sockets(self) -> SocketService:
        """Pages that wait for news."""
        from recado.aws.socket_line import ApiGatewaySockets
        from recado.journal import LoggedHints
        from recado.services.sockets import SocketService
        from recado.storage.sockets import DynamoSockets

        line = ApiGatewaySockets(self.settings.sockets_url)
        return SocketService(DynamoSockets(), line, self.clock, LoggedHints())

    @cached_property
    def lost_calls(self) -> LostCalls:
        """Calls whose end nobody told."""
        from recado.services.lost_calls import LostCalls
        from recado.storage.calls import DynamoCalls

        return LostCalls(DynamoCalls(), DynamoCalls(), self.clock)

    @cached_property
    def tick(self) -> TickService:
        """What the minute brings."""
        from recado.services.tick import TickService

        def settle_due(limit: int) -> Swept:
            return self.outbound.settle_due(self.clock.now(), limit)

        def lapse_due(limit: int) -> Swept:
            return self.presence.lapse_due(limit, self.gone_agents.look_after)

        return TickService(
            {
                "leases": lapse_due,
                "departments": self.department_looks.look_due,
                "chats": self.chat_timers.run_due,
                "flows": self.flow_engine.look_due,
                "sends": settle_due,
                "media": self.fetching.sweep,
                "removed_channels": self.removed_channels.close_due,
                "erasures": self.erasing.look_due,
                "groups": self.deleted_groups.empty_due,
                "contact_exports": self.contact_export_work.sweep,
                "calls": self.lost_calls.end_due,
                "contact_data": self.contact_data_export_work.sweep,
                "contact_imports": self.contact_import_work.sweep,
                "tasks": self.task_schedule.run_due,
                "task_runs": self.task_run_work.look_due,
                "task_sends": self.task_run_work.look_at_sends,
                # What waits for providers comes last: nobody's message stands behind it.
                "templates": self.template_mirror.settle_due,
                "tokens": self.channel_tokens.look_due,
            }
        )

    @cached_property
    def webhooks(self) -> AdapterWebhooks:
        """The way in of the channels' adapters."""
        from recado.channels.webhooks import AdapterWebhooks

        return AdapterWebhooks()

    @cached_property
    def answering_webhooks(self) -> AdapterWebhooks:
        """The same with a way out, by which providers are answered at once."""
        from recado.channels.webhooks import AdapterWebhooks
        from recado.outside.http import OutsideHttp

        return AdapterWebhooks(self.provider_addresses, OutsideHttp())

    @cached_property
    def channel_problems(self) -> ChannelProblemNotes:
        """Notes for the people who look after a channel."""
        from recado.services.channel_problems import ChannelProblemNotes

        return ChannelProblemNotes(self.channels, self.clock, self.channel_tokens)

    @cached_property
    def ingress(self) -> IngressService:
        """Reception of webhooks."""
        from recado.services.ingress import IngressService

        return IngressService(
            self.channel_directory,
            self.webhooks,
            self.inbound_queue,
            self.raw_blobs,
            self.clock,
            self.settings.public_base_url,
        )

    @cached_property
    def statuses(self) -> StatusService:
        """Delivery statuses of messages."""
        from recado.services.statuses import StatusService
        from recado.storage.outbox import DynamoOutbox

        return StatusService(self.status_store, DynamoOutbox())

    @cached_property
    def status_store(self) -> DynamoStatuses:
        """Delivery statuses as they are stored; what is delivered is charged."""
        from recado.storage.statuses import DynamoStatuses

        return DynamoStatuses(self.billing)

    @cached_property
    def clicks_kept(self) -> DynamoClicks:
        """Clicks on buttons as they are stored."""
        from recado.storage.buttons import DynamoClicks

        return DynamoClicks()

    @cached_property
    def clicks(self) -> ClickService:
        """Where the links of buttons lead."""
        from recado.channels.registry import adapter
        from recado.journal import LoggedClicks
        from recado.services.clicks import ClickService
        from recado.storage.buttons import DynamoButtons

        return ClickService(DynamoButtons(), self.clicks_kept, adapter, self.clock, self.ids, LoggedClicks())

    @cached_property
    def button_service(self) -> ButtonService:
        """Buttons of channels."""
        from recado.channels.registry import adapter
        from recado.services.buttons import ButtonService
        from recado.storage.buttons import DynamoButtons

        base_url = self.settings.public_base_url
        return ButtonService(DynamoButtons(), self.channels, adapter, self.clock, self.ids, base_url)

    @cached_property
    def billing(self) -> BillingService:
        """The billing ledger."""
        from recado.channels.registry import adapter
        from recado.services.billing import BillingService
        from recado.storage.billing import DynamoLedger

        return BillingService(DynamoLedger(), self.channel_directory, adapter, lambda: self.account_zones, self.clock)

    @cached_property
    def intake(self) -> IntakeService:
        """Recording what customers said."""
        from recado.services.intake import IntakeService
        from recado.storage.contacts import ContactStore
        from recado.storage.threads import DynamoThreads

        return IntakeService(
            DynamoThreads(),
            ContactStore(),
            self.status_store,
            self.webhooks,
            self.channel_problems,
            self.chat_openings,
            self.waker,
            self.clicks_kept,
            self.contact_shapes,
            self.clock,
            self.ids,
        )

    @cached_property
    def chat_openings(self) -> ChatOpenings:
        """What a chat that opens has to know."""
        from recado.journal import LoggedSends
        from recado.services.openings import ChatOpenings
        from recado.storage.threads import DynamoThreads

        return ChatOpenings(
            self.departments,
            DynamoThreads(),
            self.opening_hours,
            self.webhooks,
            self.outbound_queue,
            self.clock,
            LoggedSends(),
            self.flow_library,
            self.channel_problems,
        )
