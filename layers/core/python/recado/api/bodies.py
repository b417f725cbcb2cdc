"""Requests' bodies and queries as msgspec Structs, and msgspec's refusals as JSON pointers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from recado.domain.custom_fields import SLUG
from recado.domain.errors import FieldError, Invalid, TooLarge, WrongType
from recado.domain.shortcuts import SLUG as SHORTCUT_SLUG

MAX_BODY_BYTES = 1_000_000
MAX_DEPTH = 32

Text = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*(?!\n)$")
]
"""One line with something in it: names, titles."""
LongText = Annotated[str, Meta(max_length=10_000, pattern=r"^[^\x00]*$")]
"""Free text, possibly empty."""
PublicId = Annotated[str, Meta(max_length=64)]
"""An id in a body; that it is one of the caller's is for the service to check."""
Maybe = UnsetType
"""`field: str | Maybe = UNSET` is a field that a PATCH may leave out; `changes()` gives those that came."""

__all__ = [
    "UNSET",
    "Annotated",
    "Body",
    "LongText",
    "Maybe",
    "Meta",
    "PublicId",
    "Query",
    "Text",
    "changes",
    "parse_body",
    "parse_query",
]

_WRITTEN = {
    repr(pattern): said
    for said, patterns in (
        ("Give one line, without control characters.", (r"^[^\x00-\x1f\x7f]*$", r"^[^\x00-\x1f\x7f]*(?!\n)$")),
        ("Give one line with something in it.", (
            r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*(?!\n)$",
        )),
        ("Give a text with something in it.", (
            r"\S", r"^[^\x00]*[^\x00\s][^\x00]*$", r"^[^\x00]*[^\x00-\x20\x7f][^\x00]*\Z",
        )),
        ("Give a text without NUL characters.", (r"^[^\x00]*$",)),
        ("Give a slug: small letters, digits and _, at most 50, and a letter first.", (SLUG,)),
        ("Give a slug: small letters without accents, digits, - and _, at most 50, and a letter or digit first.", (
            SHORTCUT_SLUG,
        )),
    )
    for pattern in patterns
}  # fmt: skip
"""What people are told in place of a pattern, by the pattern as msgspec writes it."""
_S = TypeVar("_S", bound=msgspec.Struct)
_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?:key in )?\$(?P<path>.*)`)?$", re.S)
_FIELD = re.compile(r"^Object (?P<kind>missing required|contains unknown) field `(?P<name>.*)`$", re.S)
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"')


class Body(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Base of request bodies: unknown fields are refused. Fields with a default come last, or use `kw_only=True`.
    `one_of`: fields of which exactly one is given."""

    one_of: ClassVar[tuple[str, ...]] = ()


class Query(msgspec.Struct, frozen=True):
    """Base of query parameters: every field has a default; text is converted to the field's type. `limit` and `after`
    are not declared."""


class Nothing(Body, frozen=True):
    """A request without fields: no body, or `{}`."""


def changes(body: msgspec.Struct) -> dict[str, Any]:
    """The fields that the request gave, without those left out."""
    return {name: value for name in body.__struct_fields__ if (value := getattr(body, name)) is not UNSET}


def parse_body(raw: bytes, content_type: str | None, struct: type[_S]) -> _S:
    """The body as its Struct; no body counts as `{}`. Raises TooLarge, WrongType, Invalid with a pointer."""
    if len(raw) > MAX_BODY_BYTES:
        raise TooLarge(f"A body may have at most {MAX_BODY_BYTES:,} bytes.")
    if raw and content_type and content_type.partition(";")[0].strip().lower() != "application/json":
        raise WrongType("The body must be application/json.")
    if _too_deep(raw):
        raise Invalid(f"The JSON is nested more than {MAX_DEPTH} deep.", code="invalid_json")
    try:
        body: _S = _decoder(struct).decode(raw or b"{}")
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Invalid("The body is not valid JSON in UTF-8.", code="invalid_json") from None
    names = getattr(struct, "one_of", ())
    if names and sum(getattr(body, name) is not None for name in names) != 1:
        detail = f"Give exactly one of {', '.join(names)}."
        raise Invalid(detail, errors=[FieldError(f"/{name}", "one_of", detail) for name in names])
    return body


def parse_query(given: Mapping[str, str], struct: type[_S]) -> _S:
    """The query as its Struct. Raises Invalid with the pointer `?name`."""
    known = {name: value for name, value in given.items() if name in struct.__struct_encode_fields__}
    try:
        return msgspec.convert(known, struct, strict=False)
    except msgspec.ValidationError as error:
        refused = _refusal(str(error)).errors[0]
        raise Invalid.field("?" + refused.pointer.removeprefix("/"), refused.code, refused.detail) from None


@cache
def _decoder(struct: type[_S]) -> msgspec.json.Decoder[_S]:
    return msgspec.json.Decoder(struct)


def _too_deep(raw: bytes) -> bool:
    if raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH:
        return False
    depth = 0
    for sign in _STRINGS.sub(b"", raw):
        if sign in b"{[":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif sign in b"}]":
            depth -= 1
    return False


def _refusal(message: str) -> Invalid:
    """msgspec's sentence (``Expected `int` >= 1 - at `$.a[0].b` ``) as a field error with the pointer ``/a/0/b``."""
    found = _AT.match(message)
    what, path = (found["what"], found["path"] or "") if found else (message, "")
    pointer = "".join(f"/{_escape(step)}" for step in _steps(path))
    field = _FIELD.match(what)
    written = _WRITTEN.get(what.partition(" matching regex ")[2])
    if written is not None:
        return Invalid.field(pointer, "invalid", written)
    if field is None:
        return Invalid.field(pointer, "wrong_type" if ", got " in what else "invalid", what.replace("`", "") + ".")
    pointer += "/" + _escape(field["name"])
    if field["kind"] == "missing required":
        return Invalid.field(pointer, "required", "This field is needed.")
    return Invalid.field(pointer, "unknown_field", "There is no such field.")


def _steps(path: str) -> list[str]:
    """The steps of a msgspec path; a map's value is named `[...]` there, so the pointer ends at its map."""
    return [step for step in re.split(r"[.\[\]]+", path.partition("[...]")[0]) if step]


def _escape(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
