"""/socket of the front: both ways, as the page said it; a refusal stays one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from infra.local.front import Settings, build_app
from tests.local.conftest import Serve

NOBODY = "http://127.0.0.1:9"


class SocketApi:
    """Echoes, and keeps what the handshake had; a page that says `end` is closed, a ticket `bad` refused."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None, str | None]] = []

    def app(self) -> web.Application:
        async def take(request: web.Request) -> web.StreamResponse:
            headers = request.headers
            self.asked.append((request.raw_path, headers.get("Origin"), headers.get("Cookie")))
            if request.query["ticket"] == "bad":
                return web.Response(status=403)
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            async for message in socket:
                if message.data == "end":
                    break
                await socket.send_str(f"heard {message.data}")
            await socket.close()
            return socket

        app = web.Application()
        app.router.add_get("/socket-api/socket", take)
        return app


def front_before(serve: Serve, socket_url: str, folder: Path) -> str:
    settings = Settings(NOBODY, NOBODY, NOBODY, "tick", folder, socket_url=socket_url)
    return serve(build_app(settings), auto_decompress=False)


def test_a_socket_is_passed_on(serve: Serve, local_dir: Path) -> None:
    api = SocketApi()
    front = front_before(serve, serve(api.app()) + "/socket-api/socket", local_dir)

    async def page() -> None:
        headers = {"Origin": "https://shop.example", "Cookie": "a=b"}
        async with aiohttp.ClientSession(headers=headers) as session:
            async with session.ws_connect(URL(f"{front}/socket?ticket=a%2Fb", encoded=True)) as socket:
                await socket.send_str("é")
                assert await socket.receive_str(timeout=10) == "heard é"
                await socket.send_str("end")
                assert (await socket.receive(timeout=10)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(f"{front}/socket?ticket=bad")
            assert refused.value.status == 403

    asyncio.run(page())
    assert api.asked[0] == ("/socket-api/socket?ticket=a%2Fb", "https://shop.example", None)


def test_nobody_is_behind_it(serve: Serve, local_dir: Path) -> None:
    front = front_before(serve, NOBODY, local_dir)

    async def page() -> int:
        async with aiohttp.ClientSession() as session, session.get(f"{front}/socket") as answer:
            return answer.status

    assert asyncio.run(page()) == 502
