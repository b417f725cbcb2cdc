"""People: accounts, users, departments, members, and the agent aggregate on which distribution stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

Role = Literal["admin", "agent", "restricted"]
Presence = Literal["available", "paused", "unavailable"]
Access = Literal["everyone", "department", "agent"]

WhenGone = Literal["stay", "requeue"]
Reopening = Literal["always", "never", "within"]

LEASE_SECONDS = 90
HEARTBEAT_SECONDS = 30


@dataclass(frozen=True)
class Account:
    """One customer company. `id` is `ac_` + 8 characters; every key of its data begins with those 8."""

    id: str
    name: str
    plan: str
    seats: int
    locale: str
    time_zone: str
    created_at: datetime
    trial_ends_at: datetime | None = None
    paid_until: datetime | None = None


@dataclass(frozen=True)
class User:
    """A person of an account. `password_hash` is argon2id, None while invited; sessions from before `credentials_at`
    ended with the password they began with. `phone`, E.164, rings for the calls that they are given."""

    id: str
    name: str
    email: str
    role: Role
    created_at: datetime
    password_hash: str | None = None
    max_chats: int | None = None
    credentials_at: datetime | None = None
    phone: str | None = None


@dataclass(frozen=True)
class OpenHours:
    """A stretch of a weekday (1 = Monday) in which a department works, in minutes of the account's day: `start`
    included, `end` (at most 1440) not."""

    day: int
    start: int
    end: int


@dataclass(frozen=True)
class ReopenRule:
    """Whether a closed chat may be opened again: `within` means at most `within_hours` after its close. `by_customer`:
    what the customer writes next does so too, where the rule allows it, instead of opening another chat."""

    policy: Reopening = "always"
    within_hours: int | None = None
    by_customer: bool = False


@dataclass(frozen=True)
class Department:
    """A team that shares a queue. How long a queue may get is never bounded.
    `version` moves with each change and each new use by a channel or another department.

    `overflow_after_s` 120…7200 or None; `max_automatic_s` and `close_idle_after_s` in seconds or None (off).
    `business_hours` None: always open; `holidays` are days of the account's calendar on which it is not.
    `when_agent_gone`: what becomes of the chats of an agent who is no longer connected. `rearm_from`: open chats from
    this place on still run by older timers ("" = all of them); None: none does."""

    id: str
    name: str
    access: Access
    created_at: datetime
    distribution_enabled: bool = True
    overflow_after_s: int | None = None
    overflow_department_id: str | None = None
    last_agent_first: bool = False
    when_agent_gone: WhenGone = "stay"
    max_automatic_s: int | None = None
    close_idle_after_s: int | None = None
    reopening: ReopenRule = ReopenRule()
    business_hours: tuple[OpenHours, ...] | None = None
    holidays: tuple[date, ...] = ()
    away_message: str | None = None
    tabulation_required: bool = False
    rearm_from: str | None = None
    version: int = 1


@dataclass(frozen=True)
class Membership:
    """A user's place in a department. `position` is the predefined turn (0…99,999,999); only `agent` members are
    given chats."""

    position: int
    agent: bool
    supervisor: bool
    unavailable: bool = False


@dataclass(frozen=True)
class Agent:
    """The root on which distribution stands. `load` = chats in service; `cap` None = no cap; `connected` turns false
    when the lease is
    found lapsed. Every change moves `version` by one. `supervised`: users whom this one follows, beside those of the
    departments they supervise."""

    user_id: str
    presence: Presence
    connected: bool
    load: int
    cap: int | None
    version: int
    memberships: Mapping[str, Membership] = field(default_factory=dict)
    pause_reason: str | None = None
    supervised: frozenset[str] = frozenset()

    @property
    def has_room(self) -> bool:
        """True when one more chat would not exceed the cap."""
        return self.cap is None or self.load < self.cap
