"""The simulator's HTTP server: the providers' own paths, and the controls /calls /script /reset /status /channels."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from infra.local import local_clock
from infra.local.problem_answers import Handler, own_refusals, problem
from infra.local.providers.base import (
    Answer,
    Call,
    KeepsState,
    Provider,
    SharesRoutes,
    StatusRefused,
    StatusRequest,
    readable,
)
from infra.local.providers.call_log import CallLog
from infra.local.providers.channel_settings import KnownChannels
from infra.local.providers.registry import PROVIDERS, SCRIPTABLE
from infra.local.providers.script import BadScript, Scripts, parse_responses

MAX_BODY_BYTES = 128 * 1024 * 1024
WEBHOOK_TIMEOUT_S = 30


class Simulator:
    """The state of one simulator. All of it is touched between awaits only, by the one thread of the event loop."""

    def __init__(self, demo: Path) -> None:
        self.demo = demo
        self.providers: dict[str, Provider] = {}
        for make in PROVIDERS:
            provider = make()
            if isinstance(provider, KeepsState):
                provider.keep_in(demo.parent)
            self.providers[provider.channel] = provider
        self.calls = CallLog()
        self.scripts = Scripts()
        self.channels = KnownChannels(demo)

    def handler_of(self, provider: Provider) -> Handler:
        """Takes a provider's calls: recorded first, then answered as scripted, else as the provider would."""

        async def take(request: web.Request) -> web.StreamResponse:
            call = await _read_call(provider.channel, request)
            owner = self.owner_of(call, provider)
            call = replace(call, channel=owner.channel)
            entry = self.calls.record(call)
            scripted = self.scripts.take(owner.channel)
            if scripted.delay_s:
                await asyncio.sleep(scripted.delay_s)
            answer = scripted.over(owner.answer(call))
            if 200 <= answer.status < 300:
                entry.provider_id = owner.remember(call, answer)
            if scripted.drop:
                entry.dropped = True
                return _hang_up(request)
            entry.status = answer.status
            return _response(answer)

        return take

    def owner_of(self, call: Call, provider: Provider) -> Provider:
        """Whose call it is: that of a provider which shares the route and knows it for its own, else the route's."""
        sharing = (one for one in self.providers.values() if isinstance(one, SharesRoutes) and one.takes(call))
        return next(sharing, provider)

    async def get_calls(self, request: web.Request) -> web.Response:
        return web.json_response({"items": self.calls.items(request.query.get("channel"))})

    async def post_script(self, request: web.Request) -> web.Response:
        body = await _object(request)
        channel = body.get("channel")
        if not isinstance(channel, str) or channel not in SCRIPTABLE:
            return problem(400, "unknown_channel", f"channel must be one of {', '.join(sorted(SCRIPTABLE))}")
        try:
            waiting = self.scripts.add(channel, parse_responses(body.get("responses")))
        except BadScript as error:
            return problem(400, "invalid_script", str(error))
        return web.json_response({"channel": channel, "waiting": waiting})

    async def post_reset(self, request: web.Request) -> web.Response:
        """Forgets calls and scripts; sent messages stay known, so that their statuses can still come."""
        self.calls.clear()
        self.scripts.clear()
        return web.json_response({})

    async def put_channel(self, request: web.Request) -> web.Response:
        self.channels.tell(request.match_info["type"], await _object(request))
        return web.json_response({})

    async def post_status(self, request: web.Request) -> web.Response:
        """Sends the provider's status webhook to the product; answers what the product said to it."""
        body = await _object(request)
        provider = self.providers.get(str(body.get("channel")))
        if provider is None:
            return problem(400, "unknown_channel", f"channel must be one of {', '.join(self.providers)}")
        if not isinstance(body.get("provider_id"), str) or not isinstance(body.get("status"), str):
            return problem(400, "invalid_status", "provider_id and status must be texts")
        details = {name: value for name, value in body.items() if name not in ("channel", "provider_id", "status")}
        wish = StatusRequest(body["provider_id"], body["status"], details)
        try:
            webhook = provider.status_webhook(wish, self.channels, local_clock.now(self.demo.parent))
        except StatusRefused as error:
            return problem(400, "status_refused", str(error))
        session = request.app[SESSION]
        try:
            async with session.post(webhook.url, data=webhook.body, headers=dict(webhook.headers)) as response:
                said = {"status": response.status, "body": await response.text(errors="replace")}
        except (aiohttp.ClientError, TimeoutError) as error:
            return problem(502, "product_unreachable", f"the webhook did not arrive: {type(error).__name__}")
        return web.json_response({"webhook": said, "sent": readable(webhook.body)})


SESSION = web.AppKey("session", aiohttp.ClientSession)


def build_app(demo: Path) -> web.Application:
    """The simulator as an aiohttp application. `demo` is demo.json's path, read at each use; clock.json lies beside."""
    simulator = Simulator(demo)
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[own_refusals])
    app.cleanup_ctx.append(_client_session)
    app.router.add_get("/calls", simulator.get_calls)
    app.router.add_post("/script", simulator.post_script)
    app.router.add_post("/reset", simulator.post_reset)
    app.router.add_post("/status", simulator.post_status)
    app.router.add_put("/channels/{type}", simulator.put_channel)
    for provider in simulator.providers.values():
        for method, path in provider.routes:
            app.router.add_route(method, path, simulator.handler_of(provider))
    return app


async def _client_session(app: web.Application) -> AsyncIterator[None]:
    timeout = aiohttp.ClientTimeout(total=WEBHOOK_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
        app[SESSION] = session
        yield


async def _read_call(channel: str, request: web.Request) -> Call:
    headers = {name.lower(): value for name, value in request.headers.items()}
    raw = await request.read()
    values = dict(request.match_info)
    return Call(channel, datetime.now(UTC), request.method, request.path_qs, headers, raw, values)


async def _object(request: web.Request) -> dict[str, Any]:
    """The body of a control call; 400 when it is no JSON object."""
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="the body must be a JSON object")
    return body


def _response(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, body=answer.body, headers=dict(answer.headers))


def _hang_up(request: web.Request) -> web.Response:
    """Close the connection without an answer: nothing written after this reaches the caller."""
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=500)
