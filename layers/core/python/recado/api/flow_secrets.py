"""/v1/flow-secrets: what HTTP steps of flows send and nobody reads."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from recado.api.bodies import Body, Meta
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, may
from recado.domain.flow_secrets import MAX_VALUE
from recado.services.flow_secrets import flow_secret_view

flow_secrets = Resource("flow_secrets")


class FlowSecretBody(Body, frozen=True):
    """The value, one line of ASCII: it goes into headers too."""

    value: Annotated[
        str, Meta(min_length=1, max_length=MAX_VALUE, pattern=r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?(?!\n)$")
    ]


class FlowSecretShape(msgspec.Struct):
    """Never the value."""

    name: str
    updated_at: str


@flow_secrets.get("/v1/flow-secrets", may("flows:read", *ADMINS), paged=str, answers=FlowSecretShape)
def list_flow_secrets(call: Call) -> Any:
    """The names of the secrets that HTTP steps may name as `{{secret.name}}`."""
    every = call.services.flow_secret_service.all(call.caller.account)
    rest = [one for one in every if call.after is None or one.name > call.after]
    page = rest[: call.limit]
    return call.list([flow_secret_view(one) for one in page], page[-1].name if len(rest) > len(page) else None)


@flow_secrets.put(
    "/v1/flow-secrets/{name}",
    may("flows:write", *ADMINS),
    body=FlowSecretBody,
    answers=FlowSecretShape,
    texts=("name",),
    problems=("too_many_flow_secrets",),
)
def put_flow_secret(call: Call, name: str) -> Any:
    """Write a secret, new or over the one of this name; its value is never answered."""
    return flow_secret_view(call.services.flow_secret_service.put(call.caller.account, name, call.body.value))


@flow_secrets.delete("/v1/flow-secrets/{name}", may("flows:write", *ADMINS), texts=("name",), problems=("not_found",))
def delete_flow_secret(call: Call, name: str) -> None:
    """Delete a secret; requests of steps that name it are not made any more."""
    call.services.flow_secret_service.delete(call.caller.account, name)
