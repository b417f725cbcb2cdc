"""The one place that wires ports to what implements them. Everything is built when first asked for, so a cold start pays only for what it uses."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from recado.ports.core import Blobs, Clock, Ids, Queue
from recado.settings import Settings, local_doors, settings

if TYPE_CHECKING:
    from recado.ports.agents import AgentStore, ChatMoveStore
    from recado.services.distribution import DistributionService
    from recado.services.presence import PresenceService
    from recado.services.waking import DistributionWaker


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
        from recado.services.waking import DistributionWaker

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


@lru_cache(maxsize=1)
def container() -> Container:
    """The container of this process."""
    return Container(settings())
