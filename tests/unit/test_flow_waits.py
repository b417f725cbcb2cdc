"""The step that asks nothing and waits for the customer's next message (PRODUCT F1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from recado.domain.errors import Invalid
from recado.domain.flow_definitions import Definition, definition
from recado.domain.flow_executions import Execution
from recado.domain.flow_progress import Outcome, answer, follow, silenced, step_of, time_out, typed_answers
from recado.domain.flow_ways import check_whole, window_may_be_closed

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
TEMPLATE = {"type": "send_template", "template": {"name": "fatura", "language": "pt_BR"}}
OPTIONS = [{"label": "Já paguei", "next": "paid"}, {"label": "Falar com alguém", "next": "people"}]
WAIT = {"type": "wait_answer", "options": OPTIONS, "save_as": "said", "on_timeout": "late", "next": "other"}
ENDS = {name: {"type": "close"} for name in ("paid", "people", "other", "late")}


def waiting(step: Mapping[str, Any], first_seq: int | None = 7) -> tuple[Definition, Execution]:
    drawn = definition("a", {"a": step, **ENDS})
    one = Execution("fx_1", "ca_1", "ct_1", "fl_1", 1, "a", NOW, "task", first_seq=first_seq, unanswered=1)
    return drawn, follow(one, drawn.steps["a"], Outcome(), NOW)


def told(drawn: Definition, one: Execution, text: str, chosen: str | None = None) -> Execution:
    step = step_of(one, drawn)
    assert step is not None
    return answer(one, step, text, chosen, NOW, lambda _: None)


@pytest.mark.parametrize(
    ("text", "chosen", "goes_on", "saved"),
    [
        ("Falar com alguém", None, "people", "Falar com alguém"),
        ("falar com alguem, por favor", None, "people", "Falar com alguém"),
        ("JÁ PAGUEI!", "an-agents-button", "paid", "Já paguei"),
        (" quanto devo? ", None, "other", "quanto devo?"),
        ("", None, "other", ""),
        ("Já paguei", "fx_1:0:0", "other", "Já paguei"),
    ],
)
def test_an_answer_is_an_option_or_any_other(text: str, chosen: str | None, goes_on: str, saved: str) -> None:
    drawn, one = waiting(WAIT)
    after = told(drawn, one, text, chosen)
    assert (after.step, after.state, after.tries, after.variables) == (goes_on, "running", 0, {"said": saved})
    assert (after.unanswered, after.due_at, after.waits_for) == (0, None, None)


def test_without_options_and_names_everything_goes_on() -> None:
    drawn, one = waiting({"type": "wait_answer", "next": "other"})
    after = told(drawn, one, "1")
    assert (after.step, after.variables) == ("other", {})
    drawn, one = waiting({"type": "wait_answer"})
    assert (told(drawn, one, "1").state, told(drawn, one, "1").reason) == ("finished", "end")


def test_it_waits_as_a_question_does_and_sends_nothing() -> None:
    drawn, one = waiting(WAIT)
    assert (one.state, one.waits_for, one.due_at) == ("waiting", "answer", NOW + timedelta(days=1))
    assert time_out(one, drawn.steps["a"], NOW).step == "late"
    assert (one.unanswered, silenced(one, drawn.steps["a"], NOW)) == (1, None)
    _, soon = waiting({**WAIT, "timeout_s": 60})
    assert soon.due_at == NOW + timedelta(seconds=60)


def test_it_hears_what_came_behind_the_first_message() -> None:
    assert waiting(WAIT)[1].heard == 7
    assert waiting(WAIT, None)[1].heard == 0


def test_what_was_typed_stays_as_it_is() -> None:
    assert typed_answers(definition("a", {"a": WAIT})) == {"said"}


def test_a_way_round_that_waits_for_an_answer_is_none() -> None:
    wait = {"type": "wait_answer", "options": [{"label": "De novo", "next": "t"}], "next": "t"}
    check_whole(definition("t", {"t": {**TEMPLATE, "next": "a"}, "a": wait}))
    with pytest.raises(Invalid) as refused:
        check_whole(definition("t", {"t": {**TEMPLATE, "next": "g"}, "g": {"type": "goto", "step": "t"}}))
    assert [one.code for one in refused.value.errors] == ["endless_loop"]


def test_labels_that_no_answer_tells_apart_are_refused() -> None:
    alike = [{"label": "Não", "next": "a"}, {"label": "nao", "next": "a"}]
    with pytest.raises(Invalid) as refused:
        check_whole(definition("a", {"a": {"type": "wait_answer", "options": alike}}))
    assert [one.pointer for one in refused.value.errors] == ["/steps/a/options/1/label"]


ASK = {"type": "ask", "text": "CPF?", "save_as": "cpf", "next": "x"}
SAY = {"type": "send_text", "text": "Oi"}


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ({"b": SAY}, ["b"]),
        ({"b": {**ASK}, "x": SAY}, ["b"]),
        ({"b": {"type": "delay", "seconds": 60, "next": "x"}, "x": SAY}, ["x"]),
        ({"b": {**TEMPLATE, "next": "x"}, "x": {"type": "goto", "step": "y"}, "y": SAY}, ["y"]),
        ({"b": {"type": "wait_answer", "next": "x"}, "x": SAY}, []),
        ({"b": {"type": "wait_answer", "options": [{"label": "A", "next": "x"}]}, "x": SAY}, []),
        ({"b": {"type": "wait_answer", "next": "x", "on_timeout": "y"}, "x": SAY, "y": SAY}, ["y"]),
        ({"b": {"type": "close"}, "x": SAY}, []),
    ],
)
def test_what_may_find_the_window_closed(steps: dict[str, Any], told: list[str]) -> None:
    assert window_may_be_closed(definition("t", {"t": {**TEMPLATE, "next": "b"}, **steps})) == told
