"""The variables of a template: where they stand, which values a send gives them, the text that comes of it. Pure.

Values are given as a list in the order header, body, buttons; or as a map: by the variables' names, or by the lists
`header`, `body` and `buttons`. A button's variable is the end of its address or its code. A header that shows a place
has four variables, LOCATION; in a map they are given by `header`, as a list or as a map.
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
LOCATION = {"latitude": 90, "longitude": 180, "name": None, "address": None}
"""The variables of a place, and how far from 0 a number may be."""
_DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,20})?", re.ASCII)
Place = Literal["header", "body", "buttons"]


class Slot(NamedTuple):
    """A variable: `name` is its number or name; of a button, its number within the buttons, from 0. `kind`: text,
    location, or what is done with that of a button."""

    place: Place
    name: str
    kind: str = "text"

    @property
    def label(self) -> str:
        """How people call it."""
        if self.kind == "location":
            return f"{self.place} {self.name}"
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
        Slot(place, name, "location" if one.get("format") == "LOCATION" else "text")
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
    if place == "header" and component.get("format") != "TEXT":
        return list(LOCATION) if component.get("format") == "LOCATION" else []
    text = component.get("text")
    if not isinstance(text, str):
        return ["1"] if place == "body" else []  # of one-time codes, whose text is the provider's
    return variables_in(text)


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
    """The format of a header that is neither text nor a place: a send has to bring a file."""
    formats = (one.get("format") for one in components if one.get("type") == "HEADER")
    return next((str(one) for one in formats if one not in (None, "TEXT", "LOCATION")), None)


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
        FieldError(
            _where(slot, wanted, variables), "invalid_value", f"The {slot.name} is a number of degrees, as -23.5."
        )
        for slot, value in values.items()
        if slot not in missing and not _is_in_range(slot, value)
    ]
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
    errors: list[FieldError] = []
    unknown: list[str] = []
    for name, value in given.items():
        if isinstance(value, str):
            named = [slot for slot in wanted if slot.kind == "text" and slot.name == name]
            values |= dict.fromkeys(named, value)
            fits = bool(named)
        elif isinstance(value, Mapping):
            place = {slot.name: slot for slot in wanted if slot.place == name and slot.kind == "location"}
            values |= {place[key]: text for key, text in value.items() if key in place}
            errors += [_not_of_place(name, key) for key in value if place and key not in place]
            fits = bool(place)
        else:
            of_place = [slot for slot in wanted if slot.place == name]
            values |= dict(zip(of_place, value, strict=False))
            fits = name in _GROUPS and len(value) <= len(of_place)
        if not fits:
            unknown.append(name[:100])
    if unknown:
        errors.append(_error("unknown_variables", f"The template has no such variables: {', '.join(unknown)}."))
    return values, errors


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
    if component.get("format") == "LOCATION":
        return f"{of_place['name']}\n{of_place['address']}"
    text = component.get("text")
    if not isinstance(text, str):
        return of_place.get("1", "")
    return VARIABLE.sub(lambda match: of_place.get(match[1].strip(), match[0]), text)


def _parts(wanted: Sequence[Slot], values: Mapping[Slot, str]) -> TemplateParts:
    def texts(place: str, kind: str = "text") -> tuple[TextValue, ...]:
        return tuple(
            TextValue(None if slot.name.isdigit() else slot.name, values[slot])
            for slot in wanted
            if (slot.place, slot.kind) == (place, kind)
        )

    buttons = (ButtonValue(int(one.name), one.kind, values[one]) for one in wanted if one.place == "buttons")
    return TemplateParts(texts("header"), texts("body"), tuple(buttons), texts("header", "location"))


def _is_in_range(slot: Slot, value: str) -> bool:
    most = LOCATION[slot.name] if slot.kind == "location" else None
    return most is None or (_DEGREES.fullmatch(value) is not None and abs(float(value)) <= most)


def _where(slot: Slot, wanted: Sequence[Slot], variables: Sequence[str] | Mapping[str, Any]) -> str:
    """The pointer to the value of a place's variable, by the way in which it was given."""
    if not isinstance(variables, Mapping):
        return f"{_POINTER}/{wanted.index(slot)}"
    of_place = [one for one in wanted if one.place == slot.place]
    step = slot.name if isinstance(variables[slot.place], Mapping) else of_place.index(slot)
    return f"{_POINTER}/{slot.place}/{step}"


def _not_of_place(group: str, key: str) -> FieldError:
    step = key[:100].replace("~", "~0").replace("/", "~1")
    return FieldError(f"{_POINTER}/{group}/{step}", "unknown_variables", f"A place has {', '.join(LOCATION)}.")


def _error(code: str, detail: str) -> FieldError:
    return FieldError(_POINTER, code, detail)
