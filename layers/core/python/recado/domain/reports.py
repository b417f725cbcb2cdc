"""What the facts of an account count for: figures per agent, department and channel and day (docs/reports.md). Pure.

One fact counts by itself, whatever came before it, so that figures are sums and nothing has to be read to keep them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, Literal, NamedTuple, get_args

from recado.domain.empty_chats import WhyEmpty

Kind = Literal["agent", "department", "channel"]
KINDS: tuple[Kind, ...] = ("agent", "department", "channel")
VOLUMES = (
    "opened",
    "reopened",
    "assigned",
    "closed",
    "transferred_in",
    "transferred_out",
    "not_started",
    "answered",
)
"""Figures that are numbers of chats."""
TIMES = ("waiting", "first_answer", "duration", "handling")
"""Figures that are times: `<name>_s` sums up whole seconds of `<name>_n` cases."""
FIGURES = (*VOLUMES, *(f"{name}_{part}" for name in TIMES for part in ("s", "n")))

_EMPTY = get_args(WhyEmpty)
"""Closed for one of these, a chat was a conversation with nobody: how long it was open tells nothing."""
_LONGEST_S = 10_000_000_000
"""What claims to have taken longer (300 years) is no time."""

Figures = Mapping[str, int]
"""Amounts by the names of FIGURES; what is missing is 0."""


class Count(NamedTuple):
    """Something to be added: `amount` to the figure `name` of the agent, department or channel `id`."""

    kind: Kind
    id: str
    name: str
    amount: int


class Counter(NamedTuple):
    """Whose figures, and of which day of the account's calendar."""

    kind: Kind
    id: str
    day: date


@dataclass(frozen=True)
class DayFigures:
    """The figures of one day."""

    day: date
    figures: Figures


def counted(event: Mapping[str, Any]) -> list[Count]:
    """What an event ({type, actor, data} as in the feed) counts for; nothing for most. Never raises, whatever `data`
    holds: a fact that cannot be counted must not hold back those behind it."""
    data = event.get("data")
    if not isinstance(data, Mapping):
        return []
    match event.get("type"):
        case "chat.started":
            return _each(_whose(data), {"opened": 1})
        case "chat.reopened":
            return _each(_whose(data), {"reopened": 1})
        case "chat.assigned":
            return _each(_whose(data), {"assigned": 1, **_waiting(data)})
        case "chat.transferred":
            return _transferred(data)
        case "chat.queued" if data.get("cause") == "not_started":
            return _each({**_whose(data), **_places(_mapping(data, "from"))}, {"not_started": 1})
        case "chat.answered":
            actor = _mapping(event, "actor")
            by_user = actor.get("id") if actor.get("type") == "user" else None
            return _each(_whose({**data, "agent_id": by_user}), {"answered": 1, **_first_answer(data)})
        case "chat.closed":
            return _closed(data)
    return []


def day_of(event: Mapping[str, Any], zone: tzinfo) -> date | None:
    """The day of the account's calendar on which an event was; None when its time cannot be read."""
    at = _moment(event.get("timestamp"))
    try:
        return None if at is None else at.astimezone(zone).date()
    except OverflowError:
        return None


def summed(events: Iterable[Mapping[str, Any]], zone: tzinfo) -> dict[Counter, dict[str, int]]:
    """What events count for together: each counter once, with what has to be added to it."""
    sums: dict[Counter, dict[str, int]] = {}
    for event in events:
        day = day_of(event, zone)
        if day is not None:
            for kind, entity_id, name, amount in counted(event):
                figures = sums.setdefault(Counter(kind, entity_id, day), {})
                figures[name] = figures.get(name, 0) + amount
    return sums


def total(days: Iterable[DayFigures]) -> dict[str, int]:
    """The sums of the figures over days; all of FIGURES, 0 where there is none."""
    sums = dict.fromkeys(FIGURES, 0)
    for one in days:
        for name, amount in one.figures.items():
            sums[name] += amount
    return sums


def _transferred(data: Mapping[str, Any]) -> list[Count]:
    """Out of the hands or department it left, into those it came to; where it stayed, nothing. A channel keeps its
    chats."""
    before, after = _places(_mapping(data, "from")), _places(data)
    left = {kind: where for kind, where in before.items() if after.get(kind) != where}
    reached = {kind: where for kind, where in after.items() if before.get(kind) != where}
    return [*_each(left, {"transferred_out": 1}), *_each(reached, {"transferred_in": 1})]


def _closed(data: Mapping[str, Any]) -> list[Count]:
    began = data.get("reopened_at") or data.get("opened_at")
    if data.get("cause") in _EMPTY:
        return _each(_whose(data), {"closed": 1})
    figures = {"closed": 1, **_time("duration", began, data.get("closed_at"))}
    if data.get("agent_id"):
        figures |= _time("handling", data.get("assigned_at"), data.get("closed_at"))
    return _each(_whose(data), figures)


def _waiting(data: Mapping[str, Any]) -> dict[str, int]:
    """How long a chat waited that came from the queue. One that came from another agent's hands did not, nor did one
    that was opened or reopened by whoever has it since."""
    began = data.get("reopened_at") or data.get("opened_at")
    if _mapping(data, "from").get("agent_id") or data.get("assigned_at") == began:
        return {}
    return _time("waiting", data.get("queued_at"), data.get("assigned_at"))


def _first_answer(data: Mapping[str, Any]) -> dict[str, int]:
    seconds = data.get("first_answer_s")
    if not isinstance(seconds, int | float) or not 0 <= seconds <= _LONGEST_S:
        return {}
    return {"first_answer_s": round(seconds), "first_answer_n": 1}


def _time(name: str, start: object, end: object) -> dict[str, int]:
    """The time between two moments, in whole seconds; nothing when one of them is not known. Clocks that disagree make
    no time negative."""
    since, until = _moment(start), _moment(end)
    if since is None or until is None:
        return {}
    return {f"{name}_s": max(0, round((until - since).total_seconds())), f"{name}_n": 1}


def _moment(text: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None


def _each(whose: Mapping[Kind, str], figures: Figures) -> list[Count]:
    return [Count(kind, one, name, amount) for kind, one in whose.items() for name, amount in figures.items()]


def _whose(data: Mapping[str, Any]) -> dict[Kind, str]:
    """The agent, the department and the channel of a chat, as far as it has them."""
    return _named(data, "agent", "department", "channel")


def _places(data: Mapping[str, Any]) -> dict[Kind, str]:
    return _named(data, "agent", "department")


def _named(data: Mapping[str, Any], *kinds: Kind) -> dict[Kind, str]:
    return {kind: str(data[f"{kind}_id"]) for kind in kinds if _is_id(data.get(f"{kind}_id"))}


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 64 and value.isascii()


def _mapping(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = data.get(name)
    return value if isinstance(value, Mapping) else {}
