"""Every field by every operator that it takes, through the API: which of three records each means (PRODUCT G3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from recado.domain.channels import Channel
from recado.domain.chats import Chat, Thread, ThreadKey
from recado.domain.custom_fields import FIELD_TYPES, CustomField
from recado.domain.segment_fields import OPERATORS, OPERATORS_OF, Field, fields_of
from recado.storage.channels import ChannelRecord
from recado.storage.chat_records import ChatRecord, ThreadRecord
from tests.api.conftest import Api, Company
from tests.api.test_chats import chat as chat
from tests.api.test_segments import PREVIEW, preview


@dataclass(frozen=True)
class Values:
    """What the first and the second record have of a field; the third has nothing, or, of a field that all have, the
    same as the second. `part`: of the first alone, which begins with `start`. In an order the second comes first;
    `between`: what is behind the first."""

    first: Any
    second: Any
    part: str = ""
    start: str = ""
    between: Any = None


Leaf = tuple[str, Any, str]
"""An operator, its value and who is meant: some of `1`, `2`, `3`."""


def leaves(known: Field, values: Values) -> Iterator[Leaf]:
    """Every operator that the field takes."""
    rest = "23"
    yield "eq", values.first, "1"
    yield "ne", values.first, rest
    yield "set", None, "123" if known.always else "12"
    yield "not_set", None, "" if known.always else "3"
    if "in" in OPERATORS_OF[known.kind]:
        yield "in", [values.first], "1"
        yield "in", [values.first, values.second], "123" if known.always and known.attribute != "id" else "12"
        yield "not_in", [values.first], rest
    if "contains" in OPERATORS_OF[known.kind]:
        yield "contains", values.part or values.first, "1"
        yield "not_contains", values.part or values.first, rest
    if "starts_with" in OPERATORS_OF[known.kind]:
        yield "starts_with", values.start, "1"
    if "gt" in OPERATORS_OF[known.kind]:
        yield from _ordered(values, rest if known.always else "2")
    if "on" in OPERATORS_OF[known.kind]:
        less = rest if known.always else "2"
        yield "on", values.first, "1"
        yield "before", values.first, less
        yield "after", values.second, "1"
        yield "within_last", {"n": 1, "unit": "days"}, "1"
        yield "older_than", {"n": 2, "unit": "days"}, less


def _ordered(values: Values, less: str) -> Iterator[Leaf]:
    both = "1" + less
    yield "gt", values.second, "1"
    yield "gte", values.first, "1"
    yield "gte", values.second, both
    yield "lt", values.first, less
    yield "lte", values.second, less
    yield "lte", values.first, both
    yield "between", [values.first, values.between or values.first], "1"
    yield "between", [values.second, values.first], both


def holds(
    api: Api, company: Company, table: str, fields: Mapping[str, Field], values: Mapping[str, Values], ids: list[str]
) -> int:
    """How many conditions were asked; each means whom it should, and an operator that is not the field's is refused."""
    asked = 0
    for name, known in fields.items():
        seen = set()
        for op, value, wanted in leaves(known, values[name]):
            seen.add(op)
            leaf = {"field": name, "op": op, **({} if value is None else {"value": value})}
            found = preview(api, company, table, leaf)
            meant = "".join(sorted(str(ids.index(one["id"]) + 1) for one in found["items"]))
            assert (meant, found["count"]) == (wanted, len(wanted)), leaf
            asked += 1
        assert seen == OPERATORS_OF[known.kind], name
        for op in set(OPERATORS) - seen:
            body = {"table": table, "filter": {"field": name, "op": op, "value": values[name].first}}
            answer = api.post(PREVIEW, body, token=company.admin)
            assert [one["pointer"] for one in answer.json["errors"]] == ["/filter/op"], body
    return asked


CUSTOM: Mapping[str, tuple[dict[str, Any], Values]] = {
    "text": ({}, Values("Ótimo cliente", "Ruim", "timo CLI", "otimo")),
    "long_text": ({}, Values("Linha um\nlinha dois", "Outra", "um\nlinha", "LINHA")),
    "number": ({}, Values(7, 3, between=8.5)),
    "date": ({}, Values("2026-03-12", "2026-03-02")),
    "boolean": ({}, Values(True, False)),
    "list": ({"options": ["Água", "Fogo"]}, Values("Água", "Fogo", "agu", "AGUA")),
    "multi_list": ({"options": ["Água", "Fogo", "Terra"]}, Values("agua", "FOGO")),
    "email": ({}, Values("ana@loja.example", "bia@casa.example", "@LOJA", "ana@")),
    "phone": ({}, Values("(11) 98765-4321", "+551133334444", "98765", "+55 11 9")),
    "url": ({}, Values("https://loja.example/a", "http://casa.example", "loja", "https:")),
    "cpf": ({}, Values("529.982.247-25", "11144477735", "982.247", "529.9")),
    "cnpj": ({}, Values("11.222.333/0001-81", "11444777000161", "222.333", "11.22")),
}


