"""What a message that brings a click's tag back may cost more than another (docs/data-model.md §3, C4)."""

from __future__ import annotations

from typing import Any

from recado.domain.buttons import Click
from recado.storage.buttons import DynamoClicks
from tests.reception import CHANNEL, A, Reception, body, change, text
from tests.recording import Calls, record

TAG = "A1B2C3D4"


def cost_of(reception: Reception, wamid: str, words: str) -> Calls:
    raw = body([change(text(wamid, words))])
    assert reception.post(raw).answer.status == 200
    with record() as calls:
        assert reception.work() == []
    return calls


def test_a_message_in_an_open_chat(dynamodb: Any, clock: Any, ids: Any) -> None:
    reception = Reception(clock, ids)
    assert DynamoClicks().put(A, Click(TAG, "bt_1", CHANNEL, clock.now()))
    cost_of(reception, "wamid.1", "Olá")
    clock.move(1)
    plain = cost_of(
        reception,
        "wamid.2",
        "Olá",
    )
    clock.move(1)
    unknown = cost_of(reception, "wamid.3", "[#00000000]")
    assert (unknown.wru, unknown.rru - plain.rru) == (plain.wru, 1)
    clock.move(1)
    tied = cost_of(reception, "wamid.4", f"[#{TAG}]")
    assert tied.operations["dynamodb:TransactWriteItems"] == 1
    assert tied.wru - plain.wru <= 4 + 12 + 4  # CLICK and the fact; CHAT; CONTACT and its fact
    assert tied.rru - plain.rru <= 1 + 2 + 1
