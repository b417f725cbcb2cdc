"""Requests of flows to addresses that a company wrote, parts of which its customers said: nothing of them is trusted,
nor of what comes back.

Redirects are not followed: an address that was looked at leads to itself alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from urllib3.response import HTTPResponse

from recado.channels.untrusted import Unreadable, bounded_text, bounded_tree, decode
from recado.domain.flow_requests import MAX_URL, is_forbidden
from recado.outside.addresses import Route
from recado.outside.http import TooLarge, as_it_is, bounded, exchange
from recado.ports.core import AddressRefused, ConnectFailed, NoAnswer
from recado.ports.flow_http import FlowRequestFailed, FlowResponse

TIMEOUT_S = 10.0
"""For one request in all; whoever runs flows holds a customer's next message for as long."""
MAX_BODY_BYTES = 100_000
MAX_ANSWER_BYTES = 256_000
_LEFT_AS_IT_IS = "%/:=&?~+!$,;'@()*[]|"
"""Signs of a path or query that are not written as %XX: those with a meaning there, and % itself, as texts that
variables put there are written so already."""


class OutsideFlowRequests:
    """ports.flow_http.FlowRequests. `route` says to which address a URL leads, and refuses what is not public."""

    def __init__(self, route: Route) -> None:
        self._route = route

    def request(self, method: str, url: str, headers: Mapping[str, str], body: str | None) -> FlowResponse:
        """One request, no redirects followed, within TIMEOUT_S. Raises FlowRequestFailed."""
        content = None if body is None else body.encode("utf-8", "replace")
        if content is not None and len(content) > MAX_BODY_BYTES:
            raise FlowRequestFailed("body_too_large")
        address, sent = _address(url), _headers(headers, body)
        try:
            status, given, answer = exchange(self._route, method, address, sent, content, TIMEOUT_S, _bounded)
        except AddressRefused:
            raise FlowRequestFailed("address_refused") from None
        except ConnectFailed:
            raise FlowRequestFailed("no_connection") from None
        except NoAnswer:
            raise FlowRequestFailed("no_answer") from None
        except TooLarge:
            raise FlowRequestFailed("answer_too_large") from None
        except ValueError:
            raise FlowRequestFailed("wrong_address") from None
        if not 200 <= status < 300:
            raise FlowRequestFailed(f"http_{status}")
        return FlowResponse(status, _value(given, answer))


def _address(url: str) -> str:
    """The URL as it is sent: host in ASCII, path and query without blanks, no fragment. What begins like a name and a
    password is refused: it would not be sent."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("idna").decode("ascii"), parts.port
    except ValueError:  # UnicodeError among them
        raise FlowRequestFailed("wrong_address") from None
    if len(url) > MAX_URL or "@" in parts.netloc or not host or port == 0:
        raise FlowRequestFailed("wrong_address")
    place = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    path, query = quote(parts.path, _LEFT_AS_IT_IS), quote(parts.query, _LEFT_AS_IT_IS)
    return urlunsplit(SplitResult(parts.scheme, place, path, query, ""))


def _headers(headers: Mapping[str, str], body: str | None) -> dict[str, str]:
    """By names in lower case, so that none comes twice; texts as UTF-8."""
    sent = {} if body is None else {"content-type": _content_type(body)}
    for name, text in headers.items():
        if is_forbidden(name) or not text.isprintable():
            raise FlowRequestFailed("wrong_header")
        sent[name.lower()] = text.encode().decode("latin-1")
    return sent


def _content_type(body: str) -> str:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return "text/plain; charset=utf-8"
    return "application/json"


def _bounded(response: HTTPResponse) -> bytes:
    """The whole body of a success; of anything else nothing is read."""
    if not 200 <= response.status < 300:
        return b""
    as_it_is(response)
    return bounded(response, MAX_ANSWER_BYTES)


def _value(headers: Mapping[str, str], body: bytes) -> Any:
    """What a variable can hold of a body."""
    if not body.strip():
        return None
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        try:
            value, cut = bounded_tree(decode(body))
        except Unreadable:
            raise FlowRequestFailed("answer_unreadable") from None
    else:
        value, cut = bounded_text(_text(body))
    if cut:
        raise FlowRequestFailed("answer_too_large")
    return value


def _text(body: bytes) -> str:
    try:
        return body.decode().replace("\x00", "")
    except UnicodeDecodeError:
        raise FlowRequestFailed("answer_unreadable") from None
