"""A chat whose messages are sent, delivered and charged, on real storage (moto)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from recado.channels.registry import adapter
from recado.domain.billing import Entry
from recado.domain.chats import Message
from recado.domain.ids import moment_of
from recado.domain.messages import StatusUpdate, Template
from recado.services.billing import BillingService
from recado.services.statuses import StatusService
from recado.storage import keys
from recado.storage.billing import DynamoBillingCounts, DynamoLedger, LedgerRecord
from recado.storage.statuses import DynamoStatuses
from tests.sending_world import CHANNEL, A, World

DELIVERED = {"billable": True, "pricing_model": "PMP", "category": "marketing", "type": "regular"}


class BillingWorld(World):
    """The world of sending, with the ledger behind its statuses. The account's calendar is UTC."""

    def __init__(self, clock: Any, ids: Any, channel_type: str = "whatsapp") -> None:
        super().__init__(clock, ids, channel_type)
        self.ledger = DynamoLedger()
        self.billing = BillingService(self.ledger, self, adapter, lambda: self, clock)
        self.store_of_statuses = DynamoStatuses(self.billing)
        self.statuses = StatusService(self.store_of_statuses, self.outbox)
        self.early_statuses = self.store_of_statuses
        self.outbound = self.worker()

    def of(self, a: str) -> Any:
        return UTC

    def sent(self, category: str | None = None) -> Message:
        """A message that the provider took: a template of the category, or a text."""
        if category is None:
            message = self.write()
        else:
            if self.templates.named(A, CHANNEL, category, "pt_BR") is None:
                self.template(category, "pt_BR", "Olá", category=category.upper())
            message = self.write(text=None, template=Template(category, "pt_BR"))
        self.work()
        return self.message(message.id)

    def tell(
        self, message: Message, status: Any, pricing: dict[str, Any] | None = None, at: datetime | None = None
    ) -> None:
        """The provider tells a status of a message."""
        provider_id = message.provider_id
        update = StatusUpdate(provider_id, message.id, status, at or self.clock.now(), pricing=pricing)
        self.statuses.apply(A, CHANNEL, update)

    def entry(self, message: Message) -> Entry | None:
        found = LedgerRecord.find(keys.ledger_pk(A, CHANNEL, moment_of(message.id).date()), message.id)
        return None if found is None else found.entry()

    def counts(self) -> dict[tuple[str, str], dict[str, int]]:
        """The report's figures that are not 0, by day and category."""
        found = DynamoBillingCounts().days(A, CHANNEL, date(2020, 1, 1), date(2030, 1, 1))
        return {
            (day.isoformat(), category): {name: one for name, one in figures.items() if one}
            for (day, category), figures in found.items()
        }
