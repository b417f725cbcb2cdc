"""The front of the local stack: stands where CloudFront stands in AWS, on one origin.

/v1/* goes to the REST API, /webhooks/* /voice/* /widget/* /t/* to the HTTP API, byte for byte both ways: signatures
are over raw bytes. /socket goes to the socket API, /files/* to the files bucket, /demo/ is a page of the product's.
/_local/* are doors that exist only here. Every error of the front itself is a problem+json.

    python infra/local/front.py --rest-url URL --http-url URL --files-url URL --socket-url URL --tick-function NAME
"""

from __future__ import annotations

import argparse
import asyncio
import html
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

# Started by its file's name, Python sees this folder alone.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from infra.local import local_clock
from infra.local.mail_door import MAX_MAIL_BODY_BYTES, BadMail, MailDoor
from infra.local.pages import add_pages
from infra.local.problem_answers import own_refusals, problem
from infra.local.served_files import PATH, serve_file
from infra.local.sockets import PATH as SOCKET_PATH
from infra.local.sockets import pass_on

# What API Gateway takes at most, REST and HTTP alike; the product's own rule (4,000,000 bytes) lies below it.
MAX_BODY_BYTES = 10 * 1024 * 1024
# How much of a body beyond that is read and thrown away, so that the sender gets to see the 413.
MAX_DRAINED_BYTES = 256 * 1024 * 1024
# API Gateway gives up after 29–30 s; a cold machine of two cores gets more before it is called broken.
UPSTREAM_TIMEOUT_S = 60
TICK_TIMEOUT_S = 300
HTTP_API_PATHS = ("/webhooks/", "/voice/", "/widget/", "/t/")
REST_API_PATHS = ("/v1/",)
# RFC 9110 §7.6.1: these speak of one connection; Host and lengths are set anew for the next one.
HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
REQUEST_ONLY_HERE = HOP_BY_HOP | {"host", "content-length", "expect"}


@dataclass(frozen=True)
class Settings:
    """Where things are: URLs without a trailing slash, `files_url` that of the files bucket; `local_dir` holds
    clock.json and demo.json."""

    rest_url: str
    http_url: str
    ministack_url: str
    tick_function: str
    local_dir: Path
    files_url: str = ""
    socket_url: str = ""
    mail_bucket: str = ""
    mail_queue_url: str = ""


SETTINGS = web.AppKey("settings", Settings)
SESSION = web.AppKey("session", aiohttp.ClientSession)


def build_app(settings: Settings) -> web.Application:
    """The front as an aiohttp application; serve it with `auto_decompress=False`, else it would alter bodies."""
    app = web.Application(middlewares=[own_refusals])
    app[SETTINGS] = settings
    app.cleanup_ctx.append(_client_session)
    app.router.add_get("/", landing_page)
    app.router.add_get("/_local/clock", get_clock)
    app.router.add_put("/_local/clock", put_clock)
    app.router.add_post("/_local/tick", post_tick)
    app.router.add_post("/_local/email", post_email)
    app.router.add_get(PATH + "{path:.+}", get_file)
    app.router.add_get(SOCKET_PATH, open_socket)
    add_pages(app, lambda request: _read_demo(request.app[SETTINGS].local_dir))
    app.router.add_route("*", "/{path:.*}", proxy)
    return app


async def _client_session(app: web.Application) -> AsyncIterator[None]:
    session = aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=UPSTREAM_TIMEOUT_S),
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    )
    async with session:
        app[SESSION] = session
        yield


async def get_file(request: web.Request) -> web.StreamResponse:
    """An accepted file by its link. 502 when the bucket does not answer."""
    try:
        return await serve_file(request, request.app[SESSION], request.app[SETTINGS].files_url)
    except (aiohttp.ClientError, TimeoutError) as error:
        return problem(502, "upstream_unavailable", f"the files bucket did not answer: {type(error).__name__}")


async def open_socket(request: web.Request) -> web.StreamResponse:
    """A page's socket. 502 when the socket API does not answer."""
    try:
        return await pass_on(request, request.app[SESSION], request.app[SETTINGS].socket_url)
    except (aiohttp.ClientError, TimeoutError) as error:
        return problem(502, "upstream_unavailable", f"the socket API did not answer: {type(error).__name__}")


