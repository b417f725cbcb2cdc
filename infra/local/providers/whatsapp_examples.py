"""Graph's Resumable Upload API as examples of templates use it: a session of the app, the bytes, a handle.

Shapes: developers.facebook.com/docs/graph-api/guides/upload.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from infra.local.providers.base import Answer, Call
from infra.local.providers.memory import Memory

ROUTES = (
    ("POST", r"/graph/v{version:[\d.]+}/{app_id:\d+}/uploads"),
    ("POST", r"/graph/v{version:[\d.]+}/{session:upload:[^/]+}"),
)
FORMATS = {
    "IMAGE": ("image/jpeg", "image/png"),
    "VIDEO": ("video/mp4",),
    "DOCUMENT": ("application/pdf",),
}
_TYPES = (*FORMATS["IMAGE"], "image/jpg", *FORMATS["VIDEO"], *FORMATS["DOCUMENT"])
_SIGNS = {"image/jpeg": (0, b"\xff\xd8\xff"), "image/jpg": (0, b"\xff\xd8\xff"), "image/png": (0, b"\x89PNG\r\n\x1a\n"),
          "video/mp4": (4, b"ftyp"), "application/pdf": (0, b"%PDF-")}  # fmt: skip


@dataclass(frozen=True)
class Session:
    """What was announced."""

    content_type: str
    length: int


class ExampleUploads:
    """Sessions by their ids, and the types of what was uploaded by its handles. Nothing is written before an answer is
    a success, and a session serves once."""

    def __init__(self) -> None:
        self._sessions: Memory[Session] = Memory()
        self._uploaded: Memory[str] = Memory()

    def takes(self, call: Call) -> bool:
        return "app_id" in call.values or "session" in call.values

    def answer(self, call: Call) -> Answer | str:
        """What Graph answers; a text is why it refuses."""
        if "app_id" in call.values:
            wanted = _announced(call)
            if isinstance(wanted, str):
                return wanted
            return Answer.of_json(200, {"id": f"upload:{secrets.token_hex(12)}==?sig={secrets.token_hex(8)}"})
        known = self._sessions.get(_session_of(call.path))
        if known is None:
            return "The upload session does not exist."
        if not call.headers.get("authorization", "").startswith("OAuth "):
            return "The access token goes into the header as OAuth."
        if call.headers.get("file_offset") != "0":
            return "The header file_offset is required: nothing was uploaded yet."
        if len(call.raw) != known.length:
            return f"The session is of {known.length} bytes."
        start, sign = _SIGNS[known.content_type]
        if not call.raw[start:].startswith(sign):
            return f"The bytes are no {known.content_type}."
        return Answer.of_json(200, {"h": f"4::{secrets.token_hex(6)}==:ARa{secrets.token_hex(40)}:e:1700000000"})

    def remember(self, call: Call, answer: Answer) -> None:
        """Do what was answered."""
        given = answer.object()
        if "app_id" in call.values:
            wanted = _announced(call)
            if isinstance(wanted, Session) and isinstance(given.get("id"), str):
                self._sessions.put(given["id"], wanted)
        elif isinstance(given.get("h"), str):
            known = self._sessions.get(_session_of(call.path))
            if known is not None:
                self._uploaded.put(given["h"], known.content_type)

    def refuses(self, component: Mapping[str, Any]) -> str | None:
        """Why a template's header is refused for its example."""
        form = component.get("format")
        if component.get("type") != "HEADER" or form not in FORMATS:
            return None
        example = component.get("example")
        handles = example.get("header_handle") if isinstance(example, Mapping) else None
        if not isinstance(handles, list) or len(handles) != 1:
            return f"Templates with {form} header type need an example/sample, but it was not provided."
        if self._uploaded.get(str(handles[0])) not in FORMATS[form]:
            return f"The handle is of no upload that can be an example of {form}."
        return None


def _session_of(path: str) -> str:
    return "upload:" + path.partition("upload:")[2]


def _announced(call: Call) -> Session | str:
    query = {name: values[-1] for name, values in parse_qs(urlsplit(call.path).query).items()}
    if not query.get("file_name"):
        return "The parameter file_name is required."
    if query.get("file_type") not in _TYPES:
        return f"The parameter file_type must be one of {', '.join(_TYPES)}."
    if not query.get("file_length", "").isdigit() or int(query["file_length"]) < 1:
        return "The parameter file_length must be a number of bytes."
    return Session(query["file_type"], int(query["file_length"]))
