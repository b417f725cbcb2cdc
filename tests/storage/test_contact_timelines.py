"""The timeline of a contact: its own events and those of its chats as one list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recado.domain.chats import Author, Chat, Event, ThreadKey
from recado.storage.chat_records import ChatEventRecord, ChatRecord
from recado.storage.contact_records import ContactEventRecord
from recado.storage.contact_timelines import ContactTimelines
from tests.recording import record

A = "acctaaaa"
CONTACT = f"ct_{A}_" + "0" * 27


class Story:
    """Events written in order, chats beside them."""

    def __init__(self, clock: Any, ids: Any) -> None:
        self.clock, self.ids, self.told = clock, ids, []

    def tell(self, *, chat_id: str | None = None, contact_id: str = CONTACT) -> None:
        self.clock.move(1)
        event_type = "chat.closed" if chat_id else "contact.updated"
        event = Event(
            self.ids.new("ev", A), event_type, self.clock.now(), Author("user", "us_1"), {"n": 1}, contact_id, chat_id
        )
        (ChatEventRecord if chat_id else ContactEventRecord).of_event(A, event).save()
        if contact_id == CONTACT:
            self.told.insert(0, replace(event, contact_id=CONTACT))

    def chat(self, situation: str) -> Chat:
        chat = Chat(
            self.ids.new("ca", A),
            CONTACT,
            "ch_1",
            "any",
            ThreadKey("ch_1", "x"),
            "dp_1",
            situation,
            self.clock.now(),
            1,  # type: ignore[arg-type]
        )
        ChatRecord.of_chat(A, chat).save()
        return chat


@pytest.fixture
def story(dynamodb: Any, clock: Any, ids: Any) -> Story:
    return Story(clock, ids)


def pages(limit: int) -> list[Event]:
    events: list[Event] = []
    after = None
    for _ in range(100):
        page = ContactTimelines().page(A, (CONTACT,), limit, after)
        events += page.items
        after = page.next
        if after is None:
            return events
    raise AssertionError("a timeline without an end")


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 7, 50])
def test_both_kinds_are_one_list_newest_first(story: Story, limit: int) -> None:
    for own, of_chats in ((1, 2), (3, 0), (0, 4), (1, 1)):
        for _ in range(own):
            story.tell()
        for _ in range(of_chats):
            story.tell(chat_id=story.chat("closed").id)
    story.tell(contact_id=f"ct_{A}_" + "1" * 27)
    assert pages(limit) == story.told


def test_a_page_is_two_queries_and_one_batch(story: Story) -> None:
    chat = story.chat("closed")
    for _ in range(60):
        story.tell()
        story.tell(chat_id=chat.id)
    with record() as calls:
        assert len(ContactTimelines().page(A, (CONTACT,), 50, None).items) == 50
    assert calls.operations == {"dynamodb:Query": 2, "dynamodb:BatchGetItem": 1}
    assert calls.rru <= 50


def test_no_events(story: Story) -> None:
    assert pages(50) == []


@pytest.mark.parametrize(
    ("situations", "is_open"),
    [([], False), (["closed", "closed"], False), (["queued", "closed"], True), (["in_service"], True)],
)
def test_an_open_chat_is_seen(story: Story, situations: list[str], is_open: bool) -> None:
    for situation in situations:
        story.chat(situation)
        story.tell(chat_id=f"ca_{A}_" + "0" * 27)
    assert ContactTimelines().has_open_chat(A, CONTACT) is is_open
