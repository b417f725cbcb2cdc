"""Calls over WhatsApp: ``value.calls``. That a customer calls is a message of theirs, which opens the window anew
whether anybody answers or not; how a call ended is told beside it. What the two telephones negotiate (``session``) is
nobody's.

Source: developers.facebook.com/documentation/business-messaging/whatsapp/calling (user-initiated calls; reference).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from recado.channels.untrusted import epoch_seconds, finite, label, text
from recado.channels.whatsapp.contents import Broken
from recado.domain.messages import InboundMessage, Kind, Sender
from recado.domain.moments import rfc3339

_OF_COMPANY = "BUSINESS_INITIATED"
_LONGEST_CALL_S = 86_400.0


def is_of_company(item: dict[str, Any]) -> bool:
    """Whether the company calls, so that the customer is whom the call goes to."""
    return item.get("direction") == _OF_COMPANY


def call_message(item: dict[str, Any], provider_id: str, at: datetime, customer: Sender) -> InboundMessage:
    """A call that begins (`call`, or `system` when the company calls), or how it ended (`system`). Raises Broken."""
    event = text(item.get("event"))
    if event not in ("connect", "terminate"):
        raise Broken("event of a call not known")
    kind: Kind = "system" if event == "terminate" or is_of_company(item) else "call"
    told: dict[str, Any] = {"event": event, "direction": "outbound" if is_of_company(item) else "inbound"}
    if event == "terminate":
        began = epoch_seconds(item.get("start_time"))
        duration = finite(item.get("duration"), _LONGEST_CALL_S)
        told |= {
            "call_id": provider_id,
            "status": (label(item.get("status")) or "unknown")[:32].lower(),
            "started_at": rfc3339(began) if began else None,
            "duration_s": None if duration is None else max(0, int(duration)),
        }
        provider_id = f"{provider_id[:500]}#{event}"
    return InboundMessage(provider_id, customer, kind, None, {"call": told}, None, None, at)
