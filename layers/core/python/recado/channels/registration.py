"""Having a channel's provider send its webhooks to us, or no more, where the provider can be asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from recado.channels.registry import adapter
from recado.domain.channels import Channel
from recado.ports.channels import Secrets
from recado.ports.core import ConnectFailed, Http, NoAnswer


class ProviderRegistration:
    """The ports `recado.ports.channels.Registration` and `recado.ports.channel_removals.Deregistration`."""

    def __init__(self, http: Http, base_urls: Mapping[str, str], public_base_url: str) -> None:
        self._http = http
        self._base_urls = base_urls
        self._public_base_url = public_base_url

    def register(self, channel: Channel, secrets: Secrets) -> str | None:
        """One request, if the type of channel has one."""
        request = adapter(channel.type, self._base_urls).registration(self._url(channel), secrets)
        if request is None:
            return None
        try:
            answer = self._http.request(request.method, request.url, request.headers, request.body, request.timeout_s)
        except (ConnectFailed, NoAnswer):
            return "The provider could not be asked to send its webhooks here: it did not answer."
        if answer.status < 400:
            return None
        return f"The provider refused to send its webhooks here: it answered with HTTP {answer.status}."

    def deregister(self, channel: Channel, secrets: Secrets) -> None:
        """One request, if the type of channel has one. What it comes to changes nothing: the channel is gone here, and
        what its provider goes on sending is answered 404."""
        with suppress(Exception):  # secrets as they were stored may be none by which anything can be asked
            request = adapter(channel.type, self._base_urls).deregistration(self._url(channel), secrets)
            if request is not None:
                self._http.request(request.method, request.url, request.headers, request.body, request.timeout_s)

    def _url(self, channel: Channel) -> str:
        return f"{self._public_base_url}/{adapter(channel.type).webhook_folder}/{channel.id}"
