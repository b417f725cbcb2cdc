"""Buttons of menus answer the question that they stand under, and no other (PRODUCT F1)."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.chats import Message
from recado.storage.flow_executions import ExecutionRecord
from tests.flow_world import ADMIN, FlowWorld, fresh_world


def menu(text: str, *nexts: str, **more: Any) -> dict[str, Any]:
    options = [{"label": f"{text} {number}", "next": one} for number, one in enumerate(nexts)]
    return {"type": "ask_choice", "text": text, "options": options, **more}


STEPS: dict[str, Any] = {
    "a": menu("Área", "b", "n", save_as="area"),
    "b": menu("Dia", "c", "a", save_as="day", retries=1, on_invalid="lost"),
    "c": {"type": "send_text", "text": "Marcado: {{area}}, {{day}}", "next": "q"},
    "n": {"type": "ask", "text": "Nome?", "save_as": "name", "retries": 1, "next": "q", "on_invalid": "lost"},
    "lost": {"type": "send_text", "text": "Não entendi.", "next": "q"},
    "q": {"type": "queue"},
}


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> FlowWorld:
    made = fresh_world(clock, ids)
    made.enter_by(made.publish(STEPS))
    made.say("Oi")
    made.run()
    assert made.texts() == ["Oi", "→ Área"]
    return made


def buttons(world: FlowWorld, text: str, nth: int = -1) -> list[dict[str, str]]:
    """Those under the question of this text, the last one by itself."""
    asked: list[Message] = [one for one in world.messages() if one.text == text and one.direction == "outbound"]
    found: list[dict[str, str]] = asked[nth].payload["buttons"]
    return found


def press(world: FlowWorld, button: dict[str, str], **changed: str) -> None:
    """As WhatsApp tells it."""
    reply = {"type": "button_reply", "button_reply": {**button, **changed}}
    world.say("", type="interactive", interactive=reply)
    world.run()


def test_a_button_answers_its_question(world: FlowWorld) -> None:
    press(world, buttons(world, "Área")[0], title="whatever it is called by now")
    press(world, buttons(world, "Dia")[0])
    assert world.texts()[-1] == "→ Marcado: Área 0, Dia 0"
    assert world.chat.situation == "queued"


def test_a_button_of_an_old_menu_does_not_answer_the_present_one(world: FlowWorld) -> None:
    old = buttons(world, "Área")
    press(world, old[0])
    press(world, old[1])
    assert world.texts()[-2:] == ["Área 1", "→ Dia"], "the present question is put again"
    assert (world.execution.step, world.execution.variables) == ("b", {"area": "Área 0"})
    press(world, old[0], title="Dia 0")
    assert world.texts()[-1] == "→ Não entendi.", "the label is not asked where the button says whose it is"
    assert "day" not in world.execution.variables


def test_a_button_of_an_old_menu_is_no_text(world: FlowWorld) -> None:
    old = buttons(world, "Área")
    press(world, old[1])
    press(world, old[0])
    assert world.texts()[-2:] == ["Área 0", "→ Nome?"]
    world.say("Ana")
    world.run()
    assert world.execution.variables == {"area": "Área 1", "name": "Ana"}


def test_a_question_that_is_put_again_is_the_same(world: FlowWorld) -> None:
    first = buttons(world, "Área")
    world.say("hein?")
    world.run()
    assert world.texts()[-1] == "→ Área"
    assert buttons(world, "Área") == first
    press(world, first[0])
    assert world.execution.step == "b"


def test_a_menu_that_is_come_to_again_is_another(world: FlowWorld) -> None:
    first = buttons(world, "Área")
    press(world, first[0])
    press(world, buttons(world, "Dia")[1])
    assert world.texts()[-1] == "→ Área"
    press(world, first[1])
    assert (world.texts()[-1], world.execution.step) == ("→ Área", "a")
    press(world, buttons(world, "Área")[1])
    assert world.texts()[-1] == "→ Nome?"


def test_a_menu_of_another_conversation_is_another(world: FlowWorld) -> None:
    first = buttons(world, "Área")
    world.container.chat_actions.close(ADMIN, world.chat.id, None)
    world.say("Olá de novo")
    world.run()
    press(world, first[1])
    present = world.executions[-1]
    assert (present.step, present.tries, present.state) == ("a", 1, "waiting")


def test_who_waited_when_buttons_got_names_is_still_answered(world: FlowWorld) -> None:
    """Executions of a deployment before `asked`: their buttons are `option_0` and so on."""
    [record] = ExecutionRecord.scan(ExecutionRecord.sk == "EXEC")
    record.update([ExecutionRecord.asked.remove()])
    press(world, {"id": "option_0", "title": "Área 0"})
    assert (world.execution.step, world.execution.variables) == ("b", {"area": "Área 0"})
    press(world, {"id": "option_0", "title": "Dia 0"})
    assert (world.texts()[-1], world.execution.tries) == ("→ Dia", 1)
