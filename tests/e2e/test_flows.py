"""A flow over the running stack: a customer writes, chooses from a menu, answers, another system is asked, and the
customer comes to an agent."""

from __future__ import annotations

from typing import Any

from infra.local.stack import Stack
from tests.e2e.live import Customer, Live, eventually
from tests.e2e.test_triggers import asked as asked
from tests.e2e.test_triggers import live as live

STEPS: dict[str, Any] = {
    "menu": {
        "type": "ask_choice",
        "text": "Olá! Vendas ou suporte?",
        "options": [{"label": "Vendas", "next": "name"}, {"label": "Suporte", "next": "queue"}],
    },
    "name": {"type": "ask", "text": "Como é seu nome?", "save_as": "name", "next": "thanks"},
    "thanks": {"type": "send_text", "text": "Obrigado, {{name}}: {{found.points}} pontos.", "next": "queue"},
    "queue": {"type": "queue"},
}


def said(live: Live, chat_id: str) -> list[str]:
    return [one["text"] for one in live.messages(chat_id)]


def test_a_customer_is_led_by_a_menu_to_an_agent(live: Live, asked: list[Any]) -> None:
    """The request is done by the workers of another queue, and the flow comes back from there."""
    customer = Customer()
    project = live.admin.post("/v1/projects", {"name": "Entrada"}, expect=201)
    url = live.demo["allowed_origin"] + "/points?name={{name}}"
    look = {"type": "http", "method": "POST", "url": url, "body": "{}", "save_as": "found", "next": "thanks"}
    steps = {**STEPS, "name": {**STEPS["name"], "next": "look"}, "look": look}
    drawn = {"project_id": project["id"], "name": "Boas-vindas", "start": "menu", "steps": steps}
    flow = live.admin.post("/v1/flows", drawn, expect=201)
    live.admin.post(f"/v1/flows/{flow['id']}/publish", {})
    channel_id = live.demo["channels"]["whatsapp"]["id"]
    try:
        live.change_channel(channel_id, entry_flow_id=flow["id"])
        chat = live.writes(customer)
        assert (chat["situation"], chat["flow_id"]) == ("automatic", flow["id"])
        eventually(lambda: said(live, chat["id"])[1:] == ["Olá! Vendas ou suporte?"])
        menu = live.messages(chat["id"])[1]
        call = eventually(lambda: live.sends_of(menu["id"]))[0]
        buttons = call["body"]["interactive"]["action"]["buttons"]
        reply = {"type": "button_reply", "button_reply": {"id": buttons[0]["reply"]["id"], "title": "Vendas"}}
        pressed = live.message(customer, type="interactive", interactive=reply)
        pressed.pop("text")
        assert live.post_webhook([[live.change(customer, [pressed])]]) == 200
        eventually(lambda: said(live, chat["id"])[3:] == ["Como é seu nome?"])
        with live.agents_at_work() as agents:
            assert agents
            assert live.post_webhook([[live.change(customer, [live.message(customer, "Ana Maria")])]]) == 200
            eventually(lambda: live.chat(chat["id"])["situation"] == "in_service")
        assert said(live, chat["id"])[5:] == ["Obrigado, Ana Maria: 12 pontos."]
        assert [path for path, _, _ in asked] == ["/points?name=Ana%20Maria"]
        [done] = live.admin.get(f"/v1/flows/{flow['id']}/executions?chat_id={chat['id']}")["items"]
        assert (done["state"], done["reason"]) == ("finished", "queue")
        told = live.admin.get(f"/v1/flows/{flow['id']}/executions/{done['id']}")
        assert [line["type"] for line in told["trace"]] == [
            "ask_choice", "answer", "ask", "answer", "http", "send_text", "queue",
        ]  # fmt: skip
    finally:
        live.change_channel(channel_id, entry_flow_id=None)
        live.close_all()


def test_a_question_that_is_not_delivered_leaves_the_chat_to_people(stack: Stack) -> None:
    live = Live(stack)
    project = live.admin.post("/v1/projects", {"name": "Entregas"}, expect=201)
    drawn = {"project_id": project["id"], "name": "Menu", "start": "menu", "steps": STEPS}
    flow = live.admin.post("/v1/flows", drawn, expect=201)
    live.admin.post(f"/v1/flows/{flow['id']}/publish", {})
    live.change_channel(live.demo["channels"]["whatsapp"]["id"], entry_flow_id=flow["id"])
    try:
        chat = live.writes(Customer())
        menu = eventually(lambda: [one for one in live.messages(chat["id"])[1:] if one["status"] == "sent"])[0]
        live.providers.post("/status", {"channel": "whatsapp", "provider_id": menu["provider_id"], "status": "failed"})
        eventually(lambda: live.chat(chat["id"])["situation"] != "automatic")
        [done] = live.admin.get(f"/v1/flows/{flow['id']}/executions?chat_id={chat['id']}")["items"]
        assert (done["state"], done["reason"]) == ("failed", "message_failed")
    finally:
        live.change_channel(live.demo["channels"]["whatsapp"]["id"], entry_flow_id=None)
        live.close_all()
