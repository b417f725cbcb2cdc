"""A call whose end nobody tells ends by itself: over the tables and the minute's job."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from itertools import count, islice
from typing import Any

import pytest

from recado.domain.calls import LASTS_AT_MOST, Call
from recado.services.lost_calls import LostCalls
from recado.storage import keys
from recado.storage.calls import CallRecord, DynamoCalls
from recado.storage.chat_records import MessageRecord
from tests.callers import BASE_URL, Company, Telephone
from tests.handlers.stack import Stack


@pytest.fixture
def company(stack: Stack, clock: Any, ids: Any) -> Company:
    stack.container.settings = replace(stack.container.settings, public_base_url=BASE_URL)
    return Company(stack, clock, ids)


def shown(company: Company) -> str:
    [message] = [one.message() for one in MessageRecord.scan(MessageRecord.kind == "call")]
    return str(message.payload["state"])


def test_a_call_ends_when_the_longest_time_is_over(company: Company, clock: Any) -> None:
    company.agent("Ana", company.bills, "+5511912340001")
    call = Telephone(company)
    call.rings()
    call.ask(Digits="2")
    clock.move(LASTS_AT_MOST.total_seconds() - 1)
    assert company.stack.invoke("tick", {"jobs": ["calls"]}) == {"calls": 0}
    assert shown(company) == "ringing"
    clock.move(1)
    assert company.stack.invoke("tick", {"jobs": ["calls"]}) == {"calls": 1}
    assert shown(company) == "missed"
    assert company.stack.invoke("tick", {"jobs": ["calls"]}) == {"calls": 0}
    [record] = CallRecord.scan(CallRecord.sk == "CALL")
    assert (record.due_pk, record.due_sk) == (None, None)
    call.ends()
    company.stack.work("inbound", "inbound")
    assert shown(company) == "missed", "its end is told after all"


class Racing(DynamoCalls):
    """Something happens to the call between its being read and written."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act

    def get(self, a: str, channel_id: str, call_id: str) -> Call | None:
        found = super().get(a, channel_id, call_id)
        self._act()
        return found


def test_one_that_is_answered_at_this_moment_goes_on(dynamodb: Any, clock: Any) -> None:
    store, call = DynamoCalls(), Call("CA1", "ch_1", clock.now(), version=1)
    assert store.write("accounta", None, call)
    clock.move(LASTS_AT_MOST.total_seconds())
    answered = replace(call, answered_at=clock.now(), answered_by="us_1", version=2)
    racing = Racing(lambda: store.write("accounta", call, answered))
    assert LostCalls(racing, store, clock).end_due(160).done == 0
    assert store.get("accounta", "ch_1", "CA1") == answered
    assert LostCalls(store, store, clock).end_due(160).done == 0, "its time begins anew"


def test_one_that_breaks_stands_before_no_other(dynamodb: Any, clock: Any) -> None:
    """Ten that break, all in the shard of an eleventh, and a page of that shard has ten places."""
    ids = (f"CA{number}" for number in count())
    shard = keys.due_pk("CALL", "CA0")
    chosen = list(islice((one for one in ids if keys.due_pk("CALL", one) == shard), 11))
    store = DynamoCalls()
    for one in chosen:
        clock.move(1)
        assert store.write("accounta", None, Call(one, "ch_1", clock.now(), version=1))
    clock.move(LASTS_AT_MOST.total_seconds())
    broken = Broken(chosen[:10])
    swept = LostCalls(broken, store, clock).end_due(160)
    assert (swept.done, len(swept.failed)) == (0, 10)
    assert LostCalls(broken, store, clock).end_due(160).done == 1, "the others are looked at first, again and again"
    clock.move(60)
    assert LostCalls(store, store, clock).end_due(160).done == 10, "what broke once is looked at no more"


class Broken(DynamoCalls):
    """Some calls cannot be read."""

    def __init__(self, calls: Collection[str]) -> None:
        self._calls = calls

    def get(self, a: str, channel_id: str, call_id: str) -> Call | None:
        if call_id in self._calls:
            raise ConnectionError
        return super().get(a, channel_id, call_id)
