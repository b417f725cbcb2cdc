"""The telephone's synchronous leg: a provider's request about a call is verified and answered at once where somebody
waits on the line; what only tells something goes through the inbound queue, which tries again and keeps the order."""

from __future__ import annotations

from hashlib import sha256

from recado.ports.calls import CallAdapters
from recado.ports.core import Blobs, Clock, Command, Queue
from recado.ports.reception import ChannelDirectory, ConnectedChannel, Verifier
from recado.services.calls import CallService
from recado.services.ingress import Received, keep
from recado.services.webhook_gate import WebhookGate, WebhookRequest, refusal


class VoiceService:
    """Requests about calls."""

    def __init__(
        self,
        channels: ChannelDirectory,
        verifier: Verifier,
        adapters: CallAdapters,
        calls: CallService,
        queue: Queue,
        blobs: Blobs,
        clock: Clock,
        public_base_url: str,
    ) -> None:
        self._gate = WebhookGate(channels, verifier, clock, public_base_url, "voice")
        self._adapters = adapters
        self._calls = calls
        self._queue = queue
        self._blobs = blobs
        self._clock = clock

    def receive(self, request: WebhookRequest) -> Received:
        """One request. Raises whatever stops it: nothing may be answered as taken that is not."""
        found = self._gate.find(request)
        if found is None:
            return Received(refusal(404))
        a, channel = found
        signed = self._gate.signed(a, channel, request)
        return Received(refusal(signed), a) if isinstance(signed, int) else self._take(a, signed, request)

    def _take(self, a: str, posted_to: ConnectedChannel, request: WebhookRequest) -> Received:
        ack = self._adapters.ack(posted_to)
        parts = self._adapters.split(posted_to, request.raw, request.headers, self._clock.now())
        for part in parts:
            channel = self._gate.target(a, posted_to, part)
            text = part.to_json()
            signal = self._adapters.signal(channel, text) if channel else None
            if channel is None or signal is None:
                continue
            if signal.asks:
                steps = self._calls.answer(a, channel, signal)
                return Received(self._adapters.answer(channel, steps, self._gate.url(channel.id)), a)
            self._queue.send([_command(a, channel, signal.call_id, text, request.correlation_id)])
            return Received(ack, a, commands=1)
        keep(self._blobs, a, posted_to.id, request.raw)
        return Received(ack, a, kept=tuple(part.kind for part in parts))


def _command(a: str, channel: ConnectedChannel, call_id: str, part: str, correlation_id: str) -> Command:
    """The signals of a call share a FIFO group."""
    return Command(
        group=f"{channel.id}#{call_id}",
        dedup=sha256(f"{channel.id}\n{part}".encode()).hexdigest(),
        body={
            "kind": "call",
            "account": a,
            "channel_id": channel.id,
            "sender": None,
            "part": part,
            "correlation_id": correlation_id,
        },
    )
