"""What went out, exactly: a connection that was never made is told from an answer that never came."""

from __future__ import annotations

import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from recado.outside import http
from recado.outside.http import MAX_BODY_BYTES, OutsideHttp
from recado.ports.core import ConnectFailed, HttpResponse, NoAnswer
from tests.outside.servers import answering, free_port, resetting, serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Thing: One\r\n\r\nok"


def _post(port: int, timeout_s: float = 5.0, scheme: str = "http", path: str = "/v1/messages?x=1") -> HttpResponse:
    return OutsideHttp().request("POST", f"{scheme}://127.0.0.1:{port}{path}", {"x-mine": "1"}, b"hello", timeout_s)


def test_an_answer_comes_back_whole_and_the_request_arrived_whole() -> None:
    with serving(answering(OK)) as (port, requests):
        answer = _post(port)
    assert answer == HttpResponse(200, {"content-length": "2", "x-thing": "One"}, b"ok")
    assert requests[0].startswith(b"POST /v1/messages?x=1 HTTP/1.1\r\n")
    assert b"host: 127.0.0.1" in requests[0].lower() and requests[0].endswith(b"\r\n\r\nhello")
    assert requests[0].lower().count(b"host:") == 1


def test_a_refused_connection_was_never_made() -> None:
    with pytest.raises(ConnectFailed):
        _post(free_port())


def test_a_name_that_is_not_found_was_never_connected_to() -> None:
    with pytest.raises(ConnectFailed):
        OutsideHttp().request("POST", "http://nowhere.invalid/", {}, b"", 2)


def test_a_failed_handshake_came_before_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "CONNECT_TIMEOUT_S", 0.4)
    with serving(answering(b"this is no TLS\r\n\r\n")) as (port, requests), pytest.raises(ConnectFailed):
        _post(port, scheme="https")
    assert not any(b"hello" in one for one in requests)


@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"])
def test_a_reset_after_the_request_says_nothing(before: bytes) -> None:
    with serving(resetting(before)) as (port, requests), pytest.raises(NoAnswer):
        _post(port)
    assert requests[0].endswith(b"hello")


def test_an_orderly_end_without_an_answer_says_nothing() -> None:
    with serving(lambda connection: None) as (port, _), pytest.raises(NoAnswer):
        _post(port)


def test_an_answer_cut_short_is_none() -> None:
    with (
        serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")) as (port, _),
        pytest.raises(NoAnswer),
    ):
        _post(port)


def test_no_answer_is_waited_for_longer_than_asked() -> None:
    with serving(lambda connection: time.sleep(1.5)) as (port, _):
        began = time.monotonic()
        with pytest.raises(NoAnswer):
            _post(port, timeout_s=0.3)
        assert time.monotonic() - began < 1.2


@pytest.mark.parametrize("length", [b"Content-Length: 1000\r\n", b""])
def test_bytes_that_trickle_neither_hold_it_open_nor_look_whole(length: bytes) -> None:
    def trickle(connection: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + length + b"\r\n")
        for _ in range(40):
            connection.sendall(b".")
            time.sleep(0.1)

    with serving(trickle) as (port, _):
        began = time.monotonic()
        with pytest.raises(NoAnswer):
            _post(port, timeout_s=0.6)
        assert time.monotonic() - began < 2.5


def test_a_huge_answer_is_not_read_to_its_end() -> None:
    sent = 0

    def flood(connection: Any) -> None:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(1_000):
            sent += connection.send(b"x" * 65_536)

    with serving(flood) as (port, _), pytest.raises(NoAnswer):
        _post(port)
    assert sent < 20 * MAX_BODY_BYTES


def test_the_largest_answer_passes() -> None:
    body = b"x" * MAX_BODY_BYTES
    with serving(answering(b"HTTP/1.1 200 OK\r\n\r\n" + body)) as (port, _):
        assert _post(port).body == body


def test_a_redirect_is_an_answer() -> None:
    with serving(answering(OK)) as (elsewhere, reached):
        location = (
            f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{elsewhere}/\r\nContent-Length: 0\r\n\r\n".encode()
        )
        with serving(answering(location)) as (port, _):
            assert _post(port).status == 302
        assert not reached


def test_a_line_break_in_a_header_is_refused_before_anything_is_sent() -> None:
    with serving(answering(OK)) as (port, requests):
        with pytest.raises(ValueError, match="header"):
            OutsideHttp().request("GET", f"http://127.0.0.1:{port}/", {"x": "a\r\nb: c"}, None, 1)
        assert not any(b"b: c" in one for one in requests)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http:///x", "file:///etc/passwd"])
def test_only_web_urls(url: str) -> None:
    with pytest.raises(ValueError, match="web URL"):
        OutsideHttp().request("GET", url, {}, None, 1)


def test_over_tls_the_certificate_is_that_of_the_name_whatever_address_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, trusting = _tls_pair(tmp_path, "customer.example")
    monkeypatch.setattr(http, "_tls", lambda: trusting)
    to_loopback = OutsideHttp(lambda url: "127.0.0.1")
    with serving(answering(OK), server) as (port, requests):
        assert to_loopback.request("GET", f"https://customer.example:{port}/", {}, None, 5).status == 200
        assert b"host: customer.example" in requests[0].lower()
        with pytest.raises(ConnectFailed):
            to_loopback.request("GET", f"https://other.example:{port}/", {}, None, 5)
    assert not any(b"other.example" in one for one in requests)


def _tls_pair(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for a name, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cafile=str(file))
