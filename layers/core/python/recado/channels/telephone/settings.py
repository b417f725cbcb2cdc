"""How a telephone channel takes calls: its menu, how long callers wait, whether calls are recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recado.domain.calls import DEFAULT_WAIT_S, CallPlan, MenuOption
from recado.domain.errors import FieldError

LANGUAGES = ("pt-BR", "en-US")
DIGITS = "0123456789*#"
MIN_WAIT_S, MAX_WAIT_S = 10, 600
MAX_GREETING, MAX_LABEL = 1_000, 100
_MENU = frozenset({"greeting", "options", "language"})
_OPTION = frozenset({"digit", "label", "department_id"})


def plan_of(settings: Mapping[str, Any]) -> CallPlan:
    """The plan of settings that are valid."""
    menu = settings.get("menu") or {}
    options = tuple(MenuOption(one["digit"], one["label"], one["department_id"]) for one in menu.get("options") or ())
    return CallPlan(
        language=menu.get("language") or LANGUAGES[0],
        greeting=menu.get("greeting"),
        options=options,
        wait_s=settings.get("wait_s") or DEFAULT_WAIT_S,
        record=bool(settings.get("record")),
    )


def wrong_wait(value: Any) -> tuple[FieldError, ...]:
    """What is wrong with `wait_s`."""
    if isinstance(value, int) and not isinstance(value, bool) and MIN_WAIT_S <= value <= MAX_WAIT_S:
        return ()
    return (FieldError("", "invalid", f"It must be a whole number of seconds, {MIN_WAIT_S} to {MAX_WAIT_S}."),)


def wrong_record(value: Any) -> tuple[FieldError, ...]:
    """What is wrong with `record`."""
    return () if isinstance(value, bool) else (FieldError("", "invalid", "It must be true or false."),)


def wrong_menu(value: Any) -> tuple[FieldError, ...]:
    """What is wrong with `menu`: {greeting?, language?, options?: [{digit, label, department_id}]}."""
    if not isinstance(value, dict):
        return (FieldError("", "invalid", "It must be an object with greeting, language and options."),)
    errors = [FieldError(f"/{_step(name)}", "invalid", "A menu has no such field.") for name in value.keys() - _MENU]
    if "greeting" in value and not _is_said(value["greeting"], MAX_GREETING):
        errors.append(FieldError("/greeting", "invalid", f"It must be a text of at most {MAX_GREETING} characters."))
    if "language" in value and value["language"] not in LANGUAGES:
        errors.append(FieldError("/language", "invalid", f"Languages are {' and '.join(LANGUAGES)}."))
    options = value.get("options", [])
    if not isinstance(options, list) or len(options) > len(DIGITS):
        return (*errors, FieldError("/options", "invalid", f"It must be a list of at most {len(DIGITS)} options."))
    taken: set[str] = set()
    for at, option in enumerate(options):
        errors += _wrong_option(f"/options/{at}", option, taken)
    return tuple(errors)


def _wrong_option(at: str, option: Any, taken: set[str]) -> list[FieldError]:
    if not isinstance(option, dict):
        return [FieldError(at, "invalid", "It must be an object with digit, label and department_id.")]
    errors = [
        FieldError(f"{at}/{_step(name)}", "invalid", "An option has no such field.") for name in option.keys() - _OPTION
    ]
    digit = option.get("digit")
    if not isinstance(digit, str) or len(digit) != 1 or digit not in DIGITS:
        errors.append(FieldError(f"{at}/digit", "invalid", "It must be one key of a telephone."))
    elif digit in taken:
        errors.append(FieldError(f"{at}/digit", "taken", "Another option has this key."))
    else:
        taken.add(digit)
    if not _is_said(option.get("label"), MAX_LABEL):
        errors.append(FieldError(f"{at}/label", "invalid", f"It must be a text of at most {MAX_LABEL} characters."))
    if not isinstance(option.get("department_id"), str):
        errors.append(FieldError(f"{at}/department_id", "invalid", "It must be the id of a department."))
    return errors


def _is_said(value: Any, most: int) -> bool:
    """Whether a value is a text that can be said."""
    return isinstance(value, str) and bool(value.strip()) and len(value) <= most and value.isprintable()


def _step(name: Any) -> str:
    return str(name)[:100].replace("~", "~0").replace("/", "~1")
