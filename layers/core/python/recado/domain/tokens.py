"""Access tokens that expire: what is known of one, what it is called, when something is to be done (PRODUCT C3). No
input or output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

TokenState = Literal["none", "active", "expiring", "expired"]
REMINDERS = (15, 7, 3, 1)
"""Days before its end at which the account is told, once each."""
RENEW_WITHIN = timedelta(days=15)
TRY_AGAIN = timedelta(days=1)
"""After a renewal that came to nothing, or a look at the provider that did."""
CLAIM_S = 60
_TOLD_EXPIRED = 0


@dataclass(frozen=True)
class Token:
    """A channel's access token. `issued_at`: since when it is known to exist. `expires_at` None: it does not end, as
    far as is known; `assumed`: the provider did not say, so it is what such tokens live. `ask_at`: when the provider is
    to be asked. `told`: of how many days left the account was told last (0: of its end). `tried_at`: when a renewal was
    begun last; while it may be running, nobody else begins one."""

    issued_at: datetime
    expires_at: datetime | None = None
    assumed: bool = False
    ask_at: datetime | None = None
    told: int | None = None
    tried_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """As it is stored; times as RFC 3339."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in self.__dict__.items()
            if value is not None
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Token:
        """What `to_json` gave."""
        times = {name: datetime.fromisoformat(value) for name, value in stored.items() if name.endswith("_at")}
        return cls(**{**stored, **times})


def fresh(life: timedelta | None, now: datetime) -> Token:
    """A token that was just given: one whose provider does not tell of it lives as long as such tokens do; of another
    the provider is asked at once."""
    return Token(now, ask_at=now) if life is None else Token(now, now + life, assumed=True)


def state_of(token: Token | None, now: datetime) -> TokenState:
    """What the token is called. Its last moment is no longer its life."""
    if token is None:
        return "none"
    if token.expires_at is None:
        return "active"
    if now >= token.expires_at:
        return "expired"
    return "expiring" if token.expires_at - now <= timedelta(days=REMINDERS[0]) else "active"


def days_left(token: Token, now: datetime) -> int:
    """Whole and begun days until the end."""
    if token.expires_at is None or now >= token.expires_at:
        return 0
    return -((now - token.expires_at) // timedelta(days=1))


def reminder(token: Token, now: datetime) -> int | None:
    """Of how many days left the account is to be told now: the newest threshold that was passed and not told yet; 0
    for the end."""
    if token.expires_at is None:
        return None
    left = token.expires_at - now
    passed = [days for days in (*REMINDERS, _TOLD_EXPIRED) if left <= timedelta(days=days)]
    if not passed or (token.told is not None and token.told <= min(passed)):
        return None
    return min(passed)


def renewable_at(token: Token, min_age: timedelta) -> datetime:
    """From when on the provider renews it."""
    return token.issued_at + min_age


def wants_renewal(token: Token, min_age: timedelta, now: datetime) -> bool:
    """Whether it is time to renew a token that can be renewed: its end is near, or not known."""
    if token.expires_at is None or now >= token.expires_at or now < renewable_at(token, min_age):
        return False
    if token.tried_at is not None and timedelta(0) <= now - token.tried_at < TRY_AGAIN:
        return False
    return token.assumed or token.expires_at - now <= RENEW_WITHIN


def is_claimed(token: Token, now: datetime) -> bool:
    """Whether a renewal may be running."""
    return token.tried_at is not None and timedelta(0) <= now - token.tried_at < timedelta(seconds=CLAIM_S)


def next_look(token: Token | None, min_age: timedelta | None, now: datetime) -> datetime | None:
    """When something is to be done again: renew (`min_age` None: it cannot be renewed), remind, tell the end. None:
    never."""
    if token is None:
        return None
    if token.expires_at is None:
        return token.ask_at
    thresholds = (*REMINDERS, _TOLD_EXPIRED)
    times = [token.ask_at] if token.ask_at else []
    times += [token.expires_at - timedelta(days=days) for days in thresholds if token.told is None or days < token.told]
    if min_age is not None and now < token.expires_at:
        wanted = renewable_at(token, min_age)
        if not token.assumed:
            wanted = max(wanted, token.expires_at - RENEW_WITHIN)
        if token.tried_at is not None:
            wanted = max(wanted, token.tried_at + TRY_AGAIN)
        if wanted < token.expires_at:
            times.append(wanted)
    return min(times, default=None)


def ended(token: Token, now: datetime) -> Token:
    """The token once the provider has refused it: over, from now on."""
    over = token.expires_at is not None and token.expires_at <= now
    return token if over else replace(token, expires_at=now, assumed=False)
