"""R1, R2, R7: a crash before and after every write, lost answers, refused transactions, shuffled and doubled
deliveries: nothing is lost, nothing is doubled, one chat per customer. `RECADO_SOAK=1` runs the long form.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ConnectionClosedError

from recado.services.inbound import InboundRecord
from tests.reception import Reception, record_of, said, text

EXACT = 1772452800
SOAK = bool(os.environ.get("RECADO_SOAK"))
MESSAGES, CUSTOMERS = (10_000, 100) if SOAK else (40, 3)
WRITES = {"TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem"}

Api = Callable[[BaseClient, str, dict[str, Any]], Any]


class Crash(BaseException):
    """The function is gone in the middle of its work: nothing in it gets to handle this."""


@pytest.fixture
def reception(dynamodb: Any, clock: Any, ids: Any) -> Reception:
    return Reception(clock, ids)


@contextmanager
def writes(around: Callable[[int, Callable[[], Any]], Any]) -> Iterator[None]:
    """Each write to the tables is made by `around(number, write)`."""
    original: Api = BaseClient._make_api_call
    count = 0

    def call(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
        nonlocal count
        if operation not in WRITES:
            return original(client, operation, parameters)
        count += 1
        return around(count, lambda: original(client, operation, parameters))

    BaseClient._make_api_call = call  # type: ignore[method-assign]
    try:
        yield
    finally:
        BaseClient._make_api_call = original  # type: ignore[method-assign]


def deliver(reception: Reception, records: list[InboundRecord]) -> list[InboundRecord]:
    """One invocation with records of one group; what has to come again."""
    try:
        return records[reception.inbound.work(records) :]
    except Crash:
        return records


def assert_each_once(reception: Reception, sent: set[str], customers: int) -> None:
    stored = [one.provider_id or "" for one in reception.all_messages()]
    assert sorted(stored) == sorted(sent)
    assert len(reception.chats()) == len(reception.waiting()) == len(reception.contacts()) == customers
    for thread in reception.threads_stored():
        messages = reception.messages(thread.key.sender)
        assert [one.seq for one in messages] == list(range(1, thread.last_seq + 1))
        assert thread.unread == len(messages)
        assert {one.chat_id for one in messages} == {thread.open_chat_id}


# -- R1
# --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_at_each_write_of_a_first_and_a_next_message(reception: Reception, moment: str) -> None:
    """Each write in turn: one to a new customer, one to a known one."""
    for number, expected in enumerate((1, 2), start=1):
        reception.post(said(text(f"wamid.{number}", at=EXACT + number)))
        records = [record_of(command) for command in reception.queue.take()]

        def crash(_: int, write: Callable[[], Any]) -> Any:
            if moment == "after":
                write()
            raise Crash

        with writes(crash):
            assert deliver(reception, records) == records
        assert deliver(reception, records) == []
        assert deliver(reception, records) == []
        assert_each_once(reception, {f"wamid.{one}" for one in range(1, expected + 1)}, 1)


def test_shuffled_doubled_deliveries_with_crashes_lose_and_double_nothing(reception: Reception) -> None:
    chance = random.Random(20260302)
    sent, records = set(), []
    for number in range(MESSAGES):
        customer = f"55119876500{number % CUSTOMERS:02d}"
        reception.post(said(text(f"wamid.{number}", sender=customer, at=EXACT + number)))
        reception.queue.forget()
        sent.add(f"wamid.{number}")
    for command in reception.queue.take():
        records += [record_of(command)] * chance.randint(1, 5)
    chance.shuffle(records)

    def sometimes(_: int, write: Callable[[], Any]) -> Any:
        if chance.random() < 0.12:
            raise Crash
        answer = write()
        if chance.random() < 0.12:
            raise Crash
        return answer

    with writes(sometimes):
        while records:
            group = [one for one in records[:10] if one.group == records[0].group]
            taken = {id(one) for one in group}
            records = [one for one in records if id(one) not in taken]
            left = deliver(reception, group)
            chance.shuffle(left)
            records += left
    assert_each_once(reception, sent, CUSTOMERS)


# -- R2
# --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2, 10])
def test_an_album_of_a_new_customer_worked_off_at_once_is_one_chat(reception: Reception, size: int) -> None:
    """Each worker is interrupted at its first write by the next one: all have read that nobody is known."""
    for number in range(size):
        reception.post(said(text(f"wamid.{number}", at=EXACT)))
    records = [record_of(command) for command in reception.queue.take()]
    waiting = records[1:]

    def next_first(_: int, write: Callable[[], Any]) -> Any:
        if waiting:
            assert deliver(reception, [waiting.pop(0)]) == []
        return write()

    with writes(next_first):
        left = deliver(reception, records[:1])
    assert deliver(reception, left) == [] if left else True
    assert_each_once(reception, {f"wamid.{number}" for number in range(size)}, 1)


def test_an_album_whose_workers_all_lose_comes_again(reception: Reception) -> None:
    """Somebody else is first at every try: after five the record is left to the queue, not lost."""
    reception.post(said(text("wamid.0")))
    (record,) = [record_of(command) for command in reception.queue.take()]
    others = iter(range(1, 100))
    within = False

    def somebody_first(_: int, write: Callable[[], Any]) -> Any:
        nonlocal within
        if not within:
            within = True
            number = next(others)
            reception.post(said(text(f"wamid.{number}", at=EXACT)))
            for command in reception.queue.take():
                assert deliver(reception, [record_of(command)]) == []
            within = False
        return write()

    with writes(somebody_first):
        assert deliver(reception, [record]) == [record]
    assert deliver(reception, [record]) == []
    assert_each_once(reception, {f"wamid.{number}" for number in range(6)}, 1)


# -- R7
# --------------------------------------------------------------------------------------------------------------------


def cancelled(code: str) -> ClientError:
    reasons = [{"Code": "None"}, {"Code": code, "Message": code}]
    error = {
        "Error": {"Code": "TransactionCanceledException", "Message": f"[None, {code}]"},
        "CancellationReasons": reasons,
    }
    return ClientError(error, "TransactWriteItems")  # type: ignore[arg-type]


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "TransactWriteItems")


TROUBLES: dict[str, Exception] = {
    "conflict": cancelled("TransactionConflict"),
    "throttling": cancelled("ThrottlingError"),
    "capacity": cancelled("ProvisionedThroughputExceeded"),
    "condition": cancelled("ConditionalCheckFailed"),
    "validation": cancelled("ValidationError"),
    "collection size": cancelled("ItemCollectionSizeLimitExceeded"),
    "in progress": refused("TransactionInProgressException"),
    "throttled request": refused("ThrottlingException"),
    "internal": refused("InternalServerError"),
    "connection": ConnectionClosedError(endpoint_url="http://127.0.0.1"),
}


@pytest.mark.parametrize("name", sorted(TROUBLES))
def test_a_transaction_that_is_refused_once_is_done_in_the_end(reception: Reception, name: str) -> None:
    def once(number: int, write: Callable[[], Any]) -> Any:
        if number == 1:
            raise TROUBLES[name]
        return write()

    reception.post(said(text("wamid.1")))
    records = [record_of(command) for command in reception.queue.take()]
    with writes(once):
        left = deliver(reception, records)
        assert deliver(reception, left) == [] if left else True
    assert_each_once(reception, {"wamid.1"}, 1)


@pytest.mark.parametrize("receives", [1, 4])
def test_a_write_that_was_applied_but_not_answered_is_found_again(reception: Reception, receives: int) -> None:
    """At its last attempt too, where the command is parked besides: redriven, it adds nothing."""

    def answer_lost(number: int, write: Callable[[], Any]) -> Any:
        write()
        if number == 1:
            raise ConnectionClosedError(endpoint_url="http://127.0.0.1")

    reception.post(said(text("wamid.1")))
    records = [record_of(command, receives) for command in reception.queue.take()]
    with writes(answer_lost):
        left = deliver(reception, records)
    assert deliver(reception, left) == [] if left else True
    redriven = [record_of(command) for command in reception.dead_letters.take()]
    assert len(redriven) == (receives == 4)
    assert all(deliver(reception, [one]) == [] for one in redriven)
    assert_each_once(reception, {"wamid.1"}, 1)


def test_contention_without_end_is_left_to_the_queue_and_parked_only_at_its_end(reception: Reception) -> None:
    def always(_: int, write: Callable[[], Any]) -> Any:
        raise TROUBLES["conflict"]

    reception.post(said(text("wamid.1")))
    (command,) = reception.queue.take()
    with writes(always):
        for receives in (1, 4):
            assert reception.inbound.work([record_of(command, receives)]) == 0
        assert reception.inbound.work([record_of(command, 5)]) == 1
    assert len(reception.dead_letters.commands) == 1
