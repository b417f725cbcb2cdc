"""Flows: what can be drawn and published, and how an execution goes on (PRODUCT F1, F2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest

from recado.domain.errors import Invalid
from recado.domain.flow_answers import Pressed, pressed
from recado.domain.flow_definitions import Definition, definition
from recado.domain.flow_progress import (
    MAX_UNANSWERED,
    Execution,
    Outcome,
    act,
    answer,
    follow,
    hear,
    question_of,
    silenced,
    step_of,
    time_out,
    ways_to_ask,
)
from recado.domain.flow_variables import filled, greeting
from recado.domain.flow_ways import check_whole, unreachable
from recado.domain.flows import check_size

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def locale() -> str:
    return "pt-BR"


def say(next_: str | None = None, text: str = "oi") -> dict[str, Any]:
    return {"type": "send_text", "text": text, "next": next_}


def menu(*nexts: str, **more: Any) -> dict[str, Any]:
    options = [{"label": f"Opção {index + 1}", "next": one} for index, one in enumerate(nexts)]
    return {"type": "ask_choice", "text": "Qual?", "options": options, **more}


def labelled(*labels: str) -> dict[str, Any]:
    return {"type": "ask_choice", "text": "Qual?", "options": [{"label": one, "next": "a"} for one in labels]}


def ask(next_: str | None = None, **more: Any) -> dict[str, Any]:
    return {"type": "ask", "text": "CPF?", "validate": "cpf", "save_as": "cpf", "next": next_, **more}


# -- drawing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "pointer", "code"),
    [
        ("x", "", "invalid"),
        ({}, "/type", "unknown_type"),
        ({"type": "exec"}, "/type", "unknown_type"),
        ({"type": []}, "/type", "unknown_type"),
        ({"type": "send_text"}, "/text", "required"),
        ({"type": "send_text", "text": " "}, "/text", "invalid"),
        ({"type": "send_text", "text": "x" * 4_097}, "/text", "invalid"),
        ({"type": "send_text", "text": "x", "nxt": "b"}, "/nxt", "unknown_field"),
        ({"type": "send_text", "text": "x", "next": "a b"}, "/next", "invalid"),
        ({"type": "ask_choice", "text": "x", "options": []}, "/options", "invalid"),
        (menu(*"abcdefghijk"), "/options", "invalid"),
        (menu("a", "b c"), "/options/1/next", "invalid"),
        (
            {"type": "ask_choice", "text": "x", "options": [{"label": "A", "next": "b"}, {"label": "a ", "next": "b"}]},
            "/options",
            "repeated",
        ),
        (ask(save_as="Cpf!"), "/save_as", "invalid"),
        (ask(validate="cep"), "/validate", "invalid"),
        (ask(timeout_s=9), "/timeout_s", "invalid"),
        (ask(retries=True), "/retries", "invalid"),
        ({"type": "delay", "seconds": 0}, "/seconds", "invalid"),
        ({"type": "transfer"}, "", "invalid"),
        ({"type": "transfer", "agent_id": "a", "department_id": "d"}, "", "invalid"),
        ({"type": "http", "method": "GET", "url": "file:///etc/passwd"}, "/url", "invalid"),
        ({"type": "http", "method": "HEAD", "url": "https://x"}, "/method", "invalid"),
        ({"type": "http", "method": "GET", "url": "https://x", "headers": {"a b": "c"}}, "/headers", "invalid"),
        ({"type": "http", "method": "GET", "url": "https://x", "headers": {"a": "b\r\nc: d"}}, "/headers/a", "invalid"),
        (
            {"type": "http", "method": "GET", "url": "https://x", "headers": {"HOST": "y"}},
            "/headers/HOST",
            "forbidden_header",
        ),
        (
            {"type": "http", "method": "GET", "url": "https://x", "headers": {"a~": "", "A~": ""}},
            "/headers/A~0",
            "repeated",
        ),
        ({"type": "http", "method": "GET", "url": "https://a{{contact.name}}.example/"}, "/url", "invalid"),
        ({"type": "http", "method": "GET", "url": "https://x@example.com/"}, "/url", "invalid"),
        ({"type": "http", "method": "GET", "url": "https://x/#a"}, "/url", "invalid"),
        ({"type": "send_text", "text": "{{ secret.key }}"}, "/text", "secret_not_here"),
        (menu("b", text="{{secret.key}}"), "/text", "secret_not_here"),
        ({"type": "http", "method": "GET", "url": "https://x/{{secret.key}}?a=1"}, "/url", "secret_not_here"),
        ({"type": "set_field", "field": "id", "value": "x"}, "/field", "invalid"),
        ({"type": "condition", "filter": []}, "/filter", "invalid"),
        ({"type": "close", "next": "b"}, "/next", "unknown_field"),
    ],
)
def test_a_wrong_step_is_named(step: Any, pointer: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        definition("a", {"a": step})
    assert [(one.pointer, one.code) for one in refused.value.errors] == [(f"/steps/a{pointer}", code)]


@pytest.mark.parametrize(
    ("start", "steps", "pointer"),
    [(7, {}, "/start"), ("a", [], "/steps"), ("a", {f"s{number}": say() for number in range(201)}, "/steps")],
)
def test_a_wrong_flow_is_named(start: Any, steps: Any, pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        definition(start, steps)
    assert [one.pointer for one in refused.value.errors] == [pointer]


@pytest.mark.parametrize(
    ("steps", "pointer", "code"),
    [
        ({}, "/start", "no_such_step"),
        ({"a": say("z")}, "/steps/a/next", "no_such_step"),
        ({"a": menu("a", "z")}, "/steps/a/options/1/next", "no_such_step"),
        ({"a": labelled("A", "b", "á")}, "/steps/a/options/2/label", "repeated"),
        ({"a": {"type": "condition", "filter": {}, "then": "z"}}, "/steps/a/then", "no_such_step"),
        ({"a": say("a")}, "/steps/a", "endless_loop"),
        ({"a": say("b"), "b": {"type": "goto", "step": "a"}}, "/steps/a", "endless_loop"),
        (
            {"a": {"type": "condition", "filter": {}, "then": "b", "else": "c"}, "b": ask("a"), "c": say("a")},
            "/steps/a",
            "endless_loop",
        ),
    ],
)
def test_what_is_not_whole_is_not_published(steps: Any, pointer: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_whole(definition("a", steps))
    assert (refused.value.errors[0].pointer, refused.value.errors[0].code) == (pointer, code)


@pytest.mark.parametrize(
    "steps",
    [
        {"a": ask("a")},
        {"a": menu("a", "b"), "b": say("a")},
        {"a": say("b"), "b": {"type": "delay", "seconds": 60, "next": "a"}},
        {"a": {"type": "condition", "filter": {}, "then": "b", "else": "b"}, "b": {"type": "queue"}},
    ],
)
def test_a_way_round_that_waits_is_published(steps: Any) -> None:
    check_whole(definition("a", steps))


def test_a_long_flow_is_checked_without_recursion() -> None:
    steps = {f"s{number}": say(f"s{number + 1}") for number in range(199)} | {"s199": {"type": "close"}}
    check_whole(definition("s0", steps))


def test_steps_nobody_comes_to_are_told() -> None:
    assert unreachable(definition("a", {"a": say("b"), "b": say(), "c": say("a")})) == ["c"]


# -- answers and variables ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "what"),
    [
        ("fx_acctaaaa_1:7:1", Pressed("fx_acctaaaa_1:7", 1)),
        ("option_3", Pressed("", 3)),
        (None, None),
        ("", None),
        ("yes", None),
        ("fx_1:7", None),
        ("fx_1:7:x", None),
        ("fx_1:7:1\n", None),
        ("option_٣", None),
        ("my_option_1", None),
    ],
)
def test_what_a_pressed_button_says(chosen: str | None, what: Pressed | None) -> None:
    assert pressed(chosen) == what


def test_variables_are_filled_once_and_never_show_braces() -> None:
    values = {"contact": {"name": "{{system.chat_id}}", "custom": {"tags": ["a", "b"]}}, "system": {"chat_id": "ca_1"}}
    text = "{{ contact.name }}|{{contact.custom.tags}}|{{contact.none}}|{{x}}|{{contact}}|{{system.chat_id}}"
    assert filled(text, {**values, "x": 3}) == "{{system.chat_id}}|a, b||3||ca_1"


def test_values_stay_what_they_are_in_addresses_bodies_and_headers() -> None:
    drawn = definition(
        "a",
        {
            "a": {
                "type": "http",
                "method": "POST",
                "url": "https://x.com/{{name}}?q={{name}}",
                "headers": {"X-Name": "{{name}}"},
                "body": '{"name": "{{name}}", "n": 1}',
            }
        },
    )
    done = act(drawn.steps["a"], {"name": 'a/../b"?\r\nX: y'}, partial(quote, safe=""))
    assert done.fields["url"] == "https://x.com/a%2F..%2Fb%22%3F%0D%0AX%3A%20y?q=a%2F..%2Fb%22%3F%0D%0AX%3A%20y"
    assert done.fields["headers"] == {"X-Name": 'a/../b"?X: y'}
    assert done.fields["body"] == '{"name": "a/../b\\"?\\r\\nX: y", "n": 1}'


def test_greetings() -> None:
    assert [greeting(hour, "pt-BR") for hour in (4, 5, 11, 12, 17, 18)] == [
        "Boa noite", "Bom dia", "Bom dia", "Boa tarde", "Boa tarde", "Boa noite",
    ]  # fmt: skip
    assert greeting(9, "en-US") == "Good morning"


def test_a_question_is_put_in_the_best_way_first() -> None:
    (kind, _, buttons), (_, _, rows), (plain, text, _) = ways_to_ask(menu("a", "b"), "fx_1:7", "Ver opções")
    assert kind == "interactive" and plain == "text"
    assert buttons["buttons"] == [{"id": "fx_1:7:0", "title": "Opção 1"}, {"id": "fx_1:7:1", "title": "Opção 2"}]
    assert rows["sections"][0]["rows"] == buttons["buttons"]
    assert rows["button"] == "Ver opções"
    assert text == "Qual?\n\n1. Opção 1\n2. Opção 2"


# -- going on -----------------------------------------------------------------------------------------------------


def begun(steps: Mapping[str, Any]) -> tuple[Definition, Execution]:
    drawn = definition("a", steps)
    return drawn, Execution("fx_1", "ca_1", "ct_1", "fl_1", 1, "a", NOW, "entry")


def done(drawn: Definition, one: Execution, outcome: Outcome | None = None) -> Execution:
    step = step_of(one, drawn)
    assert step is not None
    return follow(one, step, outcome or Outcome(), NOW)


def told(drawn: Definition, one: Execution, text: str, chosen: str | None = None) -> Execution:
    step = step_of(one, drawn)
    assert step is not None
    return answer(one, step, text, chosen, NOW, locale)


def test_from_step_to_step_to_the_end() -> None:
    drawn, one = begun({"a": say("b"), "b": say()})
    one = done(drawn, one)
    assert (one.step, one.place, one.state, one.version) == ("b", 1, "running", 2)
    one = done(drawn, one)
    assert (one.step, one.place, one.state, one.reason, one.ended_at) == (None, 2, "finished", "end", NOW)


def test_a_question_waits_is_asked_again_and_gives_up() -> None:
    drawn, one = begun({"a": ask("b", retries=1, on_invalid="c", timeout_s=60), "b": say(), "c": say()})
    one = done(drawn, one)
    assert (one.state, one.waits_for, one.due_at) == ("waiting", "answer", NOW + timedelta(seconds=60))
    one = told(drawn, one, "não sei")
    assert (one.state, one.step, one.tries, one.due_at) == ("running", "a", 1, None)
    one = done(drawn, one)
    assert (one.state, one.tries, one.place) == ("waiting", 1, 2)
    assert told(drawn, one, "529.982.247-25").variables == {"cpf": "52998224725"}
    given_up = told(drawn, one, "não")
    assert (given_up.step, given_up.tries, given_up.state) == ("c", 0, "running")


def test_a_choice_leads_where_it_says() -> None:
    drawn, one = begun({"a": menu("b", "c", save_as="area"), "b": say(), "c": say()})
    waiting = done(drawn, one)
    assert (question_of(one), waiting.asked) == ("fx_1:0", 0)
    one = told(drawn, waiting, "", "fx_1:0:1")
    assert (one.step, one.variables) == ("c", {"area": "Opção 2"})
    for other in ("fx_1:0:2", "fx_1:1:1", "fx_2:0:1", "option_1"):
        assert (told(drawn, waiting, "1", other).step, told(drawn, waiting, "1", other).tries) == ("a", 1), other
    assert told(drawn, waiting, "1", "a button of a template").step == "b"


def test_time_passes() -> None:
    drawn, one = begun({"a": {"type": "delay", "seconds": 60, "next": "b"}, "b": ask("c", on_timeout="c"), "c": say()})
    one = done(drawn, one)
    assert (one.waits_for, one.due_at) == ("time", NOW + timedelta(seconds=60))
    heard = told(drawn, one, "alô?")
    assert (heard.state, heard.due_at, heard.version) == ("waiting", one.due_at, one.version + 1)
    one = done(drawn, time_out(heard, drawn.steps["a"], NOW))
    assert (one.step, one.waits_for, one.due_at) == ("b", "answer", NOW + timedelta(days=1))
    assert time_out(one, drawn.steps["b"], NOW).step == "c"


def test_a_question_without_a_way_ends_the_flow() -> None:
    drawn, one = begun({"a": ask("b"), "b": say()})
    one = time_out(done(drawn, one), drawn.steps["a"], NOW)
    assert (one.state, one.reason) == ("finished", "end")


@pytest.mark.parametrize(
    ("step", "outcome", "wanted"),
    [
        ({"type": "condition", "filter": {}, "then": "b", "else": "c"}, Outcome(held=True), "b"),
        ({"type": "condition", "filter": {}, "then": "b", "else": "c"}, Outcome(), "c"),
        ({"type": "goto", "step": "c"}, Outcome(), "c"),
        ({"type": "http", "method": "GET", "url": "https://x", "next": "b", "on_error": "c"}, Outcome(), "b"),
        (
            {"type": "http", "method": "GET", "url": "https://x", "next": "b", "on_error": "c"},
            Outcome(failed="timeout"),
            "c",
        ),
    ],
)
def test_ways_part(step: Any, outcome: Outcome, wanted: str) -> None:
    drawn, one = begun({"a": step, "b": say(), "c": say()})
    assert done(drawn, one, outcome).step == wanted


@pytest.mark.parametrize(
    ("step", "outcome", "state", "reason"),
    [
        ({"type": "queue"}, Outcome(), "finished", "queue"),
        ({"type": "close"}, Outcome(), "finished", "close"),
        (say("b"), Outcome(failed="outside_window"), "failed", "outside_window"),
        ({"type": "http", "method": "GET", "url": "https://x"}, Outcome(failed="timeout"), "failed", "timeout"),
    ],
)
def test_flows_end(step: Any, outcome: Outcome, state: str, reason: str) -> None:
    drawn, one = begun({"a": step, "b": say()})
    after = done(drawn, one, outcome)
    assert (after.state, after.reason, after.step) == (state, reason, None)


def test_another_flow_goes_on_in_its_place() -> None:
    drawn, one = begun({"a": {"type": "run_flow", "flow_id": "fl_2"}})
    one = done(drawn, one, Outcome(value={"version": 7, "start": "x"}))
    assert (one.flow_id, one.flow_version, one.step, one.place) == ("fl_2", 7, "x", 1)


def test_a_loop_over_flows_is_stopped_between_two_messages() -> None:
    drawn, one = begun({"a": {"type": "run_flow", "flow_id": "fl_1"}})
    for _ in range(100):
        one = done(drawn, one, Outcome(value={"version": 1, "start": "a"}))
    assert one.state == "running"
    assert done(drawn, one, Outcome(value={"version": 1, "start": "a"})).reason == "too_many_steps"


@pytest.mark.parametrize(("apart_s", "heard"), [(0, 20), (2.9, 20), (3.0, 99), (5, 99)])
def test_who_answers_faster_than_people_is_not_answered(apart_s: float, heard: int) -> None:
    """Whether they are understood or not; by when they were written, however late they are heard."""
    drawn, one = begun({"a": ask("b", retries=5), "b": ask("a")})
    for number in range(99):
        one = done(drawn, one)
        written_at = NOW + timedelta(seconds=number * apart_s)
        step = step_of(one, drawn)
        assert step is not None
        one = hear(one, step, ("529.982.247-25", "?")[number % 2], None, written_at, NOW, locale)
        if one.state == "failed":
            break
    assert (one.state, one.reason) == (("failed", "too_many_answers") if heard == 20 else ("running", ""))
    assert number == min(heard, 98)


def test_a_message_too_many_is_not_sent() -> None:
    drawn, one = begun({"a": say("b"), "b": {"type": "delay", "seconds": 60, "next": "c"}, "c": {"type": "queue"}})
    silent = replace(one, unanswered=MAX_UNANSWERED - 1)
    assert silenced(silent, drawn.steps["a"], NOW) is None
    sent = done(drawn, silent, Outcome(seq=30))
    late = replace(time_out(done(drawn, sent), drawn.steps["b"], NOW), steps=1)
    for step, ends in (("a", True), ("b", False), ("c", False)):
        over = silenced(late, drawn.steps[step], NOW)
        assert (over is not None and (over.state, over.reason) == ("failed", "too_many_messages")) is ends
    heard = told(drawn, replace(late, state="waiting", waits_for="time", step="b"), "oi")
    assert heard.unanswered == 0


def test_a_customer_who_writes_may_go_on() -> None:
    drawn, one = begun({"a": ask("a")})
    one = replace(one, steps=100, waits_for="answer", state="waiting")
    assert done(drawn, told(drawn, one, "529.982.247-25")).state == "waiting"


def test_steps_fit_their_item_whatever_their_letters_are() -> None:
    """As they are stored an accent has 6 bytes and an emoji 12; an item has 400 KB."""
    for sign, count in (("x", 99_000), ("ç", 58_000), ("😀", 29_000)):
        check_size({"a": {"type": "send_text", "text": sign * count}})
    for sign, count in (("x", 100_001), ("ç", 67_000), ("😀", 34_000)):
        with pytest.raises(Invalid) as refused:
            check_size({"a": {"type": "send_text", "text": sign * count}})
        assert [(one.pointer, one.code) for one in refused.value.errors] == [("/steps", "too_large")]
