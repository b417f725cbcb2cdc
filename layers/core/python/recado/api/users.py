"""/v1/users: who is registered, and their presence."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from recado.api.bodies import UNSET, Body, Maybe, Meta, Text, changes
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, EVERYONE, STAFF, may
from recado.domain.people import Presence, Role
from recado.services.people_views import user_view

users = Resource("users")

Cap = Annotated[int, Meta(ge=1, le=100_000)]
Phone = Annotated[str, Meta(max_length=40)]


class PresenceShape(msgspec.Struct):
    status: Presence
    reason: str | None
    connected: bool
    load: int


class UserShape(msgspec.Struct):
    id: str
    name: str
    email: str
    role: Role
    max_chats: int | None
    phone: str | None
    presence: PresenceShape
    department_ids: list[str]
    created_at: str


class NewUser(Body, frozen=True):
    name: Text
    email: str
    role: Role = "agent"
    max_chats: Cap | None = None
    phone: Phone | None = None
    password: str | None = None


class UserPatch(Body, frozen=True):
    name: Text | Maybe = UNSET
    email: str | Maybe = UNSET
    role: Role | Maybe = UNSET
    max_chats: Cap | Maybe | None = UNSET
    phone: Phone | Maybe | None = UNSET
    password: str | Maybe = UNSET


class PresenceChoice(Body, frozen=True):
    status: Literal["available", "paused", "unavailable"]
    reason: Text | None = None


class SupervisedShape(msgspec.Struct):
    user_id: str
    name: str


@users.get("/v1/users", may("people:read", *STAFF), paged=str, answers=UserShape)
def list_users(call: Call) -> Any:
    """Users, oldest first."""
    page, following = call.services.user_service.page(call.caller.account, call.limit, call.after)
    return call.list([user_view(one) for one in page], following)


@users.post(
    "/v1/users", may("people:write", *ADMINS), body=NewUser, answers=UserShape, status=201, problems=("email_taken",)
)
def create_user(call: Call) -> Any:
    """Register a user with a password."""
    return user_view(call.services.user_service.create(call.caller.account, **changes(call.body)))


@users.get("/v1/users/{user_id}", may("people:read", *STAFF), answers=UserShape)
def get_user(call: Call, user_id: str) -> Any:
    """A user."""
    return user_view(call.services.user_service.get(call.caller.account, user_id))


@users.patch(
    "/v1/users/{user_id}",
    may("people:write", *ADMINS),
    body=UserPatch,
    answers=UserShape,
    problems=("email_taken", "last_admin"),
)
def change_user(call: Call, user_id: str) -> Any:
    """Change a user; a new password ends their sessions."""
    return user_view(call.services.user_service.change(call.caller.account, user_id, changes(call.body)))


@users.delete("/v1/users/{user_id}", may("people:write", *ADMINS), problems=("user_has_chats", "last_admin", "in_use"))
def delete_user(call: Call, user_id: str) -> None:
    """Delete a user without chats in service.

    Their sessions end, their seat is free, and the API tokens that they made are refused."""
    call.services.user_service.delete(call.caller.account, user_id)


@users.put(
    "/v1/users/{user_id}/presence",
    may("people:write", *EVERYONE),
    body=PresenceChoice,
    answers=UserShape,
    problems=("forbidden",),
)
def choose_presence(call: Call, user_id: str) -> Any:
    """Choose one's own presence, or as an admin anybody's."""
    return user_view(call.services.user_service.set_presence(call.caller, user_id, call.body.status, call.body.reason))


@users.get("/v1/users/{user_id}/supervised", may("people:read", *STAFF), paged=str, answers=SupervisedShape)
def list_supervised(call: Call, user_id: str) -> Any:
    """Whom a user follows, beside the departments they supervise."""
    every = call.services.supervision_service.supervised(call.caller.account, user_id)
    rest = [one for one in every if call.after is None or one.id > call.after]
    page = rest[: call.limit]
    shown = [{"user_id": one.id, "name": one.name} for one in page]
    return call.list(shown, page[-1].id if len(rest) > len(page) else None)


@users.put(
    "/v1/users/{user_id}/supervised/{supervised_id}",
    may("people:write", *ADMINS),
    answers=SupervisedShape,
    more_kinds={"supervised_id": "us"},
    problems=("same_user", "restricted_supervisor", "too_many_supervised"),
)
def follow_user(call: Call, user_id: str, supervised_id: str) -> Any:
    """Let a user follow another: the chats of that one are theirs to see, to answer and to close."""
    followed = call.services.supervision_service.follow(call.caller.account, user_id, supervised_id)
    return {"user_id": followed.id, "name": followed.name}


@users.delete(
    "/v1/users/{user_id}/supervised/{supervised_id}",
    may("people:write", *ADMINS),
    more_kinds={"supervised_id": "us"},
)
def unfollow_user(call: Call, user_id: str, supervised_id: str) -> None:
    """Let a user follow another no longer."""
    call.services.supervision_service.unfollow(call.caller.account, user_id, supervised_id)
