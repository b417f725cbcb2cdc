"""Having a channel's provider send its webhooks to us, where the provider can be asked for it."""

from __future__ import annotations

from collections.abc import Mapping

from recado.channels.registry import adapter
from recado.domain.channels import Channel
from recado.ports.channels import Secrets
from recado.ports.core import ConnectFailed, Http, NoAnswer


class ProviderRegistration:
    """The port `recado.ports.channels.Registration`."""

    def __init__(self, http: Http, base_urls: Mapping[str, str], public_base_url: str) -> None:
        self._http = http
        self._base_urls = base_urls
        self._public_base_url = public_base_url

    def register(self, channel: Channel, secrets: Secrets) -> str | None:
        """One request, if the type of channel has one."""
        asked = adapter(channel.type, self._base_urls)
        request = asked.registration(f"{self._public_base_url}/{asked.webhook_folder}/{channel.id}", secrets)
        if request is None:
            return None
        try:
            answer = self._http.request(request.method, request.url, request.headers, request.body, request.timeout_s)
        except (ConnectFailed, NoAnswer):
            return "The provider could not be asked to send its webhooks here: it did not answer."
        if answer.status < 400:
            return None
        return f"The provider refused to send its webhooks here: it answered with HTTP {answer.status}."
