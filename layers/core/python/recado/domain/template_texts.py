"""The variables of a template: where they stand, which values a send gives them, the text that comes of it. Pure.

Values are given as a list in the order header, body, buttons; or as a map: by the variables' names, or by the lists
`header`, `body` and `buttons`. A button's variable is the end of its address or its code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from recado.domain.errors import FieldError
from recado.domain.messages import ButtonValue, TemplateParts, TextValue
from recado.domain.templates import Components

VARIABLE = re.compile(r"\{\{([^{}]*)\}\}")
MAX_BODY = 1024
_BLANKS = re.compile(r"[\n\r\t]| {5}")
_POINTER = "/template/variables"
_GROUPS = ("header", "body", "buttons")
Place = Literal["header", "body", "buttons"]


class Slot(NamedTuple):
    """A variable: `name` is its number or name; of a button, its number within the buttons, from 0."""

    place: Place
    name: str
    kind: str = "text"

    @property
    def label(self) -> str:
        """How people call it."""
        return f"button {int(self.name) + 1}" if self.place == "buttons" else f"{self.place} {{{{{self.name}}}}}"


class Filled(NamedTuple):
    """A template with its values: the text that is shown, and what the provider is told."""

    text: str
    parts: TemplateParts


def variables_in(text: str) -> list[str]:
    """The names or numbers of the variables of a text, each once, in order."""
    return list(dict.fromkeys(name.strip() for name in VARIABLE.findall(text)))


def slots(components: Components) -> list[Slot]:
    """The variables of a template in the order in which a list gives their values."""
    found = [
        Slot(place, name)
        for place in ("header", "body")
        for one in components
        if str(one.get("type", "")).lower() == place
        for name in _of_text(place, one)
    ]
    for one in components:
        if one.get("type") == "BUTTONS":
            buttons = one.get("buttons")
            found += _of_buttons(buttons if isinstance(buttons, list) else [])
    return found


def _of_text(place: str, component: Mapping[str, Any]) -> list[str]:
    text = component.get("text")
    if not isinstance(text, str):
        return ["1"] if place == "body" else []  # of one-time codes, whose text is the provider's
    return [] if place == "header" and component.get("format") != "TEXT" else variables_in(text)


def _of_buttons(buttons: Sequence[Any]) -> list[Slot]:
    found = []
    for number, button in enumerate(buttons):
        kind = button.get("type") if isinstance(button, Mapping) else None
        if (kind == "URL" and variables_in(str(button.get("url", "")))) or kind == "OTP":
            found.append(Slot("buttons", str(number), "url"))
        elif kind == "COPY_CODE":
            found.append(Slot("buttons", str(number), "copy_code"))
    return found


def media_header(components: Components) -> str | None:
    """The format of a header that is no text: a send would have to bring a file or a place."""
    formats = (one.get("format") for one in components if one.get("type") == "HEADER")
    return next((str(one) for one in formats if one not in (None, "TEXT")), None)


def fill(components: Components, variables: Sequence[str] | Mapping[str, Any]) -> Filled | list[FieldError]:
    """The template with its values, or what is wrong with them."""
    wanted = slots(components)
    if isinstance(variables, Mapping):
        values, errors = _from_map(wanted, variables)
    else:
        values, errors = dict(zip(wanted, variables, strict=False)), []
        if len(variables) > len(wanted):
            errors.append(_error("too_many_variables", f"The template has {len(wanted)} variables."))
    missing = [slot for slot in wanted if not str(values.get(slot, "")).strip()]
    if missing:
        names = ", ".join(slot.label for slot in missing)
        errors.insert(0, _error("missing_variables", f"These variables have no value: {names}."))
    errors += [
        _error("invalid_value", f"The value of {slot.label} has a line break, a tab or five blanks in a row.")
        for slot, value in values.items()
        if _BLANKS.search(value)
    ]
    if errors:
        return errors
    filled = Filled(_text(components, values), _parts(wanted, values))
    if len(_part(components, "BODY", values)) > MAX_BODY:
        return [_error("text_too_long", f"With these values the text has over {MAX_BODY} characters.")]
    return filled


def _from_map(wanted: Sequence[Slot], given: Mapping[str, Any]) -> tuple[dict[Slot, str], list[FieldError]]:
    values: dict[Slot, str] = {}
    unknown: list[str] = []
    for name, value in given.items():
        if isinstance(value, str):
            named = [slot for slot in wanted if slot.place != "buttons" and slot.name == name]
            values |= dict.fromkeys(named, value)
            fits = bool(named)
        else:
            of_place = [slot for slot in wanted if slot.place == name]
            values |= dict(zip(of_place, value, strict=False))
            fits = name in _GROUPS and len(value) <= len(of_place)
        if not fits:
            unknown.append(name[:100])
    if not unknown:
        return values, []
    return values, [_error("unknown_variables", f"The template has no such variables: {', '.join(unknown)}.")]


def _text(components: Components, values: Mapping[Slot, str]) -> str:
    shown = (_part(components, kind, values) for kind in ("HEADER", "BODY", "FOOTER"))
    return "\n".join(one for one in shown if one)


def _part(components: Components, kind: str, values: Mapping[Slot, str]) -> str:
    """The text of a component with its values; of a one-time code, whose text is the provider's, the code."""
    component = next((one for one in components if one.get("type") == kind), None)
    if component is None:
        return ""
    place = kind.lower()
    of_place = {slot.name: value for slot, value in values.items() if slot.place == place}
    text = component.get("text")
    if not isinstance(text, str):
        return of_place.get("1", "")
    return VARIABLE.sub(lambda match: of_place.get(match[1].strip(), match[0]), text)


def _parts(wanted: Sequence[Slot], values: Mapping[Slot, str]) -> TemplateParts:
    def texts(place: str) -> tuple[TextValue, ...]:
        return tuple(
            TextValue(None if slot.name.isdigit() else slot.name, values[slot])
            for slot in wanted
            if slot.place == place
        )

    buttons = (ButtonValue(int(one.name), one.kind, values[one]) for one in wanted if one.place == "buttons")
    return TemplateParts(texts("header"), texts("body"), tuple(buttons))


def _error(code: str, detail: str) -> FieldError:
    return FieldError(_POINTER, code, detail)
