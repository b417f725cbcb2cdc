"""Facts of chats beside those that an action is: what time and the order of turns caused, and first answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from recado.domain.chat_moves import ChatMove
from recado.domain.chats import Author, Chat, Event
from recado.domain.flow_executions import Execution


def queued_event(event_id: str, move: ChatMove, shape: Mapping[str, Any], cause: str, now: datetime) -> Event:
    """The system put a chat to wait: from where, and why. `shape`: the chat as it is then."""
    data = {**shape, "from": _from(move), "cause": cause}
    return Event(event_id, "chat.queued", now, Author("system"), data, move.after.contact_id, move.after.id)


def unattended_event(event_id: str, move: ChatMove, shape: Mapping[str, Any], now: datetime) -> Event:
    """Everybody who could be given the chat had it, and nobody started: who they were, and where it was."""
    data = {**shape, "not_started_by": list(move.before.not_started_by), "from": _from(move)}
    return Event(event_id, "chat.unattended", now, Author("system"), data, move.after.contact_id, move.after.id)


def flow_finished_event(event_id: str, move: ChatMove, now: datetime) -> Event | None:
    """The flow that led a chat leads it no more, and why. None: none did, or it leads on."""
    before, ending = move.before, move.how_it_ended
    if move.left_execution is None:
        return None
    data = {
        "chat_id": before.id,
        "contact_id": before.contact_id,
        "channel_id": before.channel_id,
        "flow_id": before.flow_id,
        "execution_id": before.execution_id,
        "state": ending.state,
        "reason": ending.reason,
    }
    return Event(event_id, "flow.finished", now, Author("flow", before.flow_id), data, before.contact_id, before.id)


def flow_notes(begins: Execution) -> dict[str, Any]:
    """What the fact of a flow's start tells beside its chat."""
    return {
        "flow_id": begins.flow_id,
        "flow_version": begins.flow_version,
        "execution_id": begins.id,
        "started_by": begins.started_by,
    }


def _from(move: ChatMove) -> dict[str, Any]:
    return {"agent_id": move.before.agent_id, "department_id": move.before.department_id}


def first_answer_event(event_id: str, chat: Chat, shape: Mapping[str, Any], author: Author, now: datetime) -> Event:
    """Somebody of the company answered the chat's customer for the first time; how long that took since it opened."""
    waited = now - (chat.reopened_at or chat.opened_at)
    data = {**shape, "first_answer_s": max(0.0, round(waited.total_seconds(), 3))}
    return Event(event_id, "chat.answered", now, author, data, chat.contact_id, chat.id)
