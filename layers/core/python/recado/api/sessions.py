"""/v1/sessions: log-in, log-out, heartbeat."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from recado.api.bodies import Body, Meta
from recado.api.routes import Call, Resource
from recado.api.rules import EVERYONE, PUBLIC, sessions_only
from recado.api.users import UserShape
from recado.domain.people import HEARTBEAT_SECONDS, LEASE_SECONDS
from recado.services.people_views import user_view
from recado.services.views import moment

sessions = Resource("sessions")


class LogIn(Body, frozen=True):
    email: Annotated[str, Meta(max_length=1000)]
    password: Annotated[str, Meta(max_length=1000)]
    totp: Annotated[str, Meta(max_length=20)] | None = None  # taken and not looked at: no user has a second factor


class SessionShape(msgspec.Struct):
    token: str
    user: UserShape
    expires_at: str
    lease_s: int
    heartbeat_s: int


class HeartbeatShape(msgspec.Struct):
    lease_s: int
    heartbeat_s: int


@sessions.post(
    "/v1/sessions",
    PUBLIC,
    body=LogIn,
    answers=SessionShape,
    status=201,
    problems=("wrong_credentials", "seat_limit_reached", "too_many_logins"),
)
def log_in(call: Call) -> Any:
    """Log in, taking a seat; a further device of the same user takes none."""
    logged_in = call.services.session_service.log_in(call.body.email, call.body.password)
    a = logged_in.session.id.split("_")[1]
    return {
        "token": logged_in.token,
        "user": user_view(call.services.user_service.get(a, logged_in.user.id)),
        "expires_at": moment(logged_in.session.expires_at),
        "lease_s": LEASE_SECONDS,
        "heartbeat_s": HEARTBEAT_SECONDS,
    }


@sessions.delete("/v1/sessions/current", sessions_only(*EVERYONE), problems=("forbidden",))
def log_out(call: Call) -> None:
    """Log out; the user's last session frees the seat."""
    call.services.session_service.log_out(call.caller)


@sessions.post("/v1/sessions/current/heartbeat", sessions_only(*EVERYONE), answers=HeartbeatShape)
def heartbeat(call: Call) -> Any:
    """Stay connected: renews the seat and the presence lease, as every call of a session does."""
    return {"lease_s": LEASE_SECONDS, "heartbeat_s": HEARTBEAT_SECONDS}
