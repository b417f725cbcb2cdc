"""Files into a temporary file, up to so many bytes and no further."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from recado.outside.addresses import PublicAddresses
from recado.outside.downloads import OutsideDownloads
from recado.ports.core import AddressRefused, ConnectFailed, NoAnswer
from recado.ports.fetching import TooLong

CONTENT = bytes(range(256)) * 4_096 * 2  # 2 MB: more than is kept in memory


class FileServer(BaseHTTPRequestHandler):
    """/<n>: so many bytes with their length, /open/<n> without, /short/<n> fewer than it says."""

    def do_GET(self) -> None:
        how, _, count = self.path.strip("/").rpartition("/")
        size = int(count)
        self.send_response(404 if how == "gone" else 302 if how == "moved" else 200)
        if how not in ("open", "short"):
            self.send_header("Content-Length", str(size))
        if how == "short":
            self.send_header("Content-Length", str(size + 1))
        if how == "packed":
            self.send_header("Content-Encoding", "gzip")
        self.send_header("X-Seen", self.headers.get("authorization", ""))
        self.end_headers()
        try:
            self.wfile.write(CONTENT[:size])
        except OSError:
            self.close_connection = True

    def log_message(self, *given: Any) -> None:
        """Nothing to the terminal."""


@pytest.fixture
def server() -> Iterator[str]:
    running = ThreadingHTTPServer(("127.0.0.1", 0), FileServer)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


@pytest.mark.parametrize("how", ["", "/open"])
@pytest.mark.parametrize("size", [0, 1, len(CONTENT)])
def test_a_body_up_to_the_limit(server: str, how: str, size: int) -> None:
    answer = OutsideDownloads().get(f"{server}{how}/{size}", {"authorization": "Bearer x"}, 5.0, len(CONTENT))
    with closing(answer.body):
        assert (answer.status, answer.body.read(), answer.headers["x-seen"]) == (200, CONTENT[:size], "Bearer x")


@pytest.mark.parametrize("how", ["", "/open"])
def test_one_byte_more(server: str, how: str) -> None:
    for most in (0, 10, len(CONTENT) - 1):
        with pytest.raises(TooLong):
            OutsideDownloads().get(f"{server}{how}/{most + 1}", {}, 5.0, most)


@pytest.mark.parametrize("path", ["/short/10", "/packed/10"])
def test_what_is_not_the_whole_file_is_no_answer(server: str, path: str) -> None:
    with pytest.raises(NoAnswer):
        OutsideDownloads().get(server + path, {}, 5.0, 100)


@pytest.mark.parametrize(("path", "status"), [("/gone/100", 404), ("/moved/100", 302)])
def test_of_what_is_no_success_nothing_is_read(server: str, path: str, status: int) -> None:
    answer = OutsideDownloads().get(server + path, {}, 5.0, 10)
    with closing(answer.body):
        assert (answer.status, answer.body.read()) == (status, b"")


def test_a_customers_url_is_held_to_public_addresses(server: str) -> None:
    with pytest.raises(AddressRefused):
        OutsideDownloads(PublicAddresses()).get(f"{server}/1", {}, 5.0, 10)
    with pytest.raises(ConnectFailed):
        OutsideDownloads().get("http://127.0.0.1:1/1", {}, 5.0, 10)
    with pytest.raises(ValueError, match="web URL"):
        OutsideDownloads().get("file:///etc/passwd", {}, 5.0, 10)
