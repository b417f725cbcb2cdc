"""Over the real stack: a visitor clicks a button and writes, and is known by it; the answer that reaches them is in the
report of what messages cost."""

from __future__ import annotations

from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, urlsplit

from infra.local.stack import Stack
from tests.e2e.live import Customer, Live, eventually


def location_of(url: str, method: str = "GET") -> tuple[int, str]:
    """What a link answers, not followed."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", headers={"User-Agent": "Mozilla/5.0"})
        answer = connection.getresponse()
        return answer.status, answer.getheader("location") or ""
    finally:
        connection.close()


def test_from_the_click_to_the_chat_and_from_the_answer_to_the_report(stack: Stack) -> None:
    live, customer = Live(stack), Customer()
    channel_id = live.demo["channels"]["whatsapp"]["id"]
    wish = {"kind": "floating", "channel_id": channel_id, "text": "Vim pelo site", "label": "Fale conosco"}
    button = live.admin.call("POST", "/v1/whatsapp-buttons", wish, expect=201)
    assert location_of(button["url"], "HEAD")[0] == 302
    status, location = location_of(button["url"] + "?utm_source=news&utm_campaign=mar%C3%A7o")
    assert (status, urlsplit(location).netloc) == (302, "wa.me")
    [text] = parse_qs(urlsplit(location).query)["text"]
    assert text.startswith("Vim pelo site [#")
    assert location_of(button["url"].replace(button["code"], "zzzzzzzzzz"))[0] == 404

    chat = live.writes(customer, text)
    attribution = live.chat(chat["id"])["attribution"]
    assert (attribution["button_id"], attribution["utm_campaign"]) == (button["id"], "março")
    assert live.admin.get(f"/v1/contacts/{chat['contact_id']}")["attribution"] == attribution
    timeline = live.admin.items(f"/v1/contacts/{chat['contact_id']}/timeline")
    assert "contact.clicked" in [one["type"] for one in timeline]

    message = live.admin.call("POST", f"/v1/chats/{chat['id']}/messages", {"text": "Bem-vinda!"}, expect=201)
    sent = eventually(lambda: (one := live.status_of(chat["id"], message["id"]))["status"] == "sent" and one)
    before = delivered(live, channel_id)
    for name in ("delivered", "read"):
        wanted = {"channel": "whatsapp", "provider_id": sent["provider_id"], "status": name}
        live.providers.post("/status", wanted)
        eventually(lambda name=name: live.status_of(chat["id"], message["id"])["status"] == name)
    row = eventually(lambda: (found := delivered(live, channel_id)) != before and found)
    assert row["messages"] - (before.get("messages") or 0) == 1
    assert row["provider"] - (before.get("provider") or 0) == 1
    assert (row["billable"], row["amount_usd"]) == (before.get("billable") or 0, before.get("amount_usd") or 0)
    live.close_all()


def delivered(live: Live, channel_id: str) -> dict[str, Any]:
    """The newest row of the report for messages that are no templates."""
    rows = live.admin.items("/v1/reports/billing", channel_id=channel_id)
    return next((row for row in reversed(rows) if row["category"] == "service"), {})
