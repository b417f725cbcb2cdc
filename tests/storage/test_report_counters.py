"""Counters of the reports over the tables in moto: each fact counts exactly once, whatever is lost or repeated."""

from __future__ import annotations

import random
from collections import Counter as Tally
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pynamodb.exceptions import TransactWriteError

from recado.domain.chats import Author, Chat
from recado.domain.people import Account
from recado.services.account_zones import AccountZones
from recado.services.feed import FeedService
from recado.services.remembered_erasures import RememberedErasures
from recado.storage import keys
from recado.storage.contact_erasures import DynamoErasures
from recado.storage.counters import DynamoCounters
from recado.storage.feed import DynamoFeed
from recado.storage.people import AccountRecord, AccountStore
from recado.storage.transaction import Transaction
from tests.chat_histories import assigned, chat_of, closed, origin, told, waiting
from tests.lost_answers import LostAnswers

A = "acct0001"
ZONE = ZoneInfo("America/Sao_Paulo")
ALWAYS = (date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture
def feed(dynamodb: Any, clock: Any) -> FeedService:
    live_by("America/Sao_Paulo", clock)
    return FeedService(
        DynamoFeed(), AccountZones(AccountStore(), clock), RememberedErasures(DynamoErasures(), clock), clock
    )


def live_by(time_zone: str, clock: Any) -> None:
    account = Account(f"ac_{A}", "Uma", "team", 5, "pt-BR", time_zone, clock.now())
    AccountRecord.of(account, pk=keys.workspace_pk(A, "ACCOUNT"), sk="ACCOUNT", admins=1).save()


def figures(kind: Any, one: str) -> dict[date, dict[str, int]]:
    return {day.day: dict(day.figures) for day in DynamoCounters().days(A, kind, one, *ALWAYS)}


def openings(first: int, last: int, at: datetime, departments: int = 1) -> list[dict[str, Any]]:
    return [
        told(n, "chat.started", chat_of(n, at, f"dp_{n % departments + 1}"), at, Author("contact", f"ct_{n}"))
        for n in range(first, last + 1)
    ]


def opened(one: str = "ch_1") -> int:
    return sum(day["opened"] for day in figures("channel", one).values())


def test_what_is_told_again_counts_once(feed: FeedService, clock: Any) -> None:
    told_once = openings(1, 5, clock.now())
    feed.feed(A, told_once)
    feed.feed(A, told_once)
    feed.feed(A, [*told_once, *openings(4, 8, clock.now()), *told_once])
    assert opened() == 8
    assert figures("department", "dp_1") == {date(2026, 3, 2): {"opened": 8}}


def test_accounts_count_for_themselves(feed: FeedService, clock: Any) -> None:
    feed.feed(A, openings(1, 2, clock.now()))
    feed.feed("acct0002", openings(3, 9, clock.now()))
    assert opened() == 2


@pytest.mark.parametrize("how", ["repeat", "lose", "drop"])
def test_an_answer_that_is_lost_counts_nothing_twice(
    feed: FeedService, clock: Any, lost_answers: LostAnswers, how: str
) -> None:
    feed.feed(A, openings(1, 3, clock.now()))
    getattr(lost_answers, how)("TransactWriteItems")
    try:
        feed.feed(A, openings(1, 10, clock.now()))
    except TransactWriteError:
        assert how != "repeat"
    feed.feed(A, openings(1, 10, clock.now()))
    assert opened() == 10


def test_a_transaction_in_progress_counts_once(feed: FeedService, clock: Any, lost_answers: LostAnswers) -> None:
    lost_answers.in_progress()
    feed.feed(A, openings(1, 10, clock.now()))
    assert opened() == 10


@pytest.mark.parametrize("after_the_write", [False, True])
def test_a_crash_before_or_after_a_transaction_counts_nothing_twice_and_nothing_less(
    feed: FeedService, clock: Any, monkeypatch: pytest.MonkeyPatch, after_the_write: bool
) -> None:
    commit, commits = Transaction.commit, []

    def crashing(transaction: Transaction) -> None:
        commits.append(len(transaction))
        if len(commits) == 2 and not after_the_write:
            raise ConnectionError
        commit(transaction)
        if len(commits) == 2:
            raise ConnectionError

    everything = openings(1, 120, clock.now())
    with monkeypatch.context() as patched:
        patched.setattr(Transaction, "commit", crashing)
        with pytest.raises(ConnectionError):
            feed.feed(A, everything)
    assert 0 < opened() < 120
    feed.feed(A, everything)
    assert opened() == 120
    assert [item["seq"] for item in feed.page(A, 0, 200)[0]] == list(range(1, 121))


def test_a_transaction_is_as_large_as_its_counters_let_it_be(
    feed: FeedService, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, sizes = Transaction.commit, []

    def measured(transaction: Transaction) -> None:
        sizes.append(len(transaction))
        commit(transaction)

    monkeypatch.setattr(Transaction, "commit", measured)
    feed.feed(A, openings(1, 60, clock.now(), departments=60))
    # each opening has a department of its own: 3 operations, and 2 for the seq and the channel they share
    assert sizes == [98, 86]
    sizes.clear()
    feed.feed(A, openings(101, 160, clock.now()))
    assert sizes == [99, 27]  # 48 × 2 + seq + department + channel; 12 × 2 + 3
    assert opened() == 120


def test_days_are_those_of_the_account_and_a_new_zone_holds_after_a_minute(feed: FeedService, clock: Any) -> None:
    late = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)  # 23:00 of the day before in São Paulo
    feed.feed(A, openings(1, 1, late))
    live_by("UTC", clock)
    clock.move(59)
    feed.feed(A, openings(2, 2, late))
    clock.move(1)
    feed.feed(A, openings(3, 3, late))
    assert figures("channel", "ch_1") == {date(2026, 3, 2): {"opened": 2}, date(2026, 3, 3): {"opened": 1}}


def test_an_account_that_is_gone_or_lives_nowhere_holds_no_fact_back(feed: FeedService, clock: Any) -> None:
    live_by("Nowhere/Atlantis", clock)
    feed.feed(A, openings(1, 1, clock.now()))
    AccountRecord(keys.workspace_pk(A, "ACCOUNT"), "ACCOUNT").delete()
    clock.move(60)
    feed.feed(A, openings(2, 2, clock.now()))
    assert opened() == 2


@dataclass
class History:
    """Chats led through a random life; what happens is told as events, and counted here the plain way, where it
    happens."""

    chance: random.Random
    now: datetime
    chats: dict[int, Chat] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    expected: Tally[tuple[str, date, str]] = field(default_factory=Tally)
    began: dict[int, datetime] = field(default_factory=dict)
    served: dict[int, datetime] = field(default_factory=dict)
    queued: dict[int, datetime] = field(default_factory=dict)

    def count(self, name: str, amount: int, *whose: str | None) -> None:
        for one in whose:
            if one:
                self.expected[one, self.now.astimezone(ZONE).date(), name] += amount

    def time(self, name: str, since: datetime, *whose: str | None) -> None:
        self.count(f"{name}_s", int((self.now - since).total_seconds()), *whose)
        self.count(f"{name}_n", 1, *whose)

    def tell(self, kind: str, number: int, actor: Author | None = None, **more: Any) -> None:
        event_number = len(self.events) + 1
        self.events.append(told(event_number, kind, self.chats[number], self.now, actor or Author("system"), **more))

    def step(self) -> None:
        self.now += timedelta(seconds=self.chance.randint(1, 7_200))
        number = self.chance.randint(1, 25)
        chat = self.chats.get(number)
        acts: list[Callable[[int], None]]
        if chat is None:
            acts = [self.open]
        elif chat.situation == "queued":
            acts = [self.assign, self.assign, self.transfer, self.close]
        elif chat.situation == "in_service":
            acts = [self.answer, self.transfer, self.hand_on, self.pass_over, self.close]
        else:
            acts = [self.reopen]
        self.chance.choice(acts)(number)

    def open(self, number: int) -> None:
        department, channel = self.a_department(), self.chance.choice(("ch_1", "ch_2"))
        self.chats[number] = chat_of(number, self.now, department, channel)
        self.began[number] = self.queued[number] = self.now
        self.count("opened", 1, department, channel)
        self.tell("chat.started", number)
        self.tell("chat.queued", number)

    def assign(self, number: int) -> None:
        agent = self.an_agent()
        self.chats[number] = chat = assigned(self.chats[number], agent, self.now)
        self.served[number] = self.now
        self.count("assigned", 1, agent, chat.department_id, chat.channel_id)
        self.time("waiting", self.queued[number], agent, chat.department_id, chat.channel_id)
        self.tell("chat.assigned", number, receipt={})

    def answer(self, number: int) -> None:
        chat = self.chats[number]
        seconds = int((self.now - self.began[number]).total_seconds())
        self.count("answered", 1, chat.agent_id, chat.department_id, chat.channel_id)
        self.time("first_answer", self.began[number], chat.agent_id, chat.department_id, chat.channel_id)
        self.tell("chat.answered", number, Author("user", chat.agent_id), first_answer_s=seconds)

    def transfer(self, number: int) -> None:
        """To another department's queue."""
        before = self.chats[number]
        target = self.chance.choice([one for one in ("dp_1", "dp_2", "dp_3") if one != before.department_id])
        self.chats[number] = waiting(before, target, queued_at=self.now)
        self.queued[number] = self.now
        self.count("transferred_out", 1, before.agent_id, before.department_id)
        self.count("transferred_in", 1, target)
        for kind in ("chat.transferred", "chat.queued"):
            self.tell(kind, number, Author("user", "us_1"), **{"from": origin(before)})

    def hand_on(self, number: int) -> None:
        """To another agent of the department."""
        before = self.chats[number]
        agent = self.chance.choice([one for one in ("us_1", "us_2", "us_3") if one != before.agent_id])
        self.chats[number] = assigned(before, agent, self.now)
        self.served[number] = self.now
        self.count("transferred_out", 1, before.agent_id)
        self.count("transferred_in", 1, agent)
        self.count("assigned", 1, agent, before.department_id, before.channel_id)
        for kind in ("chat.transferred", "chat.assigned"):
            self.tell(kind, number, Author("user", "us_1"), **{"from": origin(before)})

    def pass_over(self, number: int) -> None:
        """Who had it did not start."""
        before = self.chats[number]
        self.chats[number] = waiting(before, before.department_id)
        self.count("not_started", 1, before.agent_id, before.department_id, before.channel_id)
        self.tell("chat.queued", number, cause="not_started", **{"from": origin(before)})

    def close(self, number: int) -> None:
        chat = self.chats[number]
        self.chats[number] = closed(chat, self.now)
        whose = (chat.agent_id, chat.department_id, chat.channel_id)
        self.count("closed", 1, *whose)
        self.time("duration", self.began[number], *whose)
        if chat.agent_id:
            self.time("handling", self.served[number], *whose)
        self.tell("chat.closed", number)

    def reopen(self, number: int) -> None:
        chat = self.chats[number]
        self.chats[number] = waiting(
            replace(chat, closed_at=None, reopened_at=self.now), chat.department_id, queued_at=self.now
        )
        self.began[number] = self.queued[number] = self.now
        self.count("reopened", 1, chat.department_id, chat.channel_id)
        self.tell("chat.reopened", number)
        self.tell("chat.queued", number)

    def an_agent(self) -> str:
        return self.chance.choice(("us_1", "us_2", "us_3"))

    def a_department(self) -> str:
        return self.chance.choice(("dp_1", "dp_2", "dp_3"))


def test_a_random_history_counts_as_a_plain_model_does(feed: FeedService, lost_answers: LostAnswers) -> None:
    """Told in batches that overlap and come again, with answers that get lost on the way."""
    history = History(random.Random(1), datetime(2026, 3, 2, 12, 0, tzinfo=UTC))
    while len(history.events) < 200:
        history.step()
    told_up_to = 0
    while told_up_to < len(history.events):
        first = max(0, told_up_to - history.chance.randint(0, 15))
        told_up_to += history.chance.randint(1, 45)
        batch = history.events[first:told_up_to]
        fate = history.chance.choice(("", "repeat", "lose", "drop"))
        if fate:
            getattr(lost_answers, fate)("TransactWriteItems", history.chance.randint(1, 2))
        for _ in range(3):
            try:
                feed.feed(A, batch)
                break
            except TransactWriteError:
                continue
        else:
            pytest.fail("it never came through")
    counted: Tally[tuple[str, date, str]] = Tally()
    for kind, ids in (
        ("agent", ("us_1", "us_2", "us_3")),
        ("department", ("dp_1", "dp_2", "dp_3")),
        ("channel", ("ch_1", "ch_2")),
    ):
        for one in ids:
            for day, amounts in figures(kind, one).items():
                counted.update({(one, day, name): amount for name, amount in amounts.items()})
    assert {key: amount for key, amount in counted.items() if amount} == dict(history.expected)
    assert len({day for _, day, _ in history.expected}) > 3
    assert {name for _, _, name in history.expected} >= {"not_started", "reopened", "transferred_in", "handling_s"}
    assert [item["id"] for item in feed.page(A, 0, 200)[0]] == [event["id"] for event in history.events][:200]
