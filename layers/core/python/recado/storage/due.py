"""Pages of the `due` indexes: each kind of item has shards of its own, so that none is hidden behind another; of each
shard an even share is taken, so that none waits for the others to be empty; and where more is due than that, accounts
take turns in it, so that none waits for another's many."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import islice, zip_longest
from typing import Any, Protocol

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from recado.ports.sweeps import DuePage, Owned
from recado.storage import keys
from recado.storage.tables import Record

_LOOKS, _PAGES, _LOOKED_AT = 3, 4, 4_000
"""So often it is looked for other accounts, in so many pages of so many entries of a shard: some 250,000 of an account
hide nothing."""
_WEIGHED = 10
"""So many of what is found of others are read, to tell who has many and who has few. Two or three accounts with very
many at once are told from the others by it."""


class Due(GlobalSecondaryIndex[Any]):
    """What has to be looked at at a time, over all accounts."""

    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()

    due_pk = UnicodeAttribute(hash_key=True)
    due_sk = UnicodeAttribute(range_key=True)


class DueKind(Protocol):
    """A kind of record that has a place in the index."""

    pk: Any
    due_sk: Any
    due: Due

    @classmethod
    def from_raw_data(cls, data: Any) -> Any: ...


def due_page(kind: str, record: type[DueKind], now: datetime, limit: int) -> DuePage:
    """As `due_records`, by public ids: what stands in the partition key behind the kind or, in a collection, the sort
    key."""
    records, more = due_records(kind, record, now, limit)
    found: list[Owned] = []
    for one in records:
        account, _, *public_id = one.pk.split("#", 2)
        found.append((account, public_id[0] if public_id else one.sk))
    return DuePage(found, more)


def due_records(kind: str, record: type[DueKind], now: datetime, limit: int) -> tuple[list[Record], bool]:
    """The keys of about `limit` of what is due, and whether more is: 16 queries, ½ RRU each and the same for each 4 KB
    found. `kind` as in `keys.due_pk`. Of a shard where more is due than its share, 1 to 3 queries more go through what
    is due for entries of other accounts."""
    share = max(1, limit // keys.SHARDS)
    found: list[Record] = []
    more = False
    for shard in keys.due_shards(kind):
        until = record.due_sk <= keys.stamp(now)
        oldest = list(record.due.query(shard, until, limit=share + 1))
        if len(oldest) > share:
            more = True
            seen = _with_others(record, shard, until, oldest[:share], max(share, _WEIGHED))
            oldest = _by_turns(seen, max(share, 2))
        found += oldest
    return found, more


def _with_others(record: type[DueKind], shard: str, until: Any, oldest: Sequence[Record], most: int) -> list[Record]:
    """The oldest of a shard, and behind them the oldest of accounts that are not among these, until there are so many
    accounts."""
    found = list(oldest)
    for _ in range(_LOOKS):
        accounts = {_account_of(one) for one in found}
        if len(accounts) >= most:
            break
        others = _others(record, shard, until, accounts, most)
        found += others
        if len(others) < most:
            break
    return found


def _others(record: type[DueKind], shard: str, until: Any, accounts: Collection[str], most: int) -> list[Record]:
    theirs = [record.pk.startswith(f"{account}#") for account in sorted(accounts)]
    left_out = ~theirs[0]
    for one in theirs[1:]:
        left_out &= ~one
    found: list[Record] = []
    for page in islice(record.due.query(shard, until, left_out, page_size=_LOOKED_AT).page_iter, _PAGES):
        found += [record.from_raw_data(item) for item in page["Items"]]
        if len(found) >= most:
            break
    return found[:most]


def _by_turns(records: Sequence[Record], most: int) -> list[Record]:
    """In each turn one of each account, first of whom the oldest is: so that it waits for nobody either. Then who has
    fewest."""
    of_account: dict[str, list[Record]] = {}
    for one in records:
        of_account.setdefault(_account_of(one), []).append(one)
    accounts = sorted(of_account.values(), key=lambda theirs: (theirs[0] is not records[0], len(theirs)))
    return [one for turn in zip_longest(*accounts) for one in turn if one is not None][:most]


def _account_of(record: Record) -> str:
    return str(record.pk.split("#", 1)[0])
