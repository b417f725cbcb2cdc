"""Who may knock: the channel that a webhook is for, its size, its signature. The same for whatever is done with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from recado.domain.ids import account_of, is_id
from recado.ports.core import Clock
from recado.ports.reception import ChannelDirectory, ConnectedChannel, Verifier, WebhookAnswer, WebhookPart

MAX_BODY_BYTES = 4_000_000

_REFUSALS = {
    401: ("Unauthorized", "bad_signature", "The signature is missing or not of this channel's secret."),
    403: ("Forbidden", "handshake_refused", "The handshake does not hold this channel's verify token."),
    404: ("Not Found", "not_found", "There is no such channel."),
    405: ("Method Not Allowed", "method_not_allowed", "This channel takes POST alone."),
    413: ("Content Too Large", "too_large", f"A body may have at most {MAX_BODY_BYTES:,} bytes."),
    500: ("Internal Server Error", "internal", "Nothing was taken. Send it again."),
}  # the words of http.HTTPStatus are not worth their import at the cold start


class WebhookRequest(NamedTuple):
    """A request as it came. Header names are lower case."""

    channel_id: str
    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes
    correlation_id: str


def refusal(status: int) -> WebhookAnswer:
    """The problem (RFC 9457) that a refused webhook is answered."""
    title, code, detail = _REFUSALS[status]
    problem = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code, "errors": []}
    return WebhookAnswer(status, json.dumps(problem), "application/problem+json")


class WebhookGate:
    """The door of one folder: `{public_base_url}/{folder}/{channel_id}`. Channels of other folders are not there."""

    def __init__(
        self, channels: ChannelDirectory, verifier: Verifier, clock: Clock, public_base_url: str, folder: str
    ) -> None:
        self._channels = channels
        self._verifier = verifier
        self._clock = clock
        self._public_base_url = public_base_url
        self._folder = folder

    def url(self, channel_id: str) -> str:
        """The channel's URL, as its provider was told it."""
        return f"{self._public_base_url}/{self._folder}/{channel_id}"

    def find(self, request: WebhookRequest) -> tuple[str, ConnectedChannel] | None:
        """The account and its channel; None where there is none, or no longer."""
        a = account_of(request.channel_id)
        channel = self._channels.find(a, request.channel_id) if a and is_id(request.channel_id, "ch", a) else None
        if a is None or channel is None or channel.state == "removed" or self._verifier.folder(channel) != self._folder:
            return None
        return a, channel

    def signed(self, a: str, channel: ConnectedChannel, request: WebhookRequest) -> ConnectedChannel | int:
        """The channel as it is known now, or the status of the refusal: 413, 401."""
        if len(request.raw) > MAX_BODY_BYTES:
            return 413
        if self._is_signed(channel, request):
            return channel
        renewed = self._channels.find(a, channel.id, fresh=True)  # the secret may have been changed a moment ago
        if renewed is None or renewed == channel or not self._is_signed(renewed, request):
            return 401
        return renewed

    def target(self, a: str, channel: ConnectedChannel, part: WebhookPart) -> ConnectedChannel | None:
        """The channel that the payload names, which may be another one of the account than the URL does."""
        if part.address is None or part.address == channel.address:
            return channel
        other = self._channels.by_address(a, channel.type, part.address)
        return None if other is None or other.state == "removed" else other

    def _is_signed(self, channel: ConnectedChannel, request: WebhookRequest) -> bool:
        now = self._clock.now()
        return self._verifier.is_signed(channel, request.raw, request.headers, self.url(channel.id), now)
