"""Contacts with long texts: what one item cannot hold is refused, and nothing is written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recado.domain.chats import Author, Event
from recado.domain.contact_merging import Merge, merged
from recado.domain.contacts import Contact
from recado.domain.custom_fields import MAX_VALUES_CHARACTERS
from recado.domain.errors import Conflict
from recado.storage.contact_merges import DynamoMerges
from recado.storage.contacts import ContactStore

A = "accounta"


def two(clock: Any, ids: Any, text: str) -> tuple[Contact, Contact]:
    now = clock.now()
    kept = Contact(ids.new("ct", A), now, now, name="Ana", custom_fields={"a": text})
    return kept, replace(kept, id=ids.new("ct", A), custom_fields={"b": text})


def test_values_that_could_not_be_written_by_hand_do_not_come_by_a_merge(clock: Any, ids: Any) -> None:
    """Else no field of the contact could be changed any more."""
    half = MAX_VALUES_CHARACTERS // 2
    with pytest.raises(Conflict, match="Together they have more"):
        merged(*two(clock, ids, "x" * half), clock.now())
    assert merged(*two(clock, ids, "x" * (half - 20)), clock.now()).custom_fields.keys() == {"a", "b"}


@pytest.mark.parametrize(("length", "fits"), [(10_000, True), (25_000, False)])
def test_a_merge_that_no_item_holds_is_refused(dynamodb: Any, clock: Any, ids: Any, length: int, fits: bool) -> None:
    kept, other = two(clock, ids, "日" * length)
    store, now = ContactStore(), clock.now()

    def event(contact: Contact) -> Event:
        return Event(ids.new("ev", A), "contact.merged", now, Author("system"), {}, contact_id=contact.id)

    for contact in (kept, other):
        store.create(A, contact, event(contact))
    kept, other = (store.get(A, one.id) or one for one in (kept, other))
    merge = Merge(ids.new("mg", A), kept, other, merged(kept, other, now), now, "us_1")
    if fits:
        DynamoMerges().merge(A, merge, (event(kept), event(other)))
        assert DynamoMerges().get(A, kept.id, merge.id) == merge
        return
    with pytest.raises(Conflict) as refused:
        DynamoMerges().merge(A, merge, (event(kept), event(other)))
    assert refused.value.code == "too_large_to_merge"
    assert store.get(A, other.id) == other
