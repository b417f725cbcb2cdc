"""Channels that take telephone calls: what their adapters can besides, behind one port (ports.calls.CallAdapters)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from recado.channels.base import Answer, ChannelAdapter, Part
from recado.channels.registry import adapter
from recado.domain.calls import CallPlan, CallSignal, Step
from recado.ports.reception import ConnectedChannel, WebhookAnswer


class CallAdapter(ChannelAdapter):
    """A channel whose provider asks, while a caller is on the line, what they are to hear."""

    webhook_folder = "voice"

    @abstractmethod
    def call_signal(self, part: Part) -> CallSignal | None:
        """What a part that `split` made tells of a call; None: of none. Never raises."""

    @abstractmethod
    def call_plan(self, settings: Mapping[str, Any]) -> CallPlan:
        """How a channel with these settings, which are valid, takes calls."""

    @abstractmethod
    def call_answer(self, steps: Sequence[Step], settings: Mapping[str, Any], url: str) -> Answer:
        """The steps as the provider reads them. It asks for what comes then, and tells what happens, at the URL."""


class AdapterCalls:
    """Asks the adapter of the channel's type, which takes calls."""

    def split(self, channel: ConnectedChannel, raw: bytes, headers: Mapping[str, str], now: datetime) -> Sequence[Part]:
        """The parts of a verified body."""
        return _adapter(channel).split(raw, headers, now)

    def signal(self, channel: ConnectedChannel, part_json: str) -> CallSignal | None:
        """What a part tells of a call."""
        return _adapter(channel).call_signal(Part.from_json(part_json))

    def plan(self, channel: ConnectedChannel) -> CallPlan:
        """How the channel takes calls."""
        return _adapter(channel).call_plan(channel.settings)

    def answer(self, channel: ConnectedChannel, steps: Sequence[Step], url: str) -> WebhookAnswer:
        """The steps as the provider reads them."""
        return WebhookAnswer(*_adapter(channel).call_answer(steps, channel.settings, url))

    def ack(self, channel: ConnectedChannel) -> WebhookAnswer:
        """The answer where nothing is asked."""
        return WebhookAnswer(*_adapter(channel).ack)


def _adapter(channel: ConnectedChannel) -> CallAdapter:
    found = adapter(channel.type)
    if not isinstance(found, CallAdapter):
        raise LookupError(f"{channel.id} takes no calls")
    return found