def test_contacts(api: Api, company: Company, clock: Any) -> None:
    """Of fields that the account has made itself, one of every type."""
    token = company.tokens["api"]

    def made(path: str, body: Any) -> Any:
        answer = api.post(path, body, token=token)
        assert answer.status == 201, answer.json
        return answer.json

    custom = {**CUSTOM, "agent": ({}, Values(company.users["agent"].id, company.users["admin"].id))}
    for kind, (more, _) in custom.items():
        made("/v1/custom-fields", {"slug": kind, "label": kind, "table": "contacts", "type": kind, **more})
    organizations = [made("/v1/organizations", {"name": name})["id"] for name in ("Rotik", "Outra")]
    groups = [made("/v1/groups", {"name": name})["id"] for name in ("VIP", "Novos")]
    filled = [
        {
            "name": "Antônio Souza",
            "mobile": "+5511987654321",
            "phone": "+551144445555",
            "email": "antonio@loja.example",
            "custom_fields": {slug: values.first for slug, (_, values) in custom.items()}
            | {"multi_list": ["Água", "Terra"]},
        },
        {
            "name": "Beatriz",
            "mobile": "+5521976543210",
            "phone": "+552122223333",
            "email": "bia@casa.example",
            "custom_fields": {slug: values.second for slug, (_, values) in custom.items()} | {"multi_list": ["Fogo"]},
        },
    ]
    bodies = [
        {**one, "organization_id": organization, "group_ids": [group]}
        for one, organization, group in zip(filled, organizations, groups, strict=True)
    ]
    others = [made("/v1/contacts", bodies[1]), made("/v1/contacts", {"name": "Beatriz"})]
    clock.at += timedelta(days=10)
    first = made("/v1/contacts", bodies[0])
    made_at, second_at = first["created_at"], others[0]["created_at"]
    values = {
        "id": Values(first["id"], others[0]["id"]),
        "name": Values("antonio SOUZA", "Beatriz", "nio s", "ANTÔ"),
        "mobile": Values("+55 (11) 98765-4321", "+5521976543210", "98765", "+5511"),
        "phone": Values("+551144445555", "+552122223333", "4444", "+5511"),
        "email": Values("ANTONIO@loja.example", "bia@casa.example", "@loja", "antonio@"),
        "created_at": Values(made_at[:10], second_at[:10]),
        "updated_at": Values(made_at[:10], second_at[:10]),
        "group": Values(*groups),
        "organization": Values(*organizations),
        **{f"custom.{slug}": values for slug, (_, values) in custom.items()},
    }
    known = [CustomField("cf", "contacts", slug, slug, slug, clock.now()) for slug in FIELD_TYPES if slug in custom]
    fields = fields_of("contacts", known)
    fields["name"] = replace(fields["name"], always=True)  # every contact here has one
    ids = [first["id"], *(one["id"] for one in others)]
    assert holds(api, company, "contacts", fields, values, ids) > 170
    nameless = made("/v1/contacts", {"mobile": "+5531988887777"})
    found = preview(api, company, "contacts", {"field": "name", "op": "not_set"})
    assert [one["id"] for one in found["items"]] == [nameless["id"]]


@pytest.fixture
def chats(api: Api, company: Company, chat: Chat, clock: Any, ids: Any) -> tuple[list[str], dict[str, Values]]:
    """Three chats, and what the first two have."""
    a, token, now = company.a, company.tokens["api"], clock.now()
    later = now + timedelta(days=10)
    support = api.post("/v1/departments", {"name": "Suporte"}, token=token).json["id"]
    workflows = [
        api.post("/v1/workflows", {"name": name, "steps": [{"name": "Novo"}]}, token=token).json
        for name in ("Venda", "Cobrança")
    ]
    steps = [one["steps"][0]["id"] for one in workflows]
    channels = [chat.channel_id, ids.new("ch", a)]
    for one in channels:
        ChannelRecord.of_channel(a, Channel(one, "whatsapp", one, support, now, {}, one)).save()
    second = replace(chat, workflow_step_id=steps[1])
    third = replace(chat, id=ids.new("ca", a), thread=ThreadKey(channels[0], "+5511933334444"))
    ThreadRecord.of_thread(a, Thread(chat.thread, chat.contact_id, 1, chat.id, now, now)).save()
    clock.at = later
    key = ThreadKey(channels[1], "+5511911112222")
    first = replace(
        chat, id=ids.new("ca", a), channel_id=channels[1], thread=key, department_id=support, situation="queued",
        agent_id=None, assigned_at=None, opened_at=later, workflow_step_id=steps[0],
    )  # fmt: skip
    ThreadRecord.of_thread(a, Thread(key, chat.contact_id, 1, first.id, later, later)).save()
    for made in (first, second, third):
        ChatRecord.of_chat(a, made).save()
    days = Values(f"{later:%F}", f"{now:%F}")
    values = {
        "id": Values(first.id, second.id),
        "department": Values(support, company.department.id),
        "channel": Values(channels[1], channels[0]),
        "situation": Values("queued", "in_service"),
        "created_at": days,
        "updated_at": days,
        "workflow": Values(*(one["id"] for one in workflows)),
        "workflow_step": Values(*steps),
        "last_inbound_at": days,
    }
    return [first.id, second.id, third.id], values


def test_chats(api: Api, company: Company, chats: Any) -> None:
    """Of workflows and what threads know the third chat has nothing."""
    ids, values = chats
    fields = dict(fields_of("chats"))
    for name in ("department", "updated_at"):
        fields[name] = replace(fields[name], always=True)  # every chat here has them
    assert holds(api, company, "chats", fields, values, ids) > 70
