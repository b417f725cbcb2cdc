"""/v1/shortcuts: what agents call up by `/slug` into what they are writing."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from recado.api.bodies import UNSET, Body, Maybe, Meta, PublicId, Query, changes
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, EVERYONE, may
from recado.domain.shortcuts import MAX_TEXT, SLUG
from recado.services.shortcuts import shortcut_view

shortcuts = Resource("shortcuts")
Slug = Annotated[str, Meta(pattern=SLUG)]
ShortcutText = Annotated[str, Meta(max_length=MAX_TEXT, pattern=r"^[^\x00]*$")]


class NewShortcut(Body, frozen=True):
    """`text` may name variables, `{{contact.name}}`; `file_id` a file uploaded for `shortcut`. One of them is
    needed."""

    slug: Slug
    text: ShortcutText = ""
    file_id: PublicId | None = None


class ShortcutPatch(Body, frozen=True):
    slug: Slug | Maybe = UNSET
    text: ShortcutText | Maybe = UNSET
    file_id: PublicId | Maybe | None = UNSET


class ShortcutQuery(Query, frozen=True):
    q: Annotated[str, Meta(max_length=60, description="The beginning of slugs, with or without `/`.")] = ""


class ShortcutShape(msgspec.Struct):
    id: str
    slug: str
    text: str
    file_id: str | None
    created_at: str
    updated_at: str


class FillBody(Body, frozen=True):
    chat_id: PublicId


class FilledShape(msgspec.Struct):
    """What goes into the composer."""

    text: str
    file_id: str | None


@shortcuts.get("/v1/shortcuts", may("flows:read", *EVERYONE), query=ShortcutQuery, paged=str, answers=ShortcutShape)
def list_shortcuts(call: Call) -> Any:
    """Shortcuts by slug."""
    every = call.services.shortcut_service.all(call.caller.account, call.query.q)
    rest = [one for one in every if call.after is None or one.slug > call.after]
    page = rest[: call.limit]
    return call.list([shortcut_view(one) for one in page], page[-1].slug if len(rest) > len(page) else None)


@shortcuts.post(
    "/v1/shortcuts",
    may("flows:write", *ADMINS),
    body=NewShortcut,
    answers=ShortcutShape,
    status=201,
    problems=("not_found", "slug_taken", "too_many_shortcuts", "file_not_accepted"),
)
def create_shortcut(call: Call) -> Any:
    """Create a shortcut."""
    body = call.body
    return shortcut_view(call.services.shortcut_service.create(call.caller, body.slug, body.text, body.file_id))


@shortcuts.get("/v1/shortcuts/{shortcut_id}", may("flows:read", *EVERYONE), answers=ShortcutShape)
def get_shortcut(call: Call, shortcut_id: str) -> Any:
    """A shortcut."""
    return shortcut_view(call.services.shortcut_service.get(call.caller.account, shortcut_id))


@shortcuts.patch(
    "/v1/shortcuts/{shortcut_id}",
    may("flows:write", *ADMINS),
    body=ShortcutPatch,
    answers=ShortcutShape,
    problems=("slug_taken", "file_not_accepted"),
)
def change_shortcut(call: Call, shortcut_id: str) -> Any:
    """Change a shortcut."""
    return shortcut_view(call.services.shortcut_service.change(call.caller, shortcut_id, changes(call.body)))


@shortcuts.delete("/v1/shortcuts/{shortcut_id}", may("flows:write", *ADMINS))
def delete_shortcut(call: Call, shortcut_id: str) -> None:
    """Delete a shortcut; what was written with it stays."""
    call.services.shortcut_service.delete(call.caller.account, shortcut_id)


@shortcuts.post("/v1/shortcuts/{shortcut_id}/fill", may("flows:read", *EVERYONE), body=FillBody, answers=FilledShape)
def fill_shortcut(call: Call, shortcut_id: str) -> Any:
    """The text and file that it puts into the composer of a chat, with its variables in place; nothing is sent."""
    found = call.services.shortcut_service.fill(call.caller, shortcut_id, call.body.chat_id)
    return {"text": found.text, "file_id": found.file_id}
