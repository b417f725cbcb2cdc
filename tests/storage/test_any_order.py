"""What tests read in batches comes in another order than was asked for, as DynamoDB has it (tests/any_order.py)."""

from __future__ import annotations

from typing import Any

from recado.storage.chat_records import ChatRecord
from tests.open_chats import A, OpenChats


def test_a_batch_is_not_answered_in_the_order_asked_for(dynamodb: Any, clock: Any) -> None:
    chats = OpenChats(clock)
    asked = [chats.add("queued") for _ in range(5)]
    found = [one.id for one in ChatRecord.batch_get([(f"{A}#CHAT#{one}", "CHAT") for one in asked])]
    assert sorted(found) == asked != found
