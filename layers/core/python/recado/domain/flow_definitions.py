"""Flows as they are drawn: steps of a few types that name each other (PRODUCT F1), checked with a pointer to whatever
is wrong. Pure.

A draft is checked for its shape, so that a half-drawn flow can be kept. What is published is also whole
(`domain.flow_ways`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recado.domain.errors import FieldError, Invalid
from recado.domain.flow_requests import ADDRESS, is_forbidden
from recado.domain.flow_secrets import misplaced
from recado.domain.flow_variables import tidied

MAX_STEPS = 200
MAX_OPTIONS = 10
"""As many rows as the shortest list of a provider has."""
MAX_OPENER = 20
"""Characters of the button that opens a list."""
MAX_TEXT = 4_096
MAX_DELAY_S = 30 * 86_400
MAX_TIMEOUT_S = 30 * 86_400
DEFAULT_TIMEOUT_S = 86_400
"""Of a question that says nothing of it: a customer who went away is left to people at last."""
MAX_RETRIES = 10
MAX_HEADERS = 20

VALIDATIONS = ("text", "number", "date", "email", "cpf", "phone")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
STEP_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
VARIABLE = re.compile(r"[a-z][a-z0-9_]{0,49}")
FIELD = re.compile(
    r"(?:name|mobile|phone|email|birthday|address|city|district|state|country|notes|organization_id"
    r"|custom\.[a-z][a-z0-9_]{0,49})"
)
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")

WAITING = frozenset({"ask", "ask_choice", "wait_answer", "delay"})
"""Types at which a flow waits, for somebody or for time."""
SENDING = frozenset({"send_text", "send_file", "send_template", "ask", "ask_choice"})
"""Types with which a message goes to the customer."""
TAKEN_NAMES = frozenset({"contact", "secret", "system"})
"""Names of variables that no flow saves anything under."""
ENDING = frozenset({"run_flow", "transfer", "queue", "close"})
"""Types with which a flow has ended: nothing follows."""


@dataclass(frozen=True)
class Step:
    """`fields` as they were given, without what was null; `targets`: the steps that it leads to, each with its pointer
    within the step."""

    id: str
    type: str
    fields: Mapping[str, Any]
    targets: tuple[tuple[str, str], ...]

    @property
    def next(self) -> str | None:
        """Where it goes on; None: the flow ends there."""
        found: str | None = self.fields.get("step" if self.type == "goto" else "next")
        return found


@dataclass(frozen=True)
class Definition:
    """`start`: the first step's id."""

    start: str
    steps: Mapping[str, Step]


