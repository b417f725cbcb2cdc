"""HTTP steps of a flow that is played: whoever plays it is the other system."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from recado.ports.flow_http import FlowRequestFailed, FlowResponse

QUESTION = "answer (JSON or text; !404 or !no_answer fails) > "


class AskedRequests:
    """Shows the request, and takes its answer from who plays."""

    def __init__(self, note: Callable[[str], None], read: Callable[[str], str | None]) -> None:
        self._note = note
        self._read = read

    def request(self, method: str, url: str, headers: Mapping[str, str], body: str | None) -> FlowResponse:
        """The port `recado.ports.flow_http.FlowRequests`."""
        self._note(f"{method} {url}")
        for name, text in headers.items():
            if name != "Idempotency-Key":  # of the engine, not of the flow
                self._note(f"{name}: {text}")
        if body is not None:
            self._note(body)
        given = (self._read(QUESTION) or "").strip()
        if given.startswith("!"):
            code = given[1:].strip()
            raise FlowRequestFailed(f"http_{code}" if code.isdigit() else code or "no_answer")
        try:
            return FlowResponse(200, json.loads(given) if given else None)
        except ValueError:
            return FlowResponse(200, given)


class FailingRequests:
    """Nobody is there."""

    def request(self, method: str, url: str, headers: Mapping[str, str], body: str | None) -> FlowResponse:
        """The port `recado.ports.flow_http.FlowRequests`."""
        raise FlowRequestFailed("no_connection")
