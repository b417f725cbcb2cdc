"""A page of a search for several words: one of them is looked up, shard after shard, and the others are tested on what
it finds.

Looked up is what few contacts have, or among whose contacts most have the others too, as far as a look into the first
shard tells. Which contact lies in which shard is chance, so where many have the word one shard is read on and on, and
where few have it all are read at once. A page goes on until it has something or has read what a page may read (P11: 17
calls, 40 RRU)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recado.domain.contact_search import Query
from recado.domain.ids import moment_of
from recado.storage import keys
from recado.storage.contact_records import TokenRecord
from recado.storage.contact_shards import SHARD_NAMES, Slice, behind, read_at_once, tokens_of

_WORDS_TRIED = 3
_FEW, _MANY = 35, 95
"""Tokens that are read of a shard: 1½ and 4 RRU where a token is some 330 bytes."""
_MOST_READS = 16
_FEW_RRU, _MANY_RRU = 1.5, 4.0
_CONTACT_RRU = 0.5
_MOST_RRU = 40.0
_MOST_CONTACTS = 32
_RRU_WITH_RESULTS, _RRU_WITHOUT = 24.0, 36.0
"""So much of it is spent on tokens: what is left is for the contacts that they name."""
_UNIT = 4096


@dataclass(frozen=True)
class _Place:
    """From where a search goes on: the words with the one that is looked up first, the shard, and the sort key in it;
    `token_place` says the same to a cursor."""

    query: Query
    shard: int
    token_place: str | None = None

    @property
    def start(self) -> str:
        return behind(self.token_place) if self.token_place else keys.token_prefix(self.query.prefix)

    @property
    def cursor(self) -> str:
        """No token has a blank in it."""
        return f"{SHARD_NAMES[self.shard]} {self.query.prefix} {self.token_place or ''}"

    @property
    def is_behind_all(self) -> bool:
        return self.shard == keys.SHARDS


class WordSearch:
    """One page: `read` once."""

    def __init__(self, a: str, limit: int) -> None:
        self._a = a
        self._most = min(limit, _MOST_CONTACTS)
        self._reads = 0
        self._rru = 0.0
        self._found: list[tuple[TokenRecord, _Place]] = []

    def read(self, query: Query, after: str | None) -> tuple[list[str], str | None]:
        """The ids of contacts, and the cursor behind them. Raises ValueError for a cursor of something else."""
        if after is None:
            place, slices = self._begun(query)
            place, is_long = self._taken(place, slices)
        else:
            place, is_long = _place_of(query, after), True
        while not place.is_behind_all and self._goes_on():
            place, is_long = self._taken(place, self._ahead(place, is_long))
        if not self._found and not place.is_behind_all and place.shard == keys.SHARDS - 1 and not is_long:
            place = self._proved(place)
        return self._page(place)

    def _begun(self, query: Query) -> tuple[_Place, Sequence[Slice[TokenRecord]]]:
        """What the first shard has of the word that few contacts have; where many have each, of the one among whose
        contacts most have the others too. Names that addresses begin with lie in the order of the addresses, so by the
        first name those of one last name lie together, and perhaps far behind."""
        seen: list[tuple[_Place, Slice[TokenRecord]]] = []
        for one in query.looked_up_by_each()[:_WORDS_TRIED]:
            place = _Place(one, 0)
            found = self._slice(place, _FEW)
            if not found.more:
                return place, [found]
            seen.append((place, found))
        place, found = max(seen, key=lambda one: (_met(one[0].query, one[1]), -_how_often(one[1].records)))
        return place, [found]

    def _ahead(self, place: _Place, is_long: bool) -> Sequence[Slice[TokenRecord]]:
        """More of the shard, or some of all that come behind it, as far as a page may read."""
        if is_long:
            return [self._slice(place, _MANY)]
        room = min(_MOST_READS - self._reads, int((_RRU_WITH_RESULTS - self._rru) / _FEW_RRU))
        shards = SHARD_NAMES[place.shard : place.shard + max(1, room)]
        start, prefix = place.start, place.query.prefix
        found = read_at_once(lambda shard: tokens_of(self._a, shard, start, prefix, _FEW), shards)
        for one in found:
            self._count(one.records)
        return found

    def _taken(self, place: _Place, slices: Sequence[Slice[TokenRecord]]) -> tuple[_Place, bool]:
        """What meets the search, up to the first shard that has more; the next place, and whether much of a shard is
        likely to lie there."""
        is_long = False
        for one in slices:
            for record in one.records:
                place = _Place(place.query, place.shard, record.place)
                if place.query.met_by(record.token, record.tokens):
                    self._found.append((record, place))
            if one.more:
                return place, True
            place = _Place(place.query, place.shard + 1)
            is_long = len(one.records) > _FEW
        return place, is_long

    def _goes_on(self) -> bool:
        enough = len(self._found) >= self._most
        rru = self._rru + _MANY_RRU
        return not enough and self._reads < _MOST_READS and rru <= (_RRU_WITH_RESULTS if self._found else _RRU_WITHOUT)

    def _proved(self, place: _Place) -> _Place:
        """Behind all when the last shard has nothing: no contacts are to be got, so one call is left to say so."""
        last, _ = self._taken(place, [self._slice(place, _FEW)])
        if self._found or not last.is_behind_all:
            self._found.clear()
            return place
        return last

    def _page(self, place: _Place) -> tuple[list[str], str | None]:
        most = max(1, min(self._most, int((_MOST_RRU - self._rru) / _CONTACT_RRU)))
        if len(self._found) > most:
            del self._found[most:]
            place = self._found[-1][1]
        records = sorted((record for record, _ in self._found), key=lambda record: record.place)
        return [record.contact_id for record in records], None if place.is_behind_all else place.cursor

    def _slice(self, place: _Place, most: int) -> Slice[TokenRecord]:
        found = tokens_of(self._a, SHARD_NAMES[place.shard], place.start, place.query.prefix, most)
        self._count(found.records)
        return found

    def _count(self, records: Sequence[TokenRecord]) -> None:
        size = sum(_bytes_of(record) for record in records)
        self._reads += 1
        self._rru += max(1, -(-size // _UNIT)) / 2


def _place_of(query: Query, cursor: str) -> _Place:
    """Raises ValueError."""
    shard, _, rest = cursor.partition(" ")
    word, _, token_place = rest.partition(" ")
    chosen = [one for one in query.looked_up_by_each() if one.prefix == word]
    if shard not in SHARD_NAMES or not chosen or not (not token_place or token_place.startswith(word)):
        raise ValueError("no cursor of this search")
    return _Place(chosen[0], SHARD_NAMES.index(shard), token_place or None)


def _met(query: Query, found: Slice[TokenRecord]) -> int:
    return sum(query.met_by(record.token, record.tokens) for record in found.records)


def _how_often(records: Sequence[TokenRecord]) -> float:
    """How many contacts a second have the token that most of these are of: as ids order by time, the frequent ones lie
    close to each other."""
    tokens = [record.token for record in records]
    most = max(tokens, key=tokens.count)
    ids = [record.contact_id for record in records if record.token == most]
    apart_s = (moment_of(ids[-1]) - moment_of(ids[0])).total_seconds()
    return len(ids) / max(apart_s, 0.001)


def _bytes_of(record: TokenRecord) -> int:
    """About what the item measures: names, keys, and the tokens as JSON."""
    return 10 + len(str(record.pk)) + len(str(record.sk).encode()) + sum(len(one.encode()) + 4 for one in record.tokens)
