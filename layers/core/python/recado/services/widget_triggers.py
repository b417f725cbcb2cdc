"""The triggers that pages of a site show (PRODUCT F3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from recado.domain.files import File
from recado.domain.ids import account_of
from recado.domain.triggers import Trigger
from recado.ports.core import Clock
from recado.ports.files import FileStore
from recado.ports.reception import ConnectedChannel
from recado.ports.triggers import TriggerStore
from recado.services.files import FileService
from recado.services.triggers import shown_parts

KEPT = timedelta(seconds=10)
"""So long a process remembers an account's triggers: every page view asks for them."""
_MOST_ACCOUNTS = 1_000


class WidgetTriggers:
    """Nothing of a visitor goes into what they are told, so all visitors of a site are told the same."""

    def __init__(self, triggers: TriggerStore, kept_files: FileStore, files: FileService, clock: Clock) -> None:
        self._triggers = triggers
        self._kept_files = kept_files
        self._files = files
        self._clock = clock
        self._known: dict[str, tuple[datetime, Sequence[tuple[Trigger, File | None]]]] = {}

    def shown(self, channel: ConnectedChannel) -> list[dict[str, Any]]:
        """The enabled ones of the channel, oldest first, each with a link to its image that holds for five minutes."""
        a = account_of(channel.id) or ""
        return [_view(one, self._link(a, file)) for one, file in self._enabled(a) if one.channel_id == channel.id]

    def flow_of(self, channel: ConnectedChannel, trigger_id: str) -> str | None:
        """The flow that a click on one of them starts. None: none, or the trigger is gone, as a page may not know
        yet."""
        found = (one for one, _ in self._enabled(account_of(channel.id) or "") if one.id == trigger_id)
        trigger = next(found, None)
        return trigger.action.flow_id if trigger and trigger.channel_id == channel.id else None

    def _enabled(self, a: str) -> Sequence[tuple[Trigger, File | None]]:
        now = self._clock.now()
        read_at, found = self._known.get(a, (None, ()))
        if read_at is None or not timedelta(0) <= now - read_at < KEPT:
            found = [
                (one, self._kept_files.get(a, one.file_id) if one.file_id else None)
                for one in self._triggers.all(a)
                if one.enabled
            ]
            if len(self._known) >= _MOST_ACCOUNTS:
                self._known.clear()
            self._known[a] = now, found
        return found

    def _link(self, a: str, file: File | None) -> str | None:
        return None if file is None else self._files.link(a, file)


def _view(trigger: Trigger, image_url: str | None) -> dict[str, Any]:
    parts = shown_parts(trigger)
    action = {name: value for name, value in parts["action"].items() if name != "flow_id"}
    return {"id": trigger.id, "type": trigger.type, **parts, "action": action, "image_url": image_url}
