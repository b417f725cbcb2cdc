"""Templates at a channel's provider: what an adapter says of them, and the one who makes the calls. Loaded only where
templates are worked with: reception has no use for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from recado.channels.base import HttpRequest, Secrets
from recado.channels.registry import adapter
from recado.domain.messages import Media
from recado.domain.template_rules import TemplateLimits
from recado.domain.templates import Answered, Listed, MessageTemplate, Refused, Unclear
from recado.ports.core import ConnectFailed, Http, HttpResponse, NoAnswer
from recado.ports.reception import ConnectedChannel


class TemplateCalls(ABC):
    """The requests about templates of one channel's provider, and what their answers mean. Pure."""

    limits: ClassVar[TemplateLimits]

    @abstractmethod
    def account(self, settings: Mapping[str, Any]) -> str | None:
        """The provider's account whose templates a channel sends."""

    @abstractmethod
    def start_upload(self, file: Media, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest | Refused:
        """The request for a place to which an example goes; Refused when the settings lack what it takes."""

    @abstractmethod
    def send_upload(self, place: str, file: Media, secrets: Secrets) -> HttpRequest:
        """The request that brings the file to its place."""

    @abstractmethod
    def submit(
        self, template: MessageTemplate, settings: Mapping[str, Any], secrets: Secrets, handles: Mapping[str, str]
    ) -> HttpRequest:
        """The request for a review of the template: of its draft when the provider has it already. `handles`: of the
        files of ours in it, by their ids."""

    @abstractmethod
    def delete(self, template: MessageTemplate, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest:
        """The request for its deletion."""

    @abstractmethod
    def list(self, settings: Mapping[str, Any], secrets: Secrets, name: str | None, after: str | None) -> HttpRequest:
        """The request for a page of what there is; `after` is the cursor of the page before."""

    @abstractmethod
    def read_upload_started(self, response: HttpResponse) -> str | Refused | Unclear:
        """The answer to `start_upload`: the place. Never raises."""

    @abstractmethod
    def read_uploaded(self, response: HttpResponse) -> str | Refused | Unclear:
        """The answer to `send_upload`: the handle. Never raises."""

    @abstractmethod
    def read_submitted(self, response: HttpResponse) -> Answered:
        """The answer to `submit`. Never raises."""

    @abstractmethod
    def read_deleted(self, response: HttpResponse) -> Answered:
        """The answer to `delete`. Never raises."""

    @abstractmethod
    def read_listed(self, response: HttpResponse) -> Listed | Refused | Unclear:
        """The answer to `list`. Never raises."""


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
