"""Time, ids, queues, blobs, and the ways of facts and wake-ups."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from recado.ports.core import Blobs, Clock, Ids, Queue
from recado.ports.system_mail import SystemMail
from recado.settings import Settings, local_doors

if TYPE_CHECKING:
    from recado.aws.waking import DistributionWaker
    from recado.outside.addresses import Route
    from recado.services.facts import FactsService


class Platform:
    """Time, ids, queues, blobs, and the ways of facts and wake-ups."""

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
    def provider_addresses(self) -> dict[str, str]:
        """Where the APIs of the channels' providers are, by the names that the adapters give them."""
        return {
            "graph": self.settings.graph_base_url,
            "bot_api": self.settings.telegram_base_url,
            "telephony_api": self.settings.twilio_base_url,
            "mail_api": self.settings.ses_base_url,
        }

    @cached_property
    def local_origins(self) -> Callable[[], frozenset[str]]:
        """Origins that pass the guard of addresses: the local stack's door, none in AWS."""
        from recado.outside.addresses import origins_in

        folder = local_doors().folder
        return origins_in(folder) if folder else frozenset

    @cached_property
    def public_addresses(self) -> Route:
        """The guard of every way out to an address that a company or a customer gave."""
        from recado.outside.addresses import PublicAddresses

        return PublicAddresses(self.local_origins)

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
    def flow_requests_queue(self) -> Queue:
        """Executions of flows that stand at an HTTP step; group = account and lane."""
        from recado.aws.queue import SqsQueue

        return SqsQueue(self.settings.flow_requests_queue_url)

    @cached_property
    def feed_queue(self) -> Queue:
        """Facts on their way to the event feed; group = account."""
        from recado.aws.queue import SqsQueue

        return SqsQueue(self.settings.feed_queue_url)

    @cached_property
    def media_queue(self) -> Queue:
        """Files of messages to be fetched; group = message."""
        from recado.aws.queue import SqsQueue

        return SqsQueue(self.settings.media_queue_url)

    @cached_property
    def contact_exports_queue(self) -> Queue:
        """Exports of contacts to go on with; each command for itself."""
        from recado.aws.queue import SqsQueue

        return SqsQueue(self.settings.contact_exports_queue_url)

    @cached_property
    def contact_imports_queue(self) -> Queue:
        """Imports of contacts to go on with; each command for itself."""
        from recado.aws.queue import SqsQueue

        return SqsQueue(self.settings.contact_imports_queue_url)

    @cached_property
    def task_run_queue(self) -> Queue:
        """Lanes of runs of tasks to go on with; each command for itself."""
        from recado.aws.queue import SqsQueue

        return SqsQueue(self.settings.task_run_queue_url)

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
    def system_mail(self) -> SystemMail:
        """The product's own mail."""
        from recado.aws.system_mail import SesSystemMail

        return SesSystemMail(self.settings.system_mail_from, self.settings.system_mail_base_url or None)

    @cached_property
    def waker(self) -> DistributionWaker:
        """Asks for looks at departments."""
        from recado.aws.waking import DistributionWaker

        return DistributionWaker(self.distribution_queue, self.ids)

    @cached_property
    def facts(self) -> FactsService:
        """What changed in the tables, told to the queues."""
        from recado.services.facts import FactsService
        from recado.storage.streams import TableStreams

        return FactsService(
            TableStreams(),
            self.feed_queue,
            self.distribution_queue,
            self.outbound_queue,
            self.media_queue,
            self.raw_blobs,
        )
