"""Templates at a channel's provider: what an adapter says of them. Loaded only where templates are worked with:
reception has no use for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from recado.channels.shapes import HttpRequest, Secrets
from recado.domain.messages import Media
from recado.domain.template_rules import TemplateLimits
from recado.domain.templates import Answered, Listed, MessageTemplate, Refused, Unclear
from recado.ports.core import HttpResponse


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
