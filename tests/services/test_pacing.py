"""A provider's speed is kept, whoever sends: nothing is lost or doubled, order holds, and others are not held up."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from recado.domain.chats import Author
from recado.domain.sending import LINE_LOST_S, Draft, post
from recado.domain.speed import Bucket, PairSpeed
from recado.ports.core import HttpResponse
from recado.services.pacing import AHEAD_S, Pacing
from recado.storage.speeds import DynamoLines, DynamoSpeeds
from tests.sending_world import CHANNEL, A, World, refuses


class Counting:
    """A provider with a bucket of as many messages as it takes in a second; more are refused."""

    def __init__(self, now: Any, limit: int) -> None:
        self._now, self._limit, self._left, self._at = now, limit, float(limit), now()
        self.times: list[datetime] = []
        self.refused = 0
        self._lock = threading.Lock()

    def take(self) -> bool:
        with self._lock:
            at = self._now()
            self._left = min(self._limit, self._left + (at - self._at).total_seconds() * self._limit)
            self._at = at
            if self._left < 0.999:
                self.refused += 1
                return False
            self._left -= 1
            self.times.append(at)
            return True


class MemorySpeeds:
    """A store whose updates are as atomic as DynamoDB's."""

    def __init__(self) -> None:
        self._taken: dict[tuple[str, str, int], int] = {}
        self._lock = threading.Lock()
        self.writes = 0

    def lease(self, a: str, bucket: str, second: int, first: int, wanted: int, limit: int) -> int | None:
        with self._lock:
            self.writes += 1
            start = max(first, self._taken.get((a, bucket, second), 0))
            if start + wanted > limit:
                return None
            self._taken[a, bucket, second] = start + wanted
            return start


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def test_many_workers_at_once_are_no_faster_than_the_provider() -> None:
    limit, each = 400, 50
    store, clock = MemorySpeeds(), RealClock()
    provider = Counting(clock.now, limit)
    slots: list[datetime] = []

    def work() -> None:
        pacing, sent = Pacing(store, clock), 0
        while sent < each:
            wait_s = pacing.wait_s(A, CHANNEL, Bucket("", limit, 8))
            if wait_s is not None:
                slots.append(clock.now() + timedelta(seconds=wait_s))
                time.sleep(wait_s)
                assert provider.take()
                sent += 1

    began = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    assert (len(provider.times), provider.refused) == (600, 0)
    assert 599 / limit - 0.05 <= took < 5


def test_a_slot_is_given_once_however_many_workers_there_are(dynamodb: Any, clock: Any) -> None:
    """As many processes as there are instances: each remembers only what it took itself."""
    workers = [Pacing(DynamoSpeeds(), clock) for _ in range(5)]
    waits = [workers[number % 5].wait_s(A, CHANNEL, Bucket("", 10, 2)) for number in range(60)]
    given = [wait for wait in waits if wait is not None]
    assert len(given) == 10 * (AHEAD_S + 1)
    assert sorted(given) == pytest.approx([number / 10 for number in range(40)])


def test_slots_that_are_over_are_not_given(dynamodb: Any, clock: Any) -> None:
    clock.move(0.55)
    pacing = Pacing(DynamoSpeeds(), clock)
    waits = [pacing.wait_s(A, CHANNEL, Bucket("", 10, 2)) for _ in range(6)]
    assert waits == pytest.approx([0, 0.05, 0.15, 0.25, 0.35, 0.45])


def test_channels_and_their_files_are_counted_apart(dynamodb: Any, clock: Any) -> None:
    pacing = Pacing(DynamoSpeeds(), clock)
    buckets = [(CHANNEL, Bucket("", 1, 1)), (CHANNEL, Bucket("media", 1, 1)), ("ch_2", Bucket("", 1, 1))]
    assert [pacing.wait_s(A, *one) for one in buckets] == [0, 0, 0]
    assert pacing.wait_s("other", CHANNEL, Bucket("", 1, 1)) == 0
    assert pacing.wait_s(A, CHANNEL, Bucket("", 1, 1)) == 1


