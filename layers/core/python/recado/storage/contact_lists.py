"""Pages of contacts: sixteen queries at once, one for each shard, merged.

What is merged ends at the first place up to which every shard was read; the next page goes on behind what was reported,
so that nothing is left out and nothing comes twice while contacts are added."""

from __future__ import annotations

import operator
from heapq import merge
from itertools import islice, takewhile
from typing import TypeVar

from recado.domain.contact_search import Query
from recado.domain.groups import GroupKind
from recado.ports.contacts import ContactPage
from recado.storage import keys
from recado.storage.contact_records import ContactRecord, MembershipRecord, TokenRecord
from recado.storage.contact_shards import LAST, Slice, behind, read_at_once, tokens_of
from recado.storage.contact_word_search import WordSearch
from recado.storage.contacts import ContactStore
from recado.storage.groups import MEMBERSHIPS

_R = TypeVar("_R", ContactRecord, MembershipRecord, TokenRecord)

# How much a page reads, so that it stays within 40 RRU whatever was asked for: contacts of some 700 bytes, tokens of
# some 330. Of tokens: how many of each shard are read, and how many contacts at most are then got for them
# (several words: `contact_word_search`).
_MOST_CONTACTS_OF_A_SHARD = 22
_MOST_MEMBERS = 40
_ONE_WORD = 16, 48


class ContactLists:
    """The port `recado.ports.contacts.ContactLists` on DynamoDB."""

    def __init__(self, contacts: ContactStore) -> None:
        self._contacts = contacts

    def page(self, a: str, limit: int, after: str | None) -> ContactPage:
        """All contacts, newest first: 16 queries. A page may be shorter than `limit` and have a `next` all the same."""
        most = min(limit // 8 + 6, _MOST_CONTACTS_OF_A_SHARD)
        before = keys.contact_sk(after) if after else keys.contact_sk(LAST)

        def read(shard: str) -> Slice[ContactRecord]:
            # Nothing in the partition sorts before its contacts, so there is no lower end to name.
            found = ContactRecord.query(
                keys.contact_shard(a, shard),
                ContactRecord.sk < before,
                scan_index_forward=False,
                limit=most + 1,
                page_size=most + 1,
            )
            records = list(found)
            return Slice(records[:most], len(records) > most)

        merged, more = _merged(read_at_once(read), "sk", newest_first=True)
        items = tuple(record.contact() for record in merged[:limit])
        return ContactPage(items, items[-1].id if items and (more or len(merged) > limit) else None)

    def members(self, a: str, kind: GroupKind, group_id: str, limit: int, after: str | None) -> ContactPage:
        """Who is in a group or organization, newest first: 16 queries and 1 batch get of at most 100 contacts."""
        most = min(limit, _MOST_MEMBERS) // 8 + 6

        def read(shard: str) -> Slice[MembershipRecord]:
            found = MembershipRecord.query(
                keys.membership_shard(a, MEMBERSHIPS[kind], group_id, shard),
                MembershipRecord.sk < (after or LAST),
                scan_index_forward=False,
                limit=most + 1,
                page_size=most + 1,
            )
            records = list(found)
            return Slice(records[:most], len(records) > most)

        merged, more = _merged(read_at_once(read), "sk", newest_first=True)
        ids = [str(record.sk) for record in merged[: min(limit, _MOST_MEMBERS)]]
        contacts = self._contacts.get_many(a, ids)
        items = tuple(contacts[one] for one in ids if one in contacts)
        return ContactPage(items, ids[-1] if ids and (more or len(merged) > len(ids)) else None)

    def search(self, a: str, query: Query, limit: int, after: str | None) -> ContactPage:
        """What meets a query: at most 16 queries and 1 batch get of at most 48 contacts. Of one word, in the order of
        the tokens. A page for several words has less, and may be empty and have a `next` all the same: where many
        contacts have each of them and hardly one has all."""
        if query.others:
            ids, following = WordSearch(a, limit).read(query, after)
            contacts = self._contacts.get_many(a, ids)
            return ContactPage(tuple(contacts[one] for one in ids if one in contacts), following)
        per_shard, most = _ONE_WORD
        start = behind(_place(query, after)) if after else keys.token_prefix(query.prefix)
        slices = read_at_once(lambda shard: tokens_of(a, shard, start, query.prefix, per_shard))
        merged, more = _merged(slices, "sk", newest_first=False)
        met = (record for record in merged if query.met_by(record.token, record.tokens))
        found = list(islice(met, min(limit, most) + 1))
        full = len(found) > min(limit, most)
        found = found[: min(limit, most)]
        contacts = self._contacts.get_many(a, [record.contact_id for record in found])
        items = tuple(contacts[record.contact_id] for record in found if record.contact_id in contacts)
        reached = found[-1] if full else merged[-1] if more else None
        return ContactPage(items, reached.place if reached else None)


def _merged(slices: list[Slice[_R]], key: str, *, newest_first: bool) -> tuple[list[_R], bool]:
    """The records of all shards in order, as far as every shard was read, and whether there are more."""
    by_key = operator.attrgetter(key)
    ends = [by_key(one.records[-1]) for one in slices if one.more]
    everything = merge(*(one.records for one in slices), key=by_key, reverse=newest_first)
    if not ends:
        return list(everything), False
    end, within = (max(ends), operator.ge) if newest_first else (min(ends), operator.le)
    return list(takewhile(lambda record: within(by_key(record), end), everything)), True


def _place(query: Query, cursor: str) -> str:
    """The place that a cursor of this query names. Raises ValueError for any other text."""
    if not cursor.startswith(query.prefix) or "#" not in cursor:
        raise ValueError("no cursor of this search")
    return cursor
