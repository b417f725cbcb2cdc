"""What telephone calls need from outside: what is known of them, and the adapter that speaks with their provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from recado.domain.calls import Call, CallPlan, CallSignal, Step
from recado.domain.chats import Chat
from recado.domain.distribution import Seat
from recado.ports.reception import ConnectedChannel, WebhookAnswer, WebhookPart
from recado.ports.sweeps import DuePage


class CallStore(Protocol):
    """Calls with the messages that show them."""

    def get(self, a: str, channel_id: str, call_id: str) -> Call | None:
        """A call, strongly consistent."""
        ...

    def write(self, a: str, before: Call | None, after: Call) -> bool:
        """The call and, where it is one, the payload of its message; False when it is no longer as `before`."""
        ...


class CallAdapters(Protocol):
    """The adapters of channels that take calls, by channel type."""

    def split(
        self, channel: ConnectedChannel, raw: bytes, headers: Mapping[str, str], now: datetime
    ) -> Sequence[WebhookPart]:
        """The parts of a verified body; never raises. A request about a call is one."""
        ...

    def signal(self, channel: ConnectedChannel, part_json: str) -> CallSignal | None:
        """What a part tells of a call; None when it is about none, or the channel takes no calls."""
        ...

    def plan(self, channel: ConnectedChannel) -> CallPlan:
        """How the channel takes calls."""
        ...

    def answer(self, channel: ConnectedChannel, steps: Sequence[Step], url: str) -> WebhookAnswer:
        """The steps as the provider reads them; it asks for the next ones at the URL."""
        ...

    def ack(self, channel: ConnectedChannel) -> WebhookAnswer:
        """The answer where nothing is asked."""
        ...


class DueCalls(Protocol):
    """Calls that go on for too long."""

    def due(self, now: datetime, limit: int) -> DuePage:
        """Their accounts, and `<channel id>#<call id>` of each."""
        ...

    def look_again_at(self, a: str, channel_id: str, call_id: str, when: datetime) -> None:
        """Let the sweep come back then, if the call goes on still."""
        ...


class Staff(Protocol):
    """Who of a department can be given a chat."""

    def anybody(self, a: str, department_id: str) -> bool:
        """Whether somebody is free."""
        ...

    def members_after(self, a: str, department_id: str, cursor: str | None, limit: int) -> list[Seat]:
        """Members in their order."""
        ...


class ChatOf(Protocol):
    """Consistent reads of chats."""

    def chat(self, a: str, chat_id: str) -> Chat | None:
        """A chat."""
        ...
