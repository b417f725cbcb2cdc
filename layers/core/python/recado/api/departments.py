"""/v1/departments and their members."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import msgspec

from recado.api.bodies import UNSET, Body, Maybe, Meta, PublicId, Text, changes
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, EVERYONE, STAFF, may
from recado.domain.agents import Standing
from recado.domain.department_settings import MAX_HOLIDAYS, MAX_STRETCHES, MAX_WITHIN_HOURS
from recado.domain.people import Access, Presence, Reopening, WhenGone
from recado.services.departments import MAX_POSITION
from recado.services.people_views import department_view, member_view, turns_view

departments = Resource("departments")

Overflow = Annotated[int, Meta(ge=120, le=7200)]
Position = Annotated[int, Meta(ge=0, le=MAX_POSITION)]


class DistributionSettings(Body, frozen=True):
    """`last_agent_first`: a returning customer goes to who served them last. `when_agent_gone`: what becomes of the
    chats of an agent who is no longer connected."""

    enabled: bool | Maybe = UNSET
    overflow_after_s: Overflow | Maybe | None = UNSET
    overflow_department_id: PublicId | Maybe | None = UNSET
    last_agent_first: bool | Maybe = UNSET
    when_agent_gone: WhenGone | Maybe = UNSET


class TimerSettings(Body, frozen=True):
    """Null turns a timer off. `max_automatic_s`: how long a chat may stay automatic before it queues, or closes where a
    flow opened it and nobody answered; `close_idle_after_s`: after how long without a message a started chat closes."""

    max_automatic_s: Annotated[int, Meta(ge=60, le=604_800)] | Maybe | None = UNSET
    close_idle_after_s: Annotated[int, Meta(ge=300, le=2_592_000)] | Maybe | None = UNSET


class ReopeningSettings(Body, frozen=True):
    """`within_hours` belongs to the policy `within`, and is needed with it."""

    policy: Reopening | Maybe = UNSET
    within_hours: Annotated[int, Meta(ge=1, le=MAX_WITHIN_HOURS)] | Maybe | None = UNSET
    by_customer: bool | Maybe = UNSET


class HoursBody(Body, frozen=True, rename={"start": "from", "end": "to"}):
    """A stretch of a weekday (1 = Monday) on the account's clock; it may end at 24:00."""

    day: Annotated[int, Meta(ge=1, le=7)]
    start: Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length=5)]
    end: Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", max_length=5)]


Hours = Annotated[list[HoursBody], Meta(min_length=1, max_length=MAX_STRETCHES)]
Holidays = Annotated[list[date], Meta(max_length=MAX_HOLIDAYS)]
AwayMessage = Annotated[str, Meta(max_length=1000, pattern=r"^[^\x00]*[^\x00-\x20\x7f][^\x00]*\Z")]


class NewDepartment(Body, frozen=True):
    name: Text
    default: bool = False
    access: Access | Maybe = UNSET
    distribution: DistributionSettings | Maybe = UNSET
    timers: TimerSettings | Maybe = UNSET
    reopening: ReopeningSettings | Maybe = UNSET
    business_hours: Hours | Maybe | None = UNSET
    holidays: Holidays | Maybe = UNSET
    away_message: AwayMessage | Maybe | None = UNSET
    tabulation_required: bool | Maybe = UNSET


class DepartmentPatch(Body, frozen=True):
    name: Text | Maybe = UNSET
    default: bool | Maybe = UNSET
    access: Access | Maybe = UNSET
    distribution: DistributionSettings | Maybe = UNSET
    timers: TimerSettings | Maybe = UNSET
    reopening: ReopeningSettings | Maybe = UNSET
    business_hours: Hours | Maybe | None = UNSET
    holidays: Holidays | Maybe = UNSET
    away_message: AwayMessage | Maybe | None = UNSET
    tabulation_required: bool | Maybe = UNSET


class MemberBody(Body, frozen=True):
    """What is left out stays as it is. Of a new member: agent, no supervisor, not unavailable, the last `position`
    (also null)."""

    agent: bool | Maybe = UNSET
    supervisor: bool | Maybe = UNSET
    unavailable: bool | Maybe = UNSET
    position: Position | Maybe | None = UNSET


class DistributionShape(msgspec.Struct):
    enabled: bool
    overflow_after_s: int | None
    overflow_department_id: str | None
    last_agent_first: bool
    when_agent_gone: WhenGone


class TimersShape(msgspec.Struct):
    max_automatic_s: int | None
    close_idle_after_s: int | None


class ReopeningShape(msgspec.Struct):
    policy: Reopening
    within_hours: int | None
    by_customer: bool


class HoursShape(msgspec.Struct, rename={"start": "from", "end": "to"}):
    day: int
    start: str
    end: str


class DepartmentShape(msgspec.Struct):
    """`business_hours` null: always open, but for the holidays. Both are of the account's clock and calendar."""

    id: str
    name: str
    default: bool
    access: Access
    distribution: DistributionShape
    timers: TimersShape
    reopening: ReopeningShape
    business_hours: list[HoursShape] | None
    holidays: list[str]
    away_message: str | None
    tabulation_required: bool
    created_at: str


class MemberShape(msgspec.Struct):
    user_id: str
    agent: bool
    supervisor: bool
    unavailable: bool
    position: int


