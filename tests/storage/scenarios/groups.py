"""Races about groups, organizations and custom fields."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from recado.domain.chats import Author, Event
from recado.domain.contacts import Contact
from recado.domain.custom_fields import CustomField
from recado.domain.groups import Group
from recado.ports.contacts import GroupsGone
from recado.ports.groups import NameTaken
from recado.storage.contacts import ContactStore
from recado.storage.custom_fields import DynamoCustomFields
from recado.storage.groups import DeletedGroupRecord, DynamoGroups
from tests.storage.scenarios import scenario

A = "accounta"


def group(clock: Any, ids: Any, name: str = "Clientes VIP") -> Group:
    return Group(ids.new("gr", A), "group", name, clock.now(), clock.now())


@scenario("group-name-free")
def two_groups_of_one_name(clock: Any, ids: Any) -> None:
    store = DynamoGroups()
    first, second = group(clock, ids), group(clock, ids, "clientes  víp")
    store.create(A, first)
    with suppress(NameTaken):
        store.create(A, second)
    assert store.get(A, "group", second.id) is None
    assert set(store.by_names(A, "group", ["clientes vip"]).values()) == {first.id}


@scenario("group-from-seen-version")
def a_group_is_renamed_while_it_is_deleted(clock: Any, ids: Any) -> None:
    store, seen = DynamoGroups(), group(clock, ids)
    store.create(A, seen)
    assert store.delete(A, seen, clock.now())
    store.change(A, seen, replace(seen, name="Outro", version=2))
    assert store.get(A, "group", seen.id) is None, "it came back"
    assert store.by_names(A, "group", ["outro"]) == {}, "and its name is taken for ever"


@scenario("group-stands")
def a_contact_enters_a_group_that_is_deleted(clock: Any, ids: Any) -> None:
    store, seen = DynamoGroups(), group(clock, ids)
    store.create(A, seen)
    store.delete(A, seen, clock.now())
    contact = Contact(ids.new("ct", A), clock.now(), clock.now(), name="Ana", group_ids=(seen.id,))
    event = Event(ids.new("ev", A), "contact.created", clock.now(), Author("system"), {}, contact_id=contact.id)
    with suppress(GroupsGone):
        ContactStore().create(A, contact, event)
    assert store.member_ids(A, "group", seen.id, 10) == []


@scenario("deleted-group-is-there-to-empty")
def a_group_is_emptied_while_it_is_put_off(clock: Any, ids: Any) -> None:
    store, seen = DynamoGroups(), group(clock, ids)
    store.create(A, seen)
    store.delete(A, seen, clock.now())
    store.forget_deleted(A, seen.id)
    store.look_again_at(A, seen.id, clock.now() + timedelta(minutes=1))
    assert DeletedGroupRecord.find(f"{A}#DELETEDGROUPS", seen.id) is None


def field(clock: Any, ids: Any, **given: Any) -> CustomField:
    values = {"slug": "cor", "label": "Cor", "type": "list", "options": ("azul",), **given}
    return CustomField(ids.new("cf", A), "contacts", created_at=clock.now(), **values)


@scenario("custom-field-slug-free")
def two_fields_of_one_slug(clock: Any, ids: Any) -> None:
    store, first = DynamoCustomFields(), field(clock, ids)
    store.create(A, first)
    store.create(A, field(clock, ids, type="number", options=()))
    assert store.all(A, "contacts") == [first]


@scenario("custom-field-from-seen-version")
def two_admins_change_a_field(clock: Any, ids: Any) -> None:
    store, seen = DynamoCustomFields(), field(clock, ids)
    store.create(A, seen)
    more = replace(seen, options=("azul", "verde"), version=2)
    store.change(A, seen, more)
    store.change(A, seen, replace(seen, label="Cor favorita", version=2))
    assert store.all(A, "contacts") == [more], "the new option is lost"
