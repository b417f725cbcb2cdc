"""/v1/templates: what the provider reviews before it may be sent outside the window."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from recado.api.bodies import UNSET, Body, Maybe, Meta, PublicId, Query, changes
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, EVERYONE, may
from recado.ports.templates import TemplateFilter
from recado.services.template_mirror import synced_view
from recado.services.template_views import template_view
from recado.services.templates import NewTemplate

templates = Resource("templates")

Category = Literal["MARKETING", "UTILITY", "AUTHENTICATION"]
Components = Annotated[
    list[dict[str, Any]],
    Meta(
        max_length=10,
        description="HEADER, BODY, FOOTER and BUTTONS as the provider writes them, with examples; the example of a "
        'header that shows a file is `{"file_id"}` of an accepted one.',
    ),
]
DepartmentIds = Annotated[list[PublicId], Meta(max_length=50, description="Who may send it; empty: every department.")]
_ABOUT_SUBMISSIONS = (
    "provider_refused", "provider_unclear", "not_found", "file_not_accepted", "file_too_large", "file_type_not_taken",
)  # fmt: skip


class NewTemplateBody(Body, frozen=True):
    name: Annotated[str, Meta(max_length=600)]
    language: Annotated[str, Meta(max_length=20)]
    category: Category
    components: Components
    channel_id: PublicId
    department_ids: DepartmentIds = msgspec.field(default_factory=list)


class TemplatePatch(Body, frozen=True):
    """Name, language and channel are fixed."""

    category: Category | Maybe = UNSET
    components: Components | Maybe = UNSET
    department_ids: DepartmentIds | Maybe = UNSET


class SyncBody(Body, frozen=True):
    channel_id: PublicId


class TemplateQuery(Query, frozen=True):
    """`name`: a part of the name."""

    channel_id: Annotated[str, Meta(max_length=64)] | None = None
    status: Annotated[str, Meta(max_length=50)] | None = None
    name: Annotated[str, Meta(max_length=512)] | None = None


class VariableShape(msgspec.Struct):
    """A variable, in the order in which a list gives values. `name`: its number or name; of a button, its number within
    the buttons, from 0."""

    component: Literal["header", "body", "buttons"]
    name: str


class SubmissionErrorShape(msgspec.Struct):
    """The provider's code and words."""

    code: str
    title: str


class SubmissionShape(msgspec.Struct):
    """What became of the last submission: `unknown` until the provider's list tells."""

    state: Literal["sending", "taken", "unknown", "refused"]
    submitted_at: str | None
    error: SubmissionErrorShape | None


class DraftShape(msgspec.Struct):
    """An edit that the provider has not taken yet."""

    category: str
    components: list[dict[str, Any]]


class TemplateShape(msgspec.Struct):
    """`status`: PENDING, APPROVED, REJECTED, PAUSED, DISABLED …; only APPROVED can be sent. `provider_status` is the
    provider's last word, such as FLAGGED."""

    id: str
    channel_id: str
    name: str
    language: str
    category: str
    components: list[dict[str, Any]]
    department_ids: list[str]
    status: str
    provider_status: str
    provider_id: str | None
    quality: str
    rejected_reason: str | None
    variables: list[VariableShape]
    submission: SubmissionShape
    draft: DraftShape | None
    created_at: str
    updated_at: str
    version: int


class SyncedShape(msgspec.Struct):
    """How many were imported, taken over as they are now, and found to be gone. `complete` false: the time ran out;
    call again, it goes on."""

    imported: int
    updated: int
    vanished: int
    complete: bool


@templates.get("/v1/templates", may("templates:read", *EVERYONE), query=TemplateQuery, paged=str, answers=TemplateShape)
def list_templates(call: Call) -> Any:
    """Templates, oldest first. A page may be short before the end: go on while there is a cursor."""
    query = call.query
    wanted = TemplateFilter(query.channel_id, query.status, query.name)
    page, following = call.services.template_service.page(call.caller.account, wanted, call.limit, call.after)
    return call.list([template_view(one) for one in page], following)


@templates.post(
    "/v1/templates",
    may("templates:write", *ADMINS),
    body=NewTemplateBody,
    answers=TemplateShape,
    status=201,
    problems=("template_exists", *_ABOUT_SUBMISSIONS),
)
def create_template(call: Call) -> Any:
    """Make a template and submit it to the provider, which reviews it."""
    body = call.body
    new = NewTemplate(
        body.name, body.language, body.category, body.components, body.channel_id, tuple(body.department_ids)
    )
    return template_view(call.services.template_service.create(call.caller, new, call.attempt))


@templates.post(
    "/v1/templates/sync",
    may("templates:write", *ADMINS),
    body=SyncBody,
    answers=SyncedShape,
    problems=("provider_refused",),
)
def sync_templates(call: Call) -> Any:
    """Take over what there is at the provider of a channel; what is gone there is DELETED."""
    return synced_view(call.services.template_mirror.sync(call.caller.account, call.body.channel_id))


@templates.get("/v1/templates/{template_id}", may("templates:read", *EVERYONE), answers=TemplateShape)
def get_template(call: Call, template_id: str) -> Any:
    """A template as it is known."""
    return template_view(call.services.template_service.get(call.caller.account, template_id))


@templates.post(
    "/v1/templates/{template_id}/refresh",
    may("templates:write", *ADMINS),
    answers=TemplateShape,
    problems=("provider_refused",),
)
def refresh_template(call: Call, template_id: str) -> Any:
    """A template as the provider has it now."""
    return template_view(call.services.template_mirror.refresh(call.caller.account, template_id))


@templates.patch(
    "/v1/templates/{template_id}",
    may("templates:write", *ADMINS),
    body=TemplatePatch,
    answers=TemplateShape,
    problems=("template_not_editable", *_ABOUT_SUBMISSIONS),
)
def change_template(call: Call, template_id: str) -> Any:
    """Change who may send it at any time; what it says when it is APPROVED, REJECTED or PAUSED, which is reviewed
    anew."""
    return template_view(call.services.template_service.change(call.caller, template_id, changes(call.body)))


@templates.delete(
    "/v1/templates/{template_id}",
    may("templates:write", *ADMINS),
    problems=("template_not_editable", "provider_refused", "provider_unclear", "in_use"),
)
def delete_template(call: Call, template_id: str) -> None:
    """Delete a template at the provider and here; messages that were sent stay as they are."""
    call.services.template_service.delete(call.caller, template_id)
