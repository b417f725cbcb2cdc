"""Delivery statuses: found by the provider's id, moved by the lattice, settling sends without an answer, parked when
they come first."""

from __future__ import annotations

from typing import Literal

from recado.domain.chats import MessageError
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


def _delivery(update: StatusUpdate) -> Delivery:
    error = MessageError(update.error.code, update.error.title) if update.error else None
    return Delivery(update.status, update.at, error)
