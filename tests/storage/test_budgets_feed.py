"""What the event feed may cost (docs/data-model.md §3, K2)."""

from __future__ import annotations

from typing import Any

import pytest

from recado.services.feed import FeedService
from recado.storage.feed import DynamoFeed
from tests.recording import record
from tests.storage.scenarios.feed import A, event


def message_event(n: int) -> dict[str, Any]:
    """An event as large as that of a message of 200 characters."""
    message = {
        "id": f"ms_acct0001_{n:027x}", "chat_id": f"ca_acct0001_{1:027x}", "contact_id": f"ct_acct0001_{1:027x}",
        "seq": n, "direction": "inbound",
        "internal": False, "kind": "text", "text": "x" * 200, "payload": {}, "file": None,
        "reply_to": None, "provider_id": "wamid." + "x" * 54, "status": "received", "error": None,
        "author": {"type": "contact", "id": f"ct_acct0001_{1:027x}"}, "sent_at": "2026-03-02T12:00:00.000Z",
        "created_at": "2026-03-02T12:00:00.000Z",
    }  # fmt: skip
    return {**event(f"ev_acct0001_{n:027x}"), "type": "message.received", "actor": message["author"], "data": message}


@pytest.mark.parametrize("n", [1, 10, 40])
def test_feeding_n_events(dynamodb: Any, clock: Any, n: int) -> None:
    with record() as calls:
        assert FeedService(DynamoFeed(), clock).feed(A, [message_event(number) for number in range(n)]) == n
    assert (calls.wru, calls.rru) == (2 + 4 * n, 1)
    assert calls.operations == {"dynamodb:GetItem": 1, "dynamodb:TransactWriteItems": 1}
    assert calls.index_wru == {}


def test_a_page_of_the_feed(dynamodb: Any, clock: Any) -> None:
    service = FeedService(DynamoFeed(), clock)
    service.feed(A, [message_event(number) for number in range(40)])
    with record() as calls:
        assert len(service.page(A, 0, 40)[0]) == 40
    assert calls.operations == {"dynamodb:GetItem": 1, "dynamodb:Query": 1}
    assert calls.rru <= 1 + 40 / 4


def test_a_reader_who_was_away_costs_a_binary_search(dynamodb: Any, clock: Any) -> None:
    service = FeedService(DynamoFeed(), clock)
    dynamodb.put_item(
        TableName="workspace", Item={"pk": {"S": f"{A}#FEED"}, "sk": {"S": "SEQ"}, "last_seq": {"N": "999999"}}
    )
    service.feed(A, [message_event(1)])
    with record() as calls:
        assert len(service.page(A, 0, 40)[0]) == 1
    assert calls.operations["dynamodb:Query"] <= 1 + 10 + 1  # 1,000 buckets
