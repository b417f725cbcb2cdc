"""The way out of flows: requests to addresses that a company wrote into a step (PRODUCT F1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class FlowResponse:
    """A success. `value`: its body, as JSON where it says that it is, else as text; bounded, and None where it was
    empty."""

    status: int
    value: Any = None


class FlowRequestFailed(Exception):
    """There is no success; `code` says why and holds nothing of addresses or contents: `wrong_address`, `wrong_header`,
    `body_too_large`, `address_refused`, `no_connection`, `no_answer`, `http_404` (any that is no success),
    `answer_too_large`, `answer_unreadable`. Of the first five alone is it certain that nobody received the request."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class FlowRequests(Protocol):
    """Requests of flows, held to public addresses."""

    def request(self, method: str, url: str, headers: Mapping[str, str], body: str | None) -> FlowResponse:
        """One request, no redirects followed. Raises FlowRequestFailed."""
        ...
