"""The event feed, what its facts count for, and the reports."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from recado.bootstrap.people import People

if TYPE_CHECKING:
    from recado.services.billing_report import BillingReport
    from recado.services.feed import FeedService
    from recado.services.reports import ReportService


class Reporting(People):
    """The event feed, what its facts count for, and the reports."""

    @cached_property
    def feed(self) -> FeedService:
        """The event feed of accounts."""
        from recado.services.feed import FeedService
        from recado.services.remembered_erasures import RememberedErasures
        from recado.storage.contact_erasures import DynamoErasures
        from recado.storage.feed import DynamoFeed

        erased = RememberedErasures(DynamoErasures(), self.clock)
        return FeedService(DynamoFeed(), self.account_zones, erased, self.clock)

    @cached_property
    def report_service(self) -> ReportService:
        """Figures of agents, departments and channels."""
        from recado.services.reports import ReportService
        from recado.storage.counters import DynamoCounters

        return ReportService(
            DynamoCounters(),
            self.users,
            self.departments,
            self.channels,
            self.agents,
            self.account_zones,
            self.clock,
        )

    @cached_property
    def billing_report(self) -> BillingReport:
        """What channels cost at their providers."""
        from recado.services.billing_report import BillingReport
        from recado.storage.billing import DynamoBillingCounts

        return BillingReport(DynamoBillingCounts(), self.channels)
