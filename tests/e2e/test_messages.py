"""Issue of trust: what comes in is stored once and whole, what goes out goes once, over the real stack."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.local.stack import Stack
from tests.e2e.live import Customer, Live, eventually


@pytest.fixture
def live(stack: Stack) -> Live:
    return Live(stack)


def test_3_entries_of_2_changes_of_5_messages_with_statuses_posted_5_times_at_once(live: Live) -> None:
    customers = [Customer(f"Cliente {number}") for number in range(6)]
    at = int(time.time())
    entries, wanted = [], {}
    for entry in range(3):
        changes = []
        for change in range(2):
            customer = customers[entry * 2 + change]
            messages = [live.message(customer, f"texto {number}", at + number) for number in range(5)]
            wanted[customer.number] = [message["id"] for message in messages]
            status = {
                "id": "wamid.unknown",
                "status": "delivered",
                "timestamp": str(at),
                "recipient_id": customer.number,
            }
            changes.append(live.change(customer, messages, [status]))
        entries.append(changes)
    entries[1][0]["value"]["messages"].insert(2, {"id": "wamid.broken", "from": {"no": "number"}, "type": "text"})
    with ThreadPoolExecutor(5) as posts:
        assert set(posts.map(lambda _: live.post_webhook(entries), range(5))) == {200}
    for customer in customers:
        chat = live.open_chat(customer)
        stored = eventually(lambda chat=chat: (found := live.messages(chat["id"])) and len(found) >= 5 and found)
        assert [message["provider_id"] for message in stored] == wanted[customer.number]
        assert [message["seq"] for message in stored] == [1, 2, 3, 4, 5]
    time.sleep(2)
    for customer in customers:
        contacts = live.admin.items("/v1/contacts", q=f"+{customer.number}")
        assert len(contacts) == 1
        (chat,) = live.chats_of(contacts[0]["id"])
        assert len(live.messages(chat["id"])) == 5
    live.close_all()


def test_both_number_forms_at_once_are_one_contact_and_one_chat(live: Live) -> None:
    customer = Customer()
    short = Customer(customer.name, customer.number[:4] + customer.number[5:])
    bodies = [[[live.change(one, [live.message(one)])]] for one in (customer, short, customer, short)]
    with ThreadPoolExecutor(4) as posts:
        assert set(posts.map(live.post_webhook, bodies)) == {200}
    chat = live.open_chat(customer)
    eventually(lambda: len(live.messages(chat["id"])) == 4)
    assert {one["id"] for one in live.admin.items("/v1/contacts", q=f"+{short.number}")} == {chat["contact_id"]}
    live.close_all()


def test_a_bad_signature_is_refused_and_an_unknown_channel_is_unknown(live: Live) -> None:
    customer = Customer()
    body = [[live.change(customer, [live.message(customer)])]]
    assert live.post_webhook(body, signature="0" * 64) == 401
    url = live.demo["channels"]["whatsapp"]["webhook_url"][:-4] + "0000"
    assert live.product.send("POST", url, b"{}", {"Content-Type": "application/json"}).status == 404


def test_a_body_over_4_000_000_bytes_is_413(live: Live) -> None:
    url = live.demo["channels"]["whatsapp"]["webhook_url"]
    assert live.product.send("POST", url, b" " * 4_000_001, {"Content-Type": "application/json"}).status == 413


GRAPH_RETRY = {"status": 400, "body": {"error": {"code": 130429, "message": "Rate limit hit"}}}
OUTSIDE = {"status": 400, "body": {"error": {"code": 131047, "message": "Re-engagement message"}}}


@pytest.mark.parametrize(
    ("answers", "status", "sends", "within_s"),
    [
        pytest.param([GRAPH_RETRY], "sent", 2, 45, id="retryable-code-is-retried"),
        pytest.param(
            [{"status": 429, "headers": {"Retry-After": "3"}, "body": {}}],
            "sent",
            2,
            45,
            id="429-is-retried-after-the-wait",
        ),
        pytest.param([{"status": 500, "body": ""}], "unknown", 1, 20, id="bare-500-is-unknown"),
        pytest.param([{"drop": True}], "unknown", 1, 20, id="dropped-connection-is-unknown"),
        pytest.param([{"delay_ms": 40_000}], "unknown", 1, 60, id="time-out-is-unknown"),
        pytest.param([OUTSIDE], "failed", 1, 20, id="131047-is-failed-with-the-reason"),
    ],
)
def test_a_reply_while_the_provider_fails(
    live: Live, answers: list[dict[str, object]], status: str, sends: int, within_s: int
) -> None:
    chat = live.writes(Customer())
    live.script(*answers)
    try:
        sent = live.admin.post(f"/v1/chats/{chat['id']}/messages", {"kind": "text", "text": "Olá"}, expect=201)
        began = time.monotonic()
        settled = eventually(
            lambda: (one := live.status_of(chat["id"], sent["id"]))["status"] != "queued" and one, within_s=within_s
        )
        took = time.monotonic() - began
        assert settled["status"] == status
        if "headers" in answers[0]:
            assert took >= 3
        if status == "failed":
            assert settled["error"]["code"] == "131047"
        time.sleep(2)
        assert len(live.sends_of(sent["id"])) == sends
        if status == "unknown":
            live.providers.post("/script", {"channel": "whatsapp", "responses": []})
            live.stack_tick()
            assert len(live.sends_of(sent["id"])) == 1, "an unknown send is never repeated"
    finally:
        live.providers.post("/script", {"channel": "whatsapp", "responses": []})
        live.close_all()


def test_statuses_come_back_and_never_go_backwards(live: Live) -> None:
    chat = live.writes(Customer())
    sent = live.admin.post(f"/v1/chats/{chat['id']}/messages", {"kind": "text", "text": "Olá"}, expect=201)
    message = eventually(lambda: (one := live.status_of(chat["id"], sent["id"]))["status"] == "sent" and one)
    for status in ("delivered", "read", "sent"):
        live.providers.post("/status", {"channel": "whatsapp", "provider_id": message["provider_id"], "status": status})
    eventually(lambda: live.status_of(chat["id"], sent["id"])["status"] == "read")
    time.sleep(1)
    assert live.status_of(chat["id"], sent["id"])["status"] == "read"
    live.close_all()
