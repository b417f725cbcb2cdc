"""The front passes requests and answers on unchanged, and says so itself when it cannot."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from aiohttp import web

from infra.local.front import MAX_BODY_BYTES, Settings, build_app
from tests.local.conftest import Serve

# Nobody listens on the discard port of a loopback address.
NOBODY = "http://127.0.0.1:9"


@dataclass
class Taken:
    """A request as an API behind the front got it."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> list[str]:
        return [value for given, value in self.headers if given.lower() == name.lower()]


class Upstream:
    """Takes everything, remembers it, answers as told."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.answer: Callable[[], web.StreamResponse] = lambda: web.Response(status=200)

    def app(self) -> web.Application:
        async def take(request: web.Request) -> web.StreamResponse:
            headers = [(name.decode(), value.decode()) for name, value in request.raw_headers]
            self.taken.append(Taken(request.method, request.raw_path, headers, await request.read()))
            return self.answer()

        app = web.Application(client_max_size=2 * MAX_BODY_BYTES)
        app.router.add_route("*", "/{path:.*}", take)
        return app


@pytest.fixture
def rest() -> Upstream:
    return Upstream()


@pytest.fixture
def hooks() -> Upstream:
    return Upstream()


@pytest.fixture
def front(serve: Serve, rest: Upstream, hooks: Upstream, local_dir: Path) -> str:
    """A front before two APIs; MiniStack is the REST one too."""
    rest_url = serve(rest.app(), auto_decompress=False)
    http_url = serve(hooks.app(), auto_decompress=False)
    settings = Settings(f"{rest_url}/restapis/r1/prod/_user_request_", f"{http_url}/h1", rest_url, "tick", local_dir)
    return serve(build_app(settings), auto_decompress=False)


def raw_request(url: str, method: str, target: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """A request whose target goes over the wire as written, which clients with opinions on URLs would not do."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    connection.request(method, target, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"a":"\\u00e4\\/"}',
        b'{"a":"\xff\xfe\x00"}',
        bytes(range(256)) * 40,
        b"\xef\xbb\xbf{}\r\n",
        gzip.compress(b"x", mtime=0),
    ],
)
def test_bodies_arrive_byte_for_byte(front: str, web_client: httpx.Client, hooks: Upstream, body: bytes) -> None:
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": "sha256=00"}
    if body.startswith(b"\x1f\x8b"):
        headers["Content-Encoding"] = "gzip"
    assert web_client.post(f"{front}/webhooks/ch_1", content=body, headers=headers).status_code == 200
    (taken,) = hooks.taken
    assert taken.body == body
    assert taken.header("content-type") == ["application/json"]
    assert taken.header("x-hub-signature-256") == ["sha256=00"]
    assert taken.header("content-encoding") == (["gzip"] if "Content-Encoding" in headers else [])


def test_paths_and_queries_go_on_as_written(front: str, rest: Upstream, hooks: Upstream) -> None:
    targets = ("/webhooks/a%2Fb%20c?x=%2B&x=2&y", "/voice/1", "/widget/messages?after=%C3%A9", "/t/code?utm_a=b+c")
    for target in targets:
        assert raw_request(front, "GET", target, b"", {})[0] == 200
    assert [taken.path for taken in hooks.taken] == ["/h1" + target for target in targets]
    assert raw_request(front, "DELETE", "/v1/chats/ca%3A1?limit=2", b"", {})[0] == 200
    (taken,) = rest.taken
    assert (taken.method, taken.path) == ("DELETE", "/restapis/r1/prod/_user_request_/v1/chats/ca%3A1?limit=2")


def test_request_headers_go_on_and_nothing_is_invented(front: str, hooks: Upstream) -> None:
    sent = {"Authorization": "Bearer x", "X-Forwarded-For": "203.0.113.7", "Connection": "X-Private", "X-Private": "1"}
    raw_request(front, "POST", "/webhooks/a", b"x", sent)
    (taken,) = hooks.taken
    assert taken.header("authorization") == ["Bearer x"]
    assert taken.header("x-forwarded-for") == ["203.0.113.7, 127.0.0.1"]
    assert taken.header("host")[0] != urlsplit(front).netloc
    for absent in ("x-private", "content-type", "user-agent", "accept"):
        assert taken.header(absent) == []


def test_answers_come_back_unchanged(front: str, web_client: httpx.Client, rest: Upstream) -> None:
    def answer() -> web.Response:
        given = web.Response(status=409, body=b"\x00\xff", content_type="application/problem+json")
        given.headers.add("Set-Cookie", "a=1")
        given.headers.add("Set-Cookie", "b=2")
        given.headers["Retry-After"] = "7"
        return given

    rest.answer = answer
    got = web_client.get(f"{front}/v1/chats")
    assert (got.status_code, got.content) == (409, b"\x00\xff")
    assert got.headers["content-type"] == "application/problem+json"
    assert got.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert got.headers["retry-after"] == "7"