async def proxy(request: web.Request) -> web.StreamResponse:
    """Pass the request to the API its path belongs to. 404 unknown path, 413 body, 502 and 504 of the upstream."""
    upstream = _upstream(request)
    if upstream is None:
        return problem(404, "not_found", "there is nothing at this path")
    body = await _read_body(request)
    if body is None:
        return problem(413, "too_large", f"a body may have at most {MAX_BODY_BYTES} bytes")
    # The path goes on exactly as it was written: decoding and encoding again would change %2F and the query.
    url = URL(upstream + request.raw_path, encoded=True)
    try:
        async with request.app[SESSION].request(
            request.method, url, headers=_request_headers(request), data=body or None, allow_redirects=False
        ) as answer:
            return web.Response(status=answer.status, body=await answer.read(), headers=_answer_headers(answer.headers))
    except TimeoutError:
        return problem(504, "upstream_timeout", f"no answer within {UPSTREAM_TIMEOUT_S} s")
    except aiohttp.ClientError as error:
        return problem(502, "upstream_unavailable", f"the API behind the front did not answer: {type(error).__name__}")


def _upstream(request: web.Request) -> str | None:
    """The API's base URL for the path as written (an encoded slash is none), None for a path of neither."""
    settings, path = request.app[SETTINGS], request.raw_path
    if path.startswith(REST_API_PATHS):
        return settings.rest_url
    if path.startswith(HTTP_API_PATHS):
        return settings.http_url
    return None


async def _read_body(request: web.Request) -> bytes | None:
    """The raw body, None when it is too large; then it is read to its end, so that the sender hears the answer."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size <= MAX_BODY_BYTES:
            chunks.append(chunk)
        elif size > MAX_DRAINED_BYTES:
            return None
    return b"".join(chunks) if size <= MAX_BODY_BYTES else None


def _request_headers(request: web.Request) -> CIMultiDict[str]:
    """All headers but those of the connection, with the sender's address as CloudFront adds it."""
    headers = _without(request.headers, REQUEST_ONLY_HERE)
    told = request.headers.get("X-Forwarded-For")
    sender = request.remote or "127.0.0.1"
    headers["X-Forwarded-For"] = f"{told}, {sender}" if told else sender
    return headers


def _answer_headers(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    return _without(headers, HOP_BY_HOP | {"content-length"})


def _without(headers: CIMultiDictProxy[str], dropped: set[str]) -> CIMultiDict[str]:
    """Repeated headers stay repeated. What `Connection` names belongs to the connection too."""
    named = {name.strip().lower() for line in headers.getall("Connection", []) for name in line.split(",")}
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in dropped | named)


async def get_clock(request: web.Request) -> web.Response:
    """{offset_s, now} of the local world."""
    local_dir = request.app[SETTINGS].local_dir
    now = local_clock.now(local_dir).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return web.json_response({"offset_s": local_clock.read_offset_s(local_dir), "now": now})


async def put_clock(request: web.Request) -> web.Response:
    """Shift the product's clock by {offset_s} seconds against the machine's. 400 when that is no number of seconds."""
    try:
        body = json.loads(await request.read())
        local_clock.write_offset_s(request.app[SETTINGS].local_dir, body["offset_s"])
    except local_clock.BadOffset as error:
        return problem(400, "invalid_offset", str(error))
    except (ValueError, KeyError, TypeError):
        return problem(400, "invalid_body", "the body must be an object with offset_s")
    return await get_clock(request)


async def post_tick(request: web.Request) -> web.Response:
    """Run the minute work now; answers {result} when it is done, 502 when it failed or cannot be reached."""
    settings = request.app[SETTINGS]
    function = quote(settings.tick_function, safe="")
    url = f"{settings.ministack_url}/2015-03-31/functions/{function}/invocations"
    try:
        async with request.app[SESSION].post(
            URL(url, encoded=True),
            json={"source": "local.tick"},
            headers={"X-Amz-Invocation-Type": "RequestResponse"},
            timeout=aiohttp.ClientTimeout(total=TICK_TIMEOUT_S),
        ) as answer:
            result, failed = await answer.read(), answer.headers.get("X-Amz-Function-Error")
            if answer.status != 200 or failed:
                reason = result.decode(errors="replace")[:500]
                return problem(502, "tick_failed", f"{failed or answer.status}: {reason}")
            return web.json_response({"result": json.loads(result or b"null")})
    except (aiohttp.ClientError, TimeoutError) as error:
        return problem(502, "tick_unreachable", f"the tick function did not answer: {type(error).__name__}")


