"""The erasure of one contact, through the product's own handlers: no word of theirs is left anywhere, nobody else's
data is touched, and the same person writing again is a new one."""

from __future__ import annotations

import re
from typing import Any

import pytest

from recado.domain.contacts import Contact
from recado.storage.contacts import ContactStore
from tests.erasure_world import CANARY, OTHER, ErasureWorld, Item, Person, tokens_of
from tests.handlers.stack import Stack


@pytest.fixture
def world(stack: Stack) -> ErasureWorld:
    return ErasureWorld(stack)


IDS = re.compile(r"(?:ct|ca|ms|fi)_[a-z2-7]{8}_[0-9a-f]{27}")


def ids_of(contact: Contact, items: dict[Item, str], spoken_of: set[Item]) -> set[str]:
    """The contact's ids and those of what is theirs: named beside a word of theirs, and beside nobody else's."""
    own = {contact.id, *contact.merged_ids}
    named = {one for item in spoken_of for one in IDS.findall(f"{item}{items[item]}")}
    others = {
        one
        for item, text in items.items()
        if any(word in f"{item}{text}" for word in OTHER.words)
        for one in IDS.findall(f"{item}{text}")
    }
    return own | {one for one in named - others if not one.startswith("ct_")}


def left_of(person: Person, items: dict[Item, str], objects: dict[str, bytes]) -> list[str]:
    """Wherever a word of a person is."""
    found = [
        f"{word}: {item} {text[:200]}"
        for item, text in items.items()
        for word in person.words
        if word.lower() in f"{item} {text}".lower()
    ]
    spoken = [(key, (key.encode() + body).lower()) for key, body in objects.items()]
    return found + [f"{word}: {key}" for key, body in spoken for word in person.words if word.lower().encode() in body]


def test_nothing_is_left_of_one_and_all_of_the_other(world: ErasureWorld, dynamodb: Any) -> None:
    contact, other_id = world.person(CANARY), world.bystander(OTHER)
    world.kept_raw(CANARY, beside=OTHER)
    world.tell()
    items, objects = world.items(dynamodb), world.objects()
    spoken_of = {item for item, text in items.items() if any(word in f"{item}{text}" for word in CANARY.words)}
    kinds = {(table, pk.split("#")[1], sk.split("#")[0].split("_")[0]) for table, pk, sk in spoken_of}
    assert len(kinds) > 20, kinds

    counts = world.erase(contact.id)

    after, objects_after = world.items(dynamodb), world.objects()
    found = left_of(CANARY, after, objects_after)
    assert found == [], "\n".join(found)
    tokens = tokens_of(contact)
    assert tokens >= {"silva", "6677", "987606677", "canarinho@cliente.example"}
    other = ContactStore().get(world.a, other_id)
    assert other is not None
    named = tokens - tokens_of(other)
    assert [item for item in after if item[2].startswith("TOK#") and item[2].split("#")[1] in named] == []
    assert all(counts.values()), {name: count for name, count in counts.items() if not count}

    own = ids_of(contact, items, spoken_of)
    changed = {item for item, text in items.items() if after.get(item) != text} - spoken_of
    unspoken = {item for item in changed if not own & {*IDS.findall(f"{item}{items[item]}")}}
    assert {item for item in unspoken if item[2] != "SEQ"} == set()
    assert len(left_of(OTHER, after, objects_after)) > 40
    bodies = {key: body for key, body in objects.items() if not left_of(CANARY, {}, {key: body})}
    assert {key: objects_after.get(key) for key in bodies} == bodies
