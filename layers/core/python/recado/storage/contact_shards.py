"""The sixteen shards of an account's contacts, read many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

from recado.storage import keys
from recado.storage.contact_records import ContactRecord, MembershipRecord, TokenRecord

_R = TypeVar("_R", ContactRecord, MembershipRecord, TokenRecord)

LAST = "\U0010ffff"
"""After everything that a key can go on with."""
SHARD_NAMES = tuple(f"{shard:x}" for shard in range(keys.SHARDS))


@dataclass(frozen=True)
class Slice(Generic[_R]):
    """What one shard gave; `more` when it was not read to its end."""

    records: list[_R]
    more: bool


def read_at_once(read: Callable[[str], Slice[_R]], shards: Iterable[str] = SHARD_NAMES) -> list[Slice[_R]]:
    """What each of the shards gives, in their order."""
    ContactRecord._get_connection()  # made once here rather than by sixteen threads at a time
    return list(_pool().map(read, shards))


def tokens_of(a: str, shard: str, start: str, prefix: str, most: int) -> Slice[TokenRecord]:
    """So many tokens of a shard that begin with `prefix`, from the sort key `start` on: 1 query."""
    within = TokenRecord.sk.between(start, f"{keys.token_prefix(prefix)}{LAST}")
    found = list(TokenRecord.query(keys.contact_shard(a, shard), within, limit=most + 1, page_size=most + 1))
    return Slice(found[:most], len(found) > most)


def behind(place: str) -> str:
    """The sort key from which what comes behind a token's place is read: places end in ids of one length, so with `!`
    begins what is behind the place itself and before every other."""
    return f"{keys.token_prefix(place)}!"


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(keys.SHARDS, thread_name_prefix="contact-shard")
