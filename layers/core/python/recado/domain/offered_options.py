"""The options under a message of the company, as buttons or as rows of a list. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from recado.domain.chats import Message
from recado.domain.message_changes import is_revoked

Reply = Literal["button_reply", "list_reply"]
_REPLIES: Mapping[str, Reply] = {"buttons": "button_reply", "list": "list_reply"}


def offers(message: Message) -> bool:
    """Whether a customer can press something under it."""
    outbound = message.direction == "outbound" and not message.internal and message.status != "failed"
    return outbound and message.kind == "interactive" and not is_revoked(message)


def option_of(message: Message, option_id: str) -> tuple[Reply, str] | None:
    """How an answer by one of its options is called, and the option's title. None: it offers no such option."""
    reply = _REPLIES.get(message.payload.get("type", ""))
    if reply is None or not offers(message):
        return None
    title = next((str(one.get("title")) for one in _options(message.payload) if one.get("id") == option_id), None)
    return None if title is None else (reply, title)


def _options(payload: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from payload.get("buttons", ())
    for section in payload.get("sections", ()):
        yield from section.get("rows", ())