def test_200_sends_over_80_a_second_take_their_time_and_none_is_refused(dynamodb: Any, clock: Any) -> None:
    """By four workers in turns, on the store; the worker's own waits are in the tests below."""
    workers, provider = [Pacing(DynamoSpeeds(), clock) for _ in range(4)], Counting(clock.now, 80)
    began = clock.now()
    for number in range(200):
        wait_s = workers[number % 4].wait_s(A, CHANNEL, Bucket("", 80, 8))
        assert wait_s is not None
        clock.move(wait_s)
        assert provider.take()
    took = (clock.now() - began).total_seconds()
    assert provider.refused == 0
    assert 199 / 80 <= took < 199 / 80 + 0.5  # what several workers took of a second and did not use is lost
    assert max(Counter(int(at.timestamp()) for at in provider.times).values()) <= 80


def test_a_clock_that_goes_back_leaves_no_second_full(dynamodb: Any, clock: Any) -> None:
    pacing = Pacing(DynamoSpeeds(), clock)
    while pacing.wait_s(A, CHANNEL, Bucket("", 1, 1)) is not None:
        pass
    clock.move(-90_000)
    assert pacing.wait_s(A, CHANNEL, Bucket("", 1, 1)) == 0


# -- the worker ----------------------------------------------------------------------------------


class Busy(World):
    """A channel of some messages per second, and a provider that counts."""

    def __init__(self, clock: Any, ids: Any, per_second: int) -> None:
        super().__init__(clock, ids)
        assert self.channel is not None
        self.channel = self.channel._replace(settings={**self.channel.settings, "messages_per_second": str(per_second)})
        self.counting = Counting(clock.now, per_second)
        self.provider.script = [self.answers] * 1_000

    def answers(self) -> HttpResponse:
        return self.provider.accepts() if self.counting.take() else refuses(130429, 429)

    def sent(self) -> list[str]:
        return [json.loads(body)["biz_opaque_callback_data"] for body in self.provider.sent]

    def sweep_until_all_is_done(self, message_ids: list[str]) -> None:
        for _ in range(60):
            self.work()
            if all(self.out(one).state == "settled" for one in message_ids):
                return
            self.clock.move(60)
            self.sweep()
        raise AssertionError("not all was sent")


def test_who_finds_no_slot_soon_stands_in_line_and_holds_no_worker(dynamodb: Any, clock: Any, ids: Any) -> None:
    """Twelve messages at once on a channel of one a second: four are waited for, at most three seconds each."""
    world = Busy(clock, ids, 1)
    messages = [world.post() for _ in range(12)]
    started, pauses = clock.at, []
    for message in messages:
        world.pauses.clear()
        clock.at = started  # as many workers at once
        world.outbound.send(A, message)
        pauses.append(sum(world.pauses))
    assert [one for one in pauses if one] == pytest.approx([1, 2, 3])
    assert [world.out(one).in_line for one in messages].count(True) == 8
    clock.at = started + timedelta(seconds=3)
    world.work()
    assert world.sent() == messages
    assert world.counting.refused == 0
    assert 11 <= (clock.now() - started).total_seconds() <= 13
    assert {world.message(one).status for one in messages} == {"sent"}
    assert DynamoLines().head(A, CHANNEL, "0") is None


def test_a_newer_message_does_not_go_before_one_that_stands_in_line(dynamodb: Any, clock: Any, ids: Any) -> None:
    world = Busy(clock, ids, 1)
    messages = [world.post() for _ in range(6)]
    started = clock.at
    for message in messages:
        clock.at = started
        world.outbound.send(A, message)
    clock.move(10)  # the channel is free again, and nobody has worked the line off yet
    late = world.post()
    world.outbound.send(A, late)
    assert late not in world.sent()
    world.work()
    assert world.sent() == [*messages, late]


@pytest.mark.parametrize("lost", ["the command of the line", "all commands"])
def test_a_line_that_nobody_works_off_is_found(dynamodb: Any, clock: Any, ids: Any, lost: str) -> None:
    world = Busy(clock, ids, 1)
    messages = [world.post() for _ in range(8)]
    started = clock.at
    if lost == "all commands":
        world.queue.broken = True
    for message in messages:
        clock.at = started
        try:
            world.outbound.send(A, message)
        except ConnectionError:
            assert lost == "all commands"
    world.queue.broken = False
    world.queue.sent.clear()
    clock.move(LINE_LOST_S)
    world.sweep()
    world.sweep_until_all_is_done(messages)
    assert sorted(world.sent()) == sorted(messages)
    assert world.counting.refused == 0


