"""Telephone calls."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from recado.bootstrap.messaging import Messaging

if TYPE_CHECKING:
    from recado.services.call_agents import CallAgents
    from recado.services.calls import CallService
    from recado.services.inbound import InboundService
    from recado.services.voice import VoiceService


class Calling(Messaging):
    """Telephone calls, and the worker of the inbound queue, which takes what becomes of them."""

    @cached_property
    def call_agents(self) -> CallAgents:
        """Agents on the telephone."""
        from recado.services.call_agents import CallAgents
        from recado.storage.distribution import DistributionStore

        return CallAgents(
            self.chats,
            self.departments,
            self.opening_hours,
            self.agents,
            self.users,
            DistributionStore(),
            self.chat_moves,
            self.chat_commits,
            self.system_moves,
            self.chat_shapes,
            self.clock,
            self.ids,
        )

    @cached_property
    def call_service(self) -> CallService:
        """What callers hear, and what calls become."""
        from recado.channels.calls import AdapterCalls
        from recado.services.calls import CallService
        from recado.storage.calls import DynamoCalls
        from recado.storage.statuses import DynamoStatuses
        from recado.storage.threads import DynamoThreads

        return CallService(
            DynamoCalls(), AdapterCalls(), self.intake, DynamoThreads(), DynamoStatuses(), self.call_agents, self.clock
        )

    @cached_property
    def voice(self) -> VoiceService:
        """The telephone's synchronous leg."""
        from recado.channels.calls import AdapterCalls
        from recado.services.voice import VoiceService

        return VoiceService(
            self.channel_directory,
            self.webhooks,
            AdapterCalls(),
            self.call_service,
            self.inbound_queue,
            self.raw_blobs,
            self.clock,
            self.settings.public_base_url,
        )

    @cached_property
    def inbound(self) -> InboundService:
        """Commands of ingress, worked off."""
        from recado.aws.queue import SqsQueue
        from recado.journal import LoggedJournal
        from recado.services.inbound import InboundService
        from recado.services.profile_names import ProfileNames
        from recado.storage.contacts import ContactStore

        return InboundService(
            self.channel_directory,
            self.answering_webhooks,
            self.intake,
            self.statuses,
            self.call_service,
            self.inbound_queue,
            SqsQueue(self.settings.inbound_dlq_url),
            self.raw_blobs,
            self.channel_problems,
            self.template_mirror,
            self.clock,
            LoggedJournal(),
            ProfileNames(self.answering_webhooks, ContactStore(), self.contact_shapes, self.clock, self.ids),
        )
