"""/v1/triggers: what pages with the online chat show their visitors by themselves."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from recado.api.bodies import UNSET, Body, Maybe, Meta, PublicId, Query, Text, changes
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, EVERYONE, may
from recado.domain import triggers as domain
from recado.domain.triggers import ActionType, Match, Position, TriggerType
from recado.services.triggers import trigger_view

triggers = Resource("triggers")
_LINE = r"^[^\x00-\x1f\x7f]*(?!\n)$"
Colour = Annotated[str, Meta(pattern=domain.COLOUR)]
Address = Annotated[str, Meta(min_length=1, max_length=domain.MAX_ADDRESS, pattern=_LINE)]
Visits = Annotated[int, Meta(ge=1, le=domain.MAX_VISITS)]


class AppearanceBody(Body, frozen=True):
    """Colours are `#rrggbb`; without one the page has its own. `position`: `bottom_right` or `bottom_left` of popup and
    bubble, `bottom` or `top` of a banner."""

    title: Annotated[str, Meta(max_length=domain.MAX_TITLE, pattern=_LINE)] = ""
    text: Annotated[str, Meta(max_length=domain.MAX_TEXT, pattern=r"^[^\x00]*$")] = ""
    button: Annotated[str, Meta(max_length=domain.MAX_LABEL, pattern=_LINE)] = ""
    position: Position | None = None
    background: Colour | None = None
    color: Colour | None = None


class PageRuleBody(Body, frozen=True):
    """`value` begins with `/`: it is held against path and query; else against the whole address without `#…`."""

    match: Match
    value: Address


class ConditionsBody(Body, frozen=True):
    """All hold. `pages`: one of these, none: every page. `after_s`: seconds on the page. `scroll_percent`: how far down
    it was scrolled. `min_visits`, `max_visits`: the first visit is 1; a visit ends after 30 minutes away."""

    pages: Annotated[list[PageRuleBody], Meta(max_length=domain.MAX_PAGES)] = msgspec.field(default_factory=list)
    after_s: Annotated[int, Meta(ge=0, le=domain.MAX_AFTER_S)] = 0
    scroll_percent: Annotated[int, Meta(ge=0, le=100)] = 0
    min_visits: Visits = 1
    max_visits: Visits | None = None


class ActionBody(Body, frozen=True):
    """`open_chat`: the chat opens with `text` in its composer, not sent. `open_link`: `url` opens. `start_flow`: the
    visitor says `text`, and the published flow `flow_id` leads the chat from there."""

    type: ActionType
    text: Annotated[str, Meta(max_length=domain.MAX_OPENING_TEXT, pattern=r"^[^\x00]*$")] = ""
    url: Annotated[str, Meta(max_length=domain.MAX_LINK)] | None = None
    flow_id: PublicId | None = None


class NewTrigger(Body, frozen=True):
    """`channel_id`: a channel of type online_chat; `file_id`: an image that was uploaded for `trigger`."""

    name: Text
    channel_id: PublicId
    type: TriggerType
    appearance: AppearanceBody
    action: ActionBody
    conditions: ConditionsBody = msgspec.field(default_factory=ConditionsBody)
    file_id: PublicId | None = None
    enabled: bool = True


class TriggerPatch(Body, frozen=True):
    """`appearance`, `conditions` and `action` are given whole."""

    name: Text | Maybe = UNSET
    channel_id: PublicId | Maybe = UNSET
    type: TriggerType | Maybe = UNSET
    appearance: AppearanceBody | Maybe = UNSET
    conditions: ConditionsBody | Maybe = UNSET
    action: ActionBody | Maybe = UNSET
    file_id: PublicId | Maybe | None = UNSET
    enabled: bool | Maybe = UNSET


class TriggerQuery(Query, frozen=True):
    channel_id: Annotated[PublicId | None, Meta(description="Those of one channel.")] = None


class TriggerShape(msgspec.Struct):
    """`position` is told also where it was not given."""

    id: str
    name: str
    channel_id: str
    type: TriggerType
    appearance: AppearanceBody
    conditions: ConditionsBody
    action: ActionBody
    file_id: str | None
    enabled: bool
    created_at: str
    updated_at: str


@triggers.get("/v1/triggers", may("flows:read", *EVERYONE), query=TriggerQuery, paged=str, answers=TriggerShape)
def list_triggers(call: Call) -> Any:
    """Triggers, oldest first."""
    every = call.services.trigger_service.all(call.caller.account, call.query.channel_id)
    rest = [one for one in every if call.after is None or one.id > call.after]
    page = rest[: call.limit]
    return call.list([trigger_view(one) for one in page], page[-1].id if len(rest) > len(page) else None)


@triggers.post(
    "/v1/triggers",
    may("flows:write", *ADMINS),
    body=NewTrigger,
    answers=TriggerShape,
    status=201,
    problems=("not_found", "too_many_triggers", "file_not_accepted"),
)
def create_trigger(call: Call) -> Any:
    """Create a trigger; pages show it within seconds."""
    return trigger_view(call.services.trigger_service.create(call.caller, _fields(call.body)))


@triggers.get("/v1/triggers/{trigger_id}", may("flows:read", *EVERYONE), answers=TriggerShape)
def get_trigger(call: Call, trigger_id: str) -> Any:
    """A trigger."""
    return trigger_view(call.services.trigger_service.get(call.caller.account, trigger_id))


@triggers.patch(
    "/v1/triggers/{trigger_id}",
    may("flows:write", *ADMINS),
    body=TriggerPatch,
    answers=TriggerShape,
    problems=("file_not_accepted",),
)
def change_trigger(call: Call, trigger_id: str) -> Any:
    """Change a trigger."""
    return trigger_view(call.services.trigger_service.change(call.caller, trigger_id, _fields(call.body)))


@triggers.delete("/v1/triggers/{trigger_id}", may("flows:write", *ADMINS))
def delete_trigger(call: Call, trigger_id: str) -> None:
    """Delete a trigger; its image stays a file of the account."""
    call.services.trigger_service.delete(call.caller.account, trigger_id)


def _fields(body: msgspec.Struct) -> dict[str, Any]:
    """What was given, in the domain's own shapes."""
    given = changes(body)
    for name, shape in (
        ("appearance", domain.Appearance),
        ("conditions", domain.Conditions),
        ("action", domain.Action),
    ):
        if name in given:
            given[name] = msgspec.convert(given[name], shape, from_attributes=True)
    return given
