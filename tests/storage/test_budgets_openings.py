"""What a message may cost that finds no open chat (docs/data-model.md §3, C1 and B2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recado.domain.people import OpenHours, ReopenRule
from recado.storage.chat_records import ChatRecord
from tests.reception import A, Reception, said, text
from tests.recording import Calls, record

EXACT = 1772452800
OTHER = f"dp_{A}_" + "2".rjust(27, "0")
CLOSED_AT_NOON = (OpenHours(1, 13 * 60, 18 * 60),)


@pytest.fixture
def reception(dynamodb: Any, clock: Any, ids: Any) -> Reception:
    """A customer whose only chat is closed."""
    one = Reception(clock, ids)
    one.settle()
    one.deliver(said(text("wamid.0")))
    (chat,) = one.chats()
    one.close(chat.id)
    return one


def cost_of_next(reception: Reception) -> Calls:
    assert reception.post(said(text("wamid.1", "Boa tarde", at=EXACT + 1))).answer.status == 200
    with record() as calls:
        assert reception.work() == []
    return calls


def test_the_next_chat_of_a_known_customer(reception: Reception) -> None:
    calls = cost_of_next(reception)
    assert calls.operations == {
        "dynamodb:GetItem": 3, "dynamodb:BatchGetItem": 1, "dynamodb:TransactWriteItems": 1,
    }  # fmt: skip
    assert calls.rru == 4, "THREAD, CONTACT, DEPARTMENT, the chat that closed last"
    assert items(calls) == 7, "SEEN, MSG, THREAD, CHAT, WAIT, two facts"
    assert calls.wru <= 2 * 7 + 4


@pytest.mark.parametrize("settings", [{"last_agent_first": True}, {"reopening": ReopenRule(by_customer=True)}])
def test_where_the_last_chat_counts_it_is_read(reception: Reception, settings: dict[str, Any]) -> None:
    reception.settle(**settings)
    calls = cost_of_next(reception)
    assert calls.operations["dynamodb:GetItem"] == 3
    assert (calls.rru, items(calls)) == (4, 7)
    assert calls.wru <= 2 * 7 + 4


def test_where_it_lies_in_another_department_that_is_read_too(reception: Reception) -> None:
    reception.settle(OTHER)
    reception.settle(reopening=ReopenRule(by_customer=True))
    (chat,) = reception.chats()
    ChatRecord.of_chat(A, replace(chat, department_id=OTHER)).save()
    calls = cost_of_next(reception)
    assert calls.operations["dynamodb:BatchGetItem"] == 2
    assert calls.rru == 5


def test_the_answer_of_a_closed_department(reception: Reception) -> None:
    reception.settle(business_hours=CLOSED_AT_NOON, away_message="Voltamos às 13h.")
    calls = cost_of_next(reception)
    assert calls.operations["dynamodb:TransactWriteItems"] == 1
    assert calls.rru == 5, "ACCOUNT too, for its time zone, once a minute"
    assert items(calls) == 9, "MSG and OUT more"
    assert calls.wru <= 2 * 9 + 4
    assert len(reception.sends.commands) == 1


def items(calls: Calls) -> int:
    (transaction,) = (one for one in calls.log if one.operation == "dynamodb:TransactWriteItems")
    return len(transaction.parameters["TransactItems"])
