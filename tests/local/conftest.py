"""Real servers on loopback ports, each with an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from infra.local.providers.server import build_app

Serve = Callable[..., str]


class ServerThread:
    """An aiohttp application served until `stop`. `url` is its base URL."""

    def __init__(self, app: web.Application, **options: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._runner = web.AppRunner(app, shutdown_timeout=1, **options)
        self.url = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)

    async def _start(self) -> str:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start an application; answers its base URL. All are stopped at the end."""
    servers: list[ServerThread] = []

    def start(app: web.Application, **options: Any) -> str:
        servers.append(ServerThread(app, **options))
        return servers[-1].url

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def web_client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=20, trust_env=False) as client:
        yield client


@pytest.fixture
def local_dir(tmp_path: Path) -> Path:
    """The folder of demo.json and clock.json; empty at first."""
    return tmp_path / ".local"


@pytest.fixture
def simulator(serve: Serve, local_dir: Path) -> str:
    """A provider simulator's base URL."""
    return serve(build_app(local_dir / "demo.json"))


@pytest.fixture
def write_demo(local_dir: Path) -> Callable[[dict[str, Any]], None]:
    def write(demo: dict[str, Any]) -> None:
        local_dir.mkdir(exist_ok=True)
        (local_dir / "demo.json").write_text(json.dumps(demo))

    return write


class Inbox:
    """A product that only takes webhooks: what came, byte for byte, and what it answers."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.status = 200

    def app(self) -> web.Application:
        async def take(request: web.Request) -> web.Response:
            headers = {name.lower(): value for name, value in request.headers.items()}
            self.received.append((headers, await request.read()))
            return web.Response(status=self.status, text="noted")

        app = web.Application()
        app.router.add_post("/webhooks/{channel_id}", take)
        return app


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()
