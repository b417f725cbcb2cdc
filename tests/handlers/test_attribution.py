"""A message that brings a click's tag back, and one from an advertisement: the chat's last touch, the contact's first,
the timeline."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from recado.domain.buttons import CLICK_HOLDS, Click
from recado.storage.buttons import DynamoClicks
from tests.lost_answers import LostAnswers
from tests.reception import ANA, CHANNEL, CUSTOM_CHANNEL, A, Reception, body, change, text

TAG = "A1B2C3D4"
BRUNO = "5511976543210"
AD = {"source_type": "ad", "source_id": "120", "ctwa_clid": "Aff-1"}


@pytest.fixture
def reception(dynamodb: Any, clock: Any, ids: Any) -> Reception:
    return Reception(clock, ids)


def click(reception: Reception, tag: str = TAG, a: str = A, **fields: Any) -> None:
    one = Click(tag, "bt_1", CHANNEL, reception.clock.now(), {"utm_source": "news"})
    assert DynamoClicks().put(a, replace(one, **fields))


def say(reception: Reception, wamid: str, words: str, sender: str = ANA, **more: Any) -> None:
    reception.deliver(body([change(text(wamid, words, sender, **more))]))


def used_by(tag: str = TAG) -> str | None:
    return DynamoClicks().read(A, [tag])[tag].used_by


def test_the_first_message_with_the_tag_is_tied_to_the_click(reception: Reception) -> None:
    click(reception)
    say(reception, "wamid.1", f"Olá! [#{TAG}]")
    [chat], [contact], [message] = reception.chats(), reception.contacts(), reception.messages()
    assert chat.attribution == contact.attribution
    assert {**chat.attribution, "touched_at": "", "clicked_at": ""} == {
        "source_type": "button", "button_id": "bt_1", "tag": TAG, "utm_source": "news", "touched_at": "",
        "clicked_at": "",
    }  # fmt: skip
    assert message.text == f"Olá! [#{TAG}]"
    assert used_by() == message.id
    assert reception.facts(chat.id).count("contact.clicked") == 1
    thread = reception.thread()
    assert thread
    assert thread.came_by_ad_at is None  # a button is no advertisement: nothing gets free by it


def test_it_counts_once_though_the_message_comes_again(reception: Reception) -> None:
    click(reception)
    for _ in range(3):
        reception.queue.forget()
        say(reception, "wamid.1", f"[#{TAG}]")
    [chat] = reception.chats()
    assert reception.facts(chat.id).count("contact.clicked") == 1


def test_a_tag_that_somebody_forwards_is_nobody_elses(reception: Reception) -> None:
    click(reception)
    say(reception, "wamid.1", f"[#{TAG}]")
    say(reception, "wamid.2", f"[#{TAG}]", BRUNO)
    attributions = sorted(len(chat.attribution) for chat in reception.chats())
    assert attributions[0] == 0
    assert sorted(bool(one.attribution) for one in reception.contacts()) == [False, True]


@pytest.mark.parametrize("words", ["Olá!", "Olá! #A1B2C3D4", "[#A1B2C3D5]", "[#a1b2c3d4]"])
def test_an_edited_text_is_unattributed(reception: Reception, words: str) -> None:
    click(reception)
    say(reception, "wamid.1", words)
    [chat] = reception.chats()
    assert (chat.attribution, used_by()) == ({}, None)


def test_a_tag_of_another_account_or_channel_or_too_old_is_none(reception: Reception) -> None:
    click(reception, "00000001", a="acctbbbb")
    click(reception, "00000002", channel_id=CUSTOM_CHANNEL)
    click(reception, "00000003", at=reception.clock.now() - CLICK_HOLDS)
    say(reception, "wamid.1", "[#00000001] [#00000002] [#00000003]")
    [chat] = reception.chats()
    assert chat.attribution == {}


def test_a_chat_keeps_the_last_touch_and_the_contact_the_first(reception: Reception) -> None:
    click(reception)
    click(reception, "00000001", details={"utm_source": "later"})
    say(reception, "wamid.1", f"[#{TAG}]")
    reception.clock.move(60)
    say(reception, "wamid.2", "de novo [#00000001]")
    [chat], [contact] = reception.chats(), reception.contacts()
    assert (chat.attribution["utm_source"], contact.attribution["utm_source"]) == ("later", "news")
    assert reception.facts(chat.id).count("contact.clicked") == 2


def test_an_advertisement_is_kept_the_same_way(reception: Reception) -> None:
    say(reception, "wamid.1", "Vi o anúncio", referral=AD)
    [chat], [contact] = reception.chats(), reception.contacts()
    assert contact.attribution == chat.attribution
    assert contact.attribution["ctwa_clid"] == "Aff-1"
    assert reception.facts(chat.id).count("contact.clicked") == 1
    thread = reception.thread()
    assert thread
    assert thread.came_by_ad_at == reception.clock.now()


def test_who_is_known_already_gets_a_first_touch_in_an_open_chat(reception: Reception) -> None:
    say(reception, "wamid.1", "Olá")
    click(reception)
    say(reception, "wamid.2", f"[#{TAG}]")
    [chat], [contact] = reception.chats(), reception.contacts()
    assert chat.attribution["tag"] == contact.attribution["tag"] == TAG
    assert contact.version == 2
    reception.clock.move(1)
    say(reception, "wamid.3", "anúncio", referral=AD)
    [contact] = reception.contacts()
    assert (contact.attribution["tag"], contact.version) == (TAG, 2)


def test_messages_of_one_webhook(reception: Reception) -> None:
    """One click to a transaction: the tag of the second stays for another message."""
    click(reception)
    click(reception, "00000001")
    reception.deliver(body([change(*(text(f"wamid.{n}", f"[#{tag}]") for n, tag in enumerate((TAG, "00000001"))))]))
    [chat] = reception.chats()
    assert (chat.attribution["tag"], used_by("00000001")) == (TAG, None)


@pytest.mark.parametrize("how", ["lose", "drop", "repeat"])
def test_the_answer_of_the_transaction_is_lost(reception: Reception, lost_answers: LostAnswers, how: str) -> None:
    click(reception)
    raw = body([change(text("wamid.1", f"[#{TAG}]"))])
    reception.post(raw)
    getattr(lost_answers, how)("TransactWriteItems", 1)
    reception.work()
    reception.queue.forget()
    reception.deliver(raw)
    [chat], [message] = reception.chats(), reception.messages()
    assert (chat.attribution["tag"], used_by()) == (TAG, message.id)
    assert reception.facts(chat.id).count("contact.clicked") == 1


def test_the_click_is_used_by_another_meanwhile(reception: Reception) -> None:
    """Both read it unused: the second message is recorded without it."""
    click(reception)
    read, pending = reception.clicks.read, [True]

    def reads(a: str, tags: Any) -> Any:
        found = read(a, tags)
        if pending:
            pending.pop()
            say(reception, "wamid.2", f"[#{TAG}]", BRUNO)
        return found

    reception.clicks.read = reads  # type: ignore[method-assign]
    say(reception, "wamid.1", f"[#{TAG}]")
    attributed = {chat.thread.sender: bool(chat.attribution) for chat in reception.chats()}
    assert attributed == {"+" + ANA: False, "+" + BRUNO: True}


def test_a_click_from_a_time_to_come_is_none(reception: Reception) -> None:
    click(reception, at=reception.clock.now() + timedelta(hours=1))
    say(reception, "wamid.1", f"[#{TAG}]")
    assert reception.chats()[0].attribution == {}
