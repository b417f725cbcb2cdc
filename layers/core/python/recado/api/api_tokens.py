"""/v1/api-tokens."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from recado.api.bodies import UNSET, Body, Maybe, Meta, Text, changes
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, may
from recado.services.people_views import api_token_view

api_tokens = Resource("api_tokens")

Scopes = Annotated[list[str], Meta(min_length=1, max_length=100)]


class NewApiToken(Body, frozen=True):
    name: Text
    scopes: Scopes


class ApiTokenPatch(Body, frozen=True):
    name: Text | Maybe = UNSET
    scopes: Scopes | Maybe = UNSET


class ApiTokenShape(msgspec.Struct):
    id: str
    name: str
    scopes: list[str]
    created_by: str
    created_at: str


class ShownApiTokenShape(msgspec.Struct):
    id: str
    name: str
    scopes: list[str]
    created_by: str
    created_at: str
    token: str


@api_tokens.get("/v1/api-tokens", may("integration:read", *ADMINS), paged=str, answers=ApiTokenShape)
def list_api_tokens(call: Call) -> Any:
    """API tokens, oldest first, without their secrets."""
    page, following = call.services.api_token_service.page(call.caller.account, call.limit, call.after)
    return call.list([api_token_view(one) for one in page], following)


@api_tokens.post(
    "/v1/api-tokens",
    may("integration:write", *ADMINS),
    body=NewApiToken,
    answers=ShownApiTokenShape,
    status=201,
    shows_secret=True,
    problems=("forbidden",),
)
def create_api_token(call: Call) -> Any:
    """Make a token; its text is in this answer and never again.

    It acts for the user who makes it (or whose token makes it) and is refused once that user is deleted."""
    token, text = call.services.api_token_service.create(call.caller, call.body.name, call.body.scopes)
    return {**api_token_view(token), "token": text}


@api_tokens.get("/v1/api-tokens/{token_id}", may("integration:read", *ADMINS), answers=ApiTokenShape)
def get_api_token(call: Call, token_id: str) -> Any:
    """An API token without its secret."""
    return api_token_view(call.services.api_token_service.get(call.caller.account, token_id))


@api_tokens.patch(
    "/v1/api-tokens/{token_id}", may("integration:write", *ADMINS), body=ApiTokenPatch, answers=ApiTokenShape
)
def change_api_token(call: Call, token_id: str) -> Any:
    """Change a token's name or scopes."""
    given = changes(call.body)
    token = call.services.api_token_service.change(call.caller, token_id, given.get("name"), given.get("scopes"))
    return api_token_view(token)


@api_tokens.delete("/v1/api-tokens/{token_id}", may("integration:write", *ADMINS))
def delete_api_token(call: Call, token_id: str) -> None:
    """Revoke a token."""
    call.services.api_token_service.delete(call.caller.account, token_id)
