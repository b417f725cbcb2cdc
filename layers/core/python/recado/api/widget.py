"""/widget/…: the doors of the online chat, for pages on other companies' sites.

What a browser may hear of an answer is decided by the site's own list of origins, with every request: API Gateway's own
CORS knows one list for all. A preflight bears neither site key nor token, so it is answered to anybody; it permits
nothing, as the request that follows is held against the list and tells nothing to a page that is not on it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple, TypeVar

from recado.api.answering import JSON, bearer
from recado.api.bodies import Body, Meta, PublicId, Query, Text, parse_body, parse_query
from recado.api.problems import Answer, problem, problem_of
from recado.bootstrap import Container
from recado.domain.errors import FieldError, Invalid, NotFound, TooLarge
from recado.ports.reception import ConnectedChannel
from recado.services.views import moment
from recado.services.widget_messages import Option, WrittenByVisitor
from recado.services.widget_sessions import ToldIdentity, no_session

MAX_BODY_BYTES = 64_000
MAX_TEXT = 4_096
_METHODS = {
    "/widget/sessions": "POST, OPTIONS",
    "/widget/messages": "GET, POST, OPTIONS",
    "/widget/files": "POST, OPTIONS",
    "/widget/triggers": "GET, OPTIONS",
}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "authorization, content-type",
    "Access-Control-Max-Age": "7200",
}

_B = TypeVar("_B", bound=Body)
Line = Annotated[str, Meta(max_length=256, pattern=r"^[^\x00-\x1f\x7f]*$")]


class IdentityBody(Body, frozen=True):
    """Who the site says its visitor is."""

    external_id: Annotated[str, Meta(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]*(?!\n)$")] | None = None
    name: Line | None = None
    email: Line | None = None
    phone: Line | None = None


class SessionBody(Body, frozen=True):
    """`visitor_id`: as the last session told it; `identity_hash`: the hexadecimal HMAC-SHA256 of `external_id`."""

    site_key: str
    visitor_id: str | None = None
    identity: IdentityBody | None = None
    identity_hash: str | None = None


class PressedOption(Body, frozen=True):
    """An option, by its id, of the company's message of this seq."""

    seq: Annotated[int, Meta(ge=1, le=9_999_999_999)]
    id: Annotated[str, Meta(min_length=1, max_length=256)]


class MessageBody(Body, frozen=True):
    """`client_id`: the page's own id of the message, by which it is recorded once. `trigger_id`: the trigger by whose
    click it was said. `option`: what was pressed, in place of all else."""

    client_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:-]{1,128}(?!\n)$")]
    kind: Annotated[str, Meta(max_length=32)] | None = None
    text: Annotated[str, Meta(max_length=MAX_TEXT, pattern=r"^[^\x00]*$")] | None = None
    file_id: PublicId | None = None
    trigger_id: PublicId | None = None
    option: PressedOption | None = None


class FileBody(Body, frozen=True):
    """`size` in bytes; the upload must have exactly this size and type."""

    name: Text
    content_type: Annotated[str, Meta(min_length=3, max_length=200)]
    size: Annotated[int, Meta(ge=1)]


class PageQuery(Query, frozen=True):
    """`after`: a cursor; `read_until`: the seq of the last message that the visitor has seen."""

    after: Annotated[str, Meta(pattern=r"^[0-9]{0,10}$")] = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    read_until: Annotated[str, Meta(pattern=r"^[0-9]{0,10}$")] = ""


