"""Chats that flows opened and that are nobody's work, as no customer wrote in them (PRODUCT G5, G6). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from recado.domain.chats import Chat, Message

WhyEmpty = Literal["nobody_reached", "nobody_answered"]
"""`cause` with which such a chat is closed."""
_NO_ANSWERS = frozenset({"reaction", "system"})
"""Kinds of what comes in that nobody has to answer; they open no chat either (domain/intake.py)."""


def may_be_empty(chat: Chat) -> bool:
    """Whether its messages are worth a look: a flow opened it, and no agent began with it or opened it again."""
    return chat.opened_by is not None and chat.situation != "closed" and not chat.served_by and chat.reopened_at is None


def why_empty(chat: Chat, messages: Iterable[Message]) -> WhyEmpty | None:
    """Why nobody has to look at a chat: none of its messages arrived, or what its flows wrote was not answered. None:
    it was there before the flow, an agent began with it, or somebody else wrote. `messages`: all of the chat."""
    if not may_be_empty(chat):
        return None
    reached, by_flows_alone = False, True
    for one in messages:
        if is_answer(one):
            return None
        if one.direction == "outbound":
            reached = reached or one.status != "failed"
            by_flows_alone = by_flows_alone and one.author.type == "flow"
    if not reached:
        return "nobody_reached"
    return "nobody_answered" if by_flows_alone else None


def customer_wrote_at(messages: Iterable[Message]) -> datetime | None:
    """When the customer wrote first in a chat; None: they did not. `messages`: all of the chat."""
    return next((one.created_at for one in messages if is_answer(one)), None)


def is_answer(message: Message) -> bool:
    """Whether the customer wrote: not what their telephone tells, nor a sign at one of our messages."""
    return message.direction == "inbound" and message.kind not in _NO_ANSWERS
