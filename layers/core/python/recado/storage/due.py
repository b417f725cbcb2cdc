"""Pages of the `due` indexes: an even share of each shard, so that none waits for the others to be empty."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from recado.ports.sweeps import DuePage, Owned
from recado.storage import keys
from recado.storage.tables import Record


class Due(GlobalSecondaryIndex[Any]):
    """What has to be looked at at a time, over all accounts."""

    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()

    due_pk = UnicodeAttribute(hash_key=True)
    due_sk = UnicodeAttribute(range_key=True)


def due_page(kind: str, oldest: Callable[[str, int], Iterable[Record]], limit: int) -> DuePage:
    """About `limit` of what is due: 16 queries, ½ RRU each and the same for each 4 KB found. `kind` stands in the
    partition keys, before the id or, in a collection, with the id as the sort key; `oldest` reads so many of a shard in
    the order of their time."""
    share = max(1, limit // keys.SHARDS)
    found: list[Owned] = []
    more = False
    for shard in range(keys.SHARDS):
        records = list(oldest(f"DUE#{shard:02d}", share))
        more = more or len(records) == share
        for record in records:
            account, of_kind, *public_id = record.pk.split("#", 2)
            if of_kind == kind:
                found.append((account, public_id[0] if public_id else record.sk))
    return DuePage(found, more)
