"""Secrets by which providers sign, while they change: for a time former values hold. Pure; ingress loads it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

FORMER_HOLDS = timedelta(hours=24)
"""How long a former value holds beside a new one: it cannot change at both ends in one moment, and what was signed
before is sent again for hours."""
MOST_FORMERS = 2
"""Of these the second is the one by which the provider still signs, where a new value was mistyped and given again."""
Values = tuple[str, ...]
Ends = tuple[datetime, ...]
"""Until when the values after the newest hold, in their order."""


def held(values: Values, ends: Ends, now: datetime) -> Values:
    """Of a secret's values, the newest first, those that hold."""
    return (*values[:1], *(value for value, _ in _formers(values, ends, now)))


def changed(
    secrets: Mapping[str, Values],
    former: Mapping[str, Ends],
    given: Mapping[str, str | None],
    rotating: Collection[str],
    now: datetime,
) -> tuple[dict[str, Values], dict[str, Ends]]:
    """Secrets after new values were given, None to take one away; and until when former ones hold, which those of the
    names in `rotating` do. The same value again changes nothing, so that a change may be repeated."""
    after: dict[str, Values] = {}
    until: dict[str, Ends] = {}
    for name in (*secrets, *(one for one in given if one not in secrets)):
        values = secrets.get(name, ())
        formers, newest = _formers(values, former.get(name, ()), now), values[:1]
        if name in given and newest != (given[name],):
            value = given[name]
            if value is None:
                continue
            replaced = [(one, now + FORMER_HOLDS) for one in newest]
            others = [(one, end) for one, end in (*replaced, *formers) if one != value]
            formers, newest = others[:MOST_FORMERS] if name in rotating else [], (value,)
        after[name] = (*newest, *(one for one, _ in formers))
        if formers:
            until[name] = tuple(end for _, end in formers)
    return after, until


def _formers(values: Values, ends: Ends, now: datetime) -> list[tuple[str, datetime]]:
    """The former values that hold, each with its end."""
    return [(value, end) for value, end in zip(values[1:], ends, strict=False) if now < end]
