"""Where the product takes webhooks and how they are signed: told by a test, else read from demo.json at each use."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.local.providers.base import StatusRefused

MAX_TOLD = 1_000


class KnownChannels:
    """Channels told over the control API, newest first, then those of demo.json."""

    def __init__(self, demo: Path) -> None:
        self._demo = demo
        self._told: deque[tuple[str, Mapping[str, Any]]] = deque(maxlen=MAX_TOLD)

    def tell(self, channel: str, settings: Mapping[str, Any]) -> None:
        """Several channels of one type may be told; `find` tells them apart by what it has to match."""
        self._told.appendleft((channel, dict(settings)))

    def find(self, channel: str, **matching: str | None) -> Mapping[str, Any]:
        """The settings of the channel type: those which match first, else the newest. StatusRefused: there are none."""
        known = [settings for told, settings in self._told if told == channel]
        known += [settings for name, settings in self._from_demo().items() if name == channel]
        if not known:
            raise StatusRefused(f"no {channel} channel is in {self._demo.name} or told by PUT /channels")
        wanted = {name: value for name, value in matching.items() if value is not None}
        for settings in known:
            if all(str(settings.get(name)) == value for name, value in wanted.items()):
                return settings
        return known[0]

    def _from_demo(self) -> Mapping[str, Any]:
        try:
            channels = json.loads(self._demo.read_text()).get("channels", {})
        except (FileNotFoundError, ValueError):
            # The stack may still be starting; the file appears, whole, when it is ready.
            return {}
        return channels if isinstance(channels, dict) else {}


def text(settings: Mapping[str, Any], name: str) -> str:
    """A setting that must be there. StatusRefused otherwise."""
    value = settings.get(name)
    if not isinstance(value, str) or not value:
        raise StatusRefused(f"the channel's {name} is not known")
    return value
