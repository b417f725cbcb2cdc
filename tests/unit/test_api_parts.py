"""Cursors, bodies and pointers, the OpenAPI description."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from recado.api import contacts, cursors, custom_fields, groups
from recado.api.bodies import UNSET, Body, Maybe, Meta, Query, changes, parse_body, parse_query
from recado.api.openapi import document
from recado.api.resources import routes
from recado.domain.errors import DomainError, Invalid


@given(st.text(max_size=120) | st.lists(st.text(max_size=40), max_size=5) | st.integers(-(2**53), 2**53))
def test_a_cursor_comes_back_as_it_went(value: Any) -> None:
    assert cursors.decode(cursors.encode(value, "acctaaaa", "/v1/a"), "acctaaaa", "/v1/a", Any) == value


@given(st.text())
def test_any_text_as_a_cursor_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        cursors.decode(text, "acctaaaa", "/v1/a", str)
    assert refused.value.errors[0].pointer == "?after"


def test_a_cursor_of_another_account_route_or_type_is_refused() -> None:
    cursor = cursors.encode("x", "acctaaaa", "/v1/a")
    for account, path, kind in (("acctbbbb", "/v1/a", str), ("acctaaaa", "/v1/b", str), ("acctaaaa", "/v1/a", int)):
        with pytest.raises(Invalid):
            cursors.decode(cursor, account, path, kind)


class Item(Body, frozen=True):
    count: int = 0


class Everything(Body, frozen=True):
    items: list[Item] = msgspec.field(default_factory=list)
    map: dict[str, Item] = msgspec.field(default_factory=dict)
    name: Annotated[str, Meta(min_length=2)] | Maybe = UNSET
    maybe: int | Maybe | None = UNSET


@pytest.mark.parametrize(
    ("raw", "pointer", "code"),
    [
        ('{"items": [{}, {"count": "x"}]}', "/items/1/count", "wrong_type"),
        ('{"items": [{"other": 1}]}', "/items/0/other", "unknown_field"),
        ('{"map": {"a": {"count": "x"}}}', "/map", "wrong_type"),
        ('{"name": "x"}', "/name", "invalid"),
        ("[]", "", "wrong_type"),
        ('"x"', "", "wrong_type"),
    ],
)
def test_pointers(raw: str, pointer: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_body(raw.encode(), "application/json", Everything)
    (error,) = refused.value.errors
    assert (error.pointer, error.code) == (pointer, code)


@pytest.mark.parametrize(
    ("body", "raw", "said"),
    [
        (groups.NewGroup, {"name": "a\nb"}, "Give one line with something in it."),
        (contacts.ContactFields, {"name": "a\nb"}, "Give one line, without control characters."),
        (contacts.ContactFields, {"notes": "a\0"}, "Give a text without NUL characters."),
        (contacts.NewComment, {"text": " \n"}, "Give a text with something in it."),
        (
            custom_fields.NewCustomField,
            {"slug": "Cor", "label": "Cor", "table": "contacts", "type": "text"},
            "Give a slug: small letters, digits and _, at most 50, and a letter first.",
        ),
    ],
)
def test_what_is_written_otherwise_is_told_in_words(body: Any, raw: Any, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_body(json.dumps(raw).encode(), "application/json", body)
    assert [error.detail for error in refused.value.errors] == [said]


@given(st.binary(max_size=200) | st.from_regex(rb'[\[\]{}":,\\a-z0-9 ]*'))
def test_any_bytes_are_a_body_or_a_refusal(raw: bytes) -> None:
    try:
        assert isinstance(parse_body(raw, None, Everything), Everything)
    except DomainError as refused:
        assert refused.status == 400


def test_changes_are_what_was_sent() -> None:
    assert changes(parse_body(b'{"maybe": null}', None, Everything)) == {"items": [], "map": {}, "maybe": None}


class Filter(Query, frozen=True):
    state: Literal["open", "closed"] | None = None
    count: int = 1


def test_a_query_is_read_by_its_types() -> None:
    assert parse_query({"state": "open", "count": "5", "other": "x"}, Filter) == Filter("open", 5)
    for given_query, name in (({"state": "x"}, "state"), ({"count": "x"}, "count"), ({"count": "1.5"}, "count")):
        with pytest.raises(Invalid) as refused:
            parse_query(given_query, Filter)
        assert refused.value.errors[0].pointer == f"?{name}"


def test_the_description_tells_every_route_in_valid_schemas() -> None:
    described = document()
    assert {(path, method.upper()) for path, methods in described["paths"].items() for method in methods} == {
        (route.path, route.method) for route in routes()
    }
    Draft202012Validator.check_schema({"$defs": described["components"]["schemas"]})
    names = set(re.findall(r"#/components/schemas/([^\"']+)", str(described)))
    assert names <= described["components"]["schemas"].keys()
    operations = [one for methods in described["paths"].values() for one in methods.values()]
    ids = [one["operationId"] for one in operations]
    assert len(ids) == len(set(ids)), "two operations of one name"
    create = described["paths"]["/v1/users"]["post"]
    assert create["requestBody"]["required"] and "Idempotency-Key" in [one["name"] for one in create["parameters"]]
    assert described["paths"]["/v1/sessions"]["post"].get("security") is None
