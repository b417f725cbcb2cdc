"""Examples of files in headers of templates, brought to Meta by its Resumable Upload API: a session of the app, then
the bytes, which give the handle. The handle holds for some hours (vendors say about 24), so each submission brings its
example anew and none is kept.

Source: developers.facebook.com/docs/graph-api/guides/upload, …/graph-api/reference/application/uploads and
…/business-messaging/whatsapp/templates/template-media; sizes as of media that is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from re import ASCII
from re import compile as pattern
from typing import Any
from urllib.parse import urlencode

from recado.channels.base import HttpRequest, MediaLimit, Secrets
from recado.channels.meta import GRAPH_VERSION
from recado.channels.untrusted import Unreadable, decode, label, mapping
from recado.channels.whatsapp.template_answers import answered
from recado.domain.file_limits import MB
from recado.domain.messages import Media
from recado.domain.templates import Refused, Unclear
from recado.ports.core import HttpResponse

START_TIMEOUT_S, SEND_TIMEOUT_S = 4.0, 9.0
"""With that of the submission after them they end within the 29 seconds of a call of the API."""
MAX_HANDLE = 8_000
LIMITS = {
    "IMAGE": MediaLimit(5 * MB, frozenset({"image/jpeg", "image/png"})),
    "VIDEO": MediaLimit(16 * MB, frozenset({"video/mp4"})),
    "DOCUMENT": MediaLimit(100 * MB, frozenset({"application/pdf"})),
}
_SESSION = pattern(r"upload:[A-Za-z0-9_=+/.:%~-]{1,2000}(\?[A-Za-z0-9_=&.%~-]{1,2000})?", ASCII)
_NO_APP = Refused(
    "no_app_id", "The channel's settings have no app_id, the id of the app at Meta under which examples are uploaded."
)


def start(base_url: str, file: Media, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest | Refused:
    """POST a session of the app that `app_id` of the settings names. The file's own name stays here."""
    app = settings.get("app_id")
    if not isinstance(app, str) or not app:
        return _NO_APP
    content_type = file.content_type or ""
    wanted = {
        "file_name": "example." + content_type.rpartition("/")[2],
        "file_length": str(len(file.content or b"")),
        "file_type": content_type,
    }
    return HttpRequest(
        "POST",
        f"{base_url}/{GRAPH_VERSION}/{app}/uploads?{urlencode(wanted)}",
        {"authorization": f"Bearer {secrets['access_token'][0]}"},
        b"",
        START_TIMEOUT_S,
    )


def read_started(response: HttpResponse) -> str | Refused | Unclear:
    """`{id: "upload:…"}`, whose signature may follow as a query."""
    body, error = answered(response)
    if error is not None:
        return error
    session = body.get("id")
    known = isinstance(session, str) and _SESSION.fullmatch(session) and ".." not in session
    return str(session) if known else Unclear("unreadable_answer")


def send(base_url: str, session: str, file: Media, secrets: Secrets) -> HttpRequest:
    """POST all bytes at once: an upload that breaks off is begun anew."""
    headers = {
        "authorization": f"OAuth {secrets['access_token'][0]}",
        "file_offset": "0",
        "content-type": file.content_type or "application/octet-stream",
    }
    return HttpRequest(
        "POST", f"{base_url}/{GRAPH_VERSION}/{session}", headers, file.content or b"", SEND_TIMEOUT_S
    )  # fmt: skip


def read_sent(response: HttpResponse) -> str | Refused | Unclear:
    """`{h: "4::…"}`; what goes wrong with the bytes is told as `{debug_info: {type, message}}`."""
    body, error = answered(response)
    if isinstance(error, Refused):
        return _explained(error, response)
    if error is not None:
        return error
    handle = body.get("h")
    known = isinstance(handle, str) and 0 < len(handle) <= MAX_HANDLE
    return str(handle) if known else Unclear("unreadable_answer")


def _explained(refused: Refused, response: HttpResponse) -> Refused:
    try:
        told = mapping(mapping(decode(response.body)).get("debug_info"))
    except Unreadable:
        return refused
    title = label(told.get("message"))
    return Refused(label(told.get("type")) or refused.code, title) if title else refused


def with_handles(components: Sequence[Mapping[str, Any]], handles: Mapping[str, str]) -> list[dict[str, Any]]:
    """The components with Graph's `header_handle` in place of each file of ours. Raises KeyError for one without."""
    return [
        {**one, "example": {"header_handle": [handles[one["example"]["file_id"]]]}}
        if isinstance(one.get("example"), Mapping) and "file_id" in one["example"]
        else dict(one)
        for one in components
    ]
