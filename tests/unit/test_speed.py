"""How fast a channel may send: slots of seconds, a person's bucket, lines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from recado.channels import registry
from recado.domain.speed import (
    MAX_LINES,
    Bucket,
    PairSpeed,
    Speed,
    bucket_of,
    first_slot,
    lease_size,
    line_of,
    slot_time,
    turn_of_person,
    wrong_speed,
)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SPEEDS = {
    "whatsapp": Speed(80, None, PairSpeed(6.0, 45)),
    "messenger": Speed(300, 10),
    "instagram": Speed(100, 10),
    "telegram": Speed(30, None, PairSpeed(1.0, 3)),
    "sms": Speed(1),
    "email": Speed(14),
    "telephone": None,
    "online_chat": None,
    "custom": None,
}


@pytest.mark.parametrize("channel", SPEEDS)
def test_the_speeds_of_the_providers(channel: str) -> None:
    assert registry.adapter(channel).speed == SPEEDS[channel]


@pytest.mark.parametrize(
    ("settings", "kind", "bucket"),
    [
        ({}, "text", Bucket("", 300, 8)),
        ({}, "audio", Bucket("media", 10, 8)),
        ({}, "sticker", Bucket("", 300, 8)),
        ({"messages_per_second": "5"}, "text", Bucket("", 5, 1)),
        ({"messages_per_second": "5"}, "video", Bucket("media", 10, 1)),
        ({"messages_per_second": "six"}, "text", Bucket("", 300, 8)),
        ({"messages_per_second": 5}, "text", Bucket("", 300, 8)),
    ],
)
def test_what_a_message_is_counted_in(settings: dict[str, object], kind: str, bucket: Bucket) -> None:
    assert bucket_of(SPEEDS["messenger"] or Speed(1), settings, kind) == bucket


@pytest.mark.parametrize("value", ["0", "1001", "-1", "1.5", "", "²", "00001"])
def test_a_speed_that_is_none(value: str) -> None:
    assert wrong_speed(value)


@pytest.mark.parametrize("value", ["1", "80", "1000"])
def test_a_speed_that_is_one(value: str) -> None:
    assert wrong_speed(value) is None


@pytest.mark.parametrize("limit", [1, 7, 30, 80, 1000])
def test_slots_are_spread_over_their_second(limit: int) -> None:
    second = int(NOW.timestamp())
    times = [slot_time(second, slot, limit) for slot in range(limit)]
    assert times[0] == NOW
    assert times == sorted(set(times))
    assert times[-1] < NOW + timedelta(seconds=1)
    assert [first_slot(limit, one + timedelta(microseconds=1)) for one in times] == list(range(limit))


def test_a_lone_worker_takes_one_slot_and_a_busy_one_what_it_used() -> None:
    assert [lease_size(80, used) for used in (0, 1, 5, 50)] == [1, 1, 5, 10]
    assert lease_size(1, 50) == 1


def test_to_one_person_a_burst_and_then_one_at_a_time() -> None:
    pair, full_at, turns = PairSpeed(6.0, 45), None, []
    for _ in range(48):
        turn, full_at = turn_of_person(pair, full_at, NOW)
        turns.append(turn)
    assert turns[:45] == [None] * 45
    assert turns[45:] == [NOW + timedelta(seconds=6 * number) for number in (1, 2, 3)]


def test_the_persons_bucket_fills_again() -> None:
    pair, full_at = PairSpeed(6.0, 45), None
    for _ in range(45):
        _, full_at = turn_of_person(pair, full_at, NOW)
    assert turn_of_person(pair, full_at, NOW + timedelta(seconds=5.9))[0] == NOW + timedelta(seconds=6)
    assert turn_of_person(pair, full_at, NOW + timedelta(seconds=6))[0] is None
    assert turn_of_person(pair, full_at, NOW + timedelta(days=1)) == (None, NOW + timedelta(days=1, seconds=6))


def test_a_person_is_in_one_line_and_lines_are_few() -> None:
    media, text = Bucket("media", 10, 8), Bucket("", 300, 8)
    people = [f"+55119{number:08d}" for number in range(200)]
    assert [line_of(media, one) for one in people] == [line_of(text, one) for one in people]
    assert {line_of(text, one) for one in people} == {str(number) for number in range(MAX_LINES)}
    assert {line_of(Bucket("", 1, 1), one) for one in people} == {"0"}
