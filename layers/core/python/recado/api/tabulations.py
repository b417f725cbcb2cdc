"""/v1/tabulations: the tree of outcomes that chats are filed under."""

from __future__ import annotations

from typing import Any

import msgspec

from recado.api.bodies import UNSET, Body, Maybe, PublicId, Text, changes
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, EVERYONE, may
from recado.services.tabulations import tabulation_view

tabulations = Resource("tabulations")


class NewTabulation(Body, frozen=True):
    name: Text
    parent_id: PublicId | None = None


class TabulationPatch(Body, frozen=True):
    name: Text | Maybe = UNSET
    parent_id: PublicId | Maybe | None = UNSET


class TabulationShape(msgspec.Struct):
    """A place in the tree; `parent_id` null: at the top."""

    id: str
    name: str
    parent_id: str | None


@tabulations.get("/v1/tabulations", may("flows:read", *EVERYONE), paged=str, answers=TabulationShape)
def list_tabulations(call: Call) -> Any:
    """Tabulations of all levels, oldest first."""
    every = call.services.tabulation_service.all(call.caller.account)
    rest = [one for one in every if call.after is None or one.id > call.after]
    page = rest[: call.limit]
    return call.list([tabulation_view(one) for one in page], page[-1].id if len(rest) > len(page) else None)


@tabulations.post(
    "/v1/tabulations",
    may("flows:write", *ADMINS),
    body=NewTabulation,
    answers=TabulationShape,
    status=201,
    problems=("too_many_tabulations",),
)
def create_tabulation(call: Call) -> Any:
    """Create a tabulation, at the top or below another; the tree has at most five levels."""
    body = call.body
    return tabulation_view(call.services.tabulation_service.create(call.caller.account, body.name, body.parent_id))


@tabulations.get("/v1/tabulations/{tabulation_id}", may("flows:read", *EVERYONE), answers=TabulationShape)
def get_tabulation(call: Call, tabulation_id: str) -> Any:
    """A tabulation."""
    return tabulation_view(call.services.tabulation_service.get(call.caller.account, tabulation_id))


@tabulations.patch(
    "/v1/tabulations/{tabulation_id}", may("flows:write", *ADMINS), body=TabulationPatch, answers=TabulationShape
)
def change_tabulation(call: Call, tabulation_id: str) -> Any:
    """Rename a tabulation or hang it, with all that lies below it, elsewhere."""
    return tabulation_view(
        call.services.tabulation_service.change(call.caller.account, tabulation_id, changes(call.body))
    )


@tabulations.delete(
    "/v1/tabulations/{tabulation_id}", may("flows:write", *ADMINS), problems=("tabulation_has_children", "in_use")
)
def delete_tabulation(call: Call, tabulation_id: str) -> None:
    """Delete a tabulation that nothing lies below and no published flow names; chats filed under it keep its id."""
    call.services.tabulation_service.delete(call.caller.account, tabulation_id)
