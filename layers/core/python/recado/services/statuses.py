"""Delivery statuses: found by the provider's id, or for all that was sent until a time; moved by the lattice, settling
sends without an answer, parked when they come first."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from recado.domain.chats import MessageError, ThreadKey
from recado.domain.messages import StatusUpdate
from recado.ports.inbound import Delivery, SentMessages, StatusStore

Outcome = Literal["moved", "stands", "parked", "unknown_message"]


class StatusService:
    """Statuses of messages of ours."""

    def __init__(self, statuses: StatusStore, sent: SentMessages) -> None:
        self._statuses = statuses
        self._sent = sent

    def apply(self, a: str, channel_id: str, update: StatusUpdate) -> Outcome:
        """Take one status up. Doubled, late and reordered ones change nothing; applying one again is harmless."""
        delivery = _delivery(update)
        if update.until is not None and update.recipient is not None:
            return self._apply_until(a, ThreadKey(channel_id, update.recipient.canonical), update.until, delivery)
        place = self._statuses.place(a, channel_id, update.provider_id) if update.provider_id else None
        if place is None and update.message_id:
            place = self._sent.settle_by_status(a, channel_id, update.message_id, update.provider_id, delivery)
        if place is None and update.provider_id:
            if self._statuses.park(a, channel_id, update.provider_id, delivery):
                return "parked"
            place = self._statuses.place(a, channel_id, update.provider_id)
        if place is None:
            return "unknown_message"
        return "moved" if self._statuses.move(a, place, delivery) else "stands"

    def _apply_until(self, a: str, thread: ThreadKey, until: datetime, delivery: Delivery) -> Outcome:
        """To each message of the company, the oldest first: whoever stops half way leaves those behind which are found
        when it is applied again."""
        places = self._statuses.sent_until(a, thread, until, delivery.status)
        moved = [self._statuses.move(a, place, delivery) for place in reversed(places)]
        return "moved" if any(moved) else "stands"


def _delivery(update: StatusUpdate) -> Delivery:
    error = MessageError(update.error.code, update.error.title) if update.error else None
    return Delivery(update.status, update.at, error, update.pricing, update.consent == "withdrawn")
