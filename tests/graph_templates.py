"""Graph's templates as an Http: the simulator's shelf without a server, and what goes wrong on the way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from infra.local.providers.base import Answer, Call
from infra.local.providers.whatsapp_templates import TemplateShelf
from recado.ports.core import HttpResponse, NoAnswer

WABA = "200000000000001"


class GraphOfTests:
    """Answers from `script` first: a response, an exception, or LOST (it is done, and the answer gets lost)."""

    LOST = "lost"

    def __init__(self) -> None:
        self.shelf = TemplateShelf()
        self.script: list[Any] = []
        self.asked: list[tuple[str, str, Any]] = []

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> HttpResponse:
        parts = urlsplit(url)
        _, version, first, *rest = parts.path.split("/")
        kind = "session" if first.startswith("upload:") else "app_id" if rest == ["uploads"] else "waba_id"
        values = {"version": version, (kind if rest or kind == "session" else "template_id"): first}
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        call = Call("whatsapp", datetime.now(UTC), method, path, headers, body or b"", values)
        self.asked.append((method, path, call.body()))
        scripted = self.script.pop(0) if self.script else None
        if isinstance(scripted, Exception):
            raise scripted
        if isinstance(scripted, HttpResponse):
            return scripted
        planned = self.shelf.answer(call)
        if isinstance(planned, str):
            return refusal(100, planned)
        answered: Answer = planned
        self.shelf.remember(call, answered)
        if scripted == self.LOST:
            raise NoAnswer("time-out")
        return HttpResponse(answered.status, {}, answered.body)

    def submissions(self) -> list[Any]:
        """The bodies of what was submitted."""
        return [body for method, path, body in self.asked if method == "POST" and "upload" not in path]

    def uploads(self) -> list[str]:
        """The paths of what was uploaded."""
        return [path for method, path, _ in self.asked if method == "POST" and "upload" in path]


def refusal(code: int, message: str, subcode: int | None = None) -> HttpResponse:
    """Graph's error."""
    error: dict[str, Any] = {"code": code, "message": message, "type": "OAuthException"}
    if subcode is not None:
        error |= {"error_subcode": subcode, "error_user_title": "title", "error_user_msg": message}
    return HttpResponse(400, {}, json.dumps({"error": error}).encode())
