"""Facts that nobody caused but time and the order of turns. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from recado.domain.chat_moves import ChatMove
from recado.domain.chats import Author, Event


def queued_event(event_id: str, move: ChatMove, shape: Mapping[str, Any], cause: str, now: datetime) -> Event:
    """The system put a chat to wait: from where, and why. `shape`: the chat as it is then."""
    data = {**shape, "from": _from(move), "cause": cause}
    return Event(event_id, "chat.queued", now, Author("system"), data, move.after.contact_id, move.after.id)


def unattended_event(event_id: str, move: ChatMove, shape: Mapping[str, Any], now: datetime) -> Event:
    """Everybody who could be given the chat had it, and nobody started: who they were, and where it was."""
    data = {**shape, "not_started_by": list(move.before.not_started_by), "from": _from(move)}
    return Event(event_id, "chat.unattended", now, Author("system"), data, move.after.contact_id, move.after.id)


def _from(move: ChatMove) -> dict[str, Any]:
    return {"agent_id": move.before.agent_id, "department_id": move.before.department_id}