class WidgetRequest(NamedTuple):
    """A request as it came. Header names are lower case; `address` is the sender's in the network."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes
    address: str

    @property
    def origin(self) -> str | None:
        """The origin of the page, as its browser tells it."""
        return self.headers.get("origin")


def serve(request: WidgetRequest, services: Container) -> Answer:
    """The answer to a request. Never raises."""
    permission: Mapping[str, str] = {}
    try:
        allowed = _METHODS.get(request.path)
        if allowed is None:
            answer = problem(404, "not_found", "There is nothing at this path.")
        elif request.method not in allowed.split(", "):
            answer = problem(405, "method_not_allowed", f"This path takes {allowed} alone.", headers={"Allow": allowed})
        elif request.method == "OPTIONS":
            answer, permission = Answer(204), {**_PREFLIGHT, **_allowing(request.origin)}
        elif request.path == "/widget/sessions":
            body = _body(request, SessionBody)
            channel = services.widget_sessions.site(body.site_key)
            permission = _permission(request, channel, services)
            answer = _open_session(request, channel, body, services)
        else:
            channel = services.widget_sessions.claimed(bearer(request.headers.get("authorization")))
            permission = _permission(request, channel, services)
            answer = _within_session(request, channel, services)
    except Exception as error:  # whatever it is, the page gets a problem and the log a line
        answer = problem_of(error, request.path)
    answer.headers |= {"Vary": "Origin", "Cache-Control": "no-store", **permission}
    return answer


def _permission(request: WidgetRequest, channel: ConnectedChannel | None, services: Container) -> Mapping[str, str]:
    """What lets the page's script read the answer, be it a refusal; nothing for a page of another origin."""
    if channel is None or not services.widget_sessions.allows(channel, request.origin):
        return {}
    return _allowing(request.origin)


def _allowing(origin: str | None) -> Mapping[str, str]:
    if origin is None:
        return {}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": "Retry-After"}


def _open_session(
    request: WidgetRequest, channel: ConnectedChannel | None, body: SessionBody, services: Container
) -> Answer:
    if channel is None:
        detail = "There is no such site."
        raise NotFound(detail, errors=[FieldError("/site_key", "not_found", detail)])
    given = body.identity or IdentityBody()
    told = ToldIdentity(given.external_id, given.name or None, given.email or None, given.phone or None)
    opened = services.widget_sessions.open(
        channel, request.origin, request.address, body.visitor_id, told, body.identity_hash
    )
    shown = {
        "token": opened.token,
        "visitor_id": opened.visitor_id,
        "expires_at": moment(opened.expires_at),
        "socket_url": opened.socket_url,
    }
    return _told(201, shown)


def _within_session(request: WidgetRequest, channel: ConnectedChannel | None, services: Container) -> Answer:
    if channel is None:
        raise no_session()
    visitor = services.widget_sessions.visitor(channel, request.origin, bearer(request.headers.get("authorization")))
    messages = services.widget_messages
    match request.method, request.path:
        case "POST", "/widget/messages":
            body = _body(request, MessageBody)
            option = None if body.option is None else Option(body.option.seq, body.option.id)
            new = WrittenByVisitor(body.client_id, body.kind, body.text or "", body.file_id, option)
            if option is not None and body.trigger_id is not None:
                raise Invalid.field("/trigger_id", "conflict", "What is pressed is either a trigger or an option.")
            if body.trigger_id is None:
                message, is_new = messages.post(channel, visitor, new)
            else:
                message, is_new = services.widget_clicks.post(channel, visitor, new, body.trigger_id)
            return _told(201 if is_new else 200, messages.view(visitor.account, message, {}))
        case "GET", "/widget/messages":
            query = parse_query(request.query, PageQuery)
            read_until = int(query.read_until) if query.read_until else None
            page = messages.page(channel, visitor, int(query.after or 0), query.limit, read_until)
            cursor = str(page.cursor)
            return _told(200, {"items": page.items, "next": cursor if page.more else None, "cursor": cursor})
        case "GET", "/widget/triggers":
            return _told(200, {"items": services.widget_triggers.shown(channel)})
        case _:
            wanted = _body(request, FileBody)
            file, form = messages.announce(channel, visitor, wanted.name, wanted.content_type, wanted.size)
            return _told(201, {"file_id": file.id, "upload": {"url": form.url, "fields": dict(form.fields)}})


def _body(request: WidgetRequest, struct: type[_B]) -> _B:
    if len(request.raw) > MAX_BODY_BYTES:
        raise TooLarge(f"A body may have at most {MAX_BODY_BYTES:,} bytes here.")
    return parse_body(request.raw, request.headers.get("content-type"), struct)


def _told(status: int, value: Mapping[str, Any]) -> Answer:
    return Answer(status, json.dumps(value, ensure_ascii=False, separators=(",", ":")), JSON)
