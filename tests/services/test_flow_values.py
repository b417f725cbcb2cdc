"""Values are read as customers write them, kept as values, and written as customers read them (PRODUCT F1, F2)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recado.domain.access import Caller
from tests.flow_world import A, FlowWorld, fresh_world

ADMIN = Caller(A, "admin", user_id=f"us_{A}_{9:027x}")
QUEUE = {"type": "queue"}


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> FlowWorld:
    return fresh_world(clock, ids)


def asks(*named: tuple[str, str], then: str) -> dict[str, Any]:
    """Questions one after the other: what each validates, and under which name its answer is saved."""
    nexts = [*[name for _, name in named][1:], then]
    return {
        name: {"type": "ask", "text": f"{name}?", "validate": kind, "save_as": name, "next": following}
        for (kind, name), following in zip(named, nexts, strict=True)
    }


def played(world: FlowWorld, steps: dict[str, Any], *said: str) -> None:
    world.enter_by(world.publish({"q": QUEUE, **steps}, start=next(iter(steps))))
    for text in ("Oi", *said):
        world.say(text)
        world.run()
        world.clock.move(5)


def in_english(world: FlowWorld) -> None:
    world.container.accounts.change(A, "Ipê", "en-US", "America/New_York")


ORDER = asks(("number", "n"), ("date", "d"), ("text", "t"), then="z") | {
    "z": {
        "type": "send_text", "text": "Confirma {{n}} em {{d}}, {{t}}? {{contact.created_at}} {{system.date}}",
        "next": "q",
    },
}  # fmt: skip


def test_what_customers_read_is_in_the_accounts_manner(world: FlowWorld) -> None:
    began = world.clock.now()
    played(world, ORDER, "R$ 1,5", "31/12/26", "2026-12-31")
    here = began.astimezone(world.container.variables.manner(A).zone)
    assert world.texts()[-1] == (f"→ Confirma 1,5 em 31/12/2026, 2026-12-31? {here:%d/%m/%Y %H:%M} {here:%d/%m/%Y}")
    assert dict(world.execution.variables) == {"n": 1.5, "d": "2026-12-31", "t": "2026-12-31"}


def test_a_name_under_which_now_a_text_and_now_a_number_is_saved(world: FlowWorld) -> None:
    """The text stands as it was typed; a number is one, whatever its name."""
    steps = asks(("text", "n"), then="a") | {
        "a": {"type": "send_text", "text": "[{{n}}]", "next": "b"},
        "b": {"type": "ask", "text": "?", "validate": "number", "save_as": "n", "next": "c"},
        "c": {"type": "send_text", "text": "[{{n}}]", "next": "q"},
    }
    played(world, steps, "2026-12-31", "1,5")
    assert "→ [2026-12-31]" in world.texts() and world.texts()[-1] == "→ [1,5]"


def test_in_english(world: FlowWorld) -> None:
    in_english(world)
    began = world.clock.now()
    played(world, ORDER, "$1,500", "31/12/2026", "12/31/2026", "x")
    here = began.astimezone(world.container.variables.manner(A).zone)
    day = f"{here:%b} {here.day}, {here.year}"
    assert world.texts()[-1] == f"→ Confirma 1500 em Dec 31, 2026, x? {day} {here:%H:%M} {day}"


def test_values_stay_values_in_requests_and_conditions(world: FlowWorld) -> None:
    condition = {"field": "var.d", "op": "eq", "value": "2026-12-31"}
    played(
        world,
        asks(("number", "n"), ("date", "d"), then="h")
        | {
            "h": {
                "type": "http", "method": "POST", "url": "https://erp.example/{{d}}?n={{n}}",
                "headers": {"X-Day": "{{d}}"}, "body": '{"n": "{{n}}", "d": "{{d}}", "today": "{{system.date}}"}',
                "next": "c",
            },
            "c": {"type": "condition", "filter": condition, "then": "yes", "else": "q"},
            "yes": {"type": "send_text", "text": "É no último dia.", "next": "q"},
        },
        "1,5",
        "31/12/2026",
    )  # fmt: skip
    [(_, url, headers, body)] = world.requests.asked
    assert url == "https://erp.example/2026-12-31?n=1.5" and headers["X-Day"] == "2026-12-31"
    today = f"{world.clock.now().astimezone(world.container.variables.manner(A).zone):%F}"
    assert json.loads(body or "") == {"n": "1.5", "d": "2026-12-31", "today": today}
    assert "→ É no último dia." in world.texts()


@pytest.mark.parametrize(
    ("kind", "options", "answer", "kept", "shown"),
    [
        ("list", ["Azul", "Verde"], "verde", "Verde", "Verde"),
        ("list", ["Azul", "Verde"], "AZUL", "Azul", "Azul"),
        ("list", ["Sim", "Não"], "nao", "Não", "Não"),
        ("multi_list", ["Azul", "Verde"], "azul, VERDE", ["Azul", "Verde"], "Azul, Verde"),
        ("boolean", [], "Sim", True, "sim"),
        ("date", [], "31/12/2026", "2026-12-31", "31/12/2026"),
        ("number", [], "1,5", 1.5, "1,5"),
    ],
)
def test_an_answer_becomes_the_value_of_a_field(
    world: FlowWorld, kind: Any, options: list[str], answer: str, kept: Any, shown: str
) -> None:
    """Whatever case and accents, as in files that are imported."""
    world.container.custom_field_service.create(A, "contacts", "f", "Campo", kind, False, options)
    steps = asks(("text", "x"), then="s") | {
        "s": {"type": "set_field", "field": "custom.f", "value": "{{x}}", "next": "t", "on_error": "bad"},
        "t": {"type": "send_text", "text": "[{{contact.custom.f}}]", "next": "q"},
        "bad": {"type": "send_text", "text": "não serve", "next": "q"},
    }
    played(world, steps, answer)
    contact = world.container.contact_service.get(ADMIN, world.chat.contact_id)
    assert contact["custom_fields"] == {"f": kept}
    assert world.texts()[-1] == f"→ [{shown}]"


def test_an_answer_that_is_no_option_is_refused(world: FlowWorld) -> None:
    world.container.custom_field_service.create(A, "contacts", "f", "Campo", "list", False, ["Azul"])
    steps = asks(("text", "x"), then="s") | {
        "s": {"type": "set_field", "field": "custom.f", "value": "{{x}}", "next": "q", "on_error": "bad"},
        "bad": {"type": "send_text", "text": "não serve", "next": "q"},
    }
    played(world, steps, "roxo")
    assert world.texts()[-1] == "→ não serve"


@pytest.mark.parametrize(("more", "english", "opener"), [
    ({}, False, "Ver opções"), ({}, True, "See options"), ({"button_text": "Escolher"}, False, "Escolher"),
])  # fmt: skip
def test_what_opens_a_list_has_a_label(world: FlowWorld, more: dict[str, str], english: bool, opener: str) -> None:
    if english:
        in_english(world)
    options = [{"label": f"Opção {number}", "next": "q"} for number in range(1, 5)]
    played(world, {"m": {"type": "ask_choice", "text": "Qual?", "options": options, **more}})
    payload = world.messages()[-1].payload
    assert (payload["type"], payload["button"]) == ("list", opener)
