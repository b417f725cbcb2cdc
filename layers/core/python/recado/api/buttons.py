"""/v1/whatsapp-buttons: buttons by which visitors of a site write to the company (docs/buttons.md)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from recado.api.bodies import UNSET, Body, Maybe, Meta, PublicId
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, EVERYONE, may
from recado.domain.buttons import MAX_LABEL, MAX_TEXT

buttons = Resource("buttons")

_PATH = "/v1/whatsapp-buttons"
Kind = Literal["floating", "cta"]
ButtonText = Annotated[str, Meta(max_length=MAX_TEXT, description="What the visitor is given to send.")]
Label = Annotated[str, Meta(min_length=1, max_length=MAX_LABEL, pattern=r"\S", description="What stands on it.")]


class NewButton(Body, frozen=True):
    kind: Kind
    channel_id: PublicId
    label: Label
    text: ButtonText = ""


class ButtonPatch(Body, frozen=True):
    kind: Kind | Maybe = UNSET
    channel_id: PublicId | Maybe = UNSET
    label: Label | Maybe = UNSET
    text: ButtonText | Maybe = UNSET


class ButtonShape(msgspec.Struct):
    """`url` is the short link, which ends in `code`; `snippet` the HTML to paste into a page."""

    id: str
    kind: Kind
    channel_id: str
    text: str
    label: str
    code: str
    url: str
    snippet: str


@buttons.get(_PATH, may("channels:read", *EVERYONE), paged=str, answers=ButtonShape)
def list_buttons(call: Call) -> Any:
    """Buttons, oldest first."""
    service = call.services.button_service
    rest = [one for one in service.all(call.caller.account) if call.after is None or one.id > call.after]
    page = rest[: call.limit]
    return call.list([service.view(one) for one in page], page[-1].id if len(rest) > len(page) else None)


@buttons.post(
    _PATH,
    may("channels:write", *ADMINS),
    body=NewButton,
    answers=ButtonShape,
    status=201,
    problems=("too_many_buttons",),
)
def create_button(call: Call) -> Any:
    """Make a button of a channel into which a link can lead."""
    service, body = call.services.button_service, call.body
    return service.view(service.create(call.caller.account, body.kind, body.channel_id, body.text, body.label))


@buttons.get(_PATH + "/{button_id}", may("channels:read", *EVERYONE), answers=ButtonShape)
def get_button(call: Call, button_id: str) -> Any:
    """A button."""
    service = call.services.button_service
    return service.view(service.get(call.caller.account, button_id))


@buttons.patch(
    _PATH + "/{button_id}",
    may("channels:write", *ADMINS),
    body=ButtonPatch,
    answers=ButtonShape,
    problems=("button_changed",),
)
def change_button(call: Call, button_id: str) -> Any:
    """Change a button; its link stays, and the pages that have it show what it leads to from now on."""
    service, body = call.services.button_service, call.body
    given = {name: getattr(body, name) for name in ("kind", "channel_id", "label", "text")}
    fields = {name: value for name, value in given.items() if value is not UNSET}
    return service.view(service.change(call.caller.account, button_id, fields))


@buttons.delete(_PATH + "/{button_id}", may("channels:write", *ADMINS), problems=("button_changed",))
def delete_button(call: Call, button_id: str) -> None:
    """Delete a button: its link leads nowhere from now on."""
    call.services.button_service.delete(call.caller.account, button_id)
