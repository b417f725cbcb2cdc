"""/v1/channels: connect, change and remove. Secrets go in and never come out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from recado.api.bodies import UNSET, Body, Maybe, Meta, Nothing, PublicId, Query, Text, changes
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, EVERYONE, may
from recado.domain.channels import Channel
from recado.services.channel_removal import open_chats_view
from recado.services.views import moment

channels = Resource("channels")

Settings = Annotated[dict[str, Any], Meta(max_length=50)]
SecretValue = Annotated[str, Meta(min_length=1, max_length=4096)]


class NewChannel(Body, frozen=True):
    type: Annotated[str, Meta(max_length=50)]
    name: Text
    department_id: PublicId | None = None
    settings: Settings = msgspec.field(default_factory=dict)
    secrets: Annotated[dict[str, SecretValue], Meta(max_length=20)] = msgspec.field(default_factory=dict)


class ChannelPatch(Body, frozen=True):
    """The two values before of a secret by which a provider signs hold a day beside a new one; `end_former_secrets`
    true: only the newest hold from now on."""

    name: Text | Maybe = UNSET
    department_id: PublicId | Maybe = UNSET
    state: Literal["active", "paused"] | Maybe = UNSET
    settings: Settings | Maybe = UNSET
    secrets: Annotated[dict[str, SecretValue | None], Meta(max_length=20)] | Maybe = UNSET
    end_former_secrets: bool | Maybe = UNSET


class ChannelTokenShape(msgspec.Struct):
    state: Literal["none", "active", "expiring", "expired"]
    expires_at: str | None


class ChannelProblemShape(msgspec.Struct):
    code: str
    detail: str
    pointer: str | None = None


class ChannelShape(msgspec.Struct):
    """`former_secrets`: until when a value before holds too, by the names of secrets that were changed lately."""

    id: str
    type: str
    name: str
    department_id: str
    settings: dict[str, Any]
    state: Literal["active", "paused", "removed"]
    token: ChannelTokenShape
    former_secrets: dict[str, str]
    problems: list[dict[str, Any]]
    webhook_url: str
    created_at: str


class TokenRenewal(Body, frozen=True):
    access_token: SecretValue | None = None


class TestShape(msgspec.Struct):
    ok: bool | None
    detail: str


class OpenChatsShape(msgspec.Struct):
    count: int
    ids: list[str]
    complete: bool


class RemovalShape(msgspec.Struct):
    expires_at: str
    sent_to: str
    open_chats: OpenChatsShape


class RemovalQuery(Query, frozen=True):
    code: Annotated[str | None, Meta(description="The six digits that were mailed.")] = None
    force: Annotated[bool, Meta(description="Close the channel's open chats with it.")] = False


@channels.get("/v1/channels", may("channels:read", *EVERYONE), paged=str, answers=ChannelShape)
def list_channels(call: Call) -> Any:
    """Channels, oldest first."""
    page, following = call.services.channel_service.page(call.caller.account, call.limit, call.after)
    return call.list([_view(call, one) for one in page], following)


@channels.post(
    "/v1/channels",
    may("channels:write", *ADMINS),
    body=NewChannel,
    answers=ChannelShape,
    status=201,
    problems=("address_taken",),
)
def create_channel(call: Call) -> Any:
    """Connect a channel; without a department it is of the default one."""
    body = call.body
    channel = call.services.channel_service.create(
        call.caller.account, body.type, body.name, body.department_id, body.settings, body.secrets
    )
    return _view(call, channel)


@channels.get("/v1/channels/{channel_id}", may("channels:read", *EVERYONE), answers=ChannelShape)
def get_channel(call: Call, channel_id: str) -> Any:
    """A channel."""
    channel = call.services.channel_service.get(call.caller.account, channel_id)
    return _view(call, channel)


@channels.patch(
    "/v1/channels/{channel_id}",
    may("channels:write", *ADMINS),
    body=ChannelPatch,
    answers=ChannelShape,
    problems=("address_taken", "channel_removed"),
)
def change_channel(call: Call, channel_id: str) -> Any:
    """Change a channel; settings and secrets are merged by name, null takes one away."""
    channel = call.services.channel_service.change(call.caller.account, channel_id, changes(call.body))
    return _view(call, channel)


@channels.post(
    "/v1/channels/{channel_id}/removal",
    may("channels:write", *ADMINS),
    body=Nothing,
    answers=RemovalShape,
    status=202,
    problems=("channel_removed", "too_many_codes", "mail_not_sent"),
)
def ask_for_removal(call: Call, channel_id: str) -> Any:
    """Ask for the channel's removal: a code of six digits is mailed to the admin, for ten minutes and five tries."""
    asked = call.services.channel_removal.ask(call.caller, channel_id)
    open_chats = open_chats_view(asked.open_chats)
    return {"expires_at": moment(asked.expires_at), "sent_to": asked.sent_to, "open_chats": open_chats}


@channels.delete(
    "/v1/channels/{channel_id}",
    may("channels:write", *ADMINS),
    query=RemovalQuery,
    problems=("channel_has_open_chats", "wrong_code", "code_expired"),
)
def remove_channel(call: Call, channel_id: str) -> None:
    """Remove the channel for good, confirmed by the code that was mailed. Its chats stay readable."""
    call.services.channel_removal.remove(call.caller, channel_id, call.query.code, call.query.force)


@channels.post(
    "/v1/channels/{channel_id}/token-renewal",
    may("channels:write", *ADMINS),
    body=TokenRenewal,
    answers=ChannelShape,
    problems=(
        "channel_removed",
        "not_renewable",
        "renewal_in_progress",
        "renewal_refused",
        "token_expired",
        "too_early",
        "provider_unreachable",
    ),
)
def renew_token(call: Call, channel_id: str) -> Any:
    """Renew the channel's access token now, or put another in its place."""
    a, given = call.caller.account, call.body.access_token
    if given is not None:
        return _view(call, call.services.channel_service.change(a, channel_id, {"secrets": {"access_token": given}}))
    return _view(call, call.services.channel_tokens.renew(a, channel_id))


@channels.post(
    "/v1/channels/{channel_id}/test",
    may("channels:write", *ADMINS),
    body=Nothing,
    answers=TestShape,
    problems=("channel_removed",),
)
def test_channel(call: Call, channel_id: str) -> Any:
    """Ask the channel's provider something harmless: whether its secrets hold. `ok` null: there is nothing to ask."""
    tested = call.services.channel_tokens.test(call.caller.account, channel_id)
    return {"ok": tested.ok, "detail": tested.detail}


def _view(call: Call, channel: Channel) -> dict[str, Any]:
    return call.services.channel_tokens.view(channel)
