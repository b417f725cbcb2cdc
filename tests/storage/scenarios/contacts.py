"""Races about contacts: two creations, two edits, a comment and a deletion."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from recado.domain.chats import Author, Event
from recado.domain.contact_claims import contact_claims, first_seen
from recado.domain.contacts import Claim, Contact, Identity
from recado.ports.contacts import ClaimsTaken, ContactGone, ContactMoved
from recado.storage.contact_records import ContactEventRecord
from recado.storage.contacts import ContactStore
from tests.storage.scenarios import scenario

A = "acctaaaa"


def event(ids: Any, clock: Any, contact: Contact, event_type: str = "contact.created") -> Event:
    return Event(ids.new("ev", A), event_type, clock.now(), Author("system"), {"id": contact.id}, contact_id=contact.id)


def seen(ids: Any, clock: Any, phone: str = "5511987654321", sender: str = "+5511987654321") -> Contact:
    identity = Identity("ch_1", sender)
    return first_seen(ids.new("ct", A), clock.now(), identity=identity, name="Ana", phone=phone, email=None)


def with_phone(contact: Contact, number: str) -> Contact:
    after = replace(contact, phone=number, version=contact.version + 1)
    return replace(after, claims=contact_claims(after))


@scenario("contact-claim-free")
def two_first_messages(clock: Any, ids: Any) -> None:
    """Two workers see a new sender, under the old and the new form of one number: one contact comes of it."""
    store = ContactStore()
    first = seen(ids, clock)
    second = seen(ids, clock, phone="551187654321", sender="+551187654321")
    store.create(A, first, event(ids, clock, first))
    try:
        store.create(A, second, event(ids, clock, second))
    except ClaimsTaken as taken:
        assert Claim("phone", "+5511987654321") in taken.claims
    assert store.find_by_claims(A, second.claims) == first.id
    assert store.get(A, second.id) is None


@scenario("contact-new")
def a_creation_done_again(clock: Any, ids: Any) -> None:
    """A creation without claims whose answer was lost is done again after an edit: the edit stays."""
    store = ContactStore()
    named = Contact(ids.new("ct", A), clock.now(), clock.now(), name="Ana")
    store.create(A, named, event(ids, clock, named))
    renamed = replace(named, name="Ana Souza", version=2)
    store.change(A, store.get(A, named.id) or named, renamed, event(ids, clock, renamed))
    with suppress(ContactMoved):
        store.create(A, named, event(ids, clock, named))
    found = store.get(A, named.id)
    assert found is not None
    assert found.name == "Ana Souza"


@scenario("contact-unmoved")
def two_edits_at_once(clock: Any, ids: Any) -> None:
    """Two people change the number of one contact from the same state: no claim is left behind."""
    store = ContactStore()
    new = seen(ids, clock)
    store.create(A, new, event(ids, clock, new))
    before = store.get(A, new.id) or new
    one, other = with_phone(before, "+551133334444"), with_phone(before, "+551155556666")
    store.change(A, before, one, event(ids, clock, one, "contact.updated"))
    with suppress(ContactMoved):
        store.change(A, before, other, event(ids, clock, other, "contact.updated"))
    stored = store.get(A, new.id)
    assert stored is not None
    held = store.holders(A, [*contact_claims(one), *contact_claims(other)])
    assert set(held) == set(stored.claims)


@scenario("contact-commented-exists")
def a_comment_on_a_contact_just_deleted(clock: Any, ids: Any) -> None:
    """The contact is deleted between the check of the API and the comment: nothing more is written about it."""
    store = ContactStore()
    new = seen(ids, clock)
    store.create(A, new, event(ids, clock, new))
    store.delete(A, store.get(A, new.id) or new, event(ids, clock, new, "contact.deleted"))
    with suppress(ContactGone):
        store.comment(A, event(ids, clock, new, "contact.commented"))
    types = [record.type for record in ContactEventRecord.query(f"{A}#E#{new.id}")]
    assert "contact.commented" not in types
