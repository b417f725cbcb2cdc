"""Reports: the figures of agents, departments and channels over a period, for those who may see them (B3)."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Protocol

from recado.domain.access import Caller, supervises
from recado.domain.errors import Invalid, NotFound
from recado.domain.ids import is_id
from recado.domain.people import User
from recado.domain.reports import DayFigures, Kind
from recado.ports.agents import AgentStore
from recado.ports.channels import ChannelStore
from recado.ports.core import Clock
from recado.ports.people import DepartmentStore, UserStore
from recado.ports.reports import CounterStore, Zones

MAX_DAYS = 366
_MOMENT = timedelta(microseconds=1)
"""A period ends before its last moment: at midnight, with the day that ends."""
_DEFAULT_DAYS = 30
_MOST_DAYS_OF_A_PAGE = 4_000
"""A page ends early rather than grow over what an answer may have (some 2 MB)."""
_ID_KINDS: dict[Kind, str] = {"agent": "us", "department": "dp", "channel": "ch"}


@dataclass(frozen=True)
class Period:
    """Days of the account's calendar, both included."""

    first: date
    last: date
    zone: tzinfo


@dataclass(frozen=True)
class Row:
    """An agent, department or channel with its days that have figures. `name` None: it was deleted."""

    id: str
    name: str | None
    days: Sequence[DayFigures]


class _Named(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...


class ReportService:
    """One query for each row; the facts themselves are not read."""

    def __init__(
        self,
        counters: CounterStore,
        users: UserStore,
        departments: DepartmentStore,
        channels: ChannelStore,
        agents: AgentStore,
        zones: Zones,
        clock: Clock,
    ) -> None:
        self._counters = counters
        self._users = users
        self._departments = departments
        self._channels = channels
        self._agents = agents
        self._zones = zones
        self._clock = clock

    def period(self, a: str, first: date | datetime | None, last: date | datetime | None) -> Period:
        """The days asked for, or those between two moments; without an end up to today, without a beginning 30 of them.
        Raises Invalid at `?from`, at `?to` for a moment at the end of all time."""
        zone = self._zones.of(a)
        until = _day(last, zone, _MOMENT, "?to") or self._clock.now().astimezone(zone).date()
        by_default = date.fromordinal(max(1, until.toordinal() - _DEFAULT_DAYS + 1))
        since = _day(first, zone, timedelta(0), "?from") or by_default
        if since > until:
            raise Invalid.field("?from", "after_end", f"The period ends before it begins, on {until}.")
        if until - since >= timedelta(days=MAX_DAYS):
            raise Invalid.field("?from", "too_long", f"A report is of at most {MAX_DAYS} days.")
        return Period(since, until, zone)

    def agents(
        self, caller: Caller, period: Period, only: str | None, limit: int, after: str | None
    ) -> tuple[list[Row], str | None]:
        """Users by id: all for admins, else those whose performance the caller follows, and the caller. NotFound when
        `only` is not one of them."""
        a = caller.account
        followed = None if caller.role == "admin" else self._followed(caller)
        if only is not None:
            user = self._users.get(a, only) if _is_one(a, "agent", only, followed) else None
            return [self._one(a, "agent", only, user, followed, period)], None
        if followed is None:
            page = self._users.page(a, limit + 1, after)
            return self._rows(a, "agent", page, period, limit)
        ids = sorted(one for one in followed if after is None or one > after)
        return self._rows(a, "agent", self._existing(a, ids, limit + 1), period, limit)

    def departments(
        self, caller: Caller, period: Period, only: str | None, limit: int, after: str | None
    ) -> tuple[list[Row], str | None]:
        """Departments by id: all for admins, else those that the caller supervises. NotFound as for agents."""
        a = caller.account
        followed = None if caller.role == "admin" else _supervised_departments(caller)
        if only is not None:
            one = self._departments.get(a, only) if _is_one(a, "department", only, followed) else None
            return [self._one(a, "department", only, one, followed, period)], None
        known = [one for one in self._departments.all(a) if followed is None or one.id in followed]
        left = sorted((one for one in known if after is None or one.id > after), key=lambda one: one.id)
        return self._rows(a, "department", left, period, limit)

    def channels(
        self, caller: Caller, period: Period, only: str | None, limit: int, after: str | None
    ) -> tuple[list[Row], str | None]:
        """Channels by id, removed ones too; for admins. NotFound for an unknown `only`."""
        a = caller.account
        if only is not None:
            one = self._channels.get(a, only) if _is_one(a, "channel", only, None) else None
            return [self._one(a, "channel", only, one, None, period)], None
        page = self._channels.page(a, limit + 1, after)
        return self._rows(a, "channel", page, period, limit)

    def _followed(self, caller: Caller) -> frozenset[str]:
        """Whose performance a caller who is no admin may see: their own, that of members of departments they
        supervise, and of users who are linked to them."""
        own = frozenset({caller.user_id} if caller.user_id else ())
        if caller.role == "restricted":
            return own
        supervised = _supervised_departments(caller)
        members = (one for each in supervised for one in self._agents.members(caller.account, each))
        return own | caller.supervised | frozenset(members)

    def _existing(self, a: str, ids: Sequence[str], wanted: int) -> list[User]:
        """The first of these users, by id; links may lead to some who were deleted."""
        users: list[User] = []
        for start in range(0, len(ids), wanted):
            users += self._users.read(a, ids[start : start + wanted])
            if len(users) >= wanted:
                break
        return users[:wanted]

    def _one(
        self, a: str, kind: Kind, only: str, named: _Named | None, followed: Container[str] | None, period: Period
    ) -> Row:
        """One row. What was deleted has one as long as the period holds figures of it."""
        if not _is_one(a, kind, only, followed):
            raise NotFound("There is no such thing.")
        days = self._counters.days(a, kind, only, period.first, period.last)
        if named is None and not days:
            raise NotFound("There is no such thing.")
        return Row(only, named.name if named else None, days)

    def _rows(
        self, a: str, kind: Kind, named: Sequence[_Named], period: Period, limit: int
    ) -> tuple[list[Row], str | None]:
        """Rows of the first of `named`, and the id of the last when more follow."""
        rows: list[Row] = []
        size = 0
        for one in named[:limit]:
            rows.append(Row(one.id, one.name, self._counters.days(a, kind, one.id, period.first, period.last)))
            size += len(rows[-1].days)
            if size >= _MOST_DAYS_OF_A_PAGE:
                break
        return rows, rows[-1].id if len(rows) < len(named) else None


def _day(end: date | datetime | None, zone: tzinfo, before: timedelta, pointer: str) -> date | None:
    """The day that an end of a period names: of a moment the one in the zone, `before` it."""
    if not isinstance(end, datetime):
        return end
    try:
        return (end - before).astimezone(zone).date()
    except OverflowError:
        raise Invalid.field(pointer, "invalid", "There is no such day or moment.") from None


def _supervised_departments(caller: Caller) -> frozenset[str]:
    return frozenset(one for one in caller.memberships if supervises(caller, one))


def _is_one(a: str, kind: Kind, entity_id: str, followed: Container[str] | None) -> bool:
    return is_id(entity_id, _ID_KINDS[kind], a) and (followed is None or entity_id in followed)
