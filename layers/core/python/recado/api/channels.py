"""/v1/channels: connect and change. Secrets go in and never come out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from recado.api.bodies import UNSET, Body, Maybe, Meta, PublicId, Text, changes
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, EVERYONE, may
from recado.domain.channels import Channel
from recado.services.people_views import channel_view

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
    name: Text | Maybe = UNSET
    department_id: PublicId | Maybe = UNSET
    state: Literal["active", "paused"] | Maybe = UNSET
    settings: Settings | Maybe = UNSET
    secrets: Annotated[dict[str, SecretValue | None], Meta(max_length=20)] | Maybe = UNSET


class ChannelTokenShape(msgspec.Struct):
    state: Literal["none", "active", "expiring", "expired"]
    expires_at: str | None


class ChannelProblemShape(msgspec.Struct):
    code: str
    detail: str
    pointer: str | None = None


class ChannelShape(msgspec.Struct):
    id: str
    type: str
    name: str
    department_id: str
    settings: dict[str, Any]
    state: Literal["active", "paused", "removed"]
    token: ChannelTokenShape
    problems: list[dict[str, Any]]
    webhook_url: str
    created_at: str


@channels.get("/v1/channels", may("channels:read", *EVERYONE), paged=str, answers=ChannelShape)
def list_channels(call: Call) -> Any:
    """Channels, oldest first."""
    page, following = call.services.channel_service.page(call.caller.account, call.limit, call.after)
    return call.list([_shown(call, one) for one in page], following)


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
    return _shown(call, channel)


@channels.get("/v1/channels/{channel_id}", may("channels:read", *EVERYONE), answers=ChannelShape)
def get_channel(call: Call, channel_id: str) -> Any:
    """A channel."""
    channel = call.services.channel_service.get(call.caller.account, channel_id)
    return _shown(call, channel)


@channels.patch(
    "/v1/channels/{channel_id}",
    may("channels:write", *ADMINS),
    body=ChannelPatch,
    answers=ChannelShape,
    problems=("address_taken",),
)
def change_channel(call: Call, channel_id: str) -> Any:
    """Change a channel; settings and secrets are merged by name, null takes one away."""
    channel = call.services.channel_service.change(call.caller.account, channel_id, changes(call.body))
    return _shown(call, channel)


def _shown(call: Call, channel: Channel) -> dict[str, Any]:
    path = call.services.channel_service.webhook_path(channel)
    return channel_view(channel, call.services.settings.public_base_url + path)
