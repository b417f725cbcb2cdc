"""How a flow goes on: from a step to what is done there, and from what became of that to the next step (PRODUCT F1).
Pure.

An execution stands at one step. `act` says what is to be done there; whoever does it tells `follow` what became of it,
and the execution that comes out is written before anything else is done. So each step is done at least once and, since
its `place` names it for good, its effects once: a message of a step has its id from there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from recado.domain.flow_answers import Locale, Pressed, answer_value, option_id, pressed
from recado.domain.flow_choices import choice, shown_lines
from recado.domain.flow_definitions import DEFAULT_TIMEOUT_S, SENDING, Definition, Step
from recado.domain.flow_executions import Execution, ended, is_over
from recado.domain.flow_variables import Write, filled, filled_body, filled_url, plain

MAX_STEPS_PER_MESSAGE = 100
"""Steps between two messages of the customer: what goes on longer is a loop."""
MAX_UNANSWERED = 20
"""Messages between two of the customer's, whatever flows they are of and however long it waits between them: nobody
wants to be written to more often without having said a word."""
MAX_STEPS = 1_000
"""Steps of an execution in all, however often the customer writes: two machines may answer each other for ever."""
MAX_ANSWERS = 20
ANSWERS_WITHIN = timedelta(minutes=1)
"""So many answers are heard that were written within so long, from the first of them on: who answers faster is a
machine, and what is said to it makes it answer again."""
MAX_VARIABLES = 100
MAX_VALUE_CHARACTERS = 4_096
MAX_VARIABLES_BYTES = 150_000
"""Of all that a flow saved, as JSON: with everything else it fits an item of 400 KB."""
MAX_HEADER = 4_000
"""Characters of a header's text with its variables in place."""
DEFAULT_RETRIES = 2


@dataclass(frozen=True)
class Act:
    """What is to be done at a step: its type and its fields with the variables in place."""

    type: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What became of it. `held`: of a condition; `failed`: the code of what refused it; `value`: what an HTTP step got
    or the first step of another flow; `seq`: of a message that was sent, its place in the thread."""

    held: bool = False
    failed: str = ""
    value: Any = None
    seq: int | None = None


def act(step: Step, values: Mapping[str, Any], encode: Callable[[str], str], write: Write = plain) -> Act:
    """What is done at a step. `values`: those of `flow_variables.filled`; `encode` makes a part of an address of a
    text, `write` what customers read of a value."""
    fields = dict(step.fields)
    if "text" in fields:
        fields["text"] = filled(fields["text"], values, write)
    if "value" in fields:
        fields["value"] = filled(fields["value"], values)
    if "body" in fields:
        fields["body"] = filled_body(fields["body"], values)
    if "url" in fields:
        fields["url"] = filled_url(fields["url"], values, encode)
    if "headers" in fields:
        fields["headers"] = {name: _one_line(filled(text, values)) for name, text in fields["headers"].items()}
    if "template" in fields:
        fields["template"] = with_each_value(fields["template"], lambda text: filled(text, values, write))
    return Act(step.type, fields)


def with_each_value(given: Mapping[str, Any], fill: Callable[[str], str]) -> dict[str, Any]:
    """A template as a step gives it, with what `fill` makes of the text of each value."""
    variables = given.get("variables") or []
    if isinstance(variables, Mapping):
        return {**given, "variables": {name: fill(text) for name, text in variables.items()}}
    return {**given, "variables": [fill(text) for text in variables]}


def typed_answers(drawn: Definition) -> frozenset[str]:
    """The variables in which a flow saves what customers typed, or an option's label: texts as they stand."""
    return frozenset(
        str(step.fields["save_as"])
        for step in drawn.steps.values()
        if "save_as" in step.fields
        and (
            step.type in ("ask_choice", "wait_answer")
            or (step.type == "ask" and step.fields.get("validate", "text") == "text")
        )
    )


def question_of(one: Execution) -> str:
    """The name of the question with options at which an execution stands. Put again, as it was not answered, it is the
    same question; put after anything else it is another one, though the step be the same."""
    return f"{one.id}:{_asked(one)}"


def _asked(one: Execution) -> int:
    return one.asked if one.tries and one.asked is not None else one.place


def ways_to_ask(fields: Mapping[str, Any], question: str, opener: str) -> list[tuple[str, str, dict[str, Any]]]:
    """How a question with options can be put, the best way first: kind, text and payload of a message. As buttons, as a
    list, or as lines of a text, which every channel can; the first that the channel takes is the one. `question`: its
    name; `opener`: the label of what opens a list."""
    labels = [str(one["label"]).strip() for one in fields["options"]]
    rows = [{"id": option_id(question, index), "title": label} for index, label in enumerate(labels)]
    lines = "\n".join(shown_lines(labels))
    return [
        ("interactive", fields["text"], {"type": "buttons", "buttons": rows}),
        ("interactive", fields["text"], {"type": "list", "button": opener, "sections": [{"rows": rows}]}),
        ("text", f"{fields['text']}\n\n{lines}", {}),
    ]


