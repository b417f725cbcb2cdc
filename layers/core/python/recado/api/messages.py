"""/v1/chats/{id}/messages: read what was said, say something."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from recado.api.bodies import Body, Meta, PublicId, Query, Text
from recado.api.routes import Call, Resource
from recado.api.rules import EVERYONE, STAFF, may
from recado.domain.messages import MAX_TEXT_BYTES, Template
from recado.services.sending import NewMessage
from recado.services.views import message_view
from recado.telemetry import correlation_id

messages = Resource("messages")

MessageText = Annotated[str, Meta(max_length=MAX_TEXT_BYTES // 4, pattern=r"^[^\x00]*$")]
Variable = Annotated[str, Meta(max_length=1024, pattern=r"^[^\x00]*$")]
Variables = Annotated[list[Variable], Meta(max_length=100)]


class MessageQuery(Query, frozen=True):
    """`after`: a seq; the messages behind it are told, oldest first."""

    after: Annotated[str, Meta(pattern=r"^[0-9]{0,10}$")] = ""
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class ContactMessageQuery(Query, frozen=True):
    """`q`: a part of a text, whatever its case and accents."""

    q: Annotated[str, Meta(max_length=200)] | None = None


Place = Annotated[
    dict[str, float | Variable],
    Meta(max_length=10, description="A place: latitude and longitude in degrees, name, address."),
]
NamedVariables = Annotated[dict[str, Variable | Variables | Place], Meta(max_length=100)]


class TemplateBody(Body, frozen=True):
    """`variables`: a list for {{1}}, {{2}} …, in the order header, body, buttons; a map for named ones. A map may also
    hold lists by `header`, `body` and `buttons`, and by `header` the place {latitude, longitude, name, address} that
    is shown there; in a list a place is these four, in this order."""

    name: Text
    language: Text
    variables: Variables | NamedVariables = msgspec.field(default_factory=list)


class MessageBody(Body, frozen=True):
    """`kind` may be left out: a text, a template or what the file is sent as when there is one. With a file, `text` is
    its caption. `payload` is what an interactive message needs beside its text; `{"voice": true}` makes a sound a voice
    message where the channel has such."""

    kind: Annotated[str, Meta(max_length=32)] | None = None
    text: MessageText | None = None
    file_id: PublicId | None = None
    template: TemplateBody | None = None
    internal: bool = False
    reply_to: PublicId | None = None
    payload: dict[str, Any] = msgspec.field(default_factory=dict)


class MessageEdit(Body, frozen=True):
    """The new text of an internal note."""

    text: MessageText


class AuthorShape(msgspec.Struct):
    type: str
    id: str | None


class ErrorShape(msgspec.Struct):
    code: str
    title: str


class FileShape(msgspec.Struct):
    id: str | None
    name: str | None
    content_type: str | None
    size: int | None
    state: str
    reason: str | None


class MessageShape(msgspec.Struct):
    """One message. `seq` counts within all that was said between the customer and the channel."""

    id: str
    chat_id: str
    contact_id: str
    seq: int
    direction: str
    internal: bool
    kind: str
    text: str
    payload: dict[str, Any]
    file: FileShape | None
    reply_to: str | None
    provider_id: str | None
    status: str
    error: ErrorShape | None
    author: AuthorShape
    sent_at: str
    created_at: str


class MessagePage(msgspec.Struct):
    """Messages by seq. `next`: the `after` of the next page, null when nothing follows yet; then go on from the last
    seq later."""

    items: list[MessageShape]
    next: str | None


@messages.get("/v1/chats/{chat_id}/messages", may("messages:read", *EVERYONE), query=MessageQuery, answers=MessagePage)
def list_messages(call: Call, chat_id: str) -> Any:
    """The messages of a chat after a seq, oldest first."""
    after, limit = int(call.query.after or 0), call.query.limit
    page, following = call.services.chat_service.messages(call.caller, chat_id, limit, after)
    return {"items": [message_view(one) for one in page], "next": None if following is None else str(following)}


@messages.post(
    "/v1/chats/{chat_id}/messages",
    may("messages:write", *EVERYONE),
    body=MessageBody,
    answers=MessageShape,
    status=201,
    problems=(
        "not_your_chat",
        "chat_closed",
        "channel_unusable",
        "token_expired",
        "outside_window",
        "opted_out",
        "cannot_react",
        "template_not_allowed",
        "template_not_approved",
        "file_not_accepted",
        "file_too_large",
        "file_type_not_taken",
    ),
)
def send_message(call: Call, chat_id: str) -> Any:
    """Send a message to the customer, or write an internal note."""
    body = call.body
    template = body.template
    new = NewMessage(
        kind=body.kind,
        text=body.text,
        file_id=body.file_id,
        template=Template(template.name, template.language, _variables(template.variables)) if template else None,
        internal=body.internal,
        reply_to=body.reply_to,
        payload=body.payload,
    )
    sending = call.services.sending_service
    return message_view(sending.send(call.caller, chat_id, new, correlation_id() or "", call.attempt))


@messages.get(
    "/v1/contacts/{contact_id}/messages",
    may("messages:read", *STAFF),
    query=ContactMessageQuery,
    paged=tuple[str, dict[str, int]],
    answers=MessageShape,
)
def list_contact_messages(call: Call, contact_id: str) -> Any:
    """What was said with a contact on all channels, newest first; with `q`, the messages whose text holds it. A page
    may be short before the end: go on while there is a cursor."""
    search = call.services.message_search
    page, following = search.page(call.caller, contact_id, call.query.q, call.limit, call.after)
    return call.list([message_view(one) for one in page], following)


@messages.get("/v1/chats/{chat_id}/messages/{message_id}", may("messages:read", *EVERYONE), answers=MessageShape)
def get_message(call: Call, chat_id: str, message_id: str) -> Any:
    """One message of a chat."""
    return message_view(call.services.chat_service.message(call.caller, chat_id, message_id))


@messages.patch(
    "/v1/chats/{chat_id}/messages/{message_id}",
    may("messages:write", *EVERYONE),
    body=MessageEdit,
    answers=MessageShape,
    problems=("not_your_message", "message_deleted", "cannot_edit"),
)
def edit_message(call: Call, chat_id: str, message_id: str) -> Any:
    """Replace the text of an internal note; its author or an admin may."""
    return message_view(call.services.message_changes.edit(call.caller, chat_id, message_id, call.body.text))


@messages.delete(
    "/v1/chats/{chat_id}/messages/{message_id}",
    may("messages:write", *EVERYONE),
    problems=("not_your_message", "cannot_delete"),
)
def delete_message(call: Call, chat_id: str, message_id: str) -> None:
    """Take an internal note back; a message without text stays in its place."""
    call.services.message_changes.delete(call.caller, chat_id, message_id)


def _variables(given: list[str] | dict[str, Any]) -> tuple[str, ...] | dict[str, Any]:
    if not isinstance(given, dict):
        return tuple(given)
    return {name: _place(value) if isinstance(value, dict) else value for name, value in given.items()}


def _place(place: dict[str, float | str]) -> dict[str, str]:
    """All as texts: a number with eight decimals, which are a millimetre."""
    return {
        name: value if isinstance(value, str) else f"{value:.8f}".rstrip("0").removesuffix(".")
        for name, value in place.items()
    }
