"""What pages, searches and writes of contacts cost: at most 17 calls and 40 RRU, however many contacts there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from recado.domain.chats import Author, Event
from recado.domain.contact_claims import contact_claims
from recado.domain.contact_search import parse_query, search_tokens
from recado.domain.contacts import Contact, Identity
from recado.domain.ids import make_id
from recado.domain.moments import rfc3339
from recado.domain.segment_bounds import Bounds
from recado.storage import tables
from recado.storage.contact_lists import ContactLists
from recado.storage.contact_records import ContactRecord
from recado.storage.contacts import ContactStore, _token_record
from recado.storage.segment_reads import DynamoSegmentReads
from tests.conftest import ROOT
from tests.item_sizes import item_size
from tests.recording import record
from tests.table_definitions import table_definitions

A = "acctaaaa"
CONTACTS = 1100
AT = datetime(2026, 3, 2, tzinfo=UTC)
FIRST = (
    "Ana",
    "Bruno",
    "Carla",
    "Daniel",
    "Eduarda",
    "Fernando",
    "Gabriela",
    "Heitor",
    "Isabela",
    "João",
    "Maria",
    "Maria Clara",
)
LAST = (
    "Silva",
    "Souza",
    "Oliveira",
    "Santos",
    "Pereira",
    "Lima",
    "Carvalho",
    "Ferreira",
    "Ribeiro",
    "Almeida",
    "Gomes",
)


LOOKED_UP = ("example", "carla", "bruno")


def contact(number: int) -> Contact:
    """A contact as they are after a chat and an edit: some 900 bytes."""
    name = f"{FIRST[number % len(FIRST)]} {LAST[number * 7 % len(LAST)]} {LAST[number * 3 % len(LAST)]}"
    mobile = f"+55119{80000000 + number * 997 % 20000000:08d}"
    fields: dict[str, Any] = {
        "name": name,
        "mobile": mobile,
        "mobile_given": mobile,
        "email": f"{name.replace(' ', '.')}{number}@example.com.br",
        "address": "Rua das Flores, 123, apto 45",
        "city": "São Paulo",
        "district": "Vila Mariana",
        "state": "SP",
        "country": "Brasil",
        "identities": (Identity(f"ch_{A}_" + "0" * 27, mobile),),
    }
    at = AT + timedelta(seconds=number)
    made = Contact(make_id("ct", A, at, f"{number * 2654435761 % 2**64:016x}"), at, at, **fields)
    return Contact(made.id, at, at, **fields, claims=contact_claims(made))


@pytest.fixture(scope="module")
def lists() -> Iterator[ContactLists]:
    """Every shard holds more than a page reads of it: what lies beyond is never read. Of the tokens only those that the
    searches below look up are there, because moto reads its whole table for every query."""
    with mock_aws():
        tables.reset_connections()
        for definition in table_definitions(ROOT / "infra" / "data.yaml"):
            boto3.client("dynamodb").create_table(**definition)
        with ContactRecord.batch_write() as batch:
            for number in range(CONTACTS):
                one = contact(number)
                batch.save(ContactRecord.of_contact(A, one))
                tokens = search_tokens(one)
                for token in {one for word in LOOKED_UP for one in tokens if one.startswith(word)}:
                    batch.save(_token_record(A, token, one.id, tokens))  # type: ignore[arg-type]
        yield ContactLists(ContactStore())
    tables.reset_connections()


@pytest.mark.parametrize(("limit", "items"), [(50, 50), (200, 150)])
def test_h1_a_page_of_contacts(lists: ContactLists, limit: int, items: int) -> None:
    with record() as calls:
        page = lists.page(A, limit, None)
    assert calls.operations == {"dynamodb:Query": 16}
    assert calls.rru <= 40
    assert items <= len(page.items) <= limit
    assert page.next


@pytest.mark.parametrize(
    ("text", "items"),
    [("example", 48), ("example ex", 32), ("example carla", 32), ("carla silva", 8), ("bruno carla", 0)],
)
def test_h1_a_search(lists: ContactLists, text: str, items: int) -> None:
    """Of one word; of two that all have; of one that few have and one that all have; of two that few have, some of them
    both, nobody both."""
    query = parse_query(text)
    assert query is not None
    with record() as calls:
        page = lists.search(A, query, 200, None)
    assert calls.operations["dynamodb:Query"] <= 16
    assert calls.operations.get("dynamodb:BatchGetItem", 0) == (1 if items else 0)
    assert calls.rru <= 40
    assert len(page.items) >= items
    assert (page.next is None) == (text in ("carla silva", "bruno carla"))


def test_h2_adding_a_contact(lists: ContactLists) -> None:
    made = contact(CONTACTS)
    event = Event(make_id("ev", A, AT, "0" * 16), "contact.created", AT, Author("user", "us"), {}, contact_id=made.id)
    with record() as calls:
        ContactStore().create(A, made, event)
    items = 2 + len(made.claims) + len(search_tokens(made))
    assert calls.operations == {"dynamodb:TransactWriteItems": 1}
    assert (calls.wru, calls.rru) == (2 * items, 0)
    assert items <= 18


def read(bounds: Bounds) -> int:
    """How many contacts a segment with these bounds looks at."""
    return sum(len(page) for pages in DynamoSegmentReads().contacts(A, bounds) for page in pages())


def test_g3_a_segment_reads_each_contact_once_and_no_token(lists: ContactLists) -> None:
    with record() as calls:
        found = read(Bounds(("id", "name")))
    contacts = [one for shard in range(16) for one in ContactRecord.query(f"{A}#C#{shard:x}", page_size=1_000)]
    items = [one for one in contacts if str(one.sk).startswith("CONTACT#")]
    size = sum(item_size(one.serialize()) for one in items)
    assert found == len(items)
    assert calls.operations == {"dynamodb:Query": 16}
    print(f"\nP12: {calls.rru * 8_192 / size:.2f} of the bytes of the contacts")
    assert calls.rru * 8_192 <= 1.1 * size


def test_g3_days_are_bounds_of_what_is_read(lists: ContactLists) -> None:
    with record() as everybody:
        read(Bounds(("id",)))
    later = rfc3339(AT + timedelta(seconds=CONTACTS * 3 // 4, minutes=5))
    with record() as calls:
        assert read(Bounds(("id",), created_from=later)) <= CONTACTS // 4 + 1
    assert calls.operations == {"dynamodb:Query": 16}
    assert calls.rru <= everybody.rru * 0.4


def test_g3_of_a_group_its_members_are_read(lists: ContactLists) -> None:
    with record() as calls:
        assert read(Bounds(("id",), members_of=("group_ids", "gr_none"))) == 0
    assert (calls.operations, calls.rru) == ({"dynamodb:Query": 16}, 8)
