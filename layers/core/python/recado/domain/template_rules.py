"""What a template may be made of, checked before it is submitted. Pure: the numbers are the provider's, given as
`TemplateLimits` by its adapter. Every error points into the request: `/components/2/buttons/0/text`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from recado.domain.errors import FieldError
from recado.domain.file_limits import MediaLimit
from recado.domain.template_texts import VARIABLE, variables_in

NAME = re.compile(r"[a-z0-9_]{1,512}", re.ASCII)
CATEGORIES = ("MARKETING", "UTILITY", "AUTHENTICATION")
_ADJACENT = re.compile(r"\}\}\s*\{\{")
_NAMED = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)
_PHONE = re.compile(r"\+?[0-9]{3,20}", re.ASCII)
_URL = re.compile(r"https?://[^\s{}]+(\{\{1\}\})?")
_TYPES = ("HEADER", "BODY", "FOOTER", "BUTTONS")


@dataclass(frozen=True)
class TemplateLimits:
    """A provider's limits, in characters unless said otherwise. `of_button`: how many of each type of button."""

    languages: frozenset[str]
    header: int
    body: int
    footer: int
    buttons: int
    button_text: int
    url: int
    phone: int
    code: int
    of_button: Mapping[str, int]
    media_formats: Mapping[str, MediaLimit]
    """Formats of a header that shows a file, and what its example may be."""
    code_minutes: int
    """For how long a one-time code may be said to hold, in minutes."""
    examples: int = 1024
    plain_formats: frozenset[str] = field(default_factory=lambda: frozenset({"LOCATION"}))
    """Formats of a header that need no example."""


class ExampleFile(NamedTuple):
    """A file of ours that a header of this format gives as its example. `pointer`: where it is named."""

    pointer: str
    form: str
    file_id: str


class _Errors(list[FieldError]):
    def add(self, pointer: str, code: str, detail: str) -> None:
        self.append(FieldError(pointer, code, detail))


def check_names(name: str, language: str, category: str, limits: TemplateLimits) -> list[FieldError]:
    """What is wrong with a template's name, language and category."""
    errors = _Errors()
    if not NAME.fullmatch(name):
        errors.add("/name", "invalid", "A name has 1 to 512 lower-case letters, digits and underscores.")
    if language not in limits.languages:
        errors.add("/language", "unknown_language", "The provider has no such language for templates.")
    if category not in CATEGORIES:
        errors.add("/category", "invalid", f"A category is one of {', '.join(CATEGORIES)}.")
    return errors


def check_components(category: str, components: Sequence[Any], limits: TemplateLimits) -> list[FieldError]:
    """What is wrong with the components of a template of this category."""
    errors = _Errors()
    seen: list[str] = []
    for number, component in enumerate(components):
        pointer = f"/components/{number}"
        kind = component.get("type") if isinstance(component, Mapping) else None
        if kind not in _TYPES:
            errors.add(f"{pointer}/type", "invalid", f"A component is one of {', '.join(_TYPES)}.")
        elif kind in seen:
            errors.add(pointer, "duplicate", f"A template has one {kind} at most.")
        else:
            seen.append(str(kind))
            check = _CODE_CHECKS if category == "AUTHENTICATION" else _CHECKS
            check[str(kind)](component, pointer, limits, errors)
    if "BODY" not in seen:
        errors.add("/components", "body_required", "A template needs a BODY.")
    if category == "AUTHENTICATION" and "BUTTONS" not in seen:
        errors.add("/components", "buttons_required", "A one-time code needs its button.")
    if not errors:
        _check_naming(components, errors)
    return errors


def example_file(components: Sequence[Mapping[str, Any]]) -> ExampleFile | None:
    """The file that checked components name as an example; a template has one header, so one file at most."""
    for number, one in enumerate(components):
        example = one.get("example") if one.get("type") == "HEADER" else None
        if isinstance(example, Mapping) and "file_id" in example:
            return ExampleFile(f"/components/{number}/example/file_id", str(one["format"]), str(example["file_id"]))
    return None


def naming(components: Sequence[Mapping[str, Any]]) -> str:
    """POSITIONAL or NAMED: how the variables of header and body are called."""
    names = [name for one in components for name in variables_in(str(one.get("text", "")))]
    return "NAMED" if any(not name.isdigit() for name in names) else "POSITIONAL"


def _check_naming(components: Sequence[Mapping[str, Any]], errors: _Errors) -> None:
    names = [name for one in components for name in variables_in(str(one.get("text", "")))]
    if len({name.isdigit() for name in names}) > 1:
        errors.add("/components", "mixed_variables", "Variables are either all numbered or all named.")


