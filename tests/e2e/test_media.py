"""Files of messages through the running product: in from WhatsApp and a customer's own system, out by WhatsApp and
Telegram."""

from __future__ import annotations

import json
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from infra.local.providers.media_files import media_file
from infra.local.stack import Stack
from tests.e2e.live import Customer, Live, eventually
from tests.file_samples import png


@pytest.fixture
def live(stack: Stack) -> Live:
    return Live(stack)


def with_file(live: Live, customer: Customer, kind: str = "image") -> dict[str, Any]:
    """A WhatsApp message with a file at Meta; the simulator has one for any id."""
    media_id = f"{'voice' if kind == 'audio' else 'photo'}-{secrets.token_hex(6)}"
    return live.message(customer, type=kind, **{kind: {"id": media_id, "mime_type": "image/jpeg"}})


def files_of(live: Live, chat_id: str, count: int) -> list[dict[str, Any]]:
    """The files of a chat's messages, once so many are settled."""

    def settled() -> list[dict[str, Any]]:
        files = [one["file"] for one in live.messages(chat_id) if one["file"]]
        return files if len([one for one in files if one["state"] != "pending"]) == count else []

    return eventually(settled)


def fetched(live: Live, file_id: str, client: Any = None) -> httpx.Response:
    file = (client or live.admin).get(f"/v1/files/{file_id}")
    assert (file["state"], file["url"].startswith(live.stack.base_url + "/files/")) == ("accepted", True)
    return httpx.get(file["url"])


def uploaded(
    live: Live, content: bytes, content_type: str = "image/png", name: str = "foto.png", feature: str = "service"
) -> str:
    """An accepted file; its id."""
    told = {"feature": feature, "name": name, "content_type": content_type, "size": len(content)}
    announced = live.admin.post("/v1/files", told, expect=201)
    form = announced["upload"]
    assert httpx.post(form["url"], data=form["fields"], files={"file": (name, content)}).status_code in (200, 204)
    path = f"/v1/files/{announced['file_id']}"
    assert eventually(lambda: (one := live.admin.get(path))["state"] != "pending" and one)["state"] == "accepted"
    return str(announced["file_id"])


def test_trouble_at_the_provider_is_waited_out(live: Live) -> None:
    customer = Customer()
    live.script({"status": 503, "body": {}})
    assert live.post_webhook([[live.change(customer, [with_file(live, customer, "audio")])]]) == 200
    [file] = files_of(live, live.open_chat(customer)["id"], 1)
    assert (file["state"], file["content_type"], file["name"]) == ("accepted", "audio/ogg", "audio.ogg")
    live.close_all()


def test_a_file_out_by_whatsapp_and_by_telegram(live: Live) -> None:
    content = png(2_000)
    file_id = uploaded(live, content)
    chat = live.writes(Customer())
    path = f"/v1/chats/{chat['id']}/messages"
    sent = live.admin.post(path, {"file_id": file_id, "text": "olha"}, expect=201)
    assert (sent["kind"], sent["file"]["id"], sent["text"]) == ("image", file_id, "olha")
    [call] = eventually(lambda: live.sends_of(sent["id"]))
    assert call["body"]["image"]["caption"] == "olha"
    assert httpx.get(call["body"]["image"]["link"]).content == content
    eventually(lambda: live.status_of(chat["id"], sent["id"])["status"] == "sent")
    live.admin.post(path, {"file_id": file_id, "kind": "video"}, expect=415)

    person = 5_000_000_000 + secrets.randbelow(10**9)
    channel = live.demo["channels"]["telegram"]
    place = {"id": person, "type": "private", "first_name": "Iara"}
    who = {"id": person, "is_bot": False, "first_name": "Iara", "last_name": f"M {person}"}
    said = {"message_id": 1, "from": who, "chat": place, "date": int(time.time())}
    photo = {"file_id": "photo-1", "file_unique_id": "u1", "width": 1, "height": 1, "file_size": 100}
    update = {"update_id": secrets.randbelow(10**9), "message": {**said, "photo": [photo], "caption": "foto"}}
    headers = {**JSON, "X-Telegram-Bot-Api-Secret-Token": channel["secret_token"]}
    answer = live.product.send("POST", channel["webhook_url"], json.dumps(update).encode(), headers)
    assert answer.status == 200
    contact = eventually(lambda: live.admin.items("/v1/contacts", q=str(person)))[0]
    chat = eventually(lambda: live.chats_of(contact["id"]))[0]
    [came] = files_of(live, chat["id"], 1)
    assert came["state"] == "accepted", came
    sent = live.admin.post(f"/v1/chats/{chat['id']}/messages", {"file_id": file_id}, expect=201)
    eventually(lambda: live.status_of(chat["id"], sent["id"])["status"] == "sent")
    calls = live.providers.items("/calls", channel="telegram")
    assert [one for one in calls if one["path"].endswith("/sendPhoto") and str(person) in str(one["body"])]
    live.close_all()


