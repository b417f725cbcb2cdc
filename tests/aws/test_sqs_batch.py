"""Batches by FIFO group: order, what a failure stops and what it does not, the correlation id on its way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from recado import telemetry
from recado.aws.sqs_batch import Delivery, Stopped, each_command, each_group


def event(*commands: tuple[str, str], text: str | None = None, receives: int = 1) -> dict[str, Any]:
    """An SQS event of (group, number) commands."""
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "body": text or json.dumps({"n": number, "correlation_id": f"c{number}"}),
                "attributes": {"MessageGroupId": group, "ApproximateReceiveCount": str(receives)},
            }
            for group, number in commands
        ]
    }


def failures(answer: dict[str, Any]) -> list[str]:
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def test_a_failure_stops_its_group_and_no_other() -> None:
    done: list[str] = []

    def handle(delivery: Delivery) -> None:
        if delivery.body["n"] == "2":
            raise RuntimeError
        done.append(delivery.body["n"])

    answer = each_command(event(("a", "1"), ("b", "4"), ("a", "2"), ("a", "3"), ("b", "5")), handle)
    assert done == ["1", "4", "5"]
    assert failures(answer) == ["m2", "m3"]


def test_who_cannot_put_a_failure_off_leaves_it_to_the_queue() -> None:
    put_off: list[str] = []

    def refuse(delivery: Delivery) -> None:
        put_off.append(delivery.id)
        raise ConnectionError

    def fail(_: Delivery) -> None:
        raise RuntimeError

    assert failures(each_command(event(("a", "1"), ("a", "2"), ("b", "3")), fail, refuse)) == ["m1", "m2", "m3"]
    assert put_off == ["m1", "m3"], "what is behind it was not tried"


def test_each_command_has_its_correlation_id() -> None:
    seen: list[str | None] = []
    each_command(event(("a", "1"), ("a", "2")), lambda delivery: seen.append(telemetry.correlation_id()))
    assert seen == ["c1", "c2"]


def test_a_group_comes_at_once_and_in_order() -> None:
    seen: list[list[str]] = []

    def handle(deliveries: Sequence[Delivery]) -> None:
        seen.append([delivery.body["n"] for delivery in deliveries])

    assert failures(each_group(event(("a", "1"), ("b", "2"), ("a", "3")), handle)) == []
    assert seen == [["1", "3"], ["2"]]


def test_a_group_that_stops_reports_the_rest_and_one_that_fails_all() -> None:
    def handle(deliveries: Sequence[Delivery]) -> None:
        if deliveries[0].group == "a":
            raise Stopped(1)
        raise RuntimeError

    answer = each_group(event(("a", "1"), ("a", "2"), ("a", "3"), ("b", "4"), ("b", "5")), handle)
    assert failures(answer) == ["m2", "m3", "m4", "m5"]


def test_what_is_no_json_object_is_the_handlers_to_judge() -> None:
    for text in ("{broken", "[1]"):
        seen: list[Delivery] = []
        assert failures(each_command(event(("a", "1"), text=text, receives=4), seen.append)) == []
        assert (seen[0].text, seen[0].receives) == (text, 4)
        assert failures(each_command(event(("a", "1"), text=text), lambda delivery: print(delivery.body))) == ["m1"]
