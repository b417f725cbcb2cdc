"""The demo account as the first start makes it, on moto, against the simulated providers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from infra.local import demo_account
from infra.local.origins import ALLOWED_ORIGIN, site_origins
from infra.local.seed import let_pages_in
from recado import bootstrap
from recado.api import widget
from recado.bootstrap import Container
from tests.api.conftest import QueueOfTests, QuickPasswords
from tests.local.conftest import Serve

BASE_URL = "http://127.0.0.1:8080"
DAY_S = 86_400


@pytest.fixture
def product(dynamodb: Any, clock: Any, ids: Any, simulator: str, monkeypatch: pytest.MonkeyPatch) -> Container:
    settings = replace(
        bootstrap.settings(),
        graph_base_url=f"{simulator}/graph",
        telegram_base_url=f"{simulator}/telegram",
        twilio_base_url=f"{simulator}/twilio",
        mail_domain="mail.recado.example",
        public_base_url=BASE_URL,
    )
    container = Container(settings)
    container.clock, container.ids, container.passwords = clock, ids, QuickPasswords()
    container.distribution_queue = QueueOfTests()
    monkeypatch.setattr(demo_account, "container", lambda: container)
    return container


def test_its_tokens_stay_healthy_and_its_site_is_open_to_the_demo_page(
    product: Container, clock: Any, simulator: str
) -> None:
    made = demo_account.make(BASE_URL, simulator)
    a = made["account_id"].removeprefix("ac_")

    flows = product.flow_service.all(a, None)
    assert len(flows) == 3 and all(flow.published == 1 for flow in flows)
    assert all("entry_flow_id" not in one.settings for one in product.channels.page(a, 50, None))

    tasks = product.task_service.all(a)
    assert [(one.table, one.enabled, one.next_run_at) for one in tasks] == [
        ("contacts", True, None),
        ("chats", False, None),
    ]

    # whatever the clock is moved by, at once or bit by bit
    for days in (0, 1, 14, 61, 400):
        clock.move(days * DAY_S)
        product.channel_tokens.look_due(16)
        views = [product.channel_tokens.view(one) for one in product.channels.page(a, 50, None)]
        states = {view["type"]: view["token"]["state"] for view in views}
        assert {states.pop(kind) for kind in ("whatsapp", "messenger", "instagram")} == {"active"}
        assert set(states.values()) == {"none"}
        assert all(view["problems"] == [] and view["state"] == "active" for view in views)

    key = made["channels"]["online_chat"]["site_key"]
    body = json.dumps({"site_key": key}).encode()

    def opened(origin: str) -> int:
        headers = {"origin": origin, "content-type": "application/json"}
        request = widget.WidgetRequest("POST", "/widget/sessions", {}, headers, body, "127.0.0.1")
        return widget.serve(request, product).status

    assert [opened(origin) for origin in (BASE_URL, "http://localhost:8080", ALLOWED_ORIGIN)] == [201, 201, 201]
    assert [opened(origin) for origin in ("https://evil.example", "http://127.0.0.1:8081", "null")] == [403, 403, 403]


def test_the_site_takes_the_pages_of_each_start(serve: Serve) -> None:
    """The front's port may be another; what somebody allowed since stays."""
    channel: dict[str, Any] = {"state": "active", "settings": {"allowed_origins": ["https://shop.example"]}}
    patched: list[dict[str, Any]] = []

    async def told(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer token"
        if request.method == "PATCH":
            patched.append(await request.json())
            channel["settings"] |= patched[-1]["settings"]
        return web.json_response(channel)

    app = web.Application()
    app.router.add_route("*", "/v1/channels/ch_1", told)
    base_url = serve(app)
    for _ in range(2):
        let_pages_in(base_url, "token", "ch_1")
    assert patched == [{"settings": {"allowed_origins": [*site_origins(base_url), "https://shop.example"]}}]
    let_pages_in(base_url, "token", "ch_gone")