def _settings(body: msgspec.Struct) -> dict[str, Any]:
    """The fields that came, under their public names; days as dates."""
    given: dict[str, Any] = msgspec.to_builtins(body, builtin_types=(date,))
    return given


class TurnMemberShape(msgspec.Struct):
    """`outcome`: `eligible`, or what stands against giving the member a chat. Who sent no heartbeat for 90 seconds is
    `offline` and not connected."""

    user_id: str
    name: str
    position: int
    outcome: Standing
    presence: Presence
    pause_reason: str | None
    connected: bool
    load: int
    cap: int | None


class TurnsShape(msgspec.Struct):
    """`next_agent_id` gets the next chat; null when nobody can be given one, and while the department gives none out:
    when it is closed (`open` false) or its distribution is off (`enabled` false). `opens_at` is null while it is open.
    `turn` counts the turns so far, `last_agent_id` had the last one. `waiting` counts to 1,000; `waiting_more`: others
    wait beside them. `members` are in the order in which they take turns."""

    enabled: bool
    open: bool
    opens_at: str | None
    next_agent_id: str | None
    turn: int
    last_agent_id: str | None
    waiting: int
    waiting_more: bool
    oldest_waiting_at: str | None
    members: list[TurnMemberShape]


@departments.get("/v1/departments", may("people:read", *EVERYONE), paged=str, answers=DepartmentShape)
def list_departments(call: Call) -> Any:
    """Departments, oldest first."""
    every = call.services.department_service.all(call.caller.account)
    rest = [one for one in every if call.after is None or one.department.id > call.after]
    page = rest[: call.limit]
    return call.list([department_view(one) for one in page], page[-1].department.id if len(rest) > len(page) else None)


@departments.post(
    "/v1/departments", may("people:write", *ADMINS), body=NewDepartment, answers=DepartmentShape, status=201
)
def create_department(call: Call) -> Any:
    """Create a department; as the default it replaces the one before."""
    given = _settings(call.body)
    return department_view(
        call.services.department_service.create(call.caller.account, call.body.name, call.body.default, given)
    )


@departments.get("/v1/departments/{department_id}", may("people:read", *EVERYONE), answers=DepartmentShape)
def get_department(call: Call, department_id: str) -> Any:
    """A department."""
    return department_view(call.services.department_service.get(call.caller.account, department_id))


@departments.patch(
    "/v1/departments/{department_id}",
    may("people:write", *ADMINS),
    body=DepartmentPatch,
    answers=DepartmentShape,
    problems=("default_required",),
)
def change_department(call: Call, department_id: str) -> Any:
    """Change a department: only the settings given, also within `distribution`, `timers` and `reopening`."""
    given = _settings(call.body)
    default = given.pop("default", None)
    return department_view(call.services.department_service.change(call.caller.account, department_id, default, given))


@departments.delete(
    "/v1/departments/{department_id}",
    may("people:write", *ADMINS),
    problems=("default_required", "department_in_use", "in_use"),
)
def delete_department(call: Call, department_id: str) -> None:
    """Delete a department without members, channels and open chats that no published flow names; not the default."""
    call.services.department_service.delete(call.caller.account, department_id)


@departments.get("/v1/departments/{department_id}/distribution", may("people:read", *EVERYONE), answers=TurnsShape)
def get_turns(call: Call, department_id: str) -> Any:
    """Whose turn it is in a department, for its members and admins.

    The members are in the predefined order, each with what stands against giving them a chat."""
    return turns_view(call.services.department_turns.get(call.caller, department_id))


@departments.get(
    "/v1/departments/{department_id}/members", may("people:read", *STAFF), paged=tuple[int, str], answers=MemberShape
)
def list_members(call: Call, department_id: str) -> Any:
    """Members in the order in which they take turns."""
    every = call.services.department_service.members(call.caller.account, department_id)
    rest = [(user_id, one) for user_id, one in every if call.after is None or (one.position, user_id) > call.after]
    page = rest[: call.limit]
    following = (page[-1][1].position, page[-1][0]) if len(rest) > len(page) else None
    return call.list([member_view(user_id, one) for user_id, one in page], following)


@departments.get("/v1/departments/{department_id}/members/{user_id}", may("people:read", *STAFF), answers=MemberShape)
def get_member(call: Call, department_id: str, user_id: str) -> Any:
    """A member."""
    return member_view(user_id, call.services.department_service.member(call.caller.account, department_id, user_id))


@departments.put(
    "/v1/departments/{department_id}/members/{user_id}",
    may("people:write", *ADMINS),
    body=MemberBody,
    answers=MemberShape,
    problems=("too_many_departments",),
)
def put_member(call: Call, department_id: str, user_id: str) -> Any:
    """Make a user a member, or change one: fields that are left out keep their values.

    A new member is an agent and no supervisor, is not unavailable, and comes last, unless the fields say otherwise."""
    given = {name: value for name, value in changes(call.body).items() if (name, value) != ("position", None)}
    membership = call.services.department_service.put_member(call.caller.account, department_id, user_id, given)
    return member_view(user_id, membership)


@departments.delete("/v1/departments/{department_id}/members/{user_id}", may("people:write", *ADMINS))
def remove_member(call: Call, department_id: str, user_id: str) -> None:
    """Take a member out of the department."""
    call.services.department_service.remove_member(call.caller.account, department_id, user_id)
