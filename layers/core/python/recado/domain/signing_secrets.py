"""Secrets by which providers sign, while they change: for a time two values hold. Pure; ingress loads it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

FORMER_HOLDS = timedelta(hours=24)
"""How long the value before holds beside a new one: it cannot change at both ends in one moment, and what was signed
before is sent again for hours."""
Values = tuple[str, ...]


def held(values: Values, former_until: datetime | None, now: datetime) -> Values:
    """Of a secret's values, the newest first, those that hold."""
    return values if former_until is not None and now < former_until else values[:1]


def changed(
    secrets: Mapping[str, Values],
    former: Mapping[str, datetime],
    given: Mapping[str, str | None],
    rotating: Collection[str],
    now: datetime,
) -> tuple[dict[str, Values], dict[str, datetime]]:
    """Secrets after new values were given, None to take one away; and until when former ones hold, which those of the
    names in `rotating` do. The same value again changes nothing, so that a change may be repeated."""
    after = {name: held(values, former.get(name), now) for name, values in secrets.items()}
    until = {name: ends for name, ends in former.items() if len(after.get(name, ())) > 1}
    for name, value in given.items():
        before = after.get(name, ())[:1]
        if value is not None and before == (value,):
            continue
        after.pop(name, None)
        until.pop(name, None)
        if value is None:
            continue
        after[name] = (value, *before) if name in rotating else (value,)
        if len(after[name]) > 1:
            until[name] = now + FORMER_HOLDS
    return after, until
