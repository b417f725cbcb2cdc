"""What visitors say by a click on a trigger: a message like any other, which a flow answers (PRODUCT F3)."""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol

from recado.domain.access import Caller
from recado.domain.chats import Chat, Message
from recado.domain.errors import Conflict, Forbidden, Invalid, NotFound
from recado.domain.flow_starts import FlowStart
from recado.domain.widget_tokens import Visitor
from recado.ports.reception import ConnectedChannel
from recado.services.flow_library import FlowLibrary
from recado.services.flow_starting import FlowStarting
from recado.services.widget_messages import WidgetMessages, WrittenByVisitor
from recado.services.widget_triggers import WidgetTriggers


class OpenChats(Protocol):
    """Chats by their ids."""

    def chat(self, a: str, chat_id: str) -> Chat | None: ...


class WidgetClicks:
    """A chat that opens with the message begins with the trigger's flow instead of the channel's own. One that is open
    goes on with it, unless somebody serves the customer: nobody is taken from an agent by a click."""

    def __init__(
        self,
        messages: WidgetMessages,
        triggers: WidgetTriggers,
        library: FlowLibrary,
        starting: FlowStarting,
        chats: OpenChats,
    ) -> None:
        self._messages = messages
        self._triggers = triggers
        self._library = library
        self._starting = starting
        self._chats = chats

    def post(
        self, channel: ConnectedChannel, visitor: Visitor, new: WrittenByVisitor, trigger_id: str
    ) -> tuple[Message, bool]:
        """As `WidgetMessages.post`. A trigger that is gone, or whose flow is, leaves it a message."""
        a = visitor.account
        flow_id = self._triggers.flow_of(channel, trigger_id)
        if flow_id is None or self._library.published(a, flow_id) is None:
            return self._messages.post(channel, visitor, new)
        begins_with = channel._replace(settings={**channel.settings, "entry_flow_id": flow_id})
        message, is_new = self._messages.post(begins_with, visitor, new)
        self._start(a, message, flow_id, is_new)
        return message, is_new

    def _start(self, a: str, message: Message, flow_id: str, is_new: bool) -> None:
        """Named by the message, as the flow is that it opened a chat with: a page that asks again starts nothing again,
        but what was not started as the process died. Nor does it when the chat went its way since."""
        chat = self._chats.chat(a, message.chat_id)
        if chat is None or chat.situation not in ("automatic", "queued") or chat.flow_id == flow_id:
            return
        if not is_new and chat.moved_at is not None and chat.moved_at > message.created_at:
            return
        with suppress(Conflict, Forbidden, Invalid, NotFound):  # the chat or the flow went its way meanwhile
            wanted = FlowStart(flow_id, "trigger", origin=message.id, situations=("automatic", "queued"))
            self._starting.in_chat(Caller(a, "admin"), chat.id, wanted)
