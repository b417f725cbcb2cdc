"""/socket: a page's socket, passed on to the socket API as CloudFront does in AWS."""

from __future__ import annotations

import asyncio

import aiohttp
from aiohttp import web
from yarl import URL

PATH = "/socket"
# What the API gets to see of the page that asks; the handshake's own headers are made anew.
_PASSED_ON = ("Origin", "User-Agent", "X-Forwarded-For")
_DATA = (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)


async def pass_on(request: web.Request, session: aiohttp.ClientSession, socket_url: str) -> web.StreamResponse:
    """Both ways until one end closes. A handshake that the API refuses is refused with its status. Raises ClientError
    when the API does not answer."""
    headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
    url = URL(f"{socket_url}?{request.raw_path.partition('?')[2]}", encoded=True)
    try:
        upstream = await session.ws_connect(url, headers=headers)
    except aiohttp.WSServerHandshakeError as refusal:
        return web.Response(status=refusal.status)
    page = web.WebSocketResponse()
    async with upstream:
        await page.prepare(request)
        ways = [asyncio.create_task(_copy(page, upstream)), asyncio.create_task(_copy(upstream, page))]
        _, left = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in left:
            way.cancel()
        await page.close()
    return page


async def _copy(
    source: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
    target: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
) -> None:
    """Whatever the source says, until it says no more."""
    async for message in source:
        if message.type in _DATA:
            await (target.send_str if message.type == aiohttp.WSMsgType.TEXT else target.send_bytes)(message.data)
