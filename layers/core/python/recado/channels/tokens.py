"""What adapters say of access tokens that expire, and of a harmless request to their provider."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Probed(NamedTuple):
    """What a provider answered a harmless request. `told`: it said until when the token holds, `expires_at` None: for
    ever."""

    ok: bool
    detail: str
    told: bool = False
    expires_at: datetime | None = None
    issued_at: datetime | None = None
