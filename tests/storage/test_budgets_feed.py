"""What the event feed may cost (docs/data-model.md §3, K2)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from recado.domain.reports import FIGURES
from recado.services.account_zones import AccountZones
from recado.services.feed import FeedService
from recado.services.remembered_erasures import RememberedErasures
from recado.storage import keys
from recado.storage.contact_erasures import DynamoErasures
from recado.storage.counters import CountRecord, DynamoCounters
from recado.storage.feed import DynamoFeed
from recado.storage.people import AccountStore
from tests.chat_histories import assigned, chat_of, told
from tests.recording import record
from tests.storage.scenarios.feed import A, event

ERASURES = 0.5
"""The account's erasures, once in ten seconds."""


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


def feed_service(clock: Any) -> FeedService:
    return FeedService(
        DynamoFeed(), AccountZones(AccountStore(), clock), RememberedErasures(DynamoErasures(), clock), clock
    )


@pytest.mark.parametrize("n", [1, 10, 49])
def test_feeding_n_events(dynamodb: Any, clock: Any, n: int) -> None:
    service = feed_service(clock)
    with record() as calls:
        assert service.feed(A, [message_event(number) for number in range(n)]) == n
    assert (calls.wru, calls.rru) == (2 + 4 * n, 1 + ERASURES)
    assert calls.operations == {"dynamodb:GetItem": 1, "dynamodb:TransactWriteItems": 1, "dynamodb:Query": 1}
    assert calls.index_wru == {}


@pytest.mark.parametrize("n", [1, 10])
def test_counting_what_is_fed(dynamodb: Any, clock: Any, n: int) -> None:
    """Each counter costs one operation, however many events count there; ACCOUNT is read once a minute."""
    service = feed_service(clock)
    chats = [assigned(chat_of(number, clock.now()), "us_1", clock.now()) for number in range(2 * n)]
    events = [told(number, "chat.assigned", chat, clock.now()) for number, chat in enumerate(chats)]
    for first, reads, more in ((0, 2, ERASURES), (n, 1, 0)):
        with record() as calls:
            assert service.feed(A, events[first : first + n]) == n
        assert (calls.wru, calls.rru) == (2 + 4 * n + 2 * 3, reads + more)
        assert calls.operations["dynamodb:TransactWriteItems"] == 1
        assert calls.count() == 1 + reads + bool(more)


def test_figures_of_two_months(dynamodb: Any, clock: Any) -> None:
    """Every figure of every day: more than any real one holds."""
    first = date(2025, 1, 1)
    for number in range(60):
        record_of_day = CountRecord(keys.count_pk(A, "agent", "us_1"), (first + timedelta(days=number)).isoformat())
        for name in FIGURES:
            setattr(record_of_day, name, 12_345)
        record_of_day.save()
    with record() as calls:
        assert len(DynamoCounters().days(A, "agent", "us_1", first, first + timedelta(days=59))) == 60
    assert calls.operations == {"dynamodb:Query": 1}
    assert calls.rru <= 60 * 0.05


def test_a_page_of_the_feed(dynamodb: Any, clock: Any) -> None:
    service = feed_service(clock)
    service.feed(A, [message_event(number) for number in range(40)])
    with record() as calls:
        assert len(service.page(A, 0, 40)[0]) == 40
    assert calls.operations == {"dynamodb:GetItem": 1, "dynamodb:Query": 1}
    assert calls.rru <= 1 + 40 / 4


def test_a_reader_who_was_away_costs_a_binary_search(dynamodb: Any, clock: Any) -> None:
    service = feed_service(clock)
    dynamodb.put_item(
        TableName="workspace", Item={"pk": {"S": f"{A}#FEED"}, "sk": {"S": "SEQ"}, "last_seq": {"N": "999999"}}
    )
    service.feed(A, [message_event(1)])
    with record() as calls:
        assert len(service.page(A, 0, 40)[0]) == 1
    assert calls.operations["dynamodb:Query"] <= 1 + 10 + 1  # 1,000 buckets
