"""What the management API of sockets answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from recado.aws.session import reset_clients
from recado.aws.socket_line import ApiGatewaySockets


class Management(BaseHTTPRequestHandler):
    """Answers by the connection's name: a status; and keeps what was posted."""

    posted: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        self.posted.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        status = int(self.path.rpartition("/")[2])
        self.send_response(status)
        self.send_header("Content-Length", "0")
        if status == 410:
            self.send_header("x-amzn-ErrorType", "GoneException")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def line() -> Iterator[ApiGatewaySockets]:
    Management.posted = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Management)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    reset_clients()
    yield ApiGatewaySockets(f"http://127.0.0.1:{server.server_port}/socket")
    server.shutdown()
    server.server_close()
    reset_clients()


def test_a_hint_is_posted_once(line: ApiGatewaySockets) -> None:
    assert line.post("200", b"hint")
    assert Management.posted == [("/socket/@connections/200", b"hint")]
    assert not line.post("410", b"hint")
    with pytest.raises(ClientError):
        line.post("500", b"hint")
    assert len(Management.posted) == 3, "a failed one is not tried again"


def test_nobody_answers() -> None:
    reset_clients()
    with pytest.raises(BotoCoreError):
        ApiGatewaySockets("http://127.0.0.1:9/socket").post("c", b"hint")
    reset_clients()
