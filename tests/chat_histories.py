"""Events of chats as the product writes them, for tests of what they count for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from recado.domain.chats import Author, Chat, Event, ThreadKey
from recado.services.views import chat_view, event_view

SYSTEM = Author("system")


def chat_of(number: int, opened_at: datetime, department: str = "dp_1", channel: str = "ch_1") -> Chat:
    """A chat that waits."""
    return Chat(
        f"ca_{number}", f"ct_{number}", channel, "custom", ThreadKey(channel, f"+55{number}"), department, "queued",
        opened_at, 1, queued_at=opened_at,
    )  # fmt: skip


def told(number: int, kind: str, chat: Chat, at: datetime, actor: Author = SYSTEM, **more: Any) -> dict[str, Any]:
    """An event of a chat as it comes to the feed."""
    return event_view(Event(f"ev_{number:06d}", kind, at, actor, {**chat_view(chat, None, None), **more}))


def assigned(chat: Chat, agent: str, at: datetime) -> Chat:
    return replace(chat, situation="in_service", agent_id=agent, assigned_at=at, started_at=None)


def waiting(chat: Chat, department: str, **fields: Any) -> Chat:
    changed: dict[str, Any] = {
        "situation": "queued", "agent_id": None, "assigned_at": None, "started_at": None, "department_id": department
    }  # fmt: skip
    return replace(chat, **(changed | fields))


def closed(chat: Chat, at: datetime) -> Chat:
    return replace(chat, situation="closed", closed_at=at)


def origin(chat: Chat) -> dict[str, Any]:
    """`from` of events that moved a chat."""
    return {"agent_id": chat.agent_id, "department_id": chat.department_id}