def _only(component: Mapping[str, Any], pointer: str, known: str, errors: _Errors) -> None:
    for name in component:
        if name not in known.split():
            step = str(name)[:100].replace("~", "~0").replace("/", "~1")
            errors.add(f"{pointer}/{step}", "unknown_field", "There is no such field here.")


def _text(component: Mapping[str, Any], pointer: str, limit: int, errors: _Errors) -> str | None:
    """The text of a component, within its limit; None after an error."""
    text = component.get("text")
    if not isinstance(text, str) or not text.strip():
        errors.add(f"{pointer}/text", "required", "A text is needed.")
    elif len(text) > limit:
        errors.add(f"{pointer}/text", "text_too_long", f"At most {limit} characters.")
    elif any(ord(sign) < 32 and sign != "\n" for sign in text):
        errors.add(f"{pointer}/text", "invalid", "No control characters.")
    else:
        return text
    return None


def _variables(text: str, pointer: str, errors: _Errors) -> list[str] | None:
    """The variables of a text; None after an error."""
    names = variables_in(text)
    left = VARIABLE.sub("", text)
    if "{{" in left or "}}" in left:
        errors.add(f"{pointer}/text", "malformed_variable", "A variable is written {{1}} or {{first_name}}.")
    elif any("{{" + name + "}}" not in text for name in names):
        errors.add(f"{pointer}/text", "malformed_variable", "A variable has no blanks between its braces.")
    elif all(name.isdigit() for name in names):
        if sorted(map(int, names)) != list(range(1, len(names) + 1)) or any(name.startswith("0") for name in names):
            errors.add(f"{pointer}/text", "variables_with_gaps", "Numbered variables are 1, 2, 3 … without gaps.")
        else:
            return names
    elif all(_NAMED.fullmatch(name) for name in names):
        return names
    elif any(name.isdigit() for name in names):
        errors.add(f"{pointer}/text", "mixed_variables", "Variables are either all numbered or all named.")
    else:
        detail = "A name of a variable has lower-case letters, digits and underscores."
        errors.add(f"{pointer}/text", "malformed_variable", detail)
    return None


def _examples(
    component: Mapping[str, Any], names: list[str], place: str, pointer: str, limits: TemplateLimits, errors: _Errors
) -> None:
    """Every variable needs an example: `header_text: ["…"]`, `body_text: [["…", …]]`, or by name
    `body_text_named_params: [{param_name, example}]`."""
    if not names:
        if component.get("example"):
            errors.add(f"{pointer}/example", "not_needed", "There are no variables to give examples of.")
        return
    example = component.get("example")
    given = example if isinstance(example, Mapping) else {}
    if names[0].isdigit():
        at = f"{pointer}/example/{place}_text"
        values = given.get(f"{place}_text")
        if place == "body":
            values = values[0] if isinstance(values, list) and len(values) == 1 else None
        fits = isinstance(values, list) and len(values) == len(names)
    else:
        at = f"{pointer}/example/{place}_text_named_params"
        pairs = given.get(f"{place}_text_named_params")
        pairs = [one for one in pairs if isinstance(one, Mapping)] if isinstance(pairs, list) else []
        values = [one.get("example") for one in pairs]
        fits = sorted(str(one.get("param_name")) for one in pairs) == sorted(names)
    if not fits or not all(isinstance(one, str) and 0 < len(one) <= limits.examples for one in values or ()):
        errors.add(at, "examples_required", f"One example is needed for each of {len(names)} variables.")


def _header(component: Mapping[str, Any], pointer: str, limits: TemplateLimits, errors: _Errors) -> None:
    form = component.get("format")
    shows = "" if form in limits.plain_formats else "example" if form in limits.media_formats else "text example"
    _only(component, pointer, f"type format {shows}", errors)
    if form == "TEXT":
        text = _text(component, pointer, limits.header, errors)
        if text is None:
            return
        if "\n" in text:
            errors.add(f"{pointer}/text", "line_break", "A header is one line.")
        names = _variables(text, pointer, errors)
        if names is not None and len(names) > 1:
            errors.add(f"{pointer}/text", "too_many_variables", "A header has one variable at most.")
        elif names is not None:
            _examples(component, names, "header", pointer, limits, errors)
    elif form in limits.media_formats:
        _media_example(component, pointer, errors)
    elif form not in limits.plain_formats:
        known = ", ".join(["TEXT", *sorted({*limits.media_formats, *limits.plain_formats})])
        errors.add(f"{pointer}/format", "invalid", f"A header's format is one of {known}.")


