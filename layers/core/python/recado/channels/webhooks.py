"""The way in of all channels behind one port (ports.reception.Webhooks): which adapter reads a channel's webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from recado.channels.base import BadSignature, Part, Window
from recado.channels.registry import adapter
from recado.domain.file_limits import most_received
from recado.domain.messages import Parsed, Sender
from recado.ports.core import ConnectFailed, Http, NoAnswer
from recado.ports.reception import ConnectedChannel, WebhookAnswer


class AdapterWebhooks:
    """Asks the adapter of the channel's type. `http` is for `answer` alone: without it nobody is answered."""

    def __init__(self, base_urls: Mapping[str, str] | None = None, http: Http | None = None) -> None:
        self._base_urls = base_urls
        self._http = http

    def handshake(self, channel: ConnectedChannel, query: Mapping[str, str]) -> WebhookAnswer | None:
        """The answer to a GET; None when the channel has no such thing."""
        answer = adapter(channel.type).handshake(query, channel.settings, channel.secrets)
        return WebhookAnswer(*answer) if answer else None

    def folder(self, channel: ConnectedChannel) -> str:
        """The folder of the channel's public URL."""
        return adapter(channel.type).webhook_folder

    def is_signed(
        self, channel: ConnectedChannel, raw: bytes, headers: Mapping[str, str], url: str, now: datetime
    ) -> bool:
        """Whether one of the channel's secrets signed the bytes as they came."""
        try:
            adapter(channel.type).verify(raw, headers, url, channel.secrets, now)
        except BadSignature:
            return False
        return True

    def split(self, channel: ConnectedChannel, raw: bytes, headers: Mapping[str, str], now: datetime) -> Sequence[Part]:
        """The parts of a verified body."""
        return adapter(channel.type).split(raw, headers, now)

    def ack(self, channel: ConnectedChannel) -> WebhookAnswer:
        """The answer to a webhook that was taken."""
        return WebhookAnswer(*adapter(channel.type).ack)

    def window(self, channel: ConnectedChannel) -> Window | None:
        """The channel's message window."""
        return adapter(channel.type).window

    def given_id(self, channel: ConnectedChannel, sender: Sender) -> str:
        """A customer's id as the other system writes it."""
        return adapter(channel.type).given_id(sender)

    def writes(self, channel: ConnectedChannel) -> bool:
        """Whether a text can be sent on the channel."""
        return adapter(channel.type).writes

    def canonical(self, channel: ConnectedChannel, address: str) -> str:
        """The key of the thread of a customer's address."""
        return adapter(channel.type).canonical(address)

    def parse(self, channel: ConnectedChannel, part_json: str) -> Parsed:
        """The normal forms of a part."""
        return adapter(channel.type).parse(Part.from_json(part_json))

    def names_apart(self, channel: ConnectedChannel) -> bool:
        """Whether the channel's webhooks tell no names, and its provider can be asked for them."""
        return self._http is not None and adapter(channel.type).names_apart

    def profile_name(self, channel: ConnectedChannel, sender: str) -> str | None:
        """A person's name as the provider has it; without `http` nobody is asked."""
        kind = adapter(channel.type, self._base_urls)
        request = kind.profile(sender, channel.settings, channel.secrets)
        if request is None or self._http is None:
            return None
        try:
            response = self._http.request(
                request.method, request.url, request.headers, request.body or None, request.timeout_s
            )
        except (ConnectFailed, NoAnswer):
            return None
        return kind.profile_name(response)

    def most_bytes(self, channel: ConnectedChannel) -> int:
        """How large a file may be that comes by the channel."""
        kind = adapter(channel.type)
        return most_received(kind.file_feature, kind.media_limits)

    def answer(self, channel: ConnectedChannel, part_json: str) -> None:
        """Tell the provider that a part was taken, where it waits for that. What comes of it changes nothing."""
        if self._http is None:
            return
        part = Part.from_json(part_json)
        for request in adapter(channel.type, self._base_urls).answers(part, channel.secrets):
            with suppress(ConnectFailed, NoAnswer):
                self._http.request(request.method, request.url, request.headers, request.body, request.timeout_s)
