"""HTTP to providers, with one question answered exactly: can the other side have received the request?

Every request has a connection of its own. One that is kept open may be closed by the other side at the moment it is
used again, and then nobody can say whether the request arrived: a doubt that would cost a message its answer, to save
one handshake.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from http.client import HTTPException
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse

from recado.outside.addresses import Route
from recado.ports.core import ConnectFailed, HttpResponse, NoAnswer

CONNECT_TIMEOUT_S = 5.0
MAX_BODY_BYTES = 1024 * 1024
_PORTS = {"http": 80, "https": 443}
_T = TypeVar("_T")


class TooLarge(Exception):
    """A body has more bytes than are taken; no more of it was read."""


class OutsideHttp:
    """ports.core.Http. `route` says to which address a URL leads, and may refuse it; without one the system's resolver
    decides."""

    def __init__(self, route: Route | None = None) -> None:
        self._route = route

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> HttpResponse:
        """One request; redirects are answers like any other. Raises ConnectFailed when nothing was sent (name not
        found, refused, TLS not agreed), NoAnswer for all that goes wrong after that: reset, time-out, an answer cut
        short or over 1 MB. ValueError: no web URL."""
        status, given, content = exchange(self._route, method, url, headers, body, timeout_s, _bounded_body)
        return HttpResponse(status, given, content)


def exchange(
    route: Route | None,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    timeout_s: float,
    take: Callable[[HTTPResponse], _T],
) -> tuple[int, dict[str, str], _T]:
    """One request as `OutsideHttp.request` makes it: status, headers by their names in lower case, and what `take` made
    of the body while the connection was open. `take` may raise NoAnswer."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("not a web URL")
    address = route(url) if route else parts.hostname
    connection = _connection(parts, address, min(timeout_s, CONNECT_TIMEOUT_S))
    try:
        try:
            connection.connect()
        except (
            OSError,
            HTTPError,
            HTTPException,
            ValueError,
        ) as error:  # ValueError: a certificate of another name
            raise ConnectFailed(type(error).__name__) from error
        return _exchange(connection, method, parts, headers, body, timeout_s, take)
    finally:
        connection.close()


def _connection(parts: SplitResult, address: str, timeout_s: float) -> HTTPConnection:
    """Not yet connected. The certificate must be that of the URL's host, whatever address is called."""
    port = parts.port or _PORTS[parts.scheme]
    if parts.scheme == "http":
        return HTTPConnection(address, port, timeout=timeout_s)
    return HTTPSConnection(
        address,
        port,
        timeout=timeout_s,
        ssl_context=_tls(),
        server_hostname=parts.hostname,
        assert_hostname=parts.hostname,
    )


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _exchange(
    connection: HTTPConnection,
    method: str,
    parts: SplitResult,
    headers: Mapping[str, str],
    body: bytes | None,
    timeout_s: float,
    take: Callable[[HTTPResponse], _T],
) -> tuple[int, dict[str, str], _T]:
    """Send and read, within `timeout_s` in all: at its end the socket is shut, however slowly bytes still trickle
    in."""
    sock = connection.sock
    sock.settimeout(timeout_s)
    late = threading.Event()
    deadline = threading.Timer(timeout_s, _shut, [sock, late])
    deadline.daemon = True
    deadline.start()
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        all_headers = {"host": parts.netloc.rpartition("@")[2], "user-agent": "Recado", **headers}
        connection.request(method, target, body=body, headers=all_headers, preload_content=False, decode_content=False)
        response = connection.getresponse()
        given = {name.lower(): value for name, value in response.headers.items()}
        answer = response.status, given, take(response)
    except (OSError, HTTPError, HTTPException) as error:
        raise NoAnswer(type(error).__name__) from error
    finally:
        deadline.cancel()
    if late.is_set():  # what was read ended because the socket was shut, however whole it looks
        raise NoAnswer("too slow")
    return answer


def _bounded_body(response: HTTPResponse) -> bytes:
    """The whole body. Raises NoAnswer when it is larger than MAX_BODY_BYTES or was cut short."""
    try:
        return bounded(response, MAX_BODY_BYTES)
    except TooLarge:
        raise NoAnswer("the answer is too large") from None


def bounded(response: HTTPResponse, most_bytes: int) -> bytes:
    """The whole body. Raises TooLarge, NoAnswer when it was cut short."""
    body = response.read(most_bytes + 1)
    if len(body) > most_bytes:
        raise TooLarge
    whole(response)
    return body


def as_it_is(response: HTTPResponse) -> None:
    """Raises NoAnswer when a body is packed: nobody asked for that, and a small one may be large inside."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise NoAnswer("an encoding that was not asked for")


def whole(response: HTTPResponse) -> None:
    """Raises NoAnswer when a body that was read to its end was cut short."""
    if response.length_remaining:
        raise NoAnswer("the answer was cut short")


def _shut(sock: socket.socket, late: threading.Event) -> None:
    """End a connection from another thread: whoever reads it finds it closed."""
    late.set()
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # closed already
