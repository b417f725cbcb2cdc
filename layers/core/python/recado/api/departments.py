"""/v1/departments and their members."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from recado.api.bodies import UNSET, Body, Maybe, Meta, PublicId, Text, changes
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, EVERYONE, STAFF, may
from recado.domain.people import Access
from recado.services.departments import MAX_POSITION
from recado.services.people_views import department_view, member_view

departments = Resource("departments")

Overflow = Annotated[int, Meta(ge=120, le=7200)]
Position = Annotated[int, Meta(ge=0, le=MAX_POSITION)]


class DistributionSettings(Body, frozen=True):
    enabled: bool | Maybe = UNSET
    overflow_after_s: Overflow | Maybe | None = UNSET
    overflow_department_id: PublicId | Maybe | None = UNSET


class NewDepartment(Body, frozen=True):
    name: Text
    default: bool = False
    access: Access = "department"
    distribution: DistributionSettings = DistributionSettings()


class DepartmentPatch(Body, frozen=True):
    name: Text | Maybe = UNSET
    default: bool | Maybe = UNSET
    access: Access | Maybe = UNSET
    distribution: DistributionSettings | Maybe = UNSET


class MemberBody(Body, frozen=True):
    agent: bool = True
    supervisor: bool = False
    unavailable: bool = False
    position: Position | None = None


class DistributionShape(msgspec.Struct):
    enabled: bool
    overflow_after_s: int | None
    overflow_department_id: str | None


class DepartmentShape(msgspec.Struct):
    id: str
    name: str
    default: bool
    access: Access
    distribution: DistributionShape
    created_at: str


class MemberShape(msgspec.Struct):
    user_id: str
    agent: bool
    supervisor: bool
    unavailable: bool
    position: int


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
    body = call.body
    return department_view(
        call.services.department_service.create(
            call.caller.account, body.name, body.default, body.access, changes(body.distribution)
        )
    )


@departments.get("/v1/departments/{department_id}", may("people:read", *EVERYONE), answers=DepartmentShape)
def get_department(call: Call, department_id: str) -> Any:
    """A department."""
    return department_view(call.services.department_service.get(call.caller.account, department_id))


@departments.patch(
    "/v1/departments/{department_id}", may("people:write", *ADMINS), body=DepartmentPatch, answers=DepartmentShape
)
def change_department(call: Call, department_id: str) -> Any:
    """Change a department; `distribution` changes only the settings given."""
    fields = changes(call.body)
    default, distribution = fields.pop("default", None), fields.pop("distribution", None)
    given = changes(distribution) if distribution is not None else {}
    return department_view(
        call.services.department_service.change(call.caller.account, department_id, fields, default, given)
    )


@departments.delete("/v1/departments/{department_id}", may("people:write", *ADMINS))
def delete_department(call: Call, department_id: str) -> None:
    """Delete a department without members, channels and open chats; not the default."""
    call.services.department_service.delete(call.caller.account, department_id)


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
)
def put_member(call: Call, department_id: str, user_id: str) -> Any:
    """Make a user a member, or change it; without a position the old one is kept, a new member comes last."""
    body = call.body
    return member_view(
        user_id,
        call.services.department_service.put_member(
            call.caller.account, department_id, user_id, body.agent, body.supervisor, body.unavailable, body.position
        ),
    )


@departments.delete("/v1/departments/{department_id}/members/{user_id}", may("people:write", *ADMINS))
def remove_member(call: Call, department_id: str, user_id: str) -> None:
    """Take a member out of the department."""
    call.services.department_service.remove_member(call.caller.account, department_id, user_id)
