"""People: accounts, users, departments, members, and the agent aggregate on which distribution stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Role = Literal["admin", "agent", "restricted"]
Presence = Literal["available", "paused", "unavailable"]
Access = Literal["everyone", "department", "agent"]

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
    ended with the password they began with."""

    id: str
    name: str
    email: str
    role: Role
    created_at: datetime
    password_hash: str | None = None
    max_chats: int | None = None
    credentials_at: datetime | None = None


@dataclass(frozen=True)
class Department:
    """A team that shares a queue. `overflow_after_s` 120…7200 or None; `max waiting` is never bounded.
    `version` moves with each change and each new use by a channel or another department."""

    id: str
    name: str
    access: Access
    created_at: datetime
    distribution_enabled: bool = True
    overflow_after_s: int | None = None
    overflow_department_id: str | None = None
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
    found lapsed. Every change moves `version` by one."""

    user_id: str
    presence: Presence
    connected: bool
    load: int
    cap: int | None
    version: int
    memberships: Mapping[str, Membership] = field(default_factory=dict)
    pause_reason: str | None = None

    @property
    def has_room(self) -> bool:
        """True when one more chat would not exceed the cap."""
        return self.cap is None or self.load < self.cap
