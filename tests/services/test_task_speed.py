"""How fast runs write, measured by the clock: each message with which a flow begins counts, over contacts as over chats
(PRODUCT G9)."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest

from recado.domain.flow_definitions import Definition, definition
from recado.domain.flow_progress import MAX_STEPS_PER_MESSAGE
from recado.domain.task_reach import messages_at_once
from recado.services.said_at_once import SaidAtOnce
from recado.storage.chat_records import MessageRecord
from tests.flow_task_world import TaskWorld, task_world
from tests.flow_world import ADMIN

PER_SECOND, SHARE, CUSTOMERS = 2, 0.75, 20
THREE = {
    "a": {"type": "send_text", "text": "Boa tarde!", "next": "b"},
    "b": {"type": "send_text", "text": "A fatura vence amanhã.", "next": "c"},
    "c": {"type": "ask", "text": "Posso ajudar?", "save_as": "yes", "next": "d"},
    "d": {"type": "send_text", "text": "Obrigado."},
}
ONE = {"a": {"type": "ask", "text": "Posso ajudar?", "save_as": "yes"}}


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any, monkeypatch: pytest.MonkeyPatch) -> TaskWorld:
    monkeypatch.setattr("time.sleep", clock.move)
    made = task_world(clock, ids)
    made.set_channel(messages_per_second=str(PER_SECOND))
    for one in range(CUSTOMERS):
        made.say("Oi", sender=f"55119876{one:05d}")
    return made


def seconds(world: TaskWorld, table: str, **settings: Any) -> float:
    """From the first act of a run to its last."""
    began, acts = list[float](), world.container.task_actions
    act = acts.act

    def timed(*given: Any) -> Any:
        began.append(world.clock.now().timestamp())
        return act(*given)

    acts.act = timed  # type: ignore[method-assign]
    task_id = world.task(table, when_queued="run", **settings)
    world.run_id = world.container.task_run_service.start(ADMIN, task_id)["id"]
    world.work()
    world.run()
    assert len(began) == CUSTOMERS
    return began[-1] - began[0]


def said() -> int:
    return len(list(MessageRecord.scan(MessageRecord.direction == "outbound")))


@pytest.mark.parametrize("table", ["contacts", "chats"])
@pytest.mark.parametrize(("steps", "each"), [(ONE, 1), (THREE, 3)])
def test_a_run_keeps_to_its_share(world: TaskWorld, table: str, steps: Any, each: int) -> None:
    """Over contacts and over chats alike: 1.51 messages a second of 1.5."""
    if table == "contacts":
        for chat in world.reception.chats():
            world.container.chat_actions.close(ADMIN, chat.id)
    world.flow_id = world.publish(steps)
    took = seconds(world, table)
    assert said() == CUSTOMERS * each
    assert 0.8 <= (CUSTOMERS - 1) * each / took / (PER_SECOND * SHARE) <= 1.05


def test_a_template_that_opens_is_one_message(world: TaskWorld) -> None:
    world.approve("volta", "Olá, {{1}}!")
    world.flow_id = world.publish(THREE)
    world.clock.move(25 * 3_600)
    fallback = {"name": "volta", "language": "pt_BR", "variables": ["{{contact.name}}"]}
    took = seconds(world, "chats", template_fallback=fallback)
    assert said() == CUSTOMERS
    assert 0.8 <= (CUSTOMERS - 1) / took / (PER_SECOND * SHARE) <= 1.05


def drawn(**steps: Any) -> Definition:
    return definition(next(iter(steps)), steps)


def test_what_a_flow_says_at_once_is_counted_once_for_all(world: TaskWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Mock(wraps=messages_at_once)
    monkeypatch.setattr("recado.services.said_at_once.messages_at_once", counted)
    seconds(world, "chats")
    assert counted.call_count == 1


def test_what_is_counted_of_a_large_flow(clock: Any) -> None:
    """Of 195 conditions whose ways lead to five other flows each is asked for once in a minute, however many targets
    there are."""
    steps: dict[str, Any] = {
        f"c{one}": {"type": "condition", "filter": {}, "then": f"c{one + 1}", "else": f"r{one % 5}"}
        for one in range(195)
    }
    steps |= {f"r{one}": {"type": "run_flow", "flow_id": f"fl_{one}"} for one in range(5)}
    large, newest = drawn(**steps), Mock(side_effect=lambda *_: (1, drawn(**ONE)))
    said = SaidAtOnce(Mock(newest=newest), clock)
    assert {said.of("accounta", "fl", 1, large) for _ in range(1_000)} == {1}
    assert newest.call_count == 5
    newest.side_effect = lambda *_: (2, drawn(**THREE))
    assert said.of("accounta", "fl", 2, large) == 3, "another version was counted before"
    assert said.of("accountb", "fl", 1, large) == 3, "what another account's flow says is its own"
    assert said.of("accounta", "fl", 1, large) == 1
    clock.move(60)
    assert said.of("accounta", "fl", 1, large) == 3, "what was published since is not known"
    for number in range(100):
        said.of("accounta", "fl", number, large)
    assert len(said._known) == 50


@pytest.mark.parametrize(
    ("flow", "messages"),
    [
        (drawn(**THREE), 3),
        (drawn(**ONE), 1),
        (drawn(a={"type": "delay", "seconds": 5, "next": "b"}, b={"type": "send_text", "text": "x"}), 0),
        (drawn(a={"type": "queue"}), 0),
        (
            drawn(
                a={"type": "send_text", "text": "x", "next": "b"}, b={"type": "wait_answer", "next": "c"},
                c={"type": "send_text", "text": "y"},
            ),
            1,
        ),
        (
            drawn(
                a={"type": "condition", "filter": {}, "then": "b", "else": "d"},
                b={"type": "send_text", "text": "x", "next": "c"}, c={"type": "send_text", "text": "y"},
                d={"type": "send_text", "text": "z", "on_error": "b"},
            ),
            2,
        ),
        (drawn(a={"type": "send_text", "text": "x", "next": "b"}, b={"type": "run_flow", "flow_id": "fl_1"}), 4),
        (drawn(a={"type": "run_flow", "flow_id": "fl_gone"}), 0),
    ],
)  # fmt: skip
def test_what_a_flow_says_at_once(flow: Definition, messages: int) -> None:
    assert messages_at_once(flow, lambda flow_id: drawn(**THREE) if flow_id == "fl_1" else None) == messages
    round_and_round = drawn(a={"type": "send_text", "text": "x", "next": "b"}, b={"type": "run_flow", "flow_id": "f"})
    assert messages_at_once(round_and_round, lambda _: round_and_round) == MAX_STEPS_PER_MESSAGE // 2
