"""A contact with its claims, tokens, memberships and events in the table: everything comes and goes together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from recado.domain.chats import Author, Event
from recado.domain.contact_claims import MAX_IDENTITIES, claims_of, contact_claims, first_seen, with_learned
from recado.domain.contact_rules import changed
from recado.domain.contact_search import MAX_TOKENS
from recado.domain.contacts import Claim, Contact, Identity
from recado.domain.groups import Group, GroupKind
from recado.ports.contacts import ClaimsTaken, ContactChange, ContactMoved
from recado.storage.contact_records import ContactEventRecord
from recado.storage.contacts import ContactStore, add_contact, lost_contact
from recado.storage.groups import DynamoGroups
from recado.storage.transaction import Cancelled, Transaction
from tests.recording import record

A = "acctaaaa"


class Book:
    """Contacts written the short way."""

    def __init__(self, clock: Any, ids: Any) -> None:
        self.clock, self.ids, self.store = clock, ids, ContactStore()

    def event(self, contact: Contact, event_type: str = "contact.created") -> Event:
        return Event(
            self.ids.new("ev", A),
            event_type,
            self.clock.now(),
            Author("user", "us"),
            {"id": contact.id},
            contact_id=contact.id,
        )

    def add(self, **fields: Any) -> Contact:
        groups: list[tuple[GroupKind, str]] = [("group", one) for one in fields.get("group_ids", ())]
        self.stand(*groups, *([("organization", fields["organization_id"])] if "organization_id" in fields else []))
        contact = Contact(self.ids.new("ct", A), self.clock.now(), self.clock.now(), **fields)
        contact = replace(contact, claims=contact_claims(contact))
        self.store.create(A, contact, self.event(contact))
        return self.read(contact)

    def stand(self, *groups: tuple[GroupKind, str]) -> None:
        """These groups are there."""
        for kind, group_id in groups:
            now = self.clock.now()
            DynamoGroups().create(A, Group(group_id, kind, self.ids.new("nm", A), now, now))

    def change(self, contact: Contact, others: Sequence[ContactChange] = (), **fields: Any) -> Contact:
        before = self.read(contact)
        after = changed(before, fields, self.clock.now())
        self.store.change(A, before, after, self.event(after, "contact.updated"), others)
        return self.read(contact)

    def relinked(self, contact: Contact) -> ContactChange:
        after = replace(contact, linked_ids=("ct_l",), version=contact.version + 1)
        return ContactChange(contact, after, self.event(after, "contact.linked"))

    def read(self, contact: Contact) -> Contact:
        found = self.store.get(A, contact.id)
        assert found is not None
        return found


@pytest.fixture
def book(dynamodb: Any, clock: Any, ids: Any) -> Book:
    return Book(clock, ids)


def everything(dynamodb: Any) -> set[tuple[str, str]]:
    return {(item["pk"]["S"], item["sk"]["S"]) for item in dynamodb.scan(TableName="contacts")["Items"]}


def test_a_contact_comes_back_as_it_was_written(book: Book) -> None:
    fields: dict[str, Any] = {
        "name": "Ana",
        "mobile": "+5511987654321",
        "mobile_given": "11 98765-4321",
        "phone": "+551133334444",
        "phone_given": "11 3333-4444",
        "email": "Ana@x.co",
        "birthday": "1990-01-31",
        "address": "Rua 1",
        "city": "São Paulo",
        "district": "Sé",
        "state": "SP",
        "country": "BR",
        "notes": "n",
        "organization_id": "og_1",
        "group_ids": ("gr_1", "gr_2"),
        "custom_fields": {"a": [1]},
        "principal_id": "ct_p",
        "linked_ids": ("ct_l",),
        "identities": (Identity("ch_1", "x"),),
        "photo_file_id": "fi_1",
    }
    contact = book.add(**fields)
    assert {name: getattr(contact, name) for name in fields} == fields
    assert (contact.version, contact.created_at) == (1, book.clock.now())
    assert contact.claims == contact_claims(contact)
    assert contact.tokens


def test_everything_goes_with_a_contact_but_its_events(book: Book, dynamodb: Any) -> None:
    contact = book.add(
        name="Ana Souza", mobile="+5511987654321", email="a@x.co", organization_id="og_1", group_ids=("gr_1",)
    )
    assert len(everything(dynamodb)) == 2 + len(contact.claims) + len(contact.tokens) + 2
    book.store.delete(A, contact, book.event(contact, "contact.deleted"))
    assert {pk for pk, _ in everything(dynamodb)} == {f"{A}#E#{contact.id}"}
    assert [event.type for event in ContactEventRecord.query(f"{A}#E#{contact.id}")] == [
        "contact.created",
        "contact.deleted",
    ]
    assert book.add(mobile="+551187654321")


def test_the_largest_contact_fits_its_transactions(book: Book, dynamodb: Any) -> None:
    identities = tuple(Identity("ch_1", f"x{number}") for number in range(MAX_IDENTITIES))
    name = " ".join(f"w{number}" for number in range(500))
    groups = tuple(f"gr_{number}" for number in range(10))
    contact = book.add(
        name=name,
        mobile="+5511987654321",
        phone="+5491123456789",
        email="a.b.c.d.e@f.g.h.i",
        identities=identities,
        group_ids=groups,
    )
    assert len(contact.tokens) == MAX_TOKENS
    others = " ".join(f"v{number}" for number in range(500))
    entered = tuple(f"gr_{number}" for number in range(10, 20))
    book.stand(*(("group", one) for one in entered), ("organization", "og_1"), ("organization", "og_2"))
    contact = book.change(contact, organization_id="og_1")
    after = book.change(
        contact,
        name=others,
        mobile="+5511912345678",
        phone="+5491133334444",
        email="z.y.x.w.v@u.t.s.r",
        group_ids=entered,
        organization_id="og_2",
        principal_id="ct_p2",
        others=[book.relinked(book.add(name=f"Principal {number}")) for number in range(2)],
    )
    assert len(after.tokens) == MAX_TOKENS
    book.store.delete(A, after, book.event(after, "contact.deleted"))
    assert not [pk for pk, sk in everything(dynamodb) if contact.id in pk + sk and "#E#" not in pk]


def test_a_change_leaves_what_a_new_contact_would_have(book: Book, dynamodb: Any) -> None:
    contact = book.add(
        name="Ana Souza", mobile="+5511987654321", email="a@x.co", group_ids=("gr_1",), organization_id="og_1"
    )
    book.stand(("group", "gr_2"))
    contact = book.change(
        contact, name="Ana Lima", mobile="+5511912345678", email=None, group_ids=("gr_2",), organization_id=None
    )
    changed_items = {place for place in everything(dynamodb) if place[1][:3] != "EVT"}
    book.store.delete(A, contact, book.event(contact, "contact.deleted"))
    anew = replace(contact, version=1)
    book.store.create(A, anew, book.event(anew))
    assert {place for place in everything(dynamodb) if place[1][:3] != "EVT"} == changed_items


def test_a_change_writes_only_what_changed(book: Book) -> None:
    contact = book.add(name="Ana Souza", mobile="+5511987654321", email="a@x.co")
    with record() as calls:
        book.store.change(
            A, contact, changed(contact, {"city": "Recife"}, book.clock.now()), book.event(contact, "contact.updated")
        )
    assert [len(call.parameters["TransactItems"]) for call in calls.log] == [2]
    assert calls.wru == 4


def test_a_taken_claim_is_named_and_nothing_is_written(book: Book, dynamodb: Any) -> None:
    ana, bruno = book.add(mobile="+5511987654321"), book.add(email="b@x.co")
    before = everything(dynamodb)
    with pytest.raises(ClaimsTaken) as taken:
        book.add(name="New", mobile="+551187654321", email="B@X.CO")
    held = book.store.holders(A, taken.value.claims)
    assert set(held.values()) == {ana.id, bruno.id}
    with pytest.raises(ClaimsTaken):
        book.change(bruno, mobile="+551187654321")
    assert everything(dynamodb) == before


def test_who_holds_the_strongest_claim_is_found_in_one_call(book: Book) -> None:
    ana, bruno = book.add(mobile="+5511987654321"), book.add(email="b@x.co")
    claims = claims_of(identities=[Identity("ch_1", "x")], phones=["+551187654321"], email="b@x.co")
    with record() as calls:
        assert book.store.find_by_claims(A, claims) == ana.id
    assert (calls.operations, calls.rru) == ({"dynamodb:BatchGetItem": 1}, len(claims))
    assert book.store.find_by_claims(A, claims[-1:]) == bruno.id
    assert book.store.find_by_claims(A, claims[:1]) is None
    assert book.store.find_by_claims("acctbbbb", claims) is None


def test_an_identity_is_added_to_a_contact_that_is_known(book: Book) -> None:
    ana = book.add(mobile="+5511987654321")
    identity = Identity("ch_1", "+5511987654321")
    claims = claims_of(identities=[identity], phones=["+5511987654321"])
    learned = with_learned(
        ana,
        book.store.holders(A, claims),
        book.clock.now(),
        identity=identity,
        name="Ana",
        phone="+5511987654321",
        email=None,
    )
    book.store.change(A, ana, learned, book.event(learned, "contact.updated"))
    assert book.store.find_by_claims(A, claims[:1]) == ana.id
    assert book.read(ana).identities == (identity,)


def test_a_deletion_of_what_was_edited_meanwhile_is_refused(book: Book) -> None:
    ana = book.add(name="Ana")
    book.change(ana, mobile="+5511987654321")
    with pytest.raises(ContactMoved):
        book.store.delete(A, ana, book.event(ana, "contact.deleted"))
    assert book.store.find_by_claims(A, [Claim("phone", "+5511987654321")]) == ana.id


def test_a_lost_creation_is_told_from_the_labels(book: Book) -> None:
    identity = Identity("ch_1", "x")
    book.add(identities=(identity,))
    rival = first_seen(book.ids.new("ct", A), book.clock.now(), identity=identity, name=None, phone=None, email=None)
    tx = Transaction()
    add_contact(tx, A, rival, book.event(rival))
    with pytest.raises(Cancelled) as cancelled:
        tx.commit()
    assert lost_contact(cancelled.value)
    assert not lost_contact(Cancelled(frozenset({"thread", "seen:1"})))


def test_accounts_do_not_meet(book: Book) -> None:
    ana = book.add(name="Ana", mobile="+5511987654321")
    assert book.store.get("acctbbbb", ana.id) is None
    other = replace(ana, id="ct_acctbbbb_" + "0" * 27)
    book.store.create("acctbbbb", other, book.event(other))
    assert book.store.find_by_claims("acctbbbb", ana.claims) == other.id
    assert book.store.find_by_claims(A, ana.claims) == ana.id
