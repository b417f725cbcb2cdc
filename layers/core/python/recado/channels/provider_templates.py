"""Templates at their providers: who makes the calls that adapters describe. Loaded only where templates are worked
with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recado.channels.registry import adapter
from recado.channels.shapes import HttpRequest
from recado.channels.template_calls import TemplateCalls
from recado.domain.messages import Media
from recado.domain.template_rules import TemplateLimits
from recado.domain.templates import Answered, Listed, MessageTemplate, Refused, Unclear
from recado.ports.core import ConnectFailed, Http, HttpResponse, NoAnswer
from recado.ports.reception import ConnectedChannel


class ProviderTemplates:
    """The port `recado.ports.templates.TemplateProvider`."""

    def __init__(self, http: Http, base_urls: Mapping[str, str]) -> None:
        self._http = http
        self._base_urls = base_urls

    def limits(self, channel_type: str) -> TemplateLimits | None:
        """What a template may be."""
        calls = adapter(channel_type).template_calls()
        return calls.limits if calls else None

    def account(self, channel_type: str, settings: Any) -> str | None:
        """The account at the provider."""
        calls = adapter(channel_type).template_calls()
        return calls.account(settings) if calls else None

    def upload_example(self, channel: ConnectedChannel, file: Media) -> str | Refused | Unclear:
        """Two requests."""
        calls = self._calls(channel)
        if isinstance(calls, Refused):
            return calls
        start = calls.start_upload(file, channel.settings, channel.secrets)
        if isinstance(start, Refused):
            return start
        answer = self._ask(start)
        place = calls.read_upload_started(answer) if isinstance(answer, HttpResponse) else answer
        if not isinstance(place, str):
            return place
        answer = self._ask(calls.send_upload(place, file, channel.secrets))
        return calls.read_uploaded(answer) if isinstance(answer, HttpResponse) else answer

    def submit(self, channel: ConnectedChannel, template: MessageTemplate, handles: Mapping[str, str]) -> Answered:
        """One request."""
        calls = self._calls(channel)
        if isinstance(calls, Refused):
            return calls
        answer = self._ask(calls.submit(template, channel.settings, channel.secrets, handles))
        return calls.read_submitted(answer) if isinstance(answer, HttpResponse) else answer

    def delete(self, channel: ConnectedChannel, template: MessageTemplate) -> Answered:
        """One request."""
        calls = self._calls(channel)
        if isinstance(calls, Refused):
            return calls
        answer = self._ask(calls.delete(template, channel.settings, channel.secrets))
        return calls.read_deleted(answer) if isinstance(answer, HttpResponse) else answer

    def listed(
        self, channel: ConnectedChannel, name: str | None = None, after: str | None = None
    ) -> Listed | Refused | Unclear:
        """One request."""
        calls = self._calls(channel)
        if isinstance(calls, Refused):
            return calls
        answer = self._ask(calls.list(channel.settings, channel.secrets, name, after))
        return calls.read_listed(answer) if isinstance(answer, HttpResponse) else answer

    def _calls(self, channel: ConnectedChannel) -> TemplateCalls | Refused:
        calls = adapter(channel.type, self._base_urls).template_calls()
        if calls is None:
            return Refused("no_templates", "This channel has no templates.")
        if calls.account(channel.settings) is None:
            return Refused("no_template_account", "The channel's settings do not say whose templates it has.")
        if not channel.secrets.get("access_token"):
            return Refused("no_access_token", "The channel has no access token.")
        return calls

    def _ask(self, request: HttpRequest) -> HttpResponse | Refused | Unclear:
        try:
            return self._http.request(request.method, request.url, request.headers, request.body, request.timeout_s)
        except ConnectFailed:
            return Refused("connect_failed", "The provider could not be reached.")
        except NoAnswer:
            return Unclear()
