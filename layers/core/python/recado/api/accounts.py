"""/v1/signup, /v1/account."""

from __future__ import annotations

from typing import Any

import msgspec

from recado.api.bodies import UNSET, Body, Maybe, Text, changes
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, EVERYONE, PUBLIC, may
from recado.api.users import UserShape
from recado.services.people_views import account_view, user_view
from recado.services.views import moment

accounts = Resource("accounts")


class SignUp(Body, frozen=True):
    company: Text
    name: Text
    email: str
    password: str
    plan: str
    locale: str = "pt-BR"
    time_zone: str = "America/Sao_Paulo"


class SignedUpShape(msgspec.Struct):
    account_id: str
    user: UserShape
    token: str
    trial_ends_at: str | None


class AccountShape(msgspec.Struct):
    id: str
    name: str
    plan: str
    seats: int
    locale: str
    time_zone: str
    trial_ends_at: str | None
    paid_until: str | None
    created_at: str


class AccountPatch(Body, frozen=True):
    name: Text | Maybe = UNSET
    locale: str | Maybe = UNSET
    time_zone: str | Maybe = UNSET


@accounts.post("/v1/signup", PUBLIC, body=SignUp, answers=SignedUpShape, status=201, problems=("email_taken",))
def sign_up(call: Call) -> Any:
    """Create an account on trial, with its first admin, who is logged in."""
    from recado.services.accounts import NewAccount

    made = call.services.account_service.create(NewAccount(**changes(call.body)))
    a = made.account.id.removeprefix("ac_")
    logged_in = call.services.session_service.start(a, made.admin)
    return {
        "account_id": made.account.id,
        "user": user_view(call.services.user_service.get(a, made.admin.id)),
        "token": logged_in.token,
        "trial_ends_at": moment(made.account.trial_ends_at),
    }


@accounts.get("/v1/account", may("account:read", *EVERYONE), answers=AccountShape)
def get_account(call: Call) -> Any:
    """The account."""
    return account_view(call.services.account_service.get(call.caller.account))


@accounts.patch("/v1/account", may("account:write", *ADMINS), body=AccountPatch, answers=AccountShape)
def change_account(call: Call) -> Any:
    """Change the account's name, locale or time zone."""
    given = changes(call.body)
    return account_view(
        call.services.account_service.change(
            call.caller.account, given.get("name"), given.get("locale"), given.get("time_zone")
        )
    )
