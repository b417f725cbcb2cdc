"""Contacts and chats: who sees them, what is done with them, and how they are given out."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from recado.bootstrap.contact_books import ContactBooks

if TYPE_CHECKING:
    from recado.aws.channel_directory import DynamoChannelDirectory
    from recado.ports.agents import ChatMoveStore
    from recado.ports.outbox import Adapters
    from recado.services.channel_removal import ChannelRemoval
    from recado.services.chat_actions import ChatActions
    from recado.services.chat_commits import ChatCommits
    from recado.services.chat_marks import ChatMarks
    from recado.services.chat_search import ChatSearch
    from recado.services.chat_shapes import ChatShapes
    from recado.services.chat_starting import ChatStarting
    from recado.services.chat_timers import ChatTimers
    from recado.services.chats import ChatService
    from recado.services.contact_merging import ContactMerging
    from recado.services.contact_timelines import ContactTimelineService
    from recado.services.contacts import ContactService
    from recado.services.department_looks import DepartmentLooks
    from recado.services.department_turns import DepartmentTurnsService
    from recado.services.distribution import DistributionService
    from recado.services.empty_chats import EmptyChats
    from recado.services.gone_agents import GoneAgents
    from recado.services.groups import DeletedGroups
    from recado.services.message_search import MessageSearch
    from recado.services.removed_channels import RemovedChannels
    from recado.services.sending_room import SendingRoom
    from recado.services.system_closing import SystemClosing
    from recado.services.system_moves import SystemMoves
    from recado.services.tabulations import TabulationService
    from recado.services.workflows import WorkflowService
    from recado.storage.chats import DynamoChats


class Chats(ContactBooks):
    """Contacts and chats: who sees them, what is done with them, and how they are given out."""

    @cached_property
    def adapters(self) -> Adapters:
        """The channels' adapters, each with the address of its provider."""
        from functools import partial

        from recado.channels.registry import adapter

        return partial(adapter, base_urls=self.provider_addresses)

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
            self.contact_references,
            self.contact_shapes,
            RememberedChannels(self.channels, self.clock),
            ChannelReach(),
            self.accounts,
            self.clock,
            self.ids,
        )

    @cached_property
    def contact_merging(self) -> ContactMerging:
        """Two contacts who are one person."""
        from recado.services.contact_merging import ContactMerging
        from recado.storage.contact_merges import DynamoMerges
        from recado.storage.contacts import ContactStore
        from recado.storage.groups import DynamoGroups

        return ContactMerging(
            ContactStore(),
            DynamoMerges(),
            DynamoGroups(),
            self.contact_service,
            self.contact_shapes,
            self.clock,
            self.ids,
        )

    @cached_property
    def deleted_groups(self) -> DeletedGroups:
        """Contacts leave groups that were deleted."""
        from recado.services.groups import DeletedGroups
        from recado.storage.groups import DynamoGroups

        return DeletedGroups(DynamoGroups(), self.contact_service, self.clock)

    @cached_property
    def contact_timelines(self) -> ContactTimelineService:
        """What happened with a contact."""
        from recado.services.contact_timelines import ContactTimelineService
        from recado.storage.contact_timelines import ContactTimelines
        from recado.storage.contacts import ContactStore

        return ContactTimelineService(
            ContactStore(), ContactTimelines(), self.chats, self.departments, self.clock, self.ids
        )

    @cached_property
    def chats(self) -> DynamoChats:
        """Chats, their threads and messages, for reading."""
        from recado.storage.chats import DynamoChats

        return DynamoChats()

    @cached_property
    def chat_shapes(self) -> ChatShapes:
        """The public shape of chats."""
        from recado.services.chat_shapes import ChatShapes

        return ChatShapes(self.chats, self.adapters)

    @cached_property
    def sending_room(self) -> SendingRoom:
        """What may be sent in a chat now."""
        from recado.services.sending_room import SendingRoom

        return SendingRoom(self.adapters, self.clock)

    @cached_property
    def chat_service(self) -> ChatService:
        """Chats as callers see them."""
        from recado.services.chats import ChatService

        return ChatService(self.chats, self.departments, self.adapters)

    @cached_property
    def chat_search(self) -> ChatSearch:
        """Chats found by a text."""
        from recado.services.chat_search import ChatSearch
        from recado.storage.message_search import DynamoMessageSearch

        return ChatSearch(self.chat_service, self.contact_service, DynamoMessageSearch())

    @cached_property
    def message_search(self) -> MessageSearch:
        """What was said with a contact."""
        from recado.services.message_search import MessageSearch
        from recado.storage.contacts import ContactStore
        from recado.storage.message_search import DynamoMessageSearch

        return MessageSearch(ContactStore(), DynamoMessageSearch(), self.chat_service)

    @cached_property
    def chat_actions(self) -> ChatActions:
        """What people do with a chat."""
        from recado.services.chat_actions import ChatActions

        return ChatActions(
            self.chat_service,
            self.chats,
            self.chat_commits,
            self.agents,
            self.departments,
            self.opening_hours,
            self.tabulation_service,
            self.channel_directory,
            self.clock,
        )

    @cached_property
    def chat_commits(self) -> ChatCommits:
        """Writing what people decided of a chat."""
        from recado.services.chat_commits import ChatCommits

        return ChatCommits(self.chat_moves, self.agents, self.departments, self.chat_shapes, self.waker, self.ids)

    @cached_property
    def chat_starting(self) -> ChatStarting:
        """Starting chats with contacts."""
        from recado.channels.reach import ChannelReach
        from recado.services.chat_starting import ChatStarting
        from recado.storage.contacts import ContactStore
        from recado.storage.threads import DynamoThreads

        return ChatStarting(
            self.chat_service,
            DynamoThreads(),
            ContactStore(),
            self.channels,
            ChannelReach(),
            self.agents,
            self.departments,
            self.chat_shapes,
            self.contact_shapes,
            self.waker,
            self.clock,
            self.ids,
        )

    @cached_property
    def chat_marks(self) -> ChatMarks:
        """What people note on a chat."""
        from recado.services.chat_marks import ChatMarks
        from recado.storage.read_marks import DynamoReadMarks

        return ChatMarks(
            self.chat_service,
            self.chats,
            self.chat_moves,
            self.chat_shapes,
            self.workflow_service,
            self.tabulation_service,
            DynamoReadMarks(),
            self.clock,
            self.ids,
        )

    @cached_property
    def workflow_service(self) -> WorkflowService:
        """Workflows and their steps."""
        from recado.services.workflows import WorkflowService
        from recado.storage.workflows import DynamoWorkflows

        return WorkflowService(DynamoWorkflows(), self.references, self.clock, self.ids)

    @cached_property
    def tabulation_service(self) -> TabulationService:
        """The tree of tabulations."""
        from recado.services.tabulations import TabulationService
        from recado.storage.tabulations import DynamoTabulations

        return TabulationService(DynamoTabulations(), self.references, self.clock, self.ids)

    @cached_property
    def chat_moves(self) -> ChatMoveStore:
        """The one writer of chat states."""
        from recado.storage.chat_moves import ChatMoveStore

        return ChatMoveStore()

    @cached_property
    def distribution(self) -> DistributionService:
        """Looks at departments."""
        from recado.services.assignments import Assignments
        from recado.services.distribution import DistributionService
        from recado.storage.distribution import DistributionStore

        return DistributionService(
            DistributionStore(),
            self.chat_moves,
            self.departments,
            self.presence,
            self.opening_hours,
            self.system_moves,
            Assignments(self.chat_shapes, self.ids),
            self.waker,
            self.clock,
        )

    @cached_property
    def department_turns(self) -> DepartmentTurnsService:
        """Whose turn it is."""
        from recado.services.department_turns import DepartmentTurnsService
        from recado.storage.distribution import DistributionStore
        from recado.storage.queue_lengths import QueueLengths

        return DepartmentTurnsService(
            DistributionStore(),
            QueueLengths(),
            self.departments,
            self.agents,
            self.users,
            self.opening_hours,
            self.clock,
        )

    @cached_property
    def system_moves(self) -> SystemMoves:
        """Moves of chats that nobody asked for."""
        from recado.services.system_moves import SystemMoves

        return SystemMoves(self.chat_moves, self.agents, self.chat_shapes, self.waker, self.clock, self.ids)

    @cached_property
    def chat_timers(self) -> ChatTimers:
        """Chats whose time has come."""
        from recado.services.chat_timers import ChatTimers
        from recado.storage.chat_timers import DynamoChatTimers
        from recado.storage.flow_executions import DynamoExecutions

        return ChatTimers(
            DynamoChatTimers(),
            self.departments,
            self.opening_hours,
            self.distribution,
            self.system_moves,
            self.empty_chats,
            DynamoExecutions(),
            self.clock,
        )

    @cached_property
    def empty_chats(self) -> EmptyChats:
        """Chats that flows opened and in which no customer wrote."""
        from recado.services.empty_chats import EmptyChats

        return EmptyChats(self.chats)

    @cached_property
    def gone_agents(self) -> GoneAgents:
        """The chats of agents who are gone."""
        from recado.services.gone_agents import GoneAgents
        from recado.storage.agent_chats import AgentChats

        return GoneAgents(self.agents, AgentChats(), self.chats, self.departments, self.system_moves, self.clock)

    @cached_property
    def department_looks(self) -> DepartmentLooks:
        """Departments when they open."""
        from recado.services.department_looks import DepartmentLooks

        return DepartmentLooks(
            self.departments,
            self.opening_hours,
            self.waker,
            self.clock,
            self.chat_timers.rearm,
            self.reconciler.check,
        )

    @cached_property
    def removed_channels(self) -> RemovedChannels:
        """The chats of channels that are removed."""
        from recado.services.removed_channels import RemovedChannels
        from recado.storage.channel_removals import DynamoChannelRemovals

        return RemovedChannels(DynamoChannelRemovals(), self.chats, self.system_closing, self.task_upkeep, self.clock)

    @cached_property
    def system_closing(self) -> SystemClosing:
        """Closing chats that nobody asked to be closed."""
        from recado.services.system_closing import SystemClosing

        return SystemClosing(self.chats, self.system_moves, self.clock)

    @cached_property
    def channel_removal(self) -> ChannelRemoval:
        """Removing channels."""
        from recado.services.channel_removal import ChannelRemoval
        from recado.storage.channel_removals import DynamoChannelRemovals

        return ChannelRemoval(
            self.channels,
            DynamoChannelRemovals(),
            self.removed_channels,
            self.accounts,
            self.users,
            self.system_mail,
            self.passwords,
            self.provider_registration,
            self.clock,
            self.ids,
            lambda one: self.settings.public_base_url + self.channel_service.webhook_path(one),
        )

    @cached_property
    def channel_directory(self) -> DynamoChannelDirectory:
        """Channels as webhooks find them."""
        from recado.aws.channel_directory import DynamoChannelDirectory

        return DynamoChannelDirectory(self.settings.workspace_table, self.clock)