def _media_example(component: Mapping[str, Any], pointer: str, errors: _Errors) -> None:
    """A file of ours, or the handle under which one lies at the provider already."""
    example = component.get("example")
    given = example if isinstance(example, Mapping) else {}
    _only(given, f"{pointer}/example", "file_id header_handle", errors)
    if ("file_id" in given) == ("header_handle" in given):
        detail = "One example is needed: the file_id of an accepted file, or a header_handle of the provider's."
        errors.add(f"{pointer}/example", "examples_required", detail)
        return
    if "file_id" in given:
        if not isinstance(given["file_id"], str):
            errors.add(f"{pointer}/example/file_id", "wrong_type", "The id of a file.")
        return
    handles = given["header_handle"]
    if not isinstance(handles, list) or len(handles) != 1 or not isinstance(handles[0], str) or not handles[0]:
        errors.add(f"{pointer}/example/header_handle", "examples_required", "One handle of an example is needed.")


def _body(component: Mapping[str, Any], pointer: str, limits: TemplateLimits, errors: _Errors) -> None:
    _only(component, pointer, "type text example", errors)
    text = _text(component, pointer, limits.body, errors)
    names = _variables(text, pointer, errors) if text is not None else None
    if text is None or names is None:
        return
    bare = text.strip()
    if bare.startswith("{{") or bare.endswith("}}"):
        errors.add(f"{pointer}/text", "variable_at_edge", "The text neither begins nor ends with a variable.")
    elif _ADJACENT.search(text):
        errors.add(f"{pointer}/text", "adjacent_variables", "Between two variables there are words.")
    else:
        _examples(component, names, "body", pointer, limits, errors)


def _footer(component: Mapping[str, Any], pointer: str, limits: TemplateLimits, errors: _Errors) -> None:
    _only(component, pointer, "type text", errors)
    text = _text(component, pointer, limits.footer, errors)
    if text is not None and ("{{" in text or "}}" in text):
        errors.add(f"{pointer}/text", "too_many_variables", "A footer has no variables.")


def _listed(component: Mapping[str, Any], pointer: str, limits: TemplateLimits, errors: _Errors) -> list[Any]:
    _only(component, pointer, "type buttons", errors)
    buttons = component.get("buttons")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= limits.buttons:
        errors.add(f"{pointer}/buttons", "invalid", f"1 to {limits.buttons} buttons.")
        return []
    return buttons


def _buttons(component: Mapping[str, Any], pointer: str, limits: TemplateLimits, errors: _Errors) -> None:
    kinds: list[str] = []
    texts: list[str] = []
    for number, button in enumerate(_listed(component, pointer, limits, errors)):
        at = f"{pointer}/buttons/{number}"
        kind = button.get("type") if isinstance(button, Mapping) else None
        if kind not in limits.of_button:
            errors.add(f"{at}/type", "invalid", f"A button is one of {', '.join(sorted(limits.of_button))}.")
            continue
        kinds.append(str(kind))
        if kinds.count(str(kind)) > limits.of_button[str(kind)]:
            errors.add(at, "too_many_buttons", f"At most {limits.of_button[str(kind)]} buttons of type {kind}.")
        _BUTTONS[str(kind)](button, at, limits, errors)
        text = button.get("text")
        if isinstance(text, str) and text in texts:
            errors.add(f"{at}/text", "duplicate", "Another button has this text.")
        texts.append(str(text))
    replies = [kind == "QUICK_REPLY" for kind in kinds]
    if sum(now != before for before, now in pairwise(replies)) > 1:
        errors.add(
            f"{pointer}/buttons", "buttons_not_grouped", "Quick replies stand together, before or after the others."
        )


def _button_text(button: Mapping[str, Any], at: str, limits: TemplateLimits, errors: _Errors) -> None:
    text = _text(button, at, limits.button_text, errors)
    if text is not None and ("{{" in text or "}}" in text or "\n" in text):
        errors.add(f"{at}/text", "invalid", "A button's text is one line without variables.")


def _quick_reply(button: Mapping[str, Any], at: str, limits: TemplateLimits, errors: _Errors) -> None:
    _only(button, at, "type text", errors)
    _button_text(button, at, limits, errors)


