"""A connected channel as it is stored. Its secrets are kept apart (`ports.channels.ChannelSecrets`) and never
listed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from recado.domain.tokens import Token


@dataclass(frozen=True)
class Channel:
    """One connection to a provider. `settings` are public, `address` is what uniquely routes a payload to it (may be
    empty); `directory`, where that address leads to the account too, as nothing else says whose it is;
    `version` moves by one with each change."""

    id: str
    type: str
    name: str
    department_id: str
    created_at: datetime
    settings: Mapping[str, Any] = field(default_factory=dict)
    address: str = ""
    state: Literal["active", "paused", "removed"] = "active"
    problems: tuple[Mapping[str, Any], ...] = ()
    version: int = 1
    directory: str | None = None
    token: Token | None = None
    """Its access token, where it has one that may end."""
    due_at: datetime | None = None
    """When something is to be done about the token."""
    former: Mapping[str, tuple[datetime, ...]] = field(default_factory=dict)
    """Until when former values hold beside the newest, each in its place, by the names of secrets that have some."""