def test_working_a_line_off_twice_sends_nothing_twice(dynamodb: Any, clock: Any, ids: Any) -> None:
    world = Busy(clock, ids, 1)
    messages = [world.post() for _ in range(6)]
    started = clock.at
    for message in messages:
        clock.at = started
        world.outbound.send(A, message)
    commands = list(world.queue.sent)
    world.work()
    world.queue.sent += commands
    for message in messages:
        world.outbound.send(A, message)
    world.work()
    assert world.sent() == messages


def test_what_ended_while_it_stood_in_line_leaves_it(dynamodb: Any, clock: Any, ids: Any) -> None:
    world = Busy(clock, ids, 1)
    messages = [world.post() for _ in range(6)]
    started = clock.at
    for message in messages:
        clock.at = started
        world.outbound.send(A, message)
    assert world.channel is not None
    world.channel = world.channel._replace(state="paused")
    world.work()
    assert world.sent() == messages[:4]
    assert [world.message(one).status for one in messages[4:]] == ["failed", "failed"]
    assert DynamoLines().head(A, CHANNEL, "0") is None


def test_a_send_that_raises_holds_its_line_up_twice_and_then_steps_aside(
    dynamodb: Any, clock: Any, ids: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands behind it is said to other people."""
    world = Busy(clock, ids, 1)
    messages = [world.post() for _ in range(7)]
    started = clock.at
    for message in messages:
        clock.at = started
        world.outbound.send(A, message)
    stuck = messages[4]
    read = world.outbox.message

    def reading(a: str, thread: Any, seq: int) -> Any:
        if seq == world.out(stuck).seq:
            raise ConnectionError
        return read(a, thread, seq)

    monkeypatch.setattr(world.outbox, "message", reading)
    sent = world.sent()
    for receives in (1, 2, 3):
        with pytest.raises(ConnectionError):
            world.outbound.work_off(A, CHANNEL, "0", receives)
        assert world.sent() == sent, "in their order"
    world.outbound.work_off(A, CHANNEL, "0", 4)
    assert [one for one in world.sent() if one not in sent] == messages[5:]
    monkeypatch.undo()
    clock.move(LINE_LOST_S)
    world.sweep()
    world.sweep_until_all_is_done(messages)
    assert sorted(world.sent()) == sorted(messages), "the sweep finds it"


def test_to_one_person_what_is_beyond_the_burst_waits_for_its_turn(dynamodb: Any, clock: Any, ids: Any) -> None:
    world = World(clock, ids)
    written = []
    for _ in range(5):
        posting = post(
            Draft("text", "x"), world.chat, world.thread, Author("system"), ids.new("ms", A), None, clock.now(), "",
            PairSpeed(6.0, 3),
        )  # fmt: skip
        assert world.outbox.write(A, posting)
        written.append(posting.message.id)
    began = clock.now()
    for one in written:
        world.outbound.send(A, one)
    assert [json.loads(body)["biz_opaque_callback_data"] for body in world.provider.sent] == written
    assert 12 <= (clock.now() - began).total_seconds() < 13


def test_a_persons_turn_of_a_clock_that_went_back_is_not_waited_for(dynamodb: Any, clock: Any, ids: Any) -> None:
    world = World(clock, ids)

    def write() -> datetime | None:
        draft, author = Draft("text", "x"), Author("system")
        posting = post(
            draft, world.chat, world.thread, author, ids.new("ms", A), None, clock.now(), "", PairSpeed(6.0, 1)
        )
        assert world.outbox.write(A, posting)
        assert posting.out is not None
        return posting.out.not_before

    clock.move(90_000)
    assert write() is None
    assert write() == clock.now() + timedelta(seconds=6)
    clock.move(-90_000)
    assert write() is None


def test_a_channel_without_a_speed_is_not_slowed_down(dynamodb: Any, clock: Any, ids: Any) -> None:
    world = World(clock, ids, "custom")
    world.provider.script = [HttpResponse(200, {}, b"")] * 10
    for _ in range(10):
        world.outbound.send(A, world.post())
    assert world.pauses == []
