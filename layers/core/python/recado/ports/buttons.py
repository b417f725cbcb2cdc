"""What buttons and the clicks on them need from outside."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from recado.domain.buttons import Button, Click
from recado.domain.channels import Channel


@dataclass(frozen=True)
class Linked:
    """What a link leads to; `channel` None: it is gone."""

    account: str
    button: Button
    channel: Channel | None


class ButtonStore(Protocol):
    """Buttons, and where their codes lead."""

    def get(self, a: str, button_id: str) -> Button | None:
        """A button, strongly consistent."""
        ...

    def all(self, a: str) -> list[Button]:
        """Every button, oldest first."""
        ...

    def create(self, a: str, button: Button) -> bool:
        """Write a new button with its code; False when another has the code."""
        ...

    def change(self, a: str, before: Button, after: Button) -> bool:
        """Write a change of a button as it was read; False when it is no longer so."""
        ...

    def delete(self, a: str, button: Button) -> bool:
        """Delete a button as it was read, and its code; False when it is no longer so."""
        ...

    def linked(self, code: str) -> Linked | None:
        """What a code leads to."""
        ...


class ClickStore(Protocol):
    """Clicks as they are made."""

    def put(self, a: str, click: Click) -> bool:
        """Keep a click; False when another has its tag."""
        ...


class ClickReader(Protocol):
    """Clicks by their tags."""

    def read(self, a: str, tags: Collection[str]) -> Mapping[str, Click]:
        """Those that are kept, strongly consistent."""
        ...


class ClickLinks(Protocol):
    """A channel's adapter as far as links into a new conversation go."""

    @property
    def click_links(self) -> bool: ...

    @property
    def link_previews(self) -> Sequence[str]: ...

    def click_link(self, settings: Mapping[str, Any], text: str) -> str | None:
        """Where a visitor writes to the channel, with a text to send; None: the channel's settings do not say."""
        ...


class LinkAdapters(Protocol):
    """Adapters by channel type."""

    def __call__(self, channel_type: str) -> ClickLinks: ...


class ClickJournal(Protocol):
    """What is told of clicks to those who run the product."""

    def not_kept(self, button_id: str, error: Exception) -> None:
        """The visitor goes on without a tag."""
        ...
