"""Templates as the simulated Graph keeps them: submitted, listed, edited, reviewed by webhook, deleted."""

from __future__ import annotations

import json
from typing import Any

import httpx
from aiohttp import web

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
