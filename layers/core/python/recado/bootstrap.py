"""The one place that wires ports to what implements them. Everything is built when first asked for, so a cold start pays only for what it uses."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from recado.ports.core import Blobs, Clock, Ids, Queue
from recado.settings import Settings, local_doors, settings

if TYPE_CHECKING:
    from recado.aws.channel_directory import DynamoChannelDirectory
    from recado.channels.webhooks import AdapterWebhooks
    from recado.ports.agents import AgentStore, ChatMoveStore
    from recado.ports.people import AccountStore, ApiTokenStore, Passwords, SessionStore, UserStore
    from recado.ports.idempotency import IdempotencyStore
    from recado.services.accounts import AccountService
    from recado.services.api_tokens import ApiTokenService
    from recado.services.authentication import Authentication
    from recado.services.channels import ChannelService
    from recado.services.departments import DepartmentService
    from recado.ports.outbox import Adapters
    from recado.services.chat_actions import ChatActions
    from recado.services.chats import ChatService
    from recado.services.contacts import ContactService
    from recado.services.distribution import DistributionService
    from recado.services.facts import FactsService
    from recado.services.feed import FeedService
    from recado.services.inbound import InboundService
    from recado.services.ingress import IngressService
    from recado.services.intake import IntakeService
    from recado.services.outbound import OutboundService
    from recado.services.presence import PresenceService
    from recado.services.sending import SendingService
    from recado.services.sessions import SessionService
    from recado.services.users import UserService
    from recado.services.statuses import StatusService
    from recado.services.tick import TickService
    from recado.aws.waking import DistributionWaker
    from recado.storage.channels import ChannelStore
    from recado.storage.chats import DynamoChats
    from recado.storage.departments import DepartmentStore


class Container:
    """What a process uses; handlers ask it for services by name. Imports stay inside the properties: they are the cold start."""

    def __init__(self, configuration: Settings) -> None:
        self.settings = configuration

    @cached_property
    def clock(self) -> Clock:
        """The product's clock; shifted locally by the clock door."""
        from recado.aws.clock import ShiftedClock, SystemClock

        folder = local_doors().folder
        return ShiftedClock(folder) if folder else SystemClock()

    @cached_property
    def ids(self) -> Ids:
        """Public ids and secrets."""
        from recado.aws.clock import RandomIds

        return RandomIds(self.clock)

    @cached_property
    def inbound_queue(self) -> Queue:
        """Commands of ingress to the inbound worker; group = channel and sender."""
        from recado.aws.queue import SqsQueue

        return SqsQueue(self.settings.inbound_queue_url)

    @cached_property
    def distribution_queue(self) -> Queue:
        """Wakes of the distribution; group = department."""
        from recado.aws.queue import SqsQueue

        return SqsQueue(self.settings.distribution_queue_url)

    @cached_property
    def outbound_queue(self) -> Queue:
        """Messages to send; group = channel and sender."""
        from recado.aws.queue import SqsQueue

        return SqsQueue(self.settings.outbound_queue_url)

    @cached_property
    def feed_queue(self) -> Queue:
        """Facts on their way to the event feed; group = account."""
        from recado.aws.queue import SqsQueue

        return SqsQueue(self.settings.feed_queue_url)

    @cached_property
    def raw_blobs(self) -> Blobs:
        """Webhook bodies too large for a queue, and what could not be understood."""
        from recado.aws.blobs import S3Blobs

        return S3Blobs(self.settings.raw_bucket)

    @cached_property
    def file_blobs(self) -> Blobs:
        """Files of messages, contacts and imports."""
        from recado.aws.blobs import S3Blobs

        return S3Blobs(self.settings.files_bucket)

    @cached_property
    def waker(self) -> DistributionWaker:
        """Asks for looks at departments."""
        from recado.aws.waking import DistributionWaker

        return DistributionWaker(self.distribution_queue, self.ids)

    @cached_property
    def agents(self) -> AgentStore:
        """Agents, leases, members and rings."""
        from recado.storage.agents import AgentStore

        return AgentStore()

    @cached_property
    def presence(self) -> PresenceService:
        """Presence, connection, caps and memberships."""
        from recado.services.presence import PresenceService

        return PresenceService(self.agents, self.waker, self.clock)

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
            self.chat_service, self.chats, self.chat_moves, self.agents, self.departments, self.waker, self.clock, self.ids
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
        from recado.services.channel_problems import ChannelProblemNotes
        from recado.services.outbound import OutboundService
        from recado.storage.outbox import DynamoOutbox
        from recado.storage.statuses import DynamoStatuses

        folder = local_doors().folder
        return OutboundService(
            DynamoOutbox(),
            self.channel_directory,
            ChannelProblemNotes(self.channels, self.clock),
            DynamoStatuses(),
            self.adapters,
            OutsideHttp(),
            OutsideHttp(PublicAddresses(origins_in(folder)) if folder else PublicAddresses()),
            self.outbound_queue,
            self.clock,
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
            DistributionStore(), self.chat_moves, self.agents, self.departments, self.presence, self.waker, self.clock, self.ids
        )

    @cached_property
    def feed(self) -> FeedService:
        """The event feed of accounts."""
        from recado.services.feed import FeedService
        from recado.storage.feed import DynamoFeed

        return FeedService(DynamoFeed(), self.clock)

    @cached_property
    def facts(self) -> FactsService:
        """What changed in the tables, told to the queues."""
        from recado.services.facts import FactsService
        from recado.storage.streams import TableStreams

        return FactsService(
            TableStreams(), self.feed_queue, self.distribution_queue, self.outbound_queue, self.raw_blobs
        )

    @cached_property
    def tick(self) -> TickService:
        """What the minute brings."""
        from recado.services.tick import TickService

        def settle_due(limit: int) -> int:
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
        from recado.services.channel_problems import ChannelProblemNotes
        from recado.services.intake import IntakeService
        from recado.storage.channels import ChannelStore
        from recado.storage.contacts import ContactStore
        from recado.storage.statuses import DynamoStatuses
        from recado.storage.threads import DynamoThreads

        return IntakeService(
            DynamoThreads(),
            ContactStore(),
            DynamoStatuses(),
            self.webhooks,
            ChannelProblemNotes(ChannelStore(), self.clock),
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
            LoggedJournal(),
        )

    @cached_property
    def idempotency(self) -> IdempotencyStore:
        """Kept answers of POSTs."""
        from recado.storage.idempotency import DynamoIdempotency

        return DynamoIdempotency(self.ids)

    @cached_property
    def passwords(self) -> Passwords:
        """Slow hashes."""
        from recado.passwords import Argon2Passwords

        return Argon2Passwords()

    @cached_property
    def accounts(self) -> AccountStore:
        """Accounts."""
        from recado.storage.people import AccountStore

        return AccountStore()

    @cached_property
    def users(self) -> UserStore:
        """Users."""
        from recado.storage.people import UserStore

        return UserStore()

    @cached_property
    def sessions(self) -> SessionStore:
        """Sessions and seats."""
        from recado.storage.sessions import SessionStore

        return SessionStore()

    @cached_property
    def api_tokens(self) -> ApiTokenStore:
        """API tokens."""
        from recado.storage.people import ApiTokenStore

        return ApiTokenStore()

    @cached_property
    def departments(self) -> DepartmentStore:
        """Departments."""
        from recado.storage.departments import DepartmentStore

        return DepartmentStore()

    @cached_property
    def channels(self) -> ChannelStore:
        """Channels, their secrets and addresses."""
        from recado.storage.channels import ChannelStore

        return ChannelStore()

    @cached_property
    def account_service(self) -> AccountService:
        """Sign-up and the account."""
        from recado.services.accounts import AccountService

        return AccountService(self.accounts, self.passwords, self.presence, self.clock, self.ids)

    @cached_property
    def session_service(self) -> SessionService:
        """Log-in, log-out and seats."""
        from recado.services.sessions import SessionService

        return SessionService(
            self.sessions, self.accounts, self.users, self.passwords, self.presence, self.clock, self.ids
        )

    @cached_property
    def authentication(self) -> Authentication:
        """Bearer tokens."""
        from recado.services.authentication import Authentication

        return Authentication(
            self.sessions, self.users, self.api_tokens, self.presence, self.session_service, self.clock
        )

    @cached_property
    def user_service(self) -> UserService:
        """Users with their presence."""
        from recado.services.users import UserService

        return UserService(self.users, self.passwords, self.presence, self.clock, self.ids)

    @cached_property
    def department_service(self) -> DepartmentService:
        """Departments and members."""
        from recado.services.departments import DepartmentService

        return DepartmentService(
            self.departments, self.users, self.channels, self.presence, self.clock, self.ids
        )

    @cached_property
    def api_token_service(self) -> ApiTokenService:
        """API tokens, shown once."""
        from recado.services.api_tokens import ApiTokenService

        return ApiTokenService(self.api_tokens, self.clock, self.ids)

    @cached_property
    def channel_service(self) -> ChannelService:
        """Connecting channels."""
        from recado.channels.registry import adapter
        from recado.services.channels import ChannelService

        return ChannelService(self.channels, self.departments, adapter, self.clock, self.ids)


@lru_cache(maxsize=1)
def container() -> Container:
    """The container of this process."""
    return Container(settings())
