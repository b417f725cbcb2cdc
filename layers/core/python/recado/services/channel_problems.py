"""Problems that the traffic of a channel shows, noted on the channel for the people who look after it."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from recado.ports.channels import ChannelStore, Secrets
from recado.ports.core import Clock
from recado.services.views import moment

_TRIES = 5


class RefusedTokens(Protocol):
    """Access tokens (services.channel_tokens)."""

    def refused(self, a: str, channel_id: str, used: Secrets) -> None: ...


class ChannelProblemNotes:
    """Notes (ports.inbound.ChannelProblems): one of a code, with the time it was first seen."""

    def __init__(self, channels: ChannelStore, clock: Clock, tokens: RefusedTokens | None = None) -> None:
        """Without `tokens` nothing is sent here, so no token is refused."""
        self._channels = channels
        self._clock = clock
        self._tokens = tokens

    def token_refused(self, a: str, channel_id: str, used: Secrets) -> None:
        """The provider refused the access token among the secrets."""
        if self._tokens is not None:
            self._tokens.refused(a, channel_id, used)

    def report(self, a: str, channel_id: str, code: str, detail: str) -> None:
        """Note a problem. One that is noted stays as it is; when others change the channel all the time, the note is
        left out."""
        for _ in range(_TRIES):
            channel = self._channels.get(a, channel_id)
            if (
                channel is None
                or channel.state == "removed"
                or any(one.get("code") == code for one in channel.problems)
            ):
                return
            problem = {"code": code, "detail": detail, "at": moment(self._clock.now())}
            noted = replace(channel, problems=(*channel.problems, problem), version=channel.version + 1)
            if self._channels.change(a, channel, noted, None):
                return
