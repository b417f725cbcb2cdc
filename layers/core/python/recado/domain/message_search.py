"""How messages are found by what they say: a part of the text, whatever its case and accents. Pure."""

from __future__ import annotations

from recado.domain.chats import Message
from recado.domain.contact_search import fold


def wanted_text(q: str | None) -> str:
    """What is looked for, without case and accents; empty: everything."""
    return fold((q or "").strip())


def says(message: Message, wanted: str) -> bool:
    """Whether the message's text holds `wanted` (of `wanted_text`)."""
    text = message.text
    return wanted in (text.lower() if text.isascii() else fold(text))
