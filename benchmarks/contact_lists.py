"""P11: what pages and searches read where an account has 1,000,000 contacts.

The lists are the product's own. Below them, in place of DynamoDB, is an account of so many contacts as they are after a
chat and an edit (some 900 bytes), with their search tokens; it answers queries as DynamoDB would, and what they read is
counted by the documented rounding (docs/data-model.md §1). Nothing here is a ratio: the bound stands for the peer."""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient

from benchmarks.figures import Figure
from recado.domain.contact_search import parse_query, search_tokens
from recado.domain.ids import make_id
from recado.ports.contacts import ContactPage
from recado.storage.contact_lists import ContactLists
from recado.storage.contact_records import ContactRecord
from recado.storage.contacts import ContactStore, _token_record
from recado.storage.keys import SHARDS, shard_of
from tests.item_sizes import item_size
from tests.storage.test_budgets_contacts import AT, FIRST, LAST, A, contact

for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
    os.environ.setdefault(name, "none")
for name, value in (("CONTACTS_TABLE", "contacts"), ("AWS_DEFAULT_REGION", "us-east-1")):
    os.environ.setdefault(name, value)

CONTACTS = 1_000_000
LIMITS = (50, 200)
TEXTS = (
    "maria", "maria silva", "maria clara", "clara example", "heitor gabriela", "heitor", "gabriela", "joao", "98765",
    "4321", "example", "zz",
)  # fmt: skip
"""Names that many have, two that nobody has both of, one that nobody has, numbers by their beginning and their end, a
word of every address."""
KEPT, KEPT_OF_FIRST = 60, 1_000
"""So many of each shard that a text finds have their tokens: more than a page reads of it. One that finds nothing for
two words goes on in the first."""
_UNIT = 4096


def id_of(number: int) -> str:
    """The id of `contact(number)`."""
    return make_id("ct", A, AT + timedelta(seconds=number), f"{number * 2654435761 % 2**64:016x}")


def meets(text: str, number: int) -> bool:
    """Whether a text finds `contact(number)`, as far as TEXTS go."""
    if text.isdecimal():
        subscriber = f"9{80000000 + number * 997 % 20000000:08d}"
        return subscriber.startswith(text) or subscriber.endswith(text)
    names = f"{FIRST[number % len(FIRST)]} {LAST[number * 7 % len(LAST)]} {LAST[number * 3 % len(LAST)]}".lower()
    return text in (names.replace("ã", "a"), "example") or names.replace("ã", "a").startswith(f"{text} ")


@dataclass
class Read:
    """What one page read."""

    queries: int = 0
    rru: float = 0


class Account:
    """Contacts by shard in the order of their ids; their tokens are made for the first KEPT that a text finds."""

    def __init__(self, contacts: int) -> None:
        self.ids = [id_of(number) for number in range(contacts)]
        self.numbers = {f"{shard:x}": array("L") for shard in range(SHARDS)}
        for number, contact_id in enumerate(self.ids):
            self.numbers[shard_of(contact_id)].append(number)
        self.tokens: dict[str, list[tuple[str, int]]] = {shard: [] for shard in self.numbers}
        for shard, numbers in self.numbers.items():
            most = KEPT_OF_FIRST if shard == "0" else KEPT
            found = {number for text in TEXTS for number in islice(filter(partial(meets, text), numbers), most)}
            for number in found:
                one = contact(number)
                self.tokens[shard] += [(f"TOK#{token}#{one.id}", number) for token in search_tokens(one)]
            self.tokens[shard].sort()
        self.read = Read()

    def answer(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        """In place of the call to DynamoDB."""
        self.read.queries += 1
        if operation == "BatchGetItem":
            keys = asked["RequestItems"]["contacts"]["Keys"]
            items = [self._contact(bisect_left(self.ids, key["sk"]["S"].removeprefix("CONTACT#"))) for key in keys]
            self.read.rru += sum(-(-item_size(item) // _UNIT) / 2 for item in items)
            return {"Responses": {"contacts": items}, "UnprocessedKeys": {}}
        assert operation == "Query", operation
        pk, *ends = (value["S"] for value in asked["ExpressionAttributeValues"].values())
        items = list(self._range(pk.rpartition("#")[2], ends, asked["Limit"]))
        self.read.rru += max(1, -(-sum(map(item_size, items)) // _UNIT)) / 2
        return {"Items": items, "Count": len(items), "ScannedCount": len(items)}

    def _range(self, shard: str, ends: list[str], limit: int) -> Iterator[dict[str, Any]]:
        if len(ends) == 1:  # contacts before an id, backwards
            numbers = self.numbers[shard]
            end = bisect_left(numbers, bisect_left(self.ids, ends[0].removeprefix("CONTACT#")))
            for number in reversed(numbers[max(0, end - limit) : end]):
                yield self._contact(number)
            return
        first, last = sorted(ends)
        begin = bisect_left(self.tokens[shard], (first, 0))
        for key, number in self.tokens[shard][begin : begin + limit]:
            if key <= last:
                one = contact(number)
                token = key.removeprefix("TOK#").rpartition("#")[0]
                yield _token_record(A, token, one.id, search_tokens(one)).serialize()  # type: ignore[arg-type]

    def _contact(self, number: int) -> dict[str, Any]:
        item: dict[str, Any] = ContactRecord.of_contact(A, contact(number)).serialize()
        return item


def figures(contacts: int = CONTACTS) -> Iterator[Figure]:
    """P11."""
    account, lists = Account(contacts), ContactLists(ContactStore())
    seen: list[tuple[str, Read, int]] = []

    def measure(what: str, page: Callable[[], ContactPage]) -> None:
        account.read = Read()
        with patch.object(BaseClient, "_make_api_call", account.answer):
            seen.append((what, account.read, len(page().items)))

    for limit in LIMITS:
        measure(f"page of {limit}", partial(lists.page, A, limit, None))
        measure(f"page of {limit} in the middle", partial(lists.page, A, limit, account.ids[contacts // 2]))
        for text in TEXTS:
            query = parse_query(text)
            if query is not None:
                measure(f"'{text}' by {limit}", partial(lists.search, A, query, limit, None))
    detail = "; ".join(f"{what}: {read.queries} calls, {read.rru:g} RRU, {items}" for what, read, items in seen)
    yield Figure(
        "P11", f"calls of a page or search at {contacts:,}", max(one.queries for _, one, _ in seen), 17, 8, at_most=True
    )
    yield Figure("P11", "RRU of a page or search", max(one.rru for _, one, _ in seen), 40, 20, detail, at_most=True)
