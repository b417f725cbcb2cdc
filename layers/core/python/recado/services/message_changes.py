"""Replacing or taking back what was written.

Only internal notes can be: what went to a customer lies with them, and no channel that Recado speaks offers to change
it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from recado.domain.access import Caller
from recado.domain.chats import Message
from recado.domain.errors import Busy, Conflict, Forbidden
from recado.domain.message_changes import is_revoked, with_edit, with_revocation
from recado.ports.core import Clock
from recado.services.chats import ChatService
from recado.services.sending import check_note_text

_TRIES = 5


class MessageTexts(Protocol):
    """Messages, for changing."""

    def change(self, a: str, before: Message, after: Message) -> bool:
        """Write text and payload. False when the message is not as it was read; nothing was written then."""
        ...


class MessageChanges:
    """Edits and deletions of internal notes, by their author while they may write notes there, or an admin."""

    def __init__(self, chats: ChatService, texts: MessageTexts, clock: Clock) -> None:
        self._chats = chats
        self._texts = texts
        self._clock = clock

    def edit(self, caller: Caller, chat_id: str, message_id: str, text: str) -> Message:
        """The note with its new text; what it said before is in `payload.history`. 400 for no text of a note, 403 for
        who did not write it, 404, 409 `cannot_edit` for what is no note, `message_deleted`."""

        def decide(message: Message) -> Message | None:
            if is_revoked(message):
                raise Conflict("The note was deleted.", code="message_deleted")
            return with_edit(message, text, self._clock.now())

        check_note_text(text)
        return self._change(caller, chat_id, message_id, "edit", decide)

    def delete(self, caller: Caller, chat_id: str, message_id: str) -> None:
        """The note becomes a tombstone; doing it again changes nothing. 403, 404, 409 `cannot_delete` as `edit`."""
        self._change(caller, chat_id, message_id, "delete", lambda message: with_revocation(message, self._clock.now()))

    def _change(
        self,
        caller: Caller,
        chat_id: str,
        message_id: str,
        verb: str,
        decide: Callable[[Message], Message | None],
    ) -> Message:
        for _ in range(_TRIES):
            before = self._chats.note(caller, chat_id, message_id)
            if not before.internal:
                raise Conflict(
                    f"Only an internal note can be changed: the channel has no way to {verb} a message.",
                    code=f"cannot_{verb}",
                )
            if caller.role != "admin" and before.author != caller.author:
                raise Forbidden("Only who wrote the note, or an admin, changes it.", code="not_your_message")
            after = decide(before)
            if after is None:
                return before
            if self._texts.change(caller.account, before, after):
                return after
        raise Busy(f"{verb} of {message_id}")
