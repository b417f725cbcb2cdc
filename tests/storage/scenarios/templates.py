"""Races of templates."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from recado.domain.templates import MessageTemplate
from recado.storage import keys
from recado.storage.templates import DynamoTemplates, TemplateRecord
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


@scenario("template-is-put-off-only-later")
def a_template_is_settled_or_put_off_while_the_sweep_puts_it_off(clock: Any, ids: Any) -> None:
    store, now = DynamoTemplates(), clock.now()
    settled, later = template(clock, ids), template(clock, ids, name="depois", due=now + timedelta(minutes=5))
    assert store.create(A, settled) and store.create(A, later)
    for one in (settled, later):
        store.look_again_at(A, one.id, now + timedelta(minutes=1))
    record = TemplateRecord.find(keys.workspace_pk(A, "TEMPLATES"), settled.id)
    assert record is not None and record.due_sk is None, "it would be looked at for ever"
    assert store.get(A, later.id) == later, "its provider would be asked again too soon"


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
