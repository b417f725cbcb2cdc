"""What one DynamoDB call costs, from the items in the store before and after it.

A write is 1 unit for each KB begun of the larger of the old and the new item, a transactional one 2 (a condition
check of a transaction is counted as a write); a failed condition costs by the old item. A strong read is 1 unit for
each 4 KB begun, an eventual one half, a transactional one 2; a query rounds the sum of all it evaluates. An index
entry is written when it appears, changes or goes, twice when its keys change, once each time, in a transaction too:
indexes follow after the commit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.item_sizes import Item, item_size

_WRITE = 1024
_READ = 4096
_TOKEN = re.compile(r"[#:][A-Za-z0-9_]+")


@dataclass(frozen=True)
class Cost:
    """Capacity units."""

    wru: float = 0
    rru: float = 0
    index_wru: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Write:
    """One item that a call writes: what may be there already; `new` is the item of a put, to count it even when it
    fails."""

    table: str
    key: Item
    old: Item | None
    new: Item | None


@dataclass(frozen=True)
class _Table:
    keys: tuple[str, ...]
    indexes: Mapping[str, tuple[str, ...]]
    projections: Mapping[str, Mapping[str, Any]]


def units(size: int, step: int) -> int:
    """Units begun, at least one."""
    return max(1, -(-size // step))


class DynamoDB:
    """Estimates over one store; `ask(operation, parameters)` calls it uncounted."""

    def __init__(self, ask: Callable[[str, dict[str, Any]], Any]) -> None:
        self._ask = ask
        self._tables: dict[str, _Table] = {}

    def estimate(self, operation: str, parameters: dict[str, Any]) -> Callable[[bool], Cost]:
        """Look at the store before the call; the answer, called after it with whether it failed, is the cost."""
        if operation in {"GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan"}:
            cost = Cost(rru=self._reads(operation, parameters))
            return lambda _: cost
        factor = 2 if operation == "TransactWriteItems" else 1
        writes = [self._before(*written) for written in self._written(operation, parameters)]
        return lambda failed: self._write_cost(writes, factor, failed)

    def _written(self, operation: str, parameters: dict[str, Any]) -> Iterable[tuple[str, Item | None, Item | None]]:
        """(table, key, item put) of each item that the call names."""
        if operation in {"PutItem", "UpdateItem", "DeleteItem"}:
            yield parameters["TableName"], parameters.get("Key"), parameters.get("Item")
        elif operation == "TransactWriteItems":
            for one in parameters["TransactItems"]:
                [action] = one.values()
                yield action["TableName"], action.get("Key"), action.get("Item")
        elif operation == "BatchWriteItem":
            for table, requests in parameters["RequestItems"].items():
                for request in requests:
                    [action] = request.values()
                    yield table, action.get("Key"), action.get("Item")

    def _before(self, table: str, key: Item | None, put: Item | None) -> _Write:
        where = key or {name: (put or {})[name] for name in self._table(table).keys}
        return _Write(table, where, self._look(table, where), put)

    def _write_cost(self, writes: list[_Write], factor: int, failed: bool) -> Cost:
        wru, index_wru = 0, Counter[str]()
        for write in writes:
            new = write.new if failed and factor == 2 else None if failed else self._look(write.table, write.key)
            wru += factor * units(max(item_size(write.old or {}), item_size(new or {})), _WRITE)
            if not failed:
                index_wru.update(self._index_writes(write.table, write.old, new))
        return Cost(wru=wru, index_wru={name: count for name, count in index_wru.items() if count})

    def _index_writes(self, table: str, old: Item | None, new: Item | None) -> Counter[str]:
        count: Counter[str] = Counter()
        for index, keys in self._table(table).indexes.items():
            before, after = (self._entry(table, index, item) for item in (old, new))
            if before == after:
                continue
            if before and after and all(before[name] == after[name] for name in keys):
                count[index] += units(max(item_size(before), item_size(after)), _WRITE)
            else:
                count[index] += sum(units(item_size(entry), _WRITE) for entry in (before, after) if entry)
        return count

    def _entry(self, table: str, index: str, item: Item | None) -> Item | None:
        """What an index holds of an item; None when the item lacks one of the index's keys."""
        shape = self._table(table)
        keys = shape.indexes[index]
        if item is None or any(name not in item for name in keys):
            return None
        projection = shape.projections[index]
        if projection["ProjectionType"] == "ALL":
            return item
        held = {*shape.keys, *keys, *projection.get("NonKeyAttributes", ())}
        return {name: value for name, value in item.items() if name in held}

    def _reads(self, operation: str, parameters: dict[str, Any]) -> float:
        if operation == "GetItem":
            return self._read(parameters["TableName"], parameters["Key"]) * _strength(parameters)
        if operation == "TransactGetItems":
            return sum(
                2 * self._read(one["Get"]["TableName"], one["Get"]["Key"]) for one in parameters["TransactItems"]
            )
        if operation == "BatchGetItem":
            return sum(
                self._read(table, key) * _strength(request)
                for table, request in parameters["RequestItems"].items()
                for key in request["Keys"]
            )
        return units(self._evaluated_size(operation, parameters), _READ) * _strength(parameters)

    def _read(self, table: str, key: Item) -> int:
        return units(item_size(self._look(table, key) or {}), _READ)

    def _evaluated_size(self, operation: str, parameters: dict[str, Any]) -> int:
        """All that the query walks over, filtered out or not projected though it may be."""
        left_out = {"FilterExpression", "ProjectionExpression", "Select", "ReturnConsumedCapacity"}
        bare = {name: value for name, value in parameters.items() if name not in left_out}
        used = set(_TOKEN.findall(bare.get("KeyConditionExpression", "")))
        for name in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
            kept = {token: value for token, value in bare.pop(name, {}).items() if token in used}
            if kept:
                bare[name] = kept
        items = self._ask(operation, bare)["Items"]
        index = parameters.get("IndexName")
        if index is None:
            return sum(item_size(item) for item in items)
        entries = (self._entry(parameters["TableName"], index, item) for item in items)
        return sum(item_size(entry or {}) for entry in entries)

    def _look(self, table: str, key: Item) -> Item | None:
        item: Item | None = self._ask("GetItem", {"TableName": table, "Key": key, "ConsistentRead": True}).get("Item")
        return item

    def _table(self, name: str) -> _Table:
        if name not in self._tables:
            described = self._ask("DescribeTable", {"TableName": name})["Table"]
            indexes = described.get("GlobalSecondaryIndexes", [])
            self._tables[name] = _Table(
                keys=_key_names(described),
                indexes={index["IndexName"]: _key_names(index) for index in indexes},
                projections={index["IndexName"]: index["Projection"] for index in indexes},
            )
        return self._tables[name]


def _key_names(described: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(key["AttributeName"] for key in described["KeySchema"])


def _strength(request: Mapping[str, Any]) -> float:
    return 1 if request.get("ConsistentRead") else 0.5
