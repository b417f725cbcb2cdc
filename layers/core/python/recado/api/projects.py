"""/v1/projects: what flows are kept in."""

from __future__ import annotations

from typing import Any

import msgspec

from recado.api.bodies import Body, Text
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, EVERYONE, may
from recado.services.flows import project_view

projects = Resource("projects")


class ProjectBody(Body, frozen=True):
    name: Text


class ProjectShape(msgspec.Struct):
    id: str
    name: str
    created_at: str


@projects.get("/v1/projects", may("flows:read", *EVERYONE), paged=str, answers=ProjectShape)
def list_projects(call: Call) -> Any:
    """Projects, oldest first."""
    every = call.services.project_service.all(call.caller.account)
    rest = [one for one in every if call.after is None or one.id > call.after]
    page = rest[: call.limit]
    return call.list([project_view(one) for one in page], page[-1].id if len(rest) > len(page) else None)


@projects.post(
    "/v1/projects",
    may("flows:write", *ADMINS),
    body=ProjectBody,
    answers=ProjectShape,
    status=201,
    problems=("too_many_projects",),
)
def create_project(call: Call) -> Any:
    """Create a project."""
    return project_view(call.services.project_service.create(call.caller.account, call.body.name))


@projects.get("/v1/projects/{project_id}", may("flows:read", *EVERYONE), answers=ProjectShape)
def get_project(call: Call, project_id: str) -> Any:
    """A project."""
    return project_view(call.services.project_service.get(call.caller.account, project_id))


@projects.patch("/v1/projects/{project_id}", may("flows:write", *ADMINS), body=ProjectBody, answers=ProjectShape)
def change_project(call: Call, project_id: str) -> Any:
    """Give a project another name."""
    return project_view(call.services.project_service.rename(call.caller.account, project_id, call.body.name))


@projects.delete("/v1/projects/{project_id}", may("flows:write", *ADMINS), problems=("project_in_use", "in_use"))
def delete_project(call: Call, project_id: str) -> None:
    """Delete a project without flows."""
    call.services.project_service.delete(call.caller.account, project_id)
