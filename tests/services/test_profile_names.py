"""Names of people that no webhook tells: asked of Graph once, after their first message."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recado.channels.webhooks import AdapterWebhooks
from recado.domain.chats import Author, Event, Message, ThreadKey
from recado.domain.contact_claims import first_seen
from recado.domain.contacts import Contact, Identity
from recado.ports.core import ConnectFailed, HttpResponse
from recado.ports.reception import ConnectedChannel
from recado.services.contact_shapes import ContactShapes
from recado.services.custom_fields import RememberedFields
from recado.services.intake import Customer
from recado.services.profile_names import ProfileNames
from recado.storage.contact_records import ContactEventRecord
from recado.storage.contacts import ContactStore
from recado.storage.custom_fields import DynamoCustomFields

A, PAGE = "accounta", "104000000000001"


class Graph:
    def __init__(self, answer: HttpResponse | Exception) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, float]] = []

    def request(self, method: str, url: str, headers: Any, body: bytes | None, timeout_s: float) -> HttpResponse:
        self.asked.append((url, headers["authorization"], timeout_s))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def named(name: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(status, {}, json.dumps({"name": name, "id": "71"}).encode())


class World:
    def __init__(self, clock: Any, ids: Any, kind: str) -> None:
        self.clock, self.ids, self.store = clock, ids, ContactStore()
        channel = ConnectedChannel("ch_1", kind, "dp_1", "active", PAGE, {"page_id": PAGE}, {"access_token": ("EAA1",)})
        self.customer = Customer(A, channel, "u:71")
        identity = Identity("ch_1", "u:71", "71")
        new = first_seen(ids.new("ct", A), clock.now(), identity=identity, name=None, phone=None, email=None)
        self.store.create(A, new, Event(ids.new("ev", A), "contact.created", clock.now(), Author("system"), {}, new.id))
        self.id = new.id

    def learn(self, answer: HttpResponse | Exception, seq: int = 1) -> Graph:
        graph, now = Graph(answer), self.clock.now()
        shapes = ContactShapes(RememberedFields(DynamoCustomFields(), self.clock))
        names = ProfileNames(AdapterWebhooks(None, graph), self.store, shapes, self.clock, self.ids)
        message = Message(
            "ms_1", "ca_1", self.id, ThreadKey("ch_1", "u:71"), seq, "inbound", "text", "oi", "received",
            Author("contact", self.id), now, now,
        )  # fmt: skip
        names.learn(self.customer, [message])
        return graph

    @property
    def contact(self) -> Contact:
        found = self.store.get(A, self.id)
        assert found
        return found


@pytest.mark.parametrize("kind", ["messenger", "instagram"])
def test_the_first_message_brings_the_name(dynamodb: Any, clock: Any, ids: Any, kind: str) -> None:
    world = World(clock, ids, kind)
    assert world.learn(named("Iara M."), seq=2).asked == [], "asked once"
    graph = world.learn(named("Iara M."))
    assert graph.asked == [("https://graph.facebook.com/v24.0/71?fields=name", "Bearer EAA1", 2.0)]
    assert world.contact.name == "Iara M."
    assert "contact.updated" in [one.type for one in ContactEventRecord.scan(ContactEventRecord.sk.startswith("EVT#"))]
    assert world.learn(named("Outra")).asked == [], "nobody is renamed"
    assert [one.id for one in [world.contact]] == [world.id] and world.contact.identities


@pytest.mark.parametrize(
    "answer", [named("Iara", 400), named(None), named(""), HttpResponse(200, {}, b"<html>"), ConnectFailed("away")]
)
def test_without_a_name_nothing_changes(dynamodb: Any, clock: Any, ids: Any, answer: Any) -> None:
    world = World(clock, ids, "messenger")
    before = world.contact
    world.learn(answer)
    assert world.contact == before


def test_channels_whose_webhooks_tell_names_are_not_asked(dynamodb: Any, clock: Any, ids: Any) -> None:
    assert World(clock, ids, "whatsapp").learn(named("x")).asked == []
