"""Races of templates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from recado.domain.templates import MessageTemplate
from recado.storage.templates import DynamoTemplates
from tests.storage.scenarios import scenario

A, CHANNEL = "accounta", "ch_1"


def template(clock: Any, ids: Any, **fields: Any) -> MessageTemplate:
    now = clock.now()
    body = {"type": "BODY", "text": "Olá"}
    made = MessageTemplate(ids.new("tm", A), CHANNEL, "ola", "pt_BR", "UTILITY", (body,), now, now)
    return replace(made, **fields)


@scenario("template-name-free")
def two_make_a_template_of_one_name(clock: Any, ids: Any) -> None:
    store = DynamoTemplates()
    first, second = template(clock, ids), template(clock, ids)
    assert store.create(A, first)
    store.create(A, second)
    assert store.named(A, CHANNEL, "ola", "pt_BR") == first, "the first is hidden by the second"


@scenario("template-from-seen-version")
def the_provider_rejects_what_is_edited(clock: Any, ids: Any) -> None:
    store = DynamoTemplates()
    seen = template(clock, ids)
    store.create(A, seen)
    rejected = replace(seen, status="REJECTED", version=2)
    assert store.change(A, seen, rejected, None)
    store.change(A, seen, replace(seen, department_ids=("dp_1",), version=2), None)
    store.delete(A, seen, None)
    assert store.get(A, seen.id) == rejected, "the provider's word was undone by who had not read it"