def test_redirects_and_compressed_answers_are_left_alone(front: str, web_client: httpx.Client, hooks: Upstream) -> None:
    packed = gzip.compress(b"hello", mtime=0)
    hooks.answer = lambda: web.Response(
        status=302, body=packed, headers={"Location": "https://wa.me/55", "Content-Encoding": "gzip"}
    )
    with web_client.stream("GET", f"{front}/t/abc") as got:
        assert (got.status_code, got.headers["location"]) == (302, "https://wa.me/55")
        assert b"".join(got.iter_raw()) == packed


def test_an_empty_answer_has_no_body(front: str, web_client: httpx.Client, rest: Upstream) -> None:
    rest.answer = lambda: web.Response(status=204)
    got = web_client.delete(f"{front}/v1/contacts/1")
    assert (got.status_code, got.content, got.headers.get("content-type")) == (204, b"", None)


@pytest.mark.parametrize(
    "path", ["/nothing", "/v1", "/webhooks", "/console/", "/demos/", "/V1/chats", "/v1%2Fchats", "//v1/x"]
)
def test_unknown_paths_are_404_problems(front: str, path: str, rest: Upstream, hooks: Upstream) -> None:
    status, content = raw_request(front, "GET", path, b"", {})
    assert (status, json.loads(content)["code"]) == (404, "not_found")
    assert rest.taken == hooks.taken == []


def test_bodies_over_the_products_limit_reach_the_product(
    front: str, web_client: httpx.Client, hooks: Upstream
) -> None:
    hooks.answer = lambda: web.Response(status=413)
    for size in (4_000_001, MAX_BODY_BYTES):
        assert web_client.post(f"{front}/webhooks/a", content=b"x" * size).status_code == 413
    assert [len(taken.body) for taken in hooks.taken] == [4_000_001, MAX_BODY_BYTES]


def test_bodies_over_the_gateways_limit_are_413_problems(front: str, web_client: httpx.Client, hooks: Upstream) -> None:
    answer = web_client.post(f"{front}/webhooks/a", content=b"x" * (MAX_BODY_BYTES + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert hooks.taken == []


def test_an_upstream_that_is_down_is_a_502_problem(serve: Serve, web_client: httpx.Client, local_dir: Path) -> None:
    front = serve(build_app(Settings(NOBODY, NOBODY, NOBODY, "tick", local_dir)), auto_decompress=False)
    for path in ("/v1/chats", "/webhooks/a", "/_local/tick"):
        answer = web_client.post(front + path, content=b"{}")
        assert (answer.status_code, answer.json()["status"]) == (502, 502)


def test_an_upstream_that_hangs_up_is_a_502_problem(serve: Serve, web_client: httpx.Client, local_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: listener.accept()[0].close())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        front = serve(build_app(Settings(url, url, url, "tick", local_dir)), auto_decompress=False)
        assert web_client.post(f"{front}/webhooks/a", content=b"{}").status_code == 502


def test_tick_invokes_the_function_and_answers_its_result(front: str, web_client: httpx.Client, rest: Upstream) -> None:
    rest.answer = lambda: web.json_response({"done": 3})
    answer = web_client.post(f"{front}/_local/tick")
    assert (answer.status_code, answer.json()) == (200, {"result": {"done": 3}})
    (taken,) = rest.taken
    assert (taken.method, taken.path) == ("POST", "/2015-03-31/functions/tick/invocations")
    assert taken.header("x-amz-invocation-type") == ["RequestResponse"]


def test_a_tick_that_fails_is_a_502_problem(front: str, web_client: httpx.Client, rest: Upstream) -> None:
    failed: dict[str, Any] = {"errorType": "KeyError", "errorMessage": "x"}
    rest.answer = lambda: web.json_response(failed, headers={"X-Amz-Function-Error": "Unhandled"})
    answer = web_client.post(f"{front}/_local/tick")
    assert (answer.status_code, answer.json()["code"]) == (502, "tick_failed")
    assert "KeyError" in answer.json()["detail"]


def test_the_landing_page_names_what_is_there(
    front: str, web_client: httpx.Client, write_demo: Callable[[dict[str, Any]], None]
) -> None:
    assert "still being made" in web_client.get(front).text
    write_demo({"agents": [{"name": "Ana <b>", "email": "ana@example.com"}], "providers_url": "http://127.0.0.1:8090"})
    page = web_client.get(f"{front}/")
    assert page.headers["content-type"].startswith("text/html")
    assert "Ana &lt;b&gt;" in page.text
    assert "http://127.0.0.1:8090/calls" in page.text
