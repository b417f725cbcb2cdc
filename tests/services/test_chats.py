"""Lists, pages and the one gate."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from recado.domain.chats import Author, Chat, Event, ThreadKey
from recado.domain.errors import NotFound
from recado.ports.chats import ChatFilter
from recado.storage.chat_records import ChatEventRecord, ChatRecord
from tests.sending_world import ADMIN, ANA, BRUNO, CHANNEL, CONTACT, A, World, agent

OTHER_DEPARTMENT = f"dp_{A}_{2:027x}"


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> World:
    return World(clock, ids)


def more(world: World, count: int, **fields: Any) -> list[Chat]:
    """Chats on threads of their own, a second apart, oldest first."""
    made = []
    for number in range(count):
        world.clock.move(1)
        made.append(world.open_chat(thread=ThreadKey(CHANNEL, f"+55119{number:08d}"), **fields))
    return made


def walk(world: World, caller: Any, wanted: ChatFilter, limit: int) -> list[str]:
    """All pages, one after the other."""
    found: list[str] = []
    after = None
    while True:
        page, after = world.chats.page(caller, wanted, limit, after)
        found += [one["id"] for one in page]
        if after is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
def test_pages_merge_the_situations_newest_first_and_miss_none(world: World, limit: int) -> None:
    made = [world.chat]
    for situation in ("closed", "queued", "in_service", "automatic", "closed", "queued"):
        made += more(world, 2, situation=situation)
    assert walk(world, ADMIN, ChatFilter(), limit) == [one.id for one in reversed(made)]


def test_the_last_page_has_no_cursor(world: World) -> None:
    more(world, 3)
    page, following = world.chats.page(ADMIN, ChatFilter(), 4, None)
    assert (len(page), following) == (4, None)


def test_filters_one_by_one_and_together(world: World) -> None:
    closed = more(world, 1, situation="closed", agent_id=BRUNO)[0]
    elsewhere = more(world, 1, department_id=OTHER_DEPARTMENT, agent_id=BRUNO)[0]
    other_channel = world.open_chat(thread=ThreadKey(CHANNEL[:-1] + "2", "x"), channel_id=CHANNEL[:-1] + "2")
    other_contact = world.open_chat(contact_id=CONTACT[:-1] + "2", thread=ThreadKey(CHANNEL, "y"))
    for wanted, expected in (
        (ChatFilter(situation="closed"), [closed]),
        (ChatFilter(agent_id=BRUNO), [elsewhere, closed]),
        (ChatFilter(agent_id=BRUNO, situation="in_service"), [elsewhere]),
        (ChatFilter(department_id=OTHER_DEPARTMENT), [elsewhere]),
        (ChatFilter(department_id=OTHER_DEPARTMENT, agent_id=ANA), []),
        (ChatFilter(channel_id=other_channel.channel_id), [other_channel]),
        (ChatFilter(contact_ids=(other_contact.contact_id,)), [other_contact]),
        (ChatFilter(contact_ids=(other_contact.contact_id,), situation="closed"), []),
    ):
        assert walk(world, ADMIN, wanted, 2) == [one.id for one in expected], wanted


def test_the_period_is_that_of_the_opening_both_ends_included(world: World) -> None:
    first, second, third = more(world, 3)
    between = ChatFilter(opened_from=second.opened_at, opened_to=second.opened_at)
    assert walk(world, ADMIN, between, 1) == [second.id]
    assert walk(world, ADMIN, ChatFilter(opened_from=second.opened_at), 1) == [third.id, second.id]
    assert walk(world, ADMIN, ChatFilter(opened_to=second.opened_at - timedelta(milliseconds=1)), 5) == [
        first.id,
        world.chat.id,
    ]


def test_what_is_not_seen_is_in_no_page_and_the_cursor_goes_on_past_it(world: World) -> None:
    mine = [world.chat, *more(world, 2)]
    more(world, 30, department_id=OTHER_DEPARTMENT, agent_id=BRUNO)
    mine += more(world, 1)
    page, following = world.chats.page(agent(ANA), ChatFilter(), 2, None)
    assert [one["id"] for one in page] == [mine[-1].id] and following is not None
    assert walk(world, agent(ANA), ChatFilter(), 2) == [one.id for one in reversed(mine)]


def test_a_restricted_user_lists_their_own_under_every_filter(world: World) -> None:
    others = more(world, 3, agent_id=BRUNO)
    restricted = replace(agent(ANA), role="restricted")
    assert walk(world, restricted, ChatFilter(), 2) == [world.chat.id]
    assert walk(world, restricted, ChatFilter(agent_id=BRUNO), 2) == []
    assert walk(world, restricted, ChatFilter(contact_ids=(CONTACT,)), 2) == [world.chat.id]
    with pytest.raises(NotFound):
        world.chats.get(restricted, others[0].id)


def test_an_index_that_lags_behind_tells_nothing_wrong(world: World, dynamodb: Any) -> None:
    """CHAT was closed, its index still says in_service."""
    item = dynamodb.get_item(TableName="chats", Key={"pk": {"S": f"{A}#CHAT#{world.chat.id}"}, "sk": {"S": "CHAT"}})[
        "Item"
    ]
    dynamodb.put_item(TableName="chats", Item={**item, "situation": {"S": "closed"}})
    assert walk(world, ADMIN, ChatFilter(situation="in_service"), 5) == []


def test_a_chat_shows_its_window_and_what_its_thread_knows(world: World) -> None:
    view = world.chats.get(ADMIN, world.chat.id)
    assert view["window_expires_at"] == "2026-03-03T12:00:00.000Z"
    assert (view["unread"], view["last_inbound_at"]) == (1, "2026-03-02T12:00:00.000Z")


def test_no_id_that_is_not_a_chat_of_the_account_leads_anywhere(world: World) -> None:
    for chat_id in ("", "nonsense", world.chat.id.replace(A, "accountb"), CONTACT, world.ids.new("ca", A)):
        with pytest.raises(NotFound):
            world.chats.visible(ADMIN, chat_id)


def test_messages_by_seq_in_pages(world: World) -> None:
    for number in range(5):
        world.write(ADMIN, text=str(number))
    first, following = world.chats.messages(ADMIN, world.chat.id, 2, None)
    assert ([one.seq for one in first], following) == ([1, 2], 2)
    rest, following = world.chats.messages(ADMIN, world.chat.id, 4, 2)
    assert ([one.seq for one in rest], following) == ([3, 4, 5, 6], None)
    assert world.chats.messages(ADMIN, world.chat.id, 4, 6) == ([], None)


def test_messages_of_other_chats_of_the_thread_stay_apart(world: World) -> None:
    """The first chat is opened again after a second one: their messages lie among each other."""
    world.write(ADMIN, text="first")
    second = Chat(
        **{**world.chat.__dict__, "id": world.ids.new("ca", A), "first_seq": 3, "last_seq": 3, "situation": "closed"}
    )
    ChatRecord.of_chat(A, second).save()
    first = world.chat
    world.chat = second
    world.post()
    world.chat = first
    world.post()
    assert [one.seq for one in world.chats.messages(ADMIN, first.id, 10, None)[0]] == [1, 2, 4]
    assert [one.seq for one in world.chats.messages(ADMIN, second.id, 10, None)[0]] == [3]


def test_receipts_oldest_first_in_pages(world: World) -> None:
    for turn, kind in enumerate(("chat.queued", "chat.assigned", "chat.assumed", "chat.assigned", "chat.assigned")):
        world.clock.move(1)
        data = {"receipt": {"chat_id": world.chat.id, "turn": turn}} if kind == "chat.assigned" else {}
        event = Event(world.ids.new("ev", A), kind, world.clock.now(), Author("system"), data, CONTACT, world.chat.id)
        ChatEventRecord.of_event(A, event).save()
    first, following = world.chats.assignments(ADMIN, world.chat.id, 2, None)
    assert [one["turn"] for one in first] == [1, 3] and following is not None
    rest, following = world.chats.assignments(ADMIN, world.chat.id, 2, following)
    assert ([one["turn"] for one in rest], following) == ([4], None)