def silenced(one: Execution, step: Step, now: datetime) -> Execution | None:
    """The execution at its end, when its step would send a message more than go without an answer. None: it may."""
    if step.type not in SENDING or one.unanswered < MAX_UNANSWERED:
        return None
    return ended(_done(one, now), "failed", now, "too_many_messages")


def follow(one: Execution, step: Step, outcome: Outcome, now: datetime) -> Execution:
    """The execution after its step was done."""
    done = _sent(_done(one, now), outcome)
    done = done if done.first_seq is not None else replace(done, first_seq=outcome.seq)
    if outcome.failed and "on_error" not in step.fields:
        return ended(done, "failed", now, outcome.failed)
    if _too_long(done):
        return ended(done, "failed", now, "too_many_steps")
    if outcome.failed and step.type != "http":
        return _at(done, step.fields["on_error"], now)
    match step.type:
        case "ask" | "ask_choice" | "wait_answer":
            timeout = step.fields.get("timeout_s", DEFAULT_TIMEOUT_S)
            heard = _listens_from(done, outcome) if one.heard is None else one.heard
            waiting = replace(done, state="waiting", waits_for="answer", due_at=_after(now, timeout), heard=heard)
            return replace(waiting, asked=_asked(one)) if step.type == "ask_choice" else waiting
        case "delay":
            return replace(done, state="waiting", waits_for="time", due_at=_after(now, step.fields["seconds"]))
        case "condition":
            return _at(done, step.fields.get("then" if outcome.held else "else"), now)
        case "http":
            kept = _kept(done, step.fields.get("save_as"), outcome.value)
            return _at(kept, step.fields["on_error"] if outcome.failed else step.next, now)
        case "run_flow":
            return replace(
                _at(done, outcome.value["start"], now),
                flow_id=step.fields["flow_id"],
                flow_version=outcome.value["version"],
            )
        case "transfer" | "queue" | "close":
            return ended(done, "finished", now, step.type)
    return _at(done, step.next, now)


def _listens_from(one: Execution, outcome: Outcome) -> int:
    """Behind which message the first answer lies: the question; where none was put, the flow's first message, which may
    be answered before it waits; where it said nothing, whatever it heard."""
    return next((seq for seq in (outcome.seq, one.first_seq) if seq is not None), 0)


def opened(one: Execution, outcome: Outcome, now: datetime) -> Execution:
    """The execution after the template was sent with which it opens: it waits for an answer, as long as a question
    does that does not say how long."""
    done = replace(
        one, place=one.place + 1, steps=one.steps + 1, version=one.version + 1, moved_at=now, opening=None,
        first_seq=outcome.seq, heard=outcome.seq, unanswered=one.unanswered + 1,
    )  # fmt: skip
    return (
        ended(done, "failed", now, outcome.failed)
        if outcome.failed
        else replace(done, state="waiting", waits_for="opening", due_at=_after(now, DEFAULT_TIMEOUT_S))
    )


def unreached(one: Execution, step: Step, seq: int, asked: bool, now: datetime) -> Execution:
    """The execution after its message at `seq` failed that had been taken for sent. `asked`: the message is the
    question at which it waits; then it goes on at that one's `on_error`."""
    done = replace(_done(one, now), state="running", waits_for=None, due_at=None, unreached=seq)
    on_error = step.fields.get("on_error") if asked else None
    if on_error is None:
        return ended(done, "failed", now, "message_failed")
    return ended(done, "failed", now, "too_many_steps") if _too_long(done) else _at(done, on_error, now)


def hear(
    one: Execution, step: Step, text: str, chosen_id: str | None, written_at: datetime, now: datetime, locale: Locale
) -> Execution:
    """The execution after somebody wrote who may be a machine: as `answer`, but one answer more than MAX_ANSWERS is not
    heard, and it has failed."""
    counted = _counted(one, written_at) if one.waits_for == "answer" else one
    if counted.answers > MAX_ANSWERS:
        return ended(replace(counted, version=one.version + 1), "failed", now, "too_many_answers")
    return answer(counted, step, text, chosen_id, now, locale)


