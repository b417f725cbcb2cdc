"""The three tables as pynamodb base models, and the attributes that Recado adds. Table names come from the settings,
late."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Self, TypeVar

from pynamodb.attributes import Attribute, NumberAttribute, UnicodeAttribute
from pynamodb.connection import TableConnection
from pynamodb.connection.base import MetaTable
from pynamodb.constants import STRING
from pynamodb.exceptions import DoesNotExist
from pynamodb.models import Model

from recado.domain.errors import Busy
from recado.settings import settings
from recado.storage.keys import stamp

_R = TypeVar("_R", bound="Record")
_E = TypeVar("_E")


_INDEXES = {
    "due": ("due_pk", "due_sk"),
    "by_situation": ("si_pk", "si_sk"),
    "by_department": ("de_pk", "de_sk"),
    "by_agent": ("ag_pk", "ag_sk"),
    "by_contact": ("co_pk", "co_sk"),
}
_CONNECT_TIMEOUT_S = 1.0
_READ_TIMEOUT_S = 3.0
_KEYS, _ROUNDS = 100, 5
"""Keys in one call, and calls more than needed until what is left out counts as not to be had."""
_RETRIES = 2
"""Three attempts end, with the pauses between them (1 s and 2 s at most), before the shortest of the functions does:
one that is stopped in the middle of a call cannot read again what became of it."""
_connections: dict[str, TableConnection] = {}


def _connect(table_name: str) -> TableConnection:
    shared = next(iter(_connections.values()), None)
    table = TableConnection(
        table_name,
        meta_table=_meta_table(table_name),
        connect_timeout_seconds=_CONNECT_TIMEOUT_S,
        read_timeout_seconds=_READ_TIMEOUT_S,
        max_retry_attempts=_RETRIES,
        max_pool_connections=32,
    )
    if shared is not None:
        shared.connection.add_meta_table(_meta_table(table_name))
        table.connection = shared.connection
    return table


def _meta_table(table_name: str) -> MetaTable:
    def key_schema(hash_key: str, range_key: str) -> list[dict[str, str]]:
        return [{"AttributeName": hash_key, "KeyType": "HASH"}, {"AttributeName": range_key, "KeyType": "RANGE"}]

    names = ["pk", "sk", *(name for pair in _INDEXES.values() for name in pair)]
    return MetaTable(
        {
            "TableName": table_name,
            "KeySchema": key_schema("pk", "sk"),
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in names],
            "GlobalSecondaryIndexes": [
                {"IndexName": index, "KeySchema": key_schema(*pair)} for index, pair in _INDEXES.items()
            ],
            "LocalSecondaryIndexes": [],
        }
    )


def reset_connections() -> None:
    """Forget the client: for a process whose tables or endpoint changed (tests)."""
    _connections.clear()


class TimeAttribute(Attribute[datetime]):
    """A moment as RFC 3339 UTC text with milliseconds, so that it orders as text."""

    attr_type = STRING

    def serialize(self, value: datetime) -> str:
        """To text."""
        return stamp(value)

    def deserialize(self, value: str) -> datetime:
        """From text."""
        return datetime.fromisoformat(value)


class Record(Model):
    """An item. `of` fills it from an entity's fields of the same names; `to` makes the entity again."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    ttl = NumberAttribute(null=True)

    @classmethod
    def _get_connection(cls) -> TableConnection:
        """One client for all records: pynamodb would otherwise build one (some 60 ms) for each class of record."""
        connection = _connections.get(cls.Meta.table_name)
        if connection is None:
            connection = _connections[cls.Meta.table_name] = _connect(cls.Meta.table_name)
        return connection

    @classmethod
    def find(cls, pk: str, sk: str) -> Self | None:
        """The item, read consistently, or None."""
        try:
            return cls.get(pk, sk, consistent_read=True)
        except DoesNotExist:
            return None

    @classmethod
    def of(cls, entity: Any, **fields: Any) -> Self:
        """The record of an entity; `fields` are keys and whatever the entity spells otherwise. None is left out of
        the item."""
        values = {name: getattr(entity, name) for name in cls.get_attributes() if hasattr(entity, name)}
        values.update(fields)
        return cls(**{name: value for name, value in values.items() if value is not None})

    def to(self, entity_class: type[_E], **fields: Any) -> _E:
        """The entity; fields that the record does not have come from `fields` or the entity's defaults."""
        known = self.get_attributes()
        values: dict[str, Any] = {}
        for field in dataclasses.fields(entity_class):  # type: ignore[arg-type]
            if field.name in fields:
                values[field.name] = fields[field.name]
            elif field.name in known and getattr(self, field.name) is not None:
                values[field.name] = getattr(self, field.name)
        return entity_class(**values)


class _TableName:
    """A class attribute that reads the table's name when it is first asked for, so that importing needs no
    environment."""

    def __init__(self, setting: str) -> None:
        self._setting = setting

    def __get__(self, instance: object, owner: type | None = None) -> str:
        return str(getattr(settings(), self._setting))


def read_together(wanted: Iterable[tuple[type[Record], str, str]]) -> dict[tuple[str, str], Record]:
    """Items of any of the tables by their keys, consistently, in one call for each 100. Raises Busy when DynamoDB
    keeps leaving some out."""
    kinds = {(pk, sk): kind for kind, pk, sk in wanted}
    left = list(kinds)
    found: dict[tuple[str, str], Record] = {}
    for _ in range(_ROUNDS + len(left) // _KEYS):
        if not left:
            return found
        answer = _batch_get(left[:_KEYS], kinds)
        for items in answer["Responses"].values():
            for item in items:
                key = item["pk"]["S"], item["sk"]["S"]
                found[key] = kinds[key].from_raw_data(item)
        unread = {
            (one["pk"]["S"], one["sk"]["S"])
            for asked in answer.get("UnprocessedKeys", {}).values()
            for one in asked["Keys"]
        }
        left = [*(key for key in left[:_KEYS] if key in unread), *left[_KEYS:]]
    raise Busy("a read of several items")


def _batch_get(places: Sequence[tuple[str, str]], kinds: Mapping[tuple[str, str], type[Record]]) -> dict[str, Any]:
    asked: dict[str, dict[str, Any]] = {}
    for pk, sk in places:
        table = asked.setdefault(kinds[pk, sk].Meta.table_name, {"Keys": [], "ConsistentRead": True})
        table["Keys"].append({"pk": {"S": pk}, "sk": {"S": sk}})
    client: Any = kinds[places[0]]._get_connection().connection.client
    answer: dict[str, Any] = client.batch_get_item(RequestItems=asked)
    return answer


class ContactsRecord(Record):
    """An item of the contacts table."""

    class Meta:
        table_name = _TableName("contacts_table")


class ChatsRecord(Record):
    """An item of the chats table."""

    class Meta:
        table_name = _TableName("chats_table")


class WorkspaceRecord(Record):
    """An item of the workspace table."""

    class Meta:
        table_name = _TableName("workspace_table")