class _Wrong(ValueError):
    """What a field does not take; its text says what it takes. `pointer`: from the field on."""

    def __init__(self, detail: str, code: str = "invalid", pointer: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.pointer = pointer


_Check = Callable[[Any], None]


def definition(start: Any, steps: Any) -> Definition:
    """A draft. Raises Invalid with a pointer to each thing that is wrong in the shape of its steps."""
    errors = list[FieldError]()
    if not isinstance(steps, Mapping):
        raise Invalid.field("/steps", "invalid", "Give the steps as an object: {id: step}.")
    if len(steps) > MAX_STEPS:
        raise Invalid.field("/steps", "too_many", f"A flow has at most {MAX_STEPS} steps.")
    made = {step_id: _step(step_id, given, errors) for step_id, given in steps.items()}
    if not isinstance(start, str):
        errors.append(FieldError("/start", "invalid", "Give the id of the first step."))
    if errors:
        raise Invalid(errors[0].detail, errors=errors[:50])
    return Definition(start, {step_id: step for step_id, step in made.items() if step is not None})


def fields_of_steps() -> dict[str, dict[str, bool]]:
    """By type the fields of a step, each with whether it is needed."""
    return {kind: {name: needed for name, (_, needed) in rules.items()} for kind, rules in _FIELDS.items()}


def _step(step_id: Any, given: Any, errors: list[FieldError]) -> Step | None:
    pointer = f"/steps/{str(step_id).replace('~', '~0').replace('/', '~1')[:80]}"
    before = len(errors)
    if not isinstance(step_id, str) or not STEP_ID.fullmatch(step_id):
        errors.append(FieldError(pointer, "invalid", "A step's id has 1 to 64 letters, digits, _ and -."))
    if not isinstance(given, Mapping):
        errors.append(FieldError(pointer, "invalid", "Give a step as an object with a type."))
        return None
    kind = given.get("type")
    rules = _FIELDS.get(kind) if isinstance(kind, str) else None
    if rules is None:
        detail = "A type is one of " + ", ".join(_FIELDS) + "."
        errors.append(FieldError(f"{pointer}/type", "unknown_type", detail))
        return None
    fields = {name: value for name, value in given.items() if name != "type" and value is not None}
    _check_fields(str(kind), rules, fields, pointer, errors)
    if len(errors) > before:
        return None
    return Step(step_id, str(kind), fields, tuple(_targets(fields)))


def _check_fields(
    kind: str, rules: Mapping[str, tuple[_Check, bool]], fields: Mapping[str, Any], pointer: str,
    errors: list[FieldError],
) -> None:  # fmt: skip
    for name in fields:
        if name not in rules:
            errors.append(FieldError(f"{pointer}/{name}", "unknown_field", f"A step {kind!r} has no such field."))
    for name, (check, needed) in rules.items():
        if name not in fields:
            if needed:
                errors.append(FieldError(f"{pointer}/{name}", "required", "This is needed."))
            continue
        try:
            check(fields[name])
        except _Wrong as wrong:
            errors.append(FieldError(f"{pointer}/{name}{wrong.pointer}", wrong.code, str(wrong)))
    detail = "A secret stands in the headers, the body or the query of an HTTP step, nowhere else."
    errors += [FieldError(pointer + at, "secret_not_here", detail) for at in misplaced(kind, fields)]
    if kind == "transfer" and len(set(fields) & {"department_id", "agent_id"}) != 1:
        errors.append(FieldError(pointer, "invalid", "Transfer to a department_id or to an agent_id."))


def _targets(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("next", "step", "then", "else", "on_timeout", "on_invalid", "on_error"):
        if name in fields:
            yield fields[name], f"/{name}"
    for index, option in enumerate(fields.get("options", ())):
        yield option["next"], f"/options/{index}/next"


# -- what each field takes -----------------------------------------------------------------------------------------


def _text(most: int = MAX_TEXT) -> _Check:
    def check(value: Any) -> None:
        if not isinstance(value, str) or not value.strip() or len(value) > most or "\x00" in value:
            raise _Wrong(f"Give a text of at most {most:,} characters.")

    return check


def _matching(pattern: re.Pattern[str], detail: str) -> _Check:
    def check(value: Any) -> None:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise _Wrong(detail)

    return check


def _one_of(values: Sequence[str]) -> _Check:
    def check(value: Any) -> None:
        if value not in values:
            raise _Wrong("Give one of " + ", ".join(values) + ".")

    return check


def _whole(least: int, most: int) -> _Check:
    def check(value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise _Wrong(f"Give a whole number from {least:,} to {most:,}.")

    return check


def _options(value: Any) -> None:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_OPTIONS:
        raise _Wrong(f"Give 1 to {MAX_OPTIONS} options.")
    for index, one in enumerate(value):
        if not isinstance(one, Mapping) or set(one) != {"label", "next"}:
            raise _Wrong("An option has a label and a next.", pointer=f"/{index}")
        for name, check in (("label", _text(72)), ("next", _STEP)):
            try:
                check(one[name])
            except _Wrong as wrong:
                raise _Wrong(str(wrong), wrong.code, f"/{index}/{name}") from None
    labels = [one["label"].strip().casefold() for one in value]
    if len(set(labels)) < len(labels):
        raise _Wrong("No two options have the same label.", "repeated")


def _opener(value: Any) -> None:
    """As long as every channel takes it."""
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_OPENER or not value.isprintable():
        raise _Wrong(f"Give one line of at most {MAX_OPENER} characters.")


def _headers(value: Any) -> None:
    if not isinstance(value, Mapping) or len(value) > MAX_HEADERS:
        raise _Wrong(f"Give headers as an object, at most {MAX_HEADERS}.")
    seen = set[str]()
    for name, text in value.items():
        if not isinstance(name, str) or not _HEADER.fullmatch(name) or not isinstance(text, str) or len(text) > 1_000:
            raise _Wrong("A header has a name and a text of at most 1,000 characters.")
        pointer = "/" + name.replace("~", "~0")
        if not text.isprintable():
            raise _Wrong("A header's text is one line.", pointer=pointer)
        if is_forbidden(name):
            raise _Wrong("This header is not for a flow to give.", "forbidden_header", pointer)
        if name.lower() in seen:
            raise _Wrong("This header is given twice.", "repeated", pointer)
        seen.add(name.lower())


def _address(value: Any) -> None:
    if (
        not isinstance(value, str)
        or len(value) > 2_000
        or not (value.isprintable() and ADDRESS.fullmatch(tidied(value)))
    ):
        raise _Wrong(
            "An address begins with https:// or http:// and a host, without a name or password, and has at most 2,000 "
            "characters; variables stand in its path or query."
        )


def _filter(value: Any) -> None:
    """That it is a filter the publishing service checks, which knows the account's fields."""
    if not isinstance(value, Mapping):
        raise _Wrong("Give a filter as an object.")


def _template(value: Any) -> None:
    if not isinstance(value, Mapping) or not {"name", "language"} <= set(value) <= {"name", "language", "variables"}:
        raise _Wrong("A template has a name, a language, and variables where it needs them.")
    for name in ("name", "language"):
        if not isinstance(value[name], str) or not 1 <= len(value[name]) <= 512:
            raise _Wrong("Give a text.", pointer=f"/{name}")
    variables = value.get("variables") or []
    texts = variables.values() if isinstance(variables, Mapping) else variables
    if not isinstance(variables, Mapping | list) or not all(
        isinstance(one, str) and len(one) <= 1_024 for one in texts
    ):
        raise _Wrong("Give variables as a list of texts, or by their names.", pointer="/variables")


_VARIABLE_NAME = _matching(VARIABLE, "A variable's name has small letters, digits and _, at most 50, a letter first.")


def _save_as(value: Any) -> None:
    _VARIABLE_NAME(value)
    if value in TAKEN_NAMES:
        raise _Wrong("This name stands for what Recado knows: save the value under another.", "reserved")


_STEP = _matching(STEP_ID, "Give the id of a step.")
_ID = _text(64)
_TIMEOUT = _whole(10, MAX_TIMEOUT_S)
_ON = {"next": (_STEP, False)}
_ON_ERROR = {"on_error": (_STEP, False)}

_FIELDS: Mapping[str, Mapping[str, tuple[_Check, bool]]] = {
    "send_text": {"text": (_text(), True), **_ON, **_ON_ERROR},
    "send_file": {"file_id": (_ID, True), "text": (_text(1_024), False), **_ON, **_ON_ERROR},
    "send_template": {"template": (_template, True), **_ON, **_ON_ERROR},
    "ask_choice": {
        "text": (_text(1_024), True),
        "options": (_options, True),
        "button_text": (_opener, False),
        "timeout_s": (_TIMEOUT, False),
        "on_timeout": (_STEP, False),
        "retries": (_whole(0, MAX_RETRIES), False),
        "on_invalid": (_STEP, False),
        "save_as": (_save_as, False),
        **_ON_ERROR,
    },
    "ask": {
        "text": (_text(), True),
        "validate": (_one_of(VALIDATIONS), False),
        "save_as": (_save_as, True),
        "retries": (_whole(0, MAX_RETRIES), False),
        "on_invalid": (_STEP, False),
        "timeout_s": (_TIMEOUT, False),
        "on_timeout": (_STEP, False),
        **_ON,
        **_ON_ERROR,
    },
    "wait_answer": {
        "options": (_options, False),
        "save_as": (_save_as, False),
        "timeout_s": (_TIMEOUT, False),
        "on_timeout": (_STEP, False),
        **_ON,
    },
    "condition": {"filter": (_filter, True), "then": (_STEP, False), "else": (_STEP, False), **_ON_ERROR},
    "set_field": {
        "field": (_matching(FIELD, "Give a field of the contact, or custom.<slug>."), True),
        "value": (_text(), True),
        **_ON,
        **_ON_ERROR,
    },
    "http": {
        "method": (_one_of(METHODS), True),
        "url": (_address, True),
        "headers": (_headers, False),
        "body": (_text(20_000), False),
        "save_as": (_save_as, False),
        **_ON,
        **_ON_ERROR,
    },
    "delay": {"seconds": (_whole(1, MAX_DELAY_S), True), **_ON},
    "goto": {"step": (_STEP, True)},
    "run_flow": {"flow_id": (_ID, True)},
    "transfer": {"department_id": (_ID, False), "agent_id": (_ID, False), "text": (_text(), False), **_ON_ERROR},
    "queue": {"department_id": (_ID, False), "text": (_text(), False)},
    "workflow_step": {"step_id": (_ID, True), **_ON},
    "tabulate": {"tabulation_id": (_ID, True), **_ON},
    "close": {"tabulation_id": (_ID, False)},
}