def _url_button(button: Mapping[str, Any], at: str, limits: TemplateLimits, errors: _Errors) -> None:
    _only(button, at, "type text url example", errors)
    _button_text(button, at, limits, errors)
    url = button.get("url")
    if not isinstance(url, str) or len(url) > limits.url or not _URL.fullmatch(url):
        detail = f"A web address of at most {limits.url} characters; its one variable, {{{{1}}}}, stands at its end."
        errors.add(f"{at}/url", "invalid", detail)
        return
    examples = button.get("example")
    fits = isinstance(examples, list) and len(examples) == 1 and isinstance(examples[0], str) and bool(examples[0])
    if url.endswith("{{1}}") and not fits:
        errors.add(f"{at}/example", "examples_required", "An address with a variable needs one example.")
    elif not url.endswith("{{1}}") and examples:
        errors.add(f"{at}/example", "not_needed", "There are no variables to give examples of.")


def _phone_button(button: Mapping[str, Any], at: str, limits: TemplateLimits, errors: _Errors) -> None:
    _only(button, at, "type text phone_number", errors)
    _button_text(button, at, limits, errors)
    number = button.get("phone_number")
    if not isinstance(number, str) or len(number) > limits.phone or not _PHONE.fullmatch(number):
        errors.add(f"{at}/phone_number", "invalid", f"A telephone number of at most {limits.phone} characters.")


def _copy_code(button: Mapping[str, Any], at: str, limits: TemplateLimits, errors: _Errors) -> None:
    _only(button, at, "type example", errors)
    example = button.get("example")
    code = example[0] if isinstance(example, list) and len(example) == 1 else example
    if not isinstance(code, str) or not 0 < len(code) <= limits.code:
        errors.add(
            f"{at}/example", "examples_required", f"An example of the code, of at most {limits.code} characters."
        )


def _flow_button(button: Mapping[str, Any], at: str, limits: TemplateLimits, errors: _Errors) -> None:
    _only(button, at, "type text flow_id flow_name flow_json flow_action navigate_screen", errors)
    _button_text(button, at, limits, errors)
    named = [name for name in ("flow_id", "flow_name", "flow_json") if isinstance(button.get(name), str)]
    if len(named) != 1:
        errors.add(f"{at}/flow_id", "required", "Exactly one of flow_id, flow_name and flow_json is needed.")


def _code_header(component: Mapping[str, Any], pointer: str, limits: TemplateLimits, errors: _Errors) -> None:
    errors.add(pointer, "not_allowed", "A one-time code has no header.")


def _code_body(component: Mapping[str, Any], pointer: str, limits: TemplateLimits, errors: _Errors) -> None:
    _only(component, pointer, "type add_security_recommendation", errors)
    if not isinstance(component.get("add_security_recommendation", False), bool):
        errors.add(f"{pointer}/add_security_recommendation", "wrong_type", "true or false.")


def _code_footer(component: Mapping[str, Any], pointer: str, limits: TemplateLimits, errors: _Errors) -> None:
    _only(component, pointer, "type code_expiration_minutes", errors)
    minutes = component.get("code_expiration_minutes")
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not 1 <= minutes <= limits.code_minutes:
        errors.add(f"{pointer}/code_expiration_minutes", "invalid", f"1 to {limits.code_minutes} minutes.")


def _code_buttons(component: Mapping[str, Any], pointer: str, limits: TemplateLimits, errors: _Errors) -> None:
    buttons = _listed(component, pointer, limits, errors)
    if len(buttons) > 1:
        errors.add(f"{pointer}/buttons", "too_many_buttons", "A one-time code has one button.")
    for button in buttons[:1]:
        at = f"{pointer}/buttons/0"
        if not isinstance(button, Mapping) or button.get("type") != "OTP" or button.get("otp_type") != "COPY_CODE":
            errors.add(f"{at}/type", "invalid", "The button is of type OTP and otp_type COPY_CODE.")
            continue
        _only(button, at, "type otp_type text", errors)
        if "text" in button:
            _button_text(button, at, limits, errors)


_Check = Callable[[Mapping[str, Any], str, TemplateLimits, _Errors], None]
_CHECKS: dict[str, _Check] = {"HEADER": _header, "BODY": _body, "FOOTER": _footer, "BUTTONS": _buttons}
_CODE_CHECKS: dict[str, _Check] = {
    "HEADER": _code_header,
    "BODY": _code_body,
    "FOOTER": _code_footer,
    "BUTTONS": _code_buttons,
}
_BUTTONS: dict[str, _Check] = {
    "QUICK_REPLY": _quick_reply,
    "URL": _url_button,
    "PHONE_NUMBER": _phone_button,
    "COPY_CODE": _copy_code,
    "FLOW": _flow_button,
}
