"""What may be sent in a chat at this moment: told beside its shape, and no part of the facts, which hold for good."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from recado.domain.windows import what_may_be_sent
from recado.ports.core import Clock
from recado.ports.outbox import Adapters


class SendingRoom:
    """By the window of the chat's channel and the clock."""

    def __init__(self, adapters: Adapters, clock: Clock) -> None:
        self._adapters = adapters
        self._clock = clock

    def told(self, shape: Mapping[str, Any]) -> dict[str, Any]:
        """The chat's public shape with `may_send`; in a closed one nothing may."""
        last = shape["last_inbound_at"]
        rule = self._adapters(shape["channel_type"]).window
        now = self._clock.now()
        may = what_may_be_sent(rule, datetime.fromisoformat(last) if last else None, now)
        return {**shape, "may_send": "nothing" if shape["situation"] == "closed" else may}
