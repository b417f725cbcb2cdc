"""What templates need from outside: their store, and the provider that reviews them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from recado.domain.chats import Event
from recado.domain.messages import Media, TemplateUpdate
from recado.domain.template_rules import TemplateLimits
from recado.domain.templates import Answered, Left, Listed, MessageTemplate, Refused, Unclear
from recado.ports.reception import ConnectedChannel
from recado.ports.sweeps import DuePage


@dataclass(frozen=True)
class TemplateFilter:
    """Which templates a list holds; None: whatever. `name` is a part of the name."""

    channel_id: str | None = None
    status: str | None = None
    name: str | None = None


class TemplateStore(Protocol):
    """The templates of an account. A False means that somebody was first, and nothing was written."""

    def get(self, a: str, template_id: str) -> MessageTemplate | None:
        """A template, strongly consistent."""
        ...

    def named(self, a: str, channel_id: str, name: str, language: str) -> MessageTemplate | None:
        """The channel's template of that name and language, strongly consistent."""
        ...

    def with_provider_id(self, a: str, channel_id: str, provider_id: str) -> MessageTemplate | None:
        """The channel's template of that id at the provider, among the first 1,000 of the account."""
        ...

    def page(
        self, a: str, wanted: TemplateFilter, limit: int, after: str | None
    ) -> tuple[list[MessageTemplate], str | None]:
        """Templates, oldest first, and the id to go on from; a page may be short before the end."""
        ...

    def of_channel(self, a: str, channel_id: str) -> list[MessageTemplate]:
        """Every template of a channel."""
        ...

    def sendable(self, a: str, channel_id: str, department_id: str, most: int) -> list[MessageTemplate]:
        """At most so many of the approved ones that the department may send, by name."""
        ...

    def create(self, a: str, template: MessageTemplate, event: Event | None = None) -> bool:
        """False: the channel has one of that name and language."""
        ...

    def change(self, a: str, before: MessageTemplate, after: MessageTemplate, event: Event | None) -> bool:
        """Write a change of what was read, with the fact of it."""
        ...

    def delete(self, a: str, template: MessageTemplate, event: Event | None) -> bool:
        """Delete it as it was read, with the fact of it."""
        ...

    def due(self, now: datetime, limit: int) -> DuePage:
        """Templates whose submission has to be looked after."""
        ...

    def look_again_at(self, a: str, template_id: str, when: datetime) -> None:
        """Put the next look off until then, if it is due before; it is no step."""
        ...


class TemplateProvider(Protocol):
    """The providers' side of templates, by the type of the channel. Nothing here raises."""

    def limits(self, channel_type: str) -> TemplateLimits | None:
        """What a template may be; None: the channel has no templates."""
        ...

    def account(self, channel_type: str, settings: object) -> str | None:
        """The provider's account whose templates a channel sends; None: none is set."""
        ...

    def upload_example(self, channel: ConnectedChannel, file: Media) -> str | Refused | Unclear:
        """Bring a file, with its content, to the provider as an example: the handle that names it there for some hours.
        Again is harmless."""
        ...

    def submit(self, channel: ConnectedChannel, template: MessageTemplate, handles: Mapping[str, str]) -> Answered:
        """Submit a new template, or the draft of one that the provider has. To be called once for each submission.
        `handles`: of every file of ours in it, by its id."""
        ...

    def delete(self, channel: ConnectedChannel, template: MessageTemplate) -> Answered:
        """Have it deleted; Taken also when there is none."""
        ...

    def listed(
        self, channel: ConnectedChannel, name: str | None = None, after: str | None = None
    ) -> Listed | Refused | Unclear:
        """A page of what there is, whose names hold `name`."""
        ...


class TemplateUpdates(Protocol):
    """What providers tell of templates by themselves."""

    def apply(self, a: str, channel: ConnectedChannel, update: TemplateUpdate) -> Left | None:
        """Take it up; again, late and in any order. Why it was left, when it changes nothing."""
        ...


class SendableTemplates(Protocol):
    """The templates that may be sent, for the one send path."""

    def sendable(self, a: str, channel_id: str, department_id: str, most: int) -> Sequence[MessageTemplate]: ...

    def named(self, a: str, channel_id: str, name: str, language: str) -> MessageTemplate | None: ...
