"""Templates as the simulated Graph keeps them: submitted, listed, edited, reviewed by webhook, deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from infra.local.providers.server import build_app
from tests.local.conftest import Serve

BEARER = {"Authorization": "Bearer token"}
WABA = "200000000000001"
NEW = {
    "name": "fatura",
    "language": "pt_BR",
    "category": "UTILITY",
    "components": [{"type": "BODY", "text": "Sua fatura vence."}],
}


def test_a_template_from_its_submission_to_its_end(simulator: str, web_client: httpx.Client, serve: Serve) -> None:
    shelf = f"{simulator}/graph/v24.0/{WABA}/message_templates"
    told: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        told.append(json.loads(await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/webhooks/ch_1", take)
    settings = {"webhook_url": f"{serve(app)}/webhooks/ch_1", "app_secret": "s", "waba_id": WABA}
    web_client.put(f"{simulator}/channels/whatsapp", json=settings)

    made = web_client.post(shelf, json=NEW, headers=BEARER).json()
    assert (made["status"], made["category"]) == ("PENDING", "UTILITY")
    assert web_client.post(shelf, json=NEW, headers=BEARER).json()["error"]["code"] == 100
    assert web_client.post(shelf, json={**NEW, "components": []}, headers=BEARER).status_code == 400
    edit = {"components": [{"type": "BODY", "text": "Vence amanhã."}]}
    assert web_client.post(f"{simulator}/graph/v24.0/{made['id']}", json=edit, headers=BEARER).status_code == 400

    def status(word: str, **more: Any) -> httpx.Response:
        wish = {"channel": "whatsapp", "provider_id": made["id"], "status": word, **more}
        return web_client.post(f"{simulator}/status", json=wish)

    for word in ("APPROVED", "YELLOW", "MARKETING"):
        assert status(word).status_code == 200
    fields = [one["entry"][0]["changes"][0]["field"] for one in told]
    assert fields == ["message_template_status_update", "message_template_quality_update", "template_category_update"]
    assert told[0]["entry"][0]["id"] == WABA
    assert told[0]["entry"][0]["changes"][0]["value"]["message_template_id"] == int(made["id"])
    assert status("ASLEEP").status_code == 400
    (listed,) = web_client.get(f"{shelf}?name=fatura", headers=BEARER).json()["data"]
    assert (listed["status"], listed["quality_score"], listed["category"]) == (
        "APPROVED", {"score": "YELLOW"}, "MARKETING",
    )  # fmt: skip
    assert web_client.post(f"{simulator}/graph/v24.0/{made['id']}", json=edit, headers=BEARER).json() == {
        "success": True
    }
    page = web_client.get(f"{shelf}?limit=2", headers=BEARER).json()
    rest = web_client.get(f"{shelf}?limit=2&after={page['paging']['cursors']['after']}", headers=BEARER).json()
    assert [one["name"] for one in page["data"] + rest["data"]] == ["lembrete_pagamento", "boas_vindas", "fatura"]
    assert "paging" not in rest
    wanted = f"{shelf}?name=fatura&hsm_id={made['id']}"
    assert web_client.delete(wanted, headers=BEARER).json() == {"success": True}
    assert web_client.delete(wanted, headers=BEARER).status_code == 400


def test_templates_outlive_a_restart(web_client: httpx.Client, serve: Serve, local_dir: Path) -> None:
    """As they do in the product: after the next start its templates are still at the provider."""

    def start() -> str:
        return f"{serve(build_app(local_dir / 'demo.json'))}/graph/v24.0/{WABA}/message_templates"

    shelf = start()
    made = web_client.post(shelf, json=NEW, headers=BEARER).json()["id"]
    web_client.delete(f"{shelf}?name=boas_vindas", headers=BEARER)
    before = web_client.get(shelf, headers=BEARER).json()["data"]
    assert made in [one["id"] for one in before]
    assert web_client.get(start(), headers=BEARER).json()["data"] == before


@pytest.mark.parametrize(
    ("name", "category"),
    [("lembrete_pagamento", "utility"), ("boas_vindas", "marketing"), ("codigo", "authentication")],
)
def test_a_template_is_priced_by_its_own_category(
    simulator: str, web_client: httpx.Client, serve: Serve, name: str, category: str
) -> None:
    async def take(request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_post("/webhooks/ch_1", take)
    settings = {"webhook_url": f"{serve(app)}/webhooks/ch_1", "app_secret": "s", "waba_id": WABA}
    web_client.put(f"{simulator}/channels/whatsapp", json={**settings, "phone_number_id": "111"})
    codes = {**NEW, "name": "codigo", "category": "AUTHENTICATION"}
    web_client.post(f"{simulator}/graph/v24.0/{WABA}/message_templates", json=codes, headers=BEARER)
    body = {"messaging_product": "whatsapp", "to": "5511987654321", "type": "template"}
    body |= {"template": {"name": name, "language": {"code": "pt_BR"}}}
    sent = web_client.post(f"{simulator}/graph/v24.0/111/messages", json=body, headers=BEARER).json()
    wish = {"channel": "whatsapp", "provider_id": sent["messages"][0]["id"], "status": "delivered"}
    told = web_client.post(f"{simulator}/status", json=wish).json()["sent"]
    (status,) = told["entry"][0]["changes"][0]["value"]["statuses"]
    assert status["pricing"] == {"billable": True, "pricing_model": "PMP", "category": category, "type": "regular"}
    assert status["conversation"]["origin"] == {"type": category}


def test_an_example_is_uploaded_and_named_by_its_handle(simulator: str, web_client: httpx.Client) -> None:
    graph, png = f"{simulator}/graph/v24.0", b"\x89PNG\r\n\x1a\nbits"
    start = f"{graph}/123456/uploads?file_name=example.png&file_length={len(png)}&file_type="
    assert web_client.post(f"{start}image/gif", headers=BEARER).json()["error"]["code"] == 100
    assert web_client.post(f"{start}image/png").json()["error"]["code"] == 190
    session = web_client.post(f"{start}image/png", headers=BEARER).json()["id"]
    oauth = {"Authorization": "OAuth token", "file_offset": "0"}

    def upload(content: bytes, headers: dict[str, str], place: str = session) -> httpx.Response:
        return web_client.post(f"{graph}/{place}", content=content, headers=headers)

    for refused in (
        upload(png, {**oauth, **BEARER}),
        upload(png, {"Authorization": "OAuth token"}),
        upload(png[:-1], oauth),
        upload(b"GIF89a" + b"x" * (len(png) - 6), oauth),
        upload(png, oauth, "upload:unknown"),
    ):
        assert refused.status_code == 400
    handle = upload(png, oauth).json()["h"]

    def submit(form: str, handle: str) -> httpx.Response:
        header = {"type": "HEADER", "format": form, "example": {"header_handle": [handle]}}
        new = {**NEW, "components": [header, *NEW["components"]]}
        return web_client.post(f"{graph}/{WABA}/message_templates", json=new, headers=BEARER)

    assert submit("IMAGE", "4::made_up").status_code == submit("VIDEO", handle).status_code == 400
    assert submit("IMAGE", handle).json()["status"] == "PENDING"
    (listed,) = web_client.get(f"{graph}/{WABA}/message_templates?name=fatura", headers=BEARER).json()["data"]
    (address,) = listed["components"][0]["example"]["header_handle"]
    assert address.startswith("https://scontent.whatsapp.net/")
