"""A message that finds no open chat: a new chat or the closed one again, who served last, the answer of a closed
department. From the webhook to the tables."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from recado.domain.chats import Author, Chat, Thread, ThreadKey
from recado.domain.people import OpenHours, ReopenRule
from recado.ports.core import Command
from recado.storage import keys
from recado.storage.channels import ChannelRecord
from recado.storage.chat_records import ThreadRecord
from recado.storage.chats import DynamoChats
from recado.storage.outbox import DynamoOutbox
from tests.reception import ANA, CHANNEL, DEPARTMENT, A, Reception, body, change, said, text

EXACT = 1772452800
OTHER = f"dp_{A}_" + "2".rjust(27, "0")
BIA = f"us_{A}_" + "1".rjust(27, "0")
AWAY = "Estamos fechados. Voltamos às 13h."
AFTERNOON = (OpenHours(1, 13 * 60, 18 * 60),)
"""The clock stands at noon of a Monday."""


@pytest.fixture
def reception(dynamodb: Any, clock: Any, ids: Any) -> Reception:
    return Reception(clock, ids)


def thread_of(reception: Reception) -> Thread:
    thread = reception.thread()
    assert thread is not None
    return thread


def the_chat(reception: Reception) -> Chat:
    (chat,) = reception.chats()
    return chat


def closed_once(reception: Reception, agent_id: str | None = BIA) -> Chat:
    """The chat of a first message, served and closed."""
    reception.deliver(said(text("wamid.1", "Olá")))
    chat = reception.close(the_chat(reception).id, agent_id)
    reception.waker.woken.clear()
    return chat


def reaction(wamid: str, at: int = EXACT + 60) -> dict[str, Any]:
    return {"from": ANA, "id": wamid, "timestamp": str(at), "type": "reaction",
            "reaction": {"message_id": "wamid.1", "emoji": "👍"}}  # fmt: skip


def echo(wamid: str, at: int = EXACT + 1) -> bytes:
    one = {"from": "551140000000", "to": ANA, "id": wamid, "timestamp": str(at), "type": "text", "text": {"body": "Oi"}}
    return body([{"field": "smb_message_echoes", "value": change()["value"] | {"message_echoes": [one]}}])


# -- timers and the gone department
# --------------------------------------------------------------------------------------


def test_an_opened_chat_waits_without_a_time_until_somebody_is_given_it(reception: Reception, clock: Any) -> None:
    reception.settle(OTHER)
    reception.settle(overflow_after_s=300, overflow_department_id=OTHER)
    reception.deliver(said(text("wamid.1")))
    chat = the_chat(reception)
    assert (chat.moved_at, chat.due_at) == (clock.now(), None)


def test_a_department_that_is_gone_holds_nothing_up(reception: Reception, clock: Any) -> None:
    reception.deliver(said(text("wamid.1")))
    chat = the_chat(reception)
    assert (chat.situation, chat.department_id, chat.moved_at, chat.due_at) == (
        "queued", DEPARTMENT, clock.now(), None,
    )  # fmt: skip


# -- reopening by the customer
# --------------------------------------------------------------------------------------


def test_the_customer_opens_the_last_chat_again(reception: Reception, clock: Any) -> None:
    reception.settle(OTHER)
    reception.settle(
        reopening=ReopenRule("always", by_customer=True), overflow_after_s=300, overflow_department_id=OTHER
    )
    before = closed_once(reception)
    assert thread_of(reception).last_chat_id == before.id
    clock.move(3600)
    reception.deliver(said(text("wamid.2", "mais uma coisa", at=EXACT + 3600)))
    chat = the_chat(reception)
    assert (chat.id, chat.situation, chat.version) == (before.id, "queued", before.version + 1)
    assert (chat.queued_at, chat.moved_at, chat.reopened_at) == (clock.now(),) * 3
    assert (chat.closed_at, chat.last_seq, chat.agent_id, chat.assigned_at, chat.started_at) == (None,) * 5
    assert (chat.moved_by, chat.preferred_agent_id) == (None, None)
    assert chat.due_at is None
    assert [one.id for one in reception.waiting()] == [chat.id]
    thread = thread_of(reception)
    assert (thread.open_chat_id, thread.unread, thread.last_text) == (chat.id, 1, "mais uma coisa")
    assert reception.facts(chat.id) == ["chat.started", "chat.queued", "chat.reopened", "chat.queued"]
    assert reception.waker.woken == [DEPARTMENT]
    shown = DynamoChats().messages(A, chat, 0, 50)
    assert [one.text for one in shown] == ["Olá", "mais uma coisa"], "its messages are shown whole"


def test_who_reopened_stands_in_the_fact(reception: Reception) -> None:
    reception.settle(reopening=ReopenRule("always", by_customer=True))
    before = closed_once(reception)
    reception.deliver(said(text("wamid.2", at=EXACT + 60)))
    store = DynamoChats()
    (again,) = store.events(A, before.id, ("chat.reopened",), None, 10)
    queued = store.events(A, before.id, ("chat.queued",), None, 10)[-1]
    assert again.actor == Author("contact", before.contact_id)
    assert queued.actor == Author("system")
    assert (again.data["situation"], again.data["unread"], again.contact_id) == ("queued", 1, before.contact_id)


@pytest.mark.parametrize(
    ("rule", "after_s", "reopens"),
    [
        (ReopenRule("always", None, True), 400 * 86_400, True),
        (ReopenRule("always", None, False), 60, False),
        (ReopenRule("never", None, True), 60, False),
        (ReopenRule("within", 2, True), 7200, True),
        (ReopenRule("within", 2, True), 7201, False),
    ],
)
def test_the_rule_decides(reception: Reception, clock: Any, rule: ReopenRule, after_s: int, reopens: bool) -> None:
    reception.settle(reopening=rule)
    before = closed_once(reception)
    clock.move(after_s)
    reception.deliver(said(text("wamid.2", at=EXACT + after_s)))
    assert [one.id for one in reception.waiting()] == [thread_of(reception).open_chat_id]
    assert (thread_of(reception).open_chat_id == before.id) is reopens
    assert len(reception.chats()) == (1 if reopens else 2)


@pytest.mark.parametrize(("policy", "reopens"), [("always", True), ("never", False)])
def test_a_chat_that_closed_in_another_department_obeys_that_ones_rule_and_waits_there(
    reception: Reception, policy: Any, reopens: bool
) -> None:
    reception.settle(OTHER, reopening=ReopenRule(policy, by_customer=True), last_agent_first=True)
    reception.settle(reopening=ReopenRule("always" if policy == "never" else "never", by_customer=policy == "never"))
    reception.deliver(said(text("wamid.1")))
    from recado.domain.chat_moves import MoveCommit, put_in_queue
    from recado.storage.chat_moves import ChatMoveStore

    move = put_in_queue(the_chat(reception), OTHER, reception.clock.now())
    assert move is not None
    assert ChatMoveStore().commit(A, MoveCommit([move], [], [])) == frozenset()
    before = reception.close(move.after.id, BIA)
    reception.waker.woken.clear()
    reception.deliver(said(text("wamid.2", at=EXACT + 60)))
    opened = reception.threads.chat(A, thread_of(reception).open_chat_id or "")
    assert opened is not None
    assert (opened.id == before.id) is reopens
    assert (opened.department_id, opened.preferred_agent_id) == ((OTHER, BIA) if reopens else (DEPARTMENT, None))
    assert reception.waker.woken == [opened.department_id]


def test_a_chat_of_a_deleted_contact_stays_closed(reception: Reception, clock: Any, ids: Any) -> None:
    from recado.domain.chats import Event
    from recado.storage.contacts import ContactStore

    reception.settle(reopening=ReopenRule("always", by_customer=True), last_agent_first=True)
    before = closed_once(reception)
    (contact,) = reception.contacts()
    gone = Event(ids.new("ev", A), "contact.deleted", clock.now(), Author("system"), {}, contact.id)
    ContactStore().delete(A, contact, gone)
    reception.deliver(said(text("wamid.2", at=EXACT + 60)))
    opened = reception.threads.chat(A, thread_of(reception).open_chat_id or "")
    assert opened is not None
    assert opened.id != before.id
    assert (opened.contact_id, opened.preferred_agent_id) == (reception.contacts()[0].id, None)


def test_an_advertisement_is_the_reopened_chats_attribution(reception: Reception) -> None:
    reception.settle(reopening=ReopenRule("always", by_customer=True))
    closed_once(reception)
    referral = {"source_id": "ad1", "source_type": "ad", "ctwa_clid": "c1"}
    reception.deliver(said(text("wamid.2", at=EXACT + 60, referral=referral)))
    (wait,) = reception.waiting()
    assert wait == the_chat(reception)
    assert wait.attribution["ctwa_clid"] == "c1"


# -- who served them last
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wanted", "agent_id"), [(True, BIA), (False, None)])
@pytest.mark.parametrize("by_customer", [True, False])
def test_who_served_last_is_preferred_where_that_is_wanted(
    reception: Reception, wanted: bool, agent_id: str | None, by_customer: bool
) -> None:
    reception.settle(last_agent_first=wanted, reopening=ReopenRule("always", by_customer=by_customer))
    before = closed_once(reception)
    reception.deliver(said(text("wamid.2", at=EXACT + 60)))
    (wait,) = reception.waiting()
    assert (wait.id == before.id, wait.preferred_agent_id) == (by_customer, agent_id)


def test_a_chat_that_nobody_served_prefers_nobody(reception: Reception) -> None:
    reception.settle(last_agent_first=True)
    closed_once(reception, agent_id=None)
    reception.deliver(said(text("wamid.2", at=EXACT + 60)))
    assert reception.waiting()[0].preferred_agent_id is None


# -- the answer of a closed department
# --------------------------------------------------------------------------------------


def away_of(reception: Reception) -> list[Any]:
    return [one for one in reception.all_messages() if one.payload.get("away")]


def commands(reception: Reception) -> list[Command]:
    return reception.sends.commands


def test_a_closed_department_answers_a_first_message(reception: Reception, clock: Any) -> None:
    reception.settle(business_hours=AFTERNOON, away_message=AWAY)
    reception.deliver(said(text("wamid.1", "Olá")))
    chat, thread = the_chat(reception), thread_of(reception)
    said_by_ana, away = reception.messages()
    assert said_by_ana.provider_id == "wamid.1"
    assert (away.seq, away.direction, away.kind, away.text, away.status) == (2, "outbound", "text", AWAY, "queued")
    assert (away.author, away.payload, away.chat_id) == (Author("system"), {"away": True}, chat.id)
    assert (thread.last_seq, thread.last_text, thread.last_message_at) == (2, AWAY, clock.now())
    assert (thread.unread, chat.answered_at, chat.started_at) == (1, None, None), "nobody has answered"
    assert (chat.situation, [one.id for one in reception.waiting()]) == ("queued", [chat.id])
    out = DynamoOutbox().get(A, away.id)
    assert out is not None
    assert (out.state, out.seq, out.due) == ("pending", 2, clock.now() + timedelta(seconds=60))
    (command,) = commands(reception)
    assert (command.group, command.body["message_id"]) == (f"{CHANNEL}#+{ANA}", away.id)


def test_it_answers_once_until_the_chat_opens_again(reception: Reception) -> None:
    reception.settle(business_hours=AFTERNOON, away_message=AWAY, reopening=ReopenRule("always", by_customer=True))
    raw = said(text("wamid.1"))
    for _ in range(3):
        reception.queue.forget()
        reception.deliver(raw)
    reception.deliver(said(text("wamid.2", at=EXACT + 1)))
    assert len(away_of(reception)) == len(commands(reception)) == 1
    reception.close(the_chat(reception).id)
    reception.deliver(said(text("wamid.3", at=EXACT + 60)))
    assert len(away_of(reception)) == len(commands(reception)) == 2
    assert [one.provider_id for one in reception.messages()] == ["wamid.1", None, "wamid.2", "wamid.3", None]
    assert {one.chat_id for one in reception.messages()} == {the_chat(reception).id}


@pytest.mark.parametrize(
    "settings",
    [
        {"away_message": AWAY},
        {"business_hours": AFTERNOON},
        {"business_hours": (OpenHours(1, 8 * 60, 18 * 60),), "away_message": AWAY},
    ],
)
def test_an_open_department_or_one_without_words_does_not(reception: Reception, settings: dict[str, Any]) -> None:
    reception.settle(**settings)
    reception.deliver(said(text("wamid.1")))
    assert away_of(reception) == commands(reception) == []
    assert the_chat(reception).situation == "queued"


def test_a_chat_that_waits_already_is_not_answered_when_the_department_closes(reception: Reception) -> None:
    reception.settle(away_message=AWAY)
    reception.deliver(said(text("wamid.1")))
    reception.settle(business_hours=AFTERNOON)
    reception.deliver(said(text("wamid.2", at=EXACT + 1)))
    assert away_of(reception) == []


def test_a_message_too_old_for_the_channels_window_is_not_answered(reception: Reception) -> None:
    reception.settle(business_hours=AFTERNOON, away_message=AWAY)
    reception.deliver(said(text("wamid.1", at=EXACT - 86_400)))
    assert away_of(reception) == []
    reception.close(the_chat(reception).id)
    reception.deliver(said(text("wamid.2", at=EXACT - 86_399)))
    assert len(away_of(reception)) == 1


def test_a_paused_channel_answers_nothing(reception: Reception) -> None:
    reception.settle(business_hours=AFTERNOON, away_message=AWAY)
    ChannelRecord(keys.workspace_pk(A, "CHANNELS"), CHANNEL).update([ChannelRecord.state.set("paused")])
    reception.deliver(said(text("wamid.1")))
    assert (away_of(reception), the_chat(reception).situation) == ([], "queued")


@pytest.mark.parametrize("size", [2, 10])
@pytest.mark.parametrize("together", [True, False])
def test_an_album_to_a_closed_department_is_one_chat_and_one_answer(
    reception: Reception, size: int, together: bool
) -> None:
    reception.settle(business_hours=AFTERNOON, away_message=AWAY)
    album = [text(f"wamid.{number}") for number in range(size)]
    for part in [album] if together else [[one] for one in album]:
        reception.post(said(*part))
    assert reception.work() == []
    assert len(reception.chats()) == len(away_of(reception)) == len(commands(reception)) == 1
    assert thread_of(reception).unread == size
    assert [one.seq for one in reception.messages()] == list(range(1, size + 2))


def test_more_messages_than_one_transaction_takes_are_answered_once(reception: Reception) -> None:
    reception.settle(business_hours=AFTERNOON, away_message=AWAY)
    reception.deliver(said(*(text(f"wamid.{number}") for number in range(20))))
    assert len(reception.messages()) == 21
    assert (len(away_of(reception)), thread_of(reception).unread) == (1, 20)


def test_an_echo_and_a_system_message_are_not_answered(reception: Reception) -> None:
    reception.settle(business_hours=AFTERNOON, away_message=AWAY)
    reception.deliver(echo("wamid.e"))
    changed = {"body": "User changed number", "type": "customer_changed_number", "wa_id": "5511999999999"}
    reception.deliver(
        said({"from": ANA, "id": "wamid.s", "timestamp": str(EXACT), "type": "system", "system": changed})
    )
    assert (reception.chats(), away_of(reception)) == ([], [])


def test_a_queue_that_refuses_the_command_holds_nothing_up(reception: Reception) -> None:
    reception.settle(business_hours=AFTERNOON, away_message=AWAY)
    reception.sends.refuses = True
    reception.deliver(said(text("wamid.1")))
    (away,) = away_of(reception)
    assert reception.send_journal.lost == [away.id]
    assert DynamoOutbox().get(A, away.id) is not None, "the stream and the sweep tell of it"


# -- what is no new work
# --------------------------------------------------------------------------------------


def test_a_reaction_to_an_older_message_opens_no_chat(reception: Reception) -> None:
    reception.settle(business_hours=AFTERNOON, away_message=AWAY, reopening=ReopenRule("always", by_customer=True))
    before = closed_once(reception)
    reception.sends.take()
    for _ in range(2):
        reception.queue.forget()
        reception.deliver(said(reaction("wamid.r")))
    thread, last = thread_of(reception), reception.messages()[-1]
    assert the_chat(reception) == before
    assert (thread.open_chat_id, thread.unread, commands(reception)) == (None, 0, [])
    assert (last.kind, last.text, last.chat_id, last.provider_id) == ("reaction", "👍", "", "wamid.r")
    assert len(reception.messages()) == 3, "the message, its away message and the reaction"
    assert thread.last_inbound_at is not None
    assert thread.last_inbound_at.timestamp() == EXACT + 60, "the customer is there: the window is open anew"
    reception.deliver(said(text("wamid.2", at=EXACT + 90)))
    assert (thread_of(reception).open_chat_id, thread_of(reception).unread) == (before.id, 1)


def test_a_reaction_in_an_open_chat_belongs_to_it(reception: Reception) -> None:
    reception.deliver(said(text("wamid.1")))
    reception.deliver(said(reaction("wamid.r")))
    assert reception.messages()[-1].chat_id == the_chat(reception).id
    assert thread_of(reception).unread == 2


def test_an_edit_and_a_revocation_change_a_closed_chats_message_in_place(reception: Reception) -> None:
    reception.settle(reopening=ReopenRule("always", by_customer=True))
    before = closed_once(reception)
    seen = thread_of(reception)
    inner = {"type": "text", "text": {"body": "Olá!"}}
    reception.deliver(
        said({"from": ANA, "id": "wamid.e", "timestamp": str(EXACT + 10), "type": "edit",
              "edit": {"original_message_id": "wamid.1", "message": inner}})
    )  # fmt: skip
    assert reception.messages()[0].text == "Olá!"
    reception.deliver(
        said({"from": ANA, "id": "wamid.x", "timestamp": str(EXACT + 20), "type": "revoke",
              "revoke": {"original_message_id": "wamid.1"}})
    )  # fmt: skip
    (message,) = reception.messages()
    assert (message.text, message.chat_id) == ("", before.id)
    assert (the_chat(reception), thread_of(reception)) == (before, seen)


def test_the_thread_keeps_the_last_chat_it_had(reception: Reception) -> None:
    before = closed_once(reception)
    reception.deliver(said(text("wamid.2", at=EXACT + 60)))
    record = ThreadRecord.get(keys.thread_pk(A, ThreadKey(CHANNEL, "+" + ANA)), "THREAD")
    assert record.last_chat_id == before.id
