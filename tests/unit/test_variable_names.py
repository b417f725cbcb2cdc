"""Variables in texts: what is put in, and what is told before it is (PRODUCT F2)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from recado.domain.contacts import Contact
from recado.domain.flow_definitions import Definition, definition
from recado.domain.flow_variables import filled, filled_url, names_in
from recado.domain.variable_names import (
    CONTACT,
    Unknown,
    names_of_nothing,
    saved_before,
    unsaved,
    wrong_in_steps,
    wrong_names,
)
from recado.services.views import contact_view


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("{{ contact . name }}", "Ana"),
        ("{{\ncontact.name\t}}", "Ana"),
        ("{{contact.name|upper}}", ""),
        ("{{contact name}}", ""),
        ("{{}}|{{ }}|{{.}}|{{contact.}}", "|||"),
        ("{{{contact.name}}}", "{Ana}"),
        ("{{cli.orders.1.total}} {{cli.orders.7.total}} {{cli.orders.-1}}", "20  "),
        ("{{cli.due-date}} {{cli.preço}}", "amanhã 3"),
        ("{{cli.orders.٠.total}}", ""),
        ('{"a": {"b": {}}}', '{"a": {"b": {}}}'),
    ],
)
def test_no_braces_are_read(text: str, read: str) -> None:
    orders = [{"total": 10}, {"total": 20}]
    values = {"contact": {"name": "Ana"}, "cli": {"orders": orders, "due-date": "amanhã", "preço": 3}}
    assert filled(text, values) == read
    assert filled_url(text, values, str) in (read, text)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Olá {{contact.name}}, {{contact.custom.cpf}} {{system.greeting}} {{x}} {{contact.first_name}}", []),
        ("{{contact.custom_fields.cpf}} {{contact.channels.whatsapp}} {{contact.organization}}", []),
        ("{{contact.name|upper}}", ["malformed_variable"]),
        ("{{contact.name}", ["malformed_variable"]),
        ("Olá {{", ["malformed_variable"]),
        ("{{contact.nome}} {{contact.custom.rg}}", ["unknown_variable", "unknown_variable"]),
        ("{{system.fila}}", ["unknown_variable"]),
        ("{{contact}} {{system}}", ["unknown_variable", "unknown_variable"]),
        ("{{contact.custom}}", ["unknown_variable"]),
        ('{"a": {"b": {}}}', []),
    ],
)
def test_what_can_never_be_known_is_wrong(text: str, codes: list[str]) -> None:
    assert [code for code, _ in wrong_names(text, {"cpf"})] == codes


def test_outside_of_flows_nothing_was_saved() -> None:
    found = names_of_nothing("{{x.y}} {{contact.name}} {{secret.key}}", ())
    assert [code for code, _ in found] == ["unknown_variable"] * 2 and "x.y" in found[0][1]


def test_each_name_of_a_contact_is_shown() -> None:
    now = datetime(2026, 3, 10, tzinfo=UTC)
    assert set(CONTACT) - {"first_name", "organization"} <= set(contact_view(Contact("ct_1", now, now), {}))


def flow(*saved: str, runs: str = "", **steps: Any) -> Definition:
    asks = {f"s{name}": {"type": "ask", "text": "?", "save_as": name} for name in saved}
    last = {"z": {"type": "run_flow", "flow_id": runs}} if runs else {}
    return definition("a", {**asks, **last, **steps})


def test_errors_point_at_the_text() -> None:
    drawn = flow(
        a={"type": "ask_choice", "text": "{{contact.nome}}", "options": [{"label": "{{contact.name}}", "next": "a"}]},
        b={"type": "send_template", "template": {"name": "x", "language": "pt", "variables": ["ok", "{{system.x}}"]}},
        c={"type": "http", "method": "GET", "url": "https://x/{{ cpf }}?q={{a|b}}", "headers": {"X": "{{contact.x}}"}},
        d={"type": "condition", "filter": {"all": [{"field": "name", "op": "eq", "value": "{{x}}"}]}},
    )
    assert [(pointer, code) for pointer, code, _ in wrong_in_steps(drawn, ())] == [
        ("/steps/a/text", "unknown_variable"),
        ("/steps/a/options/0/label", "no_variables_here"),
        ("/steps/b/template/variables/1", "unknown_variable"),
        ("/steps/c/url", "malformed_variable"),
        ("/steps/c/headers/X", "unknown_variable"),
        ("/steps/d/filter/all/0/value", "no_variables_here"),
    ]


def test_what_nothing_saves_is_told() -> None:
    drawn = flow("cpf", a={"type": "send_text", "text": "{{cpf}} {{nome.1}} {{contact.name}} {{plan}}"})
    assert unsaved(drawn) == [Unknown("/steps/a/text", "nome.1"), Unknown("/steps/a/text", "plan")]
    assert unsaved(drawn, {"nome", "plan"}) == []


def test_nobody_serves_a_chat_that_a_flow_leads() -> None:
    """But where it is given to an agent."""
    drawn = flow(
        a={"type": "send_text", "text": "{{system.agent}} {{system.department}}", "next": "b"},
        b={"type": "transfer", "agent_id": "us_1", "text": "{{system.agent}}"},
    )
    assert unsaved(drawn) == [Unknown("/steps/a/text", "system.agent")]


def test_what_is_saved_by_those_that_lead_to_a_flow() -> None:
    flows = {
        "x": flow("a"),
        "y": flow("b", runs="x"),
        "z": flow("c", runs="y"),
        "w": flow("d"),
        "v": flow("e", runs="z"),
    }
    assert saved_before("x", flows) == {"b", "c", "e"}
    assert saved_before("x", {**flows, "x": flow("a", runs="v")}) == {"a", "b", "c", "e"}, "round, with a wait"
    assert saved_before("v", flows) == set()


def test_names_are_told_as_they_are_looked_up() -> None:
    assert names_in("{{ contact . name }} {{contact.name}} {{a|b}}") == ["contact.name"]
