"""A template over the running stack: submitted, approved by webhook, offered and sent when the window is shut."""

from __future__ import annotations

import secrets

from infra.local.stack import Stack
from tests.e2e.live import Customer, Live, eventually
from tests.e2e.test_files import announce, post, settled
from tests.file_samples import png


def changes(live: Live, template_id: str) -> list[tuple[str, str]]:
    """The facts of a template in the feed of the account."""
    found, after = [], "0"
    while True:
        page = live.admin.get(f"/v1/events?limit=200&after={after}")
        found += [one for one in page["items"] if one["type"] == "template.status_changed"]
        if page["next"] is None:
            mine = (one["data"] for one in found if one["data"]["id"] == template_id)
            return [(one["previous_status"], one["status"]) for one in mine]
        after = page["next"]


def test_a_template_is_reviewed_offered_and_sent(stack: Stack) -> None:
    live, customer = Live(stack), Customer()
    channel_id = live.demo["channels"]["whatsapp"]["id"]
    name = f"fatura_{secrets.token_hex(4)}"
    body = {
        "type": "BODY",
        "text": "Olá {{1}}, sua fatura de {{2}} vence amanhã.",
        "example": {"body_text": [["Maria", "R$ 10"]]},
    }
    new = {"name": name, "language": "pt_BR", "category": "UTILITY", "components": [body], "channel_id": channel_id}
    made = live.admin.post("/v1/templates", new, expect=201)
    assert (made["status"], made["submission"]["state"]) == ("PENDING", "taken")
    chat = live.writes(customer)
    wish = {"channel": "whatsapp", "provider_id": made["provider_id"], "status": "APPROVED"}
    live.providers.post("/status", wish)
    eventually(lambda: live.admin.get(f"/v1/templates/{made['id']}")["status"] == "APPROVED")
    messages = f"/v1/chats/{chat['id']}/messages"
    try:
        live.product.call("PUT", "/_local/clock", {"offset_s": 86_401})
        assert live.chat(chat["id"])["may_send"] == "template_only"
        late = live.admin.post(messages, {"kind": "text", "text": "Oi"}, expect=409)
        assert late["code"] == "outside_window"
        assert {name, "lembrete_pagamento", "boas_vindas"} <= {one["name"] for one in late["templates"]}
        wanted = {"name": name, "language": "pt_BR", "variables": ["Iara", "R$ 20"]}
        sent = live.admin.post(messages, {"template": wanted}, expect=201)
        assert sent["text"] == "Olá Iara, sua fatura de R$ 20 vence amanhã."
        eventually(lambda: live.status_of(chat["id"], sent["id"])["status"] == "sent")
    finally:
        live.product.call("PUT", "/_local/clock", {"offset_s": 0})
    (call,) = live.sends_of(sent["id"])
    values = [{"type": "text", "text": "Iara"}, {"type": "text", "text": "R$ 20"}]
    assert call["body"]["template"]["components"] == [{"type": "body", "parameters": values}]
    assert eventually(lambda: changes(live, made["id"])) == [("PENDING", "APPROVED")]
    live.admin.call("DELETE", f"/v1/templates/{made['id']}", expect=204)
    live.close_all()


def test_a_template_is_submitted_with_a_picture_as_its_example(stack: Stack) -> None:
    """On a channel of its own: that the demo's has no app changes nothing for the others."""
    live, content = Live(stack), png(3_000)
    app_id, waba_id = (f"{first}{secrets.randbelow(10**14):014}" for first in (5, 2))
    settings = {"phone_number_id": waba_id[::-1], "waba_id": waba_id, "app_id": app_id}
    channel = {"type": "whatsapp", "name": "Exemplos", "settings": settings}
    channel["secrets"] = {"app_secret": "s3cret-of-tests", "verify_token": "v", "access_token": "EAAB1"}
    made = live.admin.post("/v1/channels", channel, expect=201)
    announced = announce(live, "image/png", len(content))
    assert post(announced, content).status_code in (200, 204)
    assert settled(live, announced)["state"] == "accepted"
    components = [
        {"type": "HEADER", "format": "IMAGE", "example": {"file_id": announced["file_id"]}},
        {"type": "BODY", "text": "Sua fatura vence amanhã."},
    ]
    new = {"name": f"foto_{secrets.token_hex(4)}", "language": "pt_BR", "category": "UTILITY"}
    template = live.admin.post("/v1/templates", {**new, "components": components, "channel_id": made["id"]}, expect=201)
    assert (template["submission"]["state"], template["components"]) == ("taken", components)
    calls = live.providers.items("/calls", channel="whatsapp")
    wanted = (f"/{app_id}/uploads", "/upload:", f"/{waba_id}/message_templates")
    start, place, submission = [one for one in calls if any(part in one["path"] for part in wanted)]
    assert f"file_length={len(content)}" in start["path"] and start["status"] == place["status"] == 200
    (handle,) = submission["body"]["components"][0]["example"]["header_handle"]
    assert handle.startswith("4::")
    live.admin.call("DELETE", f"/v1/templates/{template['id']}", expect=204)
