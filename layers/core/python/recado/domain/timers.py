"""When a chat has to be looked at again, and why (PRODUCT D4, E6). Pure.

A timer is never trusted for itself: the chat's `due_at` only says when to look. What is due then is decided anew from
the chat, its thread and the department as they stand, so a deadline that was overtaken does nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from recado.domain.chats import Chat, Thread
from recado.domain.people import Department


def armed(chat: Chat, department: Department | None) -> Chat:
    """The chat as it is written when it moves: with the time at which it has to be looked at."""
    return replace(chat, due_at=deadline(chat, None, department))


def deadline(chat: Chat, thread: Thread | None, department: Department | None) -> datetime | None:
    """When something becomes due if nothing happens before; None while nothing can. `thread` None: as if nothing had
    been written since the chat came where it is. Only a customer who was answered can be expected to answer."""
    if department is None:
        return None
    since = chat.moved_at or chat.queued_at or chat.opened_at
    match chat.situation:
        case "automatic":
            return _after(since, department.max_automatic_s)
        case "queued" if chat.not_started_by and department.distribution_enabled:
            return _after(since, department.overflow_after_s)
        case "in_service" if chat.started_at is None:
            enabled = department.distribution_enabled
            return _after(chat.assigned_at or since, department.overflow_after_s) if enabled else None
        case "in_service" if chat.answered_at is not None:
            return _after((thread and thread.company_wrote_at) or chat.answered_at, department.close_idle_after_s)
    return None


def _after(since: datetime, seconds: int | None) -> datetime | None:
    return None if seconds is None else since + timedelta(seconds=seconds)
