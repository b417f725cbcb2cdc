"""What a message, a duplicate and a status may cost (docs/data-model.md §3, C1 and D2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.reception import Reception, body, change, said, status, text
from tests.recording import Calls, record

EXACT = 1772452800
NORMAL = "Boa tarde, gostaria de saber sobre o meu pedido 12345."


@pytest.fixture
def reception(dynamodb: Any, clock: Any, ids: Any) -> Reception:
    one = Reception(clock, ids)
    one.deliver(said(text("wamid." + "A" * 50 + "0", NORMAL)))
    return one


def cost_of(reception: Reception, *bodies: bytes) -> Calls:
    for one in bodies:
        assert reception.post(one).answer.status == 200
    with record() as calls:
        assert reception.work() == []
    return calls


def message(number: int, **more: Any) -> dict[str, Any]:
    return text("wamid." + "A" * 50 + str(number), NORMAL, at=EXACT + number, **more)


def test_a_message_in_an_open_chat(reception: Reception) -> None:
    calls = cost_of(reception, said(message(1)))
    assert calls.operations == {"dynamodb:GetItem": 1, "dynamodb:TransactWriteItems": 1}
    assert (calls.wru, calls.rru) == (6, 1)
    assert calls.index_wru == {}


def test_four_of_one_thread_in_a_batch_share_a_transaction(reception: Reception) -> None:
    calls = cost_of(reception, *(said(message(number)) for number in range(1, 5)))
    assert calls.operations == {"dynamodb:GetItem": 1, "dynamodb:TransactWriteItems": 1}
    assert (calls.wru, calls.rru) == (4 * 4 + 2, 1)


def test_a_duplicate_writes_nothing(reception: Reception) -> None:
    reception.deliver(said(message(1)))
    reception.queue.forget()
    calls = cost_of(reception, said(message(1)))
    assert calls.operations == {"dynamodb:GetItem": 1, "dynamodb:BatchGetItem": 1}
    assert (calls.wru, calls.rru) == (0, 1.5)


def test_a_first_message_of_an_unknown_sender(dynamodb: Any, clock: Any, ids: Any) -> None:
    reception = Reception(clock, ids)
    reception.settle()
    calls = cost_of(reception, said(text("wamid." + "A" * 50, NORMAL)))
    transaction = next(one for one in calls.log if one.operation == "dynamodb:TransactWriteItems")
    items = len(transaction.parameters["TransactItems"])
    assert calls.operations["dynamodb:TransactWriteItems"] == 1
    assert calls.wru <= 2 * items + 4  # each of the two facts holds the chat as it is shown: more than 1 KB
    assert calls.operations["dynamodb:GetItem"] == calls.operations["dynamodb:BatchGetItem"] == 2
    assert calls.rru == 3 + 3, "THREAD, ALIAS and DEPARTMENT; the identity and two forms of the number"


def test_a_status(reception: Reception) -> None:
    echo = {"from": "551140000000", "to": "5511987654321", "id": "wamid.e", "timestamp": str(EXACT), "type": "text",
            "text": {"body": "Oi"}}  # fmt: skip
    reception.deliver(body([{"field": "smb_message_echoes", "value": change()["value"] | {"message_echoes": [echo]}}]))
    calls = cost_of(reception, body([change(statuses=[status("wamid.e", "failed")])]))
    assert calls.operations == {"dynamodb:GetItem": 1, "dynamodb:UpdateItem": 1}
    assert (calls.wru, calls.rru) == (1, 1)


def test_a_webhook_reads_its_channel_once(dynamodb: Any, clock: Any, ids: Any) -> None:
    reception = Reception(clock, ids)
    with record() as calls:
        reception.post(said(message(1)))
        reception.post(said(message(2)))
    assert calls.operations == {"dynamodb:BatchGetItem": 1}
    assert (calls.wru, calls.rru) == (0, 2)