async def post_email(request: web.Request) -> web.Response:
    """Deliver a mail as the mail provider would, or tell what became of one: see `infra.local.mail_door`."""
    settings = request.app[SETTINGS]
    door = MailDoor(settings.ministack_url, settings.mail_bucket, settings.mail_queue_url)
    body = await request.content.read(MAX_MAIL_BODY_BYTES + 1)
    try:
        return web.json_response(await asyncio.to_thread(door.post, body, local_clock.now(settings.local_dir)))
    except BadMail as error:
        return problem(400, "invalid_body", str(error))


async def landing_page(request: web.Request) -> web.Response:
    """What this stack offers, for whoever opens the address it printed."""
    demo = _read_demo(request.app[SETTINGS].local_dir)
    agents = "".join(
        f"<li>{html.escape(str(agent.get('name')))}: <code>{html.escape(str(agent.get('email')))}</code></li>"
        for agent in demo.get("agents", [])
    )
    providers = html.escape(str(demo.get("providers_url", "")), quote=True)
    body = _PAGE.format(agents=agents or "<li>the demo account is still being made</li>", providers=providers)
    return web.Response(text=body, content_type="text/html")


def _read_demo(local_dir: Path) -> dict[str, Any]:
    try:
        demo = json.loads((local_dir / "demo.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return demo if isinstance(demo, dict) else {}


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Recado, local</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}}</style></head>
<body><h1>Recado is running here</h1>
<p>Type <code>make demo</code> to watch a WhatsApp message go all the way.</p>
<h2>API</h2>
<ul><li><a href="/demo/">/demo/</a>: the online chat, as a visitor of a site has it</li>
<li><a href="/v1/openapi.json">/v1/openapi.json</a> describes every call</li>
<li><code>POST /v1/sessions</code> logs in; passwords and the API token are in <code>.local/demo.json</code></li></ul>
<h2>Demo agents</h2><ul>{agents}</ul>
<h2>Behind the scenes</h2>
<ul><li><a href="{providers}/calls">{providers}/calls</a>: what the simulated providers received</li>
<li><a href="/_local/clock">/_local/clock</a>: the product's clock; <code>PUT {{"offset_s": 3600}}</code> shifts it</li>
<li><code>POST /_local/tick</code>: runs the minute work now</li>
<li><code>POST /_local/email {{"recipients": […], "raw_base64": "…"}}</code>: delivers a mail</li></ul>
</body></html>
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="front", description="The front of Recado's local stack")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--rest-url", required=True, help="base of the REST API, before /v1/")
    parser.add_argument("--http-url", required=True, help="base of the HTTP API, before /webhooks/")
    parser.add_argument("--files-url", required=True, help="the files bucket")
    parser.add_argument("--socket-url", required=True, help="the socket API's stage, ws://…")
    parser.add_argument("--ministack-url", default="http://127.0.0.1:4566")
    parser.add_argument("--tick-function", required=True, help="name or ARN of the tick function")
    parser.add_argument("--mail-bucket", default="", help="where mail is put as it came")
    parser.add_argument("--mail-queue-url", default="", help="where mail is told of")
    parser.add_argument("--local-dir", type=Path, default=Path(".local"))
    arguments = vars(parser.parse_args())
    host, port = arguments.pop("host"), arguments.pop("port")
    app = build_app(Settings(**{name: _bare(value) for name, value in arguments.items()}))
    web.run_app(app, host=host, port=port, access_log=None, print=None, shutdown_timeout=2, auto_decompress=False)


def _bare(value: Any) -> Any:
    """A URL without its trailing slash; anything else as it is."""
    return value.rstrip("/") if isinstance(value, str) else value


if __name__ == "__main__":
    main()
