"""Requests of flows: what goes out, what comes back, and where they never lead."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recado.bootstrap import Container
from recado.outside import flow_http
from recado.outside.addresses import PublicAddresses
from recado.outside.flow_http import MAX_ANSWER_BYTES, MAX_BODY_BYTES, OutsideFlowRequests
from recado.ports.flow_http import FlowRequestFailed, FlowRequests, FlowResponse
from recado.settings import local_doors, settings
from tests.outside.servers import answering, free_port, resetting, serving


def answer(body: bytes, kind: str = "application/json", status: str = "200 OK", *more: str) -> Any:
    head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *more]
    return answering("\r\n".join(head).encode() + b"\r\n\r\n" + body)


def to(port: int) -> OutsideFlowRequests:
    """As behind the local door: this origin alone passes the guard."""
    return OutsideFlowRequests(PublicAddresses(lambda: frozenset({f"http://127.0.0.1:{port}"})))


def get(port: int, path: str = "/") -> FlowResponse:
    return to(port).request("GET", f"http://127.0.0.1:{port}{path}", {}, None)


def refused(port: int, path: str = "/", **more: Any) -> str:
    request = {"method": "GET", "url": f"http://127.0.0.1:{port}{path}", "headers": {}, "body": None, **more}
    with pytest.raises(FlowRequestFailed) as failure:
        to(port).request(**request)
    assert str(failure.value) == failure.value.code
    return failure.value.code


def test_a_request_arrives_whole_and_its_answer_is_a_value() -> None:
    body = json.dumps({"cpf": "52998224725", "nome": "Zé"}, ensure_ascii=False)
    with serving(answer(b'{"pontos": 12, "nome": "Z\xc3\xa9"}')) as (port, requests):
        headers = {"Authorization": "Bearer x", "X-Nome": "Zé 😀"}
        found = to(port).request("POST", f"http://127.0.0.1:{port}/c/ção?q=a b&r=%20#x", headers, body)
    assert found == FlowResponse(200, {"pontos": 12, "nome": "Zé"})
    head, _, sent = requests[0].partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert head.startswith(b"POST /c/%C3%A7%C3%A3o?q=a%20b&r=%20 HTTP/1.1\r\n") and sent == body.encode()
    for line in (f"host: 127.0.0.1:{port}", "authorization: bearer x", "content-type: application/json"):
        assert lines.count(line.encode()) == 1, line
    assert "x-nome: Zé 😀".encode() in lines or "x-nome: zé 😀".encode() in lines


@pytest.mark.parametrize(
    ("body", "kind", "value"),
    [
        (b"", "application/json", None),
        (b" \n", "text/plain", None),
        (b"ol\xc3\xa1", "text/plain; charset=utf-8", "olá"),
        (b"<a/>", "application/xml", "<a/>"),
        (b"[1, null]", "application/problem+json", [1, None]),
        (b"1e999", "application/json", "1e999"),
        (b'"\\ud800\\u0000"', "Application/JSON", "�"),
    ],
)
def test_a_body_is_read_as_it_says(body: bytes, kind: str, value: Any) -> None:
    with serving(answer(body, kind)) as (port, _):
        assert get(port).value == value


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (answer(b"{}", "text/plain", "404 Not Found"), "http_404"),
        (answer(b"{}", "text/plain", "302 Found", "Location: http://127.0.0.1:1/"), "http_302"),
        (answer(b"{", "application/json"), "answer_unreadable"),
        (answer(b"[" * 100_000, "application/json"), "answer_unreadable"),
        (answer(b"\xff\xfe\x00", "image/png"), "answer_unreadable"),
        (answer(b"[[[[[[[[[[1]]]]]]]]]]", "application/json"), "answer_too_large"),
        (answer(json.dumps(list(range(2_000))).encode()), "answer_too_large"),
        (answer(json.dumps("x" * 30_000).encode()), "answer_too_large"),
        (answer(b"x" * (MAX_ANSWER_BYTES + 1), "text/plain"), "answer_too_large"),
        (answer(b"x", "text/plain", "200 OK", "Content-Encoding: gzip"), "no_answer"),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), "no_answer"),
        (resetting(), "no_answer"),
    ],
)
def test_what_is_no_success_has_a_code(behaviour: Any, code: str) -> None:
    with serving(behaviour) as (port, requests):
        assert refused(port) == code
        assert len(requests) == 1


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"url": "http://a@127.0.0.1:{port}/"}, "wrong_address"),
        ({"url": "http://127.0.0.1:99999/"}, "wrong_address"),
        ({"url": "ftp://127.0.0.1:{port}/"}, "wrong_address"),
        ({"url": "http:///x"}, "wrong_address"),
        ({"url": "http://127.0.0.1:{port}/" + "x" * 4_000}, "wrong_address"),
        ({"url": "http://localhost:{port}/"}, "address_refused"),
        ({"url": "https://127.0.0.1:{port}/"}, "address_refused"),
        ({"url": "https://[::ffff:7f00:1]:{port}/"}, "address_refused"),
        ({"url": "https://169.254.169.254/latest/meta-data/"}, "address_refused"),
        ({"url": "https://no.such.name.invalid/"}, "no_connection"),
        ({"headers": {"Host": "x"}}, "wrong_header"),
        ({"headers": {"transfer-encoding": "chunked"}}, "wrong_header"),
        ({"headers": {"Proxy-Authorization": "x"}}, "wrong_header"),
        ({"headers": {"a": "b\r\nc: d"}}, "wrong_header"),
        ({"body": "x" * (MAX_BODY_BYTES + 1)}, "body_too_large"),
    ],
)
def test_what_never_leaves(more: dict[str, Any], code: str) -> None:
    with serving(answer(b"{}")) as (port, requests):
        if "url" in more:
            more = {"url": more["url"].replace("{port}", str(port))}
        assert refused(port, **more) == code
        assert not requests


def test_nobody_there() -> None:
    assert refused(free_port()) == "no_connection"


def test_an_answer_that_trickles_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_http, "TIMEOUT_S", 0.4)

    def trickle(connection: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(30):
            connection.sendall(b".")
            time.sleep(0.1)

    with serving(trickle) as (port, _):
        began = time.monotonic()
        assert refused(port) == "no_answer"
        assert time.monotonic() - began < 2


@pytest.fixture
def wired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlowRequests]:
    """As flows get it in AWS, where there is no local door."""
    monkeypatch.delenv("RECADO_LOCAL_DIR", raising=False)
    local_doors.cache_clear()
    yield Container(settings()).flow_requests
    local_doors.cache_clear()


def test_what_flows_get_is_guarded(wired: FlowRequests) -> None:
    with serving(answer(b"{}")) as (port, requests):
        for scheme in ("http", "https"):
            with pytest.raises(FlowRequestFailed) as failure:
                wired.request("GET", f"{scheme}://127.0.0.1:{port}/", {}, None)
            assert failure.value.code == "address_refused"
        assert not requests