JSON = {"Content-Type": "application/json"}


class TheirSystem(BaseHTTPRequestHandler):
    """A customer's own file server, where the local stack lets the guard pass."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(png(500))

    def log_message(self, *given: Any) -> None:
        """Nothing to the terminal."""


def test_a_file_of_a_customers_own_system(live: Live) -> None:
    """The origin that passes the guard, and one that does not."""
    from infra.local.providers.custom import sign

    host, _, port = live.demo["allowed_origin"].removeprefix("http://").partition(":")
    server = ThreadingHTTPServer((host, int(port)), TheirSystem)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    channel = live.demo["channels"]["custom"]
    who = f"loja-{secrets.token_hex(6)}"
    try:
        for url in (f"{live.demo['allowed_origin']}/a.png", "http://127.0.0.1:1/b.png"):
            said = {"kind": "image", "text": "veja", "file_url": url, "file_name": "a.png"}
            told = {"external_id": secrets.token_hex(8), "contact": {"external_id": who, "name": who}, "message": said}
            raw = json.dumps(told).encode()
            headers = {**JSON, **sign(channel["secret"], f"msg_{secrets.token_hex(8)}", int(time.time()), raw)}
            assert live.product.send("POST", channel["webhook_url"], raw, headers).status == 202
        contact = eventually(lambda: live.admin.items("/v1/contacts", q=who))[0]
        chat = eventually(lambda: live.chats_of(contact["id"]))[0]
        files = files_of(live, chat["id"], 2)
        assert sorted((one["state"], one["reason"]) for one in files) == [
            ("accepted", None),
            ("rejected", "host_not_allowed"),
        ]
        [accepted] = [one for one in files if one["state"] == "accepted"]
        assert fetched(live, accepted["id"]).content == png(500)
    finally:
        server.shutdown()
        server.server_close()
    live.close_all()


def test_a_picture_and_an_album_of_ten(live: Live) -> None:
    """Ten webhooks at once from somebody new: one chat, ten files, each readable by whoever serves it."""
    with live.agents_at_work() as agents:
        customer = Customer()
        webhooks = [[[live.change(customer, [with_file(live, customer)])]] for _ in range(10)]
        with ThreadPoolExecutor(10) as pool:
            assert set(pool.map(live.post_webhook, webhooks)) == {200}
        chat = live.open_chat(customer)
        files = files_of(live, chat["id"], 10)
        assert {one["state"] for one in files} == {"accepted"}
        assert len({one["id"] for one in files}) == 10
        owner = eventually(lambda: live.owner(chat["id"]) != "-" and live.owner(chat["id"]))
        got = fetched(live, files[0]["id"], agents[owner])
        assert (got.status_code, got.content) == (200, media_file("photo").content)
        assert got.headers["x-content-type-options"] == "nosniff"
        assert (got.headers["content-type"], files[0]["content_type"]) == ("image/jpeg", "image/jpeg")
        assert all("media" not in one["payload"] for one in live.messages(chat["id"]))
