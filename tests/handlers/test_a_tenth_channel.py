"""A channel is one file (docs/channels.md): tests/pigeon.py, with one line in the registry, goes the whole way from a
webhook to a chat, an answer and its delivery."""

from __future__ import annotations

import json
from hmac import digest
from typing import Any

import pytest

from recado.channels import registry
from recado.domain.access import Caller
from recado.ports.chats import ChatFilter
from recado.services.accounts import NewAccount
from recado.services.sending import NewMessage
from tests.handlers.stack import Stack
from tests.outside.servers import answering, serving

TAKEN = json.dumps({"note_id": "n-2"}).encode()
CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%s" % (len(TAKEN), TAKEN)
NOON = 1_772_452_800


@pytest.fixture
def pigeons(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one line; what was loaded by it is forgotten with it."""
    monkeypatch.setitem(registry._ADAPTERS, "pigeon", "tests.pigeon:Pigeon")
    monkeypatch.setattr(registry, "_loaded", {})


def webhook(stack: Stack, channel_id: str, body: dict[str, Any], seed: str = "seed") -> int:
    raw = json.dumps(body).encode()
    event = {
        "pathParameters": {"channel_id": channel_id},
        "requestContext": {"http": {"method": "POST"}, "requestId": "request-1"},
        "headers": {"X-Coo": digest(seed.encode(), raw, "sha256").hex()},
        "body": raw.decode(),
        "isBase64Encoded": False,
    }
    status = int(stack.invoke("ingress", event)["statusCode"])
    assert stack.work("inbound", "inbound") == []
    return status


def test_a_tenth_channel_goes_the_whole_way(stack: Stack, pigeons: None, clock: Any) -> None:
    services = stack.container
    made = services.account_service.create(
        NewAccount("Company", "Ada", "ada@one.example", "a long password", "team", trial=False)
    )
    a, caller = made.account.id.removeprefix("ac_"), Caller(made.account.id[3:], "admin", user_id=made.admin.id)
    with serving(answering(CREATED)) as (port, requests):
        services.__dict__["provider_addresses"] = {"post_office": f"http://127.0.0.1:{port}"}
        channel = services.channel_service.create(a, "pigeon", "Loft", None, {"loft": "north"}, {"seed": "seed"})
        note = {"ring": "DV0442", "owner": "Dona Ivone", "note_id": "n-1", "note": "Olá! O pão chegou?", "at": NOON}
        assert webhook(stack, channel.id, note, seed="other") == 401
        assert webhook(stack, channel.id, {"note": "of nobody"}) == 200
        for _ in range(2):  # the post office says everything twice
            assert webhook(stack, channel.id, note) == 200
        (chat_id,) = services.chats.ids(a, ChatFilter(situation="queued"), None, 10)
        chat = services.chat_actions.assume(caller, chat_id)
        message = services.sending_service.send(caller, chat_id, NewMessage(text="Chegou, sim!"))
        assert stack.work("outbound", "outbound") == []
        assert webhook(stack, channel.id, {"ring": "DV0442", "note_id": "n-2", "landed": True, "at": NOON + 60}) == 200
    said, answered = services.chat_service.messages(caller, chat.id, 50, 0)[0]
    assert (said.text, said.direction, said.provider_id) == ("Olá! O pão chegou?", "inbound", "n-1")
    assert (answered.id, answered.status, answered.provider_id) == (message.id, "delivered", "n-2")
    head, _, sent = requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /lofts/north/notes ")
    assert json.loads(sent) == {"ring": "DV0442", "note": "Chegou, sim!", "our_id": message.id}
    contact = services.contact_service.get(caller, chat.contact_id)
    assert (contact["name"], contact["identities"][0]["external_id"]) == ("Dona Ivone", "DV0442")
