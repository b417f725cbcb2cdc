"""Overflow on the running product: an agent who does not start, a cycle in which nobody does, and who is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from infra.local.demo_client import Client
from infra.local.stack import Stack
from tests.e2e.live import Customer, Live, eventually


@pytest.fixture
def live(stack: Stack) -> Live:
    return Live(stack)


@contextmanager
def overflow(live: Live, **settings: Any) -> Iterator[None]:
    """The demo department with overflow after two minutes; as it was afterwards, the clock too."""
    path = f"/v1/departments/{live.demo['department_id']}"
    before = live.admin.get(path)["distribution"]
    live.admin.call("PATCH", path, {"distribution": {"overflow_after_s": 120, **settings}})
    try:
        yield
    finally:
        live.admin.call("PATCH", path, {"distribution": before})
        live.product.put("/_local/clock", {"offset_s": 0})


def two_minutes_on(live: Live, agents: dict[str, Client], minutes: int) -> None:
    """Time passes in steps in which everybody's lease is renewed."""
    for step in range((minutes - 2) * 60 + 60, minutes * 60 + 1, 60):
        live.product.put("/_local/clock", {"offset_s": step + 1})
        for client in agents.values():
            client.post("/v1/sessions/current/heartbeat", {})
    live.stack_tick()


def test_who_does_not_start_loses_the_chat_to_the_next_and_a_whole_cycle_tells_the_supervisors(live: Live) -> None:
    with overflow(live), live.agents_at_work() as agents:
        chat = live.writes(Customer("Zélia Prado"))["id"]
        first = eventually(lambda: (name := live.owner(chat)) != "-" and name)
        order = ["Ana", "Bruno", "Carla"]
        expected = [order[(order.index(first) + step) % 3] for step in range(4)]
        for number, name in enumerate(expected[1:], 1):
            two_minutes_on(live, agents, 2 * number)
            eventually(lambda name=name: live.owner(chat) == name)
        assert expected[0] == expected[3], "the circle begins again"
        told = live.admin.items("/v1/alerts")[0]
        assert (told["type"], told["data"]["id"]) == ("chat.unattended", chat)
        receipts = live.admin.get(f"/v1/chats/{chat}/assignments")["items"]
        assert [live.name_of(one["agent_id"]) for one in receipts] == expected
        assert {one["outcome"] for one in receipts[1]["candidates"]} <= {"chosen", "did_not_start"}


def test_an_answer_in_time_keeps_the_chat(live: Live) -> None:
    with overflow(live), live.agents_at_work() as agents:
        chat = live.writes(Customer("Otávio Reis"))["id"]
        owner = eventually(lambda: (name := live.owner(chat)) != "-" and name)
        agents[owner].post(f"/v1/chats/{chat}/messages", {"text": "Bom dia!"}, expect=201)
        two_minutes_on(live, agents, 4)
        assert live.owner(chat) == owner