def answer(one: Execution, step: Step, text: str, chosen_id: str | None, now: datetime, locale: Locale) -> Execution:
    """The execution after the customer wrote: what it waited for is taken, or asked again (it then stands at its
    question, running), or goes on where nothing that was understood leads. An option of another question than the
    present one is no answer. Where nothing was asked, whatever comes is taken. A message while it waits for time
    changes nothing but the count of steps."""
    heard = replace(one, steps=0, unanswered=0, version=one.version + 1, moved_at=now)
    if one.waits_for == "opening":
        return replace(heard, state="running", waits_for=None, due_at=None)
    if one.waits_for != "answer":
        return heard
    heard = replace(heard, state="running", waits_for=None, due_at=None)
    press = pressed(chosen_id)
    if step.type == "wait_answer":
        return _taken(heard, step, text, press, now)
    if step.type == "ask_choice":
        options = step.fields["options"]
        index = choice(options, text) if press is None else _chosen(one, len(options), press)
        if index is not None:
            option = options[index]
            return _at(_kept(heard, step.fields.get("save_as"), option["label"]), option["next"], now)
    elif press is None:
        value = answer_value(step.fields.get("validate", "text"), text, locale, now.year)
        if value is not None:
            return _at(_kept(heard, step.fields["save_as"], value), step.next, now)
    if one.tries < step.fields.get("retries", DEFAULT_RETRIES):
        return replace(heard, tries=one.tries + 1)
    return _at(heard, step.fields.get("on_invalid"), now)


def _taken(heard: Execution, step: Step, text: str, press: Pressed | None, now: datetime) -> Execution:
    """The execution after an answer to what no question was put for: an option of its, or any other, which is never
    asked again. A button of a question that was put before answers that one alone."""
    options, name = step.fields.get("options", ()), step.fields.get("save_as")
    index = choice(options, text) if press is None else None
    if index is None:
        return _at(_kept(heard, name, text.strip()), step.next, now)
    return _at(_kept(heard, name, options[index]["label"]), options[index]["next"], now)


def _chosen(one: Execution, options: int, press: Pressed) -> int | None:
    """Which option of the question at which it waits was pressed."""
    present = "" if one.asked is None else f"{one.id}:{one.asked}"
    return press.index if press.question == present and press.index < options else None


def time_out(one: Execution, step: Step, now: datetime) -> Execution:
    """The execution once its time has come: a delay is over, a question was not answered, or the template with which
    it opens: then it has ended before its first step."""
    going = replace(one, state="running", waits_for=None, due_at=None, version=one.version + 1, tries=0, moved_at=now)
    if one.waits_for == "opening":
        return ended(going, "finished", now, "unanswered")
    return _at(going, step.next if one.waits_for == "time" else step.fields.get("on_timeout"), now)


def step_of(one: Execution, drawn: Definition) -> Step | None:
    """The step at which it stands; None at its end."""
    return drawn.steps.get(one.step) if one.step is not None else None


def _done(one: Execution, now: datetime) -> Execution:
    return replace(one, place=one.place + 1, steps=one.steps + 1, version=one.version + 1, claimed=None, moved_at=now)


def _counted(one: Execution, written_at: datetime) -> Execution:
    """With one answer more."""
    if one.answers_since is None or written_at >= one.answers_since + ANSWERS_WITHIN:
        return replace(one, answers=1, answers_since=written_at)
    return replace(one, answers=one.answers + 1)


def _sent(one: Execution, outcome: Outcome) -> Execution:
    """With the message counted that a step sent."""
    return one if outcome.seq is None else replace(one, unanswered=one.unanswered + 1)


def _too_long(one: Execution) -> bool:
    return one.steps > MAX_STEPS_PER_MESSAGE or one.place > MAX_STEPS


def _at(one: Execution, step_id: str | None, now: datetime) -> Execution:
    if step_id is None:
        return ended(one, "finished", now, "end")
    return replace(one, step=step_id, tries=0)


def _kept(one: Execution, name: str | None, value: Any) -> Execution:
    """With a value saved; a text is cut to what a variable holds."""
    if name is None or (name not in one.variables and len(one.variables) >= MAX_VARIABLES):
        return one
    return replace(one, variables={**one.variables, name: _short(value)})


def _short(value: Any) -> Any:
    return value[:MAX_VALUE_CHARACTERS] if isinstance(value, str) else value


def _after(now: datetime, seconds: int) -> datetime:
    return now + timedelta(seconds=seconds)


def _one_line(text: str) -> str:
    """A header's text: values from outside never begin another header."""
    return "".join(sign for sign in text if sign.isprintable())[:MAX_HEADER]


def bounded(one: Execution, now: datetime) -> Execution:
    """The execution, which fails when it saved too much."""
    if is_over(one) or len(json.dumps(dict(one.variables), default=str)) <= MAX_VARIABLES_BYTES:
        return one
    return ended(replace(one, variables={}), "failed", now, "variables_too_large")
