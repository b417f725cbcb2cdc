"""Contacts, chats and messages, from webhook to provider."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from recado.bootstrap.people import People
from recado.settings import local_doors

if TYPE_CHECKING:
    from recado.aws.channel_directory import DynamoChannelDirectory
    from recado.channels.webhooks import AdapterWebhooks
    from recado.ports.agents import ChatMoveStore
    from recado.ports.outbox import Adapters
    from recado.ports.sweeps import Swept
    from recado.services.channel_problems import ChannelProblemNotes
    from recado.services.chat_actions import ChatActions
    from recado.services.chats import ChatService
    from recado.services.contacts import ContactService
    from recado.services.distribution import DistributionService
    from recado.services.inbound import InboundService
    from recado.services.ingress import IngressService
    from recado.services.intake import IntakeService
    from recado.services.outbound import OutboundService
    from recado.services.sending import SendingService
    from recado.services.statuses import StatusService
    from recado.services.tick import TickService
    from recado.storage.chats import DynamoChats


class Messaging(People):
    """Contacts, chats and messages, from webhook to provider."""

    @cached_property
    def adapters(self) -> Adapters:
        """The channels' adapters, each with the address of its provider."""
        from functools import partial

        from recado.channels.registry import adapter

        return partial(adapter, base_urls={"graph": self.settings.graph_base_url})

    @cached_property
    def contact_service(self) -> ContactService:
        """Contacts as people work with them."""
        from recado.channels.reach import ChannelReach
        from recado.services.connected_channels import RememberedChannels
        from recado.services.contacts import ContactService
        from recado.storage.contact_lists import ContactLists
        from recado.storage.contact_timelines import ContactTimelines
        from recado.storage.contacts import ContactStore

        store = ContactStore()
        return ContactService(
            store,
            ContactLists(store),
            ContactTimelines(),
            RememberedChannels(self.channels, self.clock),
            ChannelReach(),
            self.chats,
            self.departments,
            self.accounts,
            self.clock,
            self.ids,
        )

    @cached_property
    def chats(self) -> DynamoChats:
        """Chats, their threads and messages, for reading."""
        from recado.storage.chats import DynamoChats

        return DynamoChats()

    @cached_property
    def chat_service(self) -> ChatService:
        """Chats as callers see them."""
        from recado.services.chats import ChatService

        return ChatService(self.chats, self.departments, self.adapters)

    @cached_property
    def chat_actions(self) -> ChatActions:
        """What people do with a chat."""
        from recado.services.chat_actions import ChatActions

        return ChatActions(
            self.chat_service,
            self.chats,
            self.chat_moves,
            self.agents,
            self.departments,
            self.waker,
            self.clock,
            self.ids,
        )

    @cached_property
    def sending_service(self) -> SendingService:
        """Writing messages."""
        from recado.journal import LoggedSends
        from recado.services.sending import SendingService
        from recado.storage.outbox import DynamoOutbox

        return SendingService(
            self.chat_service,
            self.chats,
            DynamoOutbox(),
            self.channel_directory,
            self.adapters,
            self.outbound_queue,
            self.clock,
            self.ids,
            LoggedSends(),
        )

    @cached_property
    def outbound(self) -> OutboundService:
        """Sending what was written."""
        from secrets import randbelow
        from time import sleep

        from recado.journal import LoggedSends
        from recado.outside.addresses import PublicAddresses, origins_in
        from recado.outside.http import OutsideHttp
        from recado.services.outbound import OutboundService
        from recado.storage.outbox import DynamoOutbox
        from recado.storage.statuses import DynamoStatuses

        folder = local_doors().folder
        return OutboundService(
            DynamoOutbox(),
            self.channel_directory,
            self.channel_problems,
            DynamoStatuses(),
            self.adapters,
            OutsideHttp(),
            OutsideHttp(PublicAddresses(origins_in(folder)) if folder else PublicAddresses()),
            self.outbound_queue,
            self.clock,
            self.ids,
            sleep,
            lambda: randbelow(1_000_000) / 1_000_000,
            LoggedSends(),
        )

    @cached_property
    def chat_moves(self) -> ChatMoveStore:
        """The one writer of chat states."""
        from recado.storage.chat_moves import ChatMoveStore

        return ChatMoveStore()

    @cached_property
    def distribution(self) -> DistributionService:
        """Looks at departments."""
        from recado.services.distribution import DistributionService
        from recado.storage.distribution import DistributionStore

        return DistributionService(
            DistributionStore(),
            self.chat_moves,
            self.agents,
            self.departments,
            self.presence,
            self.waker,
            self.clock,
            self.ids,
        )

    @cached_property
    def tick(self) -> TickService:
        """What the minute brings."""
        from recado.services.tick import TickService

        def settle_due(limit: int) -> Swept:
            return self.outbound.settle_due(self.clock.now(), limit)

        return TickService({"leases": self.presence.lapse_due, "sends": settle_due})

    @cached_property
    def channel_directory(self) -> DynamoChannelDirectory:
        """Channels as webhooks find them."""
        from recado.aws.channel_directory import DynamoChannelDirectory

        return DynamoChannelDirectory(self.settings.workspace_table)

    @cached_property
    def webhooks(self) -> AdapterWebhooks:
        """The way in of the channels' adapters."""
        from recado.channels.webhooks import AdapterWebhooks

        return AdapterWebhooks()

    @cached_property
    def channel_problems(self) -> ChannelProblemNotes:
        """Notes for the people who look after a channel."""
        from recado.services.channel_problems import ChannelProblemNotes

        return ChannelProblemNotes(self.channels, self.clock)

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
        from recado.storage.statuses import DynamoStatuses

        return StatusService(DynamoStatuses(), DynamoOutbox())

    @cached_property
    def intake(self) -> IntakeService:
        """Recording what customers said."""
        from recado.services.intake import IntakeService
        from recado.storage.contacts import ContactStore
        from recado.storage.statuses import DynamoStatuses
        from recado.storage.threads import DynamoThreads

        return IntakeService(
            DynamoThreads(),
            ContactStore(),
            DynamoStatuses(),
            self.webhooks,
            self.channel_problems,
            self.waker,
            self.clock,
            self.ids,
        )

    @cached_property
    def inbound(self) -> InboundService:
        """Commands of ingress, worked off."""
        from recado.aws.queue import SqsQueue
        from recado.journal import LoggedJournal
        from recado.services.inbound import InboundService

        return InboundService(
            self.channel_directory,
            self.webhooks,
            self.intake,
            self.statuses,
            self.inbound_queue,
            SqsQueue(self.settings.inbound_dlq_url),
            self.raw_blobs,
            self.channel_problems,
            self.clock,
            LoggedJournal(),
        )
