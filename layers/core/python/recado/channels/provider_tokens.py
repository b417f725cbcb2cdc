"""Asking providers of access tokens: whether they hold, and for new ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from recado.channels.base import ChannelAdapter, HttpRequest
from recado.channels.registry import adapter
from recado.channels.tokens import Probed
from recado.domain.messages import Rejected, Renewed
from recado.ports.channels import Secrets
from recado.ports.core import Http, HttpResponse


class AdapterTokens:
    """The port `recado.ports.channel_tokens.ProviderTokens`."""

    def __init__(self, http: Http, base_urls: Mapping[str, str]) -> None:
        self._http = http
        self._base_urls = base_urls

    def secret(self, channel_type: str) -> str | None:
        """The adapter's say."""
        return self._adapter(channel_type).token_secret

    def life(self, channel_type: str, secrets: Secrets) -> timedelta | None:
        """The adapter's say."""
        return self._adapter(channel_type).token_life(secrets)

    def min_age(self, channel_type: str, settings: Mapping[str, Any], secrets: Secrets) -> timedelta | None:
        """The adapter's say."""
        return self._adapter(channel_type).token_min_age(settings, secrets)

    def probe(self, channel_type: str, settings: Mapping[str, Any], secrets: Secrets) -> Probed | None:
        """One request, if the type of channel has one."""
        channel = self._adapter(channel_type)
        request = channel.probe(settings, secrets)
        return None if request is None else channel.probed(self._ask(request))

    def renew(self, channel_type: str, settings: Mapping[str, Any], secrets: Secrets) -> Renewed | Rejected:
        """One request."""
        channel = self._adapter(channel_type)
        request = channel.renewal(settings, secrets)
        if request is None:
            raise ValueError("a token that cannot be renewed")
        return channel.renewed(self._ask(request))

    def _adapter(self, channel_type: str) -> ChannelAdapter:
        return adapter(channel_type, self._base_urls)

    def _ask(self, request: HttpRequest) -> HttpResponse:
        return self._http.request(request.method, request.url, request.headers, request.body, request.timeout_s)
