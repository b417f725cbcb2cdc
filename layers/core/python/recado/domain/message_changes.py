"""What becomes of a message whose text is replaced or taken back, by its author at the provider or by us. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from recado.domain.chats import Message
from recado.domain.messages import Edit, Revocation
from recado.domain.moments import rfc3339

MAX_EDITS_KEPT = 10
MAX_HISTORY_TEXT = 1_500


def edited(message: Message, edit: Edit) -> Message | None:
    """A message after an edit: the new text, and in `payload.history` the last texts it had with the time each ended.
    None when the edit is known, older than the last, not by the author, or comes after the message was taken back."""
    payload = message.payload
    known = payload.get("edit_ids", [])
    stale = rfc3339(edit.at) < payload.get("edited_at", "")
    if stale or edit.provider_id in known or is_revoked(message) or not _by_author(message, edit):
        return None
    edit_ids = [*known, edit.provider_id][-MAX_EDITS_KEPT:]
    return _with_text(message, edit.text or "", edit.at, edited_at=rfc3339(edit.at), edit_ids=edit_ids)


def revoked(message: Message, revocation: Revocation) -> Message | None:
    """A message after its author took it back: a tombstone without text; what it said stays in `payload.history`. None
    when it is known, or not by the author."""
    return with_revocation(message, revocation.at) if _by_author(message, revocation) else None


def with_edit(message: Message, text: str, at: datetime) -> Message | None:
    """A message whose text is replaced by one of us, as `edited` does it. None when it says so already."""
    return None if message.text == text else _with_text(message, text, at, edited_at=rfc3339(at))


def with_revocation(message: Message, at: datetime) -> Message | None:
    """A message as a tombstone. None when it is one."""
    return None if is_revoked(message) else _with_text(message, "", at, revoked_at=rfc3339(at))


def is_revoked(message: Message) -> bool:
    """Whether the message was taken back."""
    return "revoked_at" in message.payload


def _by_author(message: Message, change: Edit | Revocation) -> bool:
    return change.by_customer == (message.direction == "inbound")


def _with_text(message: Message, text: str, at: datetime, **noted: Any) -> Message:
    return replace(message, text=text, payload={**message.payload, **noted, "history": _history(message, at)})


def _history(message: Message, at: datetime) -> list[Any]:
    """Texts are kept up to 1,500 characters, the first and the last nine, so that the message stays an item."""
    history = [*message.payload.get("history", []), {"text": message.text[:MAX_HISTORY_TEXT], "until": rfc3339(at)}]
    return history if len(history) <= MAX_EDITS_KEPT else [history[0], *history[1 - MAX_EDITS_KEPT :]]
