"""Buttons of channels: made, changed, and shown with the piece of page that holds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recado.domain.button_snippets import snippet_of
from recado.domain.buttons import MAX_BUTTONS, Button, changed, new_code
from recado.domain.errors import Busy, Conflict, Invalid, NotFound
from recado.domain.ids import is_id
from recado.ports.buttons import ButtonStore, LinkAdapters
from recado.ports.channels import ChannelStore
from recado.ports.core import Clock, Ids

_TRIES = 5


class ButtonService:
    """A button belongs to a channel into which a link can lead. `base_url` is where the links begin."""

    def __init__(
        self,
        store: ButtonStore,
        channels: ChannelStore,
        adapters: LinkAdapters,
        clock: Clock,
        ids: Ids,
        base_url: str,
    ) -> None:
        self._store = store
        self._channels = channels
        self._adapters = adapters
        self._clock = clock
        self._ids = ids
        self._base_url = base_url

    def all(self, a: str) -> list[Button]:
        """Every button, oldest first."""
        return self._store.all(a)

    def get(self, a: str, button_id: str) -> Button:
        """Raises NotFound."""
        button = self._store.get(a, button_id)
        if button is None:
            raise NotFound("There is no such button.")
        return button

    def create(self, a: str, kind: Any, channel_id: str, text: str, label: str) -> Button:
        """A new button with a code of its own. Raises Invalid, Conflict `too_many_buttons`, Busy."""
        self._check_channel(a, channel_id)
        if len(self._store.all(a)) >= MAX_BUTTONS:
            detail = f"An account has at most {MAX_BUTTONS} buttons."
            raise Conflict(detail, code="too_many_buttons", extra={"limit": MAX_BUTTONS})
        for _ in range(_TRIES):
            code = new_code(self._ids.secret())
            button = Button(self._ids.new("bt", a), kind, channel_id, text, label, code, self._clock.now())
            if self._store.create(a, button):
                return button
        raise Busy("a code for a button")

    def change(self, a: str, button_id: str, fields: Mapping[str, Any]) -> Button:
        """Other fields; the code stays, so that pages which have the button need no change. Raises NotFound, Invalid,
        Conflict `button_changed`."""
        before = self.get(a, button_id)
        if "channel_id" in fields:
            self._check_channel(a, fields["channel_id"])
        after = changed(before, fields)
        if not self._store.change(a, before, after):
            raise _changed()
        return after

    def delete(self, a: str, button_id: str) -> None:
        """Its link leads nowhere from now on. Raises NotFound, Conflict `button_changed`."""
        if not self._store.delete(a, self.get(a, button_id)):
            raise _changed()

    def view(self, button: Button) -> dict[str, Any]:
        """A button in its public shape."""
        url = f"{self._base_url}/t/{button.code}"
        return {
            "id": button.id,
            "kind": button.kind,
            "channel_id": button.channel_id,
            "text": button.text,
            "label": button.label,
            "code": button.code,
            "url": url,
            "snippet": snippet_of(button, url),
        }

    def _check_channel(self, a: str, channel_id: str) -> None:
        channel = self._channels.get(a, channel_id) if is_id(channel_id, "ch", a) else None
        if channel is None or channel.state == "removed":
            raise Invalid.field("/channel_id", "not_found", "There is no such channel.")
        adapter = self._adapters(channel.type)
        if not adapter.click_links:
            raise Invalid.field("/channel_id", "no_buttons", "No link leads into such a channel.")
        if adapter.click_link(channel.settings, "") is None:
            raise Invalid.field(
                "/channel_id", "number_missing", "The channel's settings do not say its public number yet."
            )


def _changed() -> Conflict:
    return Conflict("Somebody else changed the button at this moment. Read it again.", code="button_changed")
