"""A campaign as most are: a template with buttons, and ways by what is pressed (PRODUCT F1, G5)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow_task_world import TaskWorld, task_world

SENT = "→ Sua fatura vence amanhã."
WAIT = {
    "type": "wait_answer", "save_as": "said", "timeout_s": 3_600, "on_timeout": "late", "next": "other",
    "options": [{"label": "Já paguei", "next": "paid"}, {"label": "Falar com alguém", "next": "people"}],
}  # fmt: skip
STEPS: dict[str, Any] = {
    "remind": {"type": "send_template", "template": {"name": "fatura", "language": "pt_BR"}, "next": "press"},
    "press": WAIT,
    "paid": {"type": "send_text", "text": "Obrigado!", "next": "bye"},
    "other": {"type": "send_text", "text": "Você disse: {{said}}", "next": "people"},
    "late": {"type": "delay", "seconds": 1},
    "people": {"type": "queue"},
    "bye": {"type": "close"},
}


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> TaskWorld:
    made = task_world(clock, ids)
    made.approve("fatura", "Sua fatura vence amanhã.")
    made.flow_id = made.publish(STEPS, "remind")
    return made


@pytest.fixture
def reminded(world: TaskWorld) -> TaskWorld:
    """The window is closed: the template alone arrives, and the flow waits for the press."""
    world.waits()
    world.clock.move(25 * 3_600)
    run = world.run_task(when_queued="run")
    assert (run["state"], run["executed"]) == ("done", 1)
    assert world.texts()[-1] == SENT
    assert (world.execution.state, world.execution.waits_for, world.execution.step) == ("waiting", "answer", "press")
    return world


def press(world: TaskWorld, label: str, payload: str = "confirm-42") -> None:
    """A quick reply of a template, as WhatsApp tells it."""
    world.say("", type="button", button={"payload": payload, "text": label})


def test_the_press_on_a_templates_button_leads_where_its_label_says(reminded: TaskWorld) -> None:
    press(reminded, "Já paguei", "option_1")
    reminded.run()
    assert reminded.texts()[-3:] == [SENT, "Já paguei", "→ Obrigado!"]
    assert (reminded.chat.situation, reminded.execution.variables["said"]) == ("closed", "Já paguei")
    assert reminded.trace()[1:3] == [("press", "wait_answer", "done"), ("press", "answer", "goes on at paid")]


def test_the_label_may_be_typed(reminded: TaskWorld) -> None:
    reminded.say("falar com alguem, por favor")
    reminded.run()
    assert (reminded.chat.situation, reminded.execution.reason) == ("queued", "queue")
    assert reminded.texts()[-1] == "falar com alguem, por favor", "nothing was asked, and nothing is asked again"


def test_any_other_answer_goes_on_too(reminded: TaskWorld) -> None:
    reminded.say("Quanto devo?")
    reminded.run()
    assert reminded.texts()[-1] == "→ Você disse: Quanto devo?"
    assert reminded.chat.situation == "queued"


def test_a_place_is_an_answer(reminded: TaskWorld) -> None:
    reminded.say("", type="location", location={"latitude": -23.5, "longitude": -46.6})
    reminded.run()
    assert reminded.texts()[-1] == "→ Você disse: "


def test_who_presses_before_the_flow_waits_is_heard(world: TaskWorld) -> None:
    """Between the template and the step that waits for its answer lies a delay."""
    pause = {"type": "delay", "seconds": 600, "next": "press"}
    world.flow_id = world.publish({**STEPS, "remind": {**STEPS["remind"], "next": "pause"}, "pause": pause}, "remind")
    world.waits()
    world.clock.move(25 * 3_600)
    world.run_task(when_queued="run")
    press(world, "Já paguei")
    world.run()
    assert world.execution.step == "pause"
    world.clock.move(600)
    world.container.flow_engine.look_due(160)
    world.run()
    assert world.texts()[-1] == "→ Obrigado!"


def test_nobody_answers_and_it_leads_on_once(reminded: TaskWorld) -> None:
    reminded.clock.move(3_599 - 61)  # which passed while the send was looked at
    assert reminded.container.flow_engine.look_due(160).done == 0
    reminded.clock.move(1)
    reminded.container.flow_engine.look_due(160)
    reminded.run()
    assert (reminded.execution.step, reminded.execution.waits_for) == ("late", "time")


def test_a_chat_in_which_nobody_answered_is_closed(world: TaskWorld) -> None:
    world.people(1)
    world.run_task()
    assert (world.chat.situation, world.execution.step) == ("automatic", "press")
    for _ in range(2):
        world.clock.move(3_661)
        world.container.flow_engine.look_due(160)
        world.run()
    assert (world.chat.situation, world.execution.reason) == ("closed", "end")
    assert [one.data["cause"] for one in world.facts() if one.type == "chat.closed"] == ["nobody_answered"]
