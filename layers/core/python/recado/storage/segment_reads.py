"""Contacts and chats as segments read them: raw items, only the attributes that are asked for, many partitions at once
(docs/data-model.md G3)."""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from recado.domain.chats import OPEN_SITUATIONS, ThreadKey
from recado.domain.errors import Busy
from recado.domain.segment_bounds import Bounds
from recado.domain.segment_fields import Table, Thing
from recado.domain.segment_matching import Record
from recado.ports.segments import Pages
from recado.storage import keys
from recado.storage.chat_records import ChatRecord, ThreadRecord
from recado.storage.contact_records import ContactRecord, MembershipRecord
from recado.storage.tables import Record as Item
from recado.storage.tables import WorkspaceRecord

_T = TypeVar("_T")
_LAST = "\U0010ffff"
_AT_ONCE = 100
_PAGE = 500
"""Items of a page of a query: sixteen threads hold one each, and a whole page of DynamoDB's may have thousands."""
_WINDOW = 200
"""Chats of each situation in a window of ids."""
_TRIES, _FIRST_PAUSE_S = 8, 0.025
"""Some 3 s altogether, as chance has it."""
_MARGIN = timedelta(minutes=5)
"""An id is made a moment before what it names, by a clock that may have been set."""
_MEMBERS_OF = {"group_ids": "GROUP", "organization_id": "ORG"}
_COLLECTIONS: Mapping[Thing, str] = {
    "group": "GROUPS",
    "organization": "ORGANIZATIONS",
    "department": "DEPARTMENTS",
    "channel": "CHANNELS",
    "agent": "USERS",
}
_OF_THREADS = frozenset({"last_inbound_at", "updated_at"})
"""Attributes of a chat that its thread knows."""
_OF_CHATS = ("id", "channel_id", "sender", "situation", "moved_at", "opened_at")


class DynamoSegmentReads:
    """The ports `recado.ports.segments.SegmentReads` and `recado.ports.task_runs.Audience`."""

    def contacts(self, a: str, bounds: Bounds) -> Sequence[Pages]:
        """The sixteen partitions; where all are members of one group, that group's sixteen and a batch get for each 100
        members."""
        return self._contact_parts(a, bounds, *_ids("ct", a, bounds))

    def _contact_parts(self, a: str, bounds: Bounds, low: str, high: str) -> Sequence[Pages]:
        _client(ContactRecord)  # made once here rather than by as many threads as there are partitions
        shards = [f"{shard:x}" for shard in range(keys.SHARDS)]
        if bounds.members_of is None:
            return [partial(_contacts, keys.contact_shard(a, shard), low, high, bounds.attributes) for shard in shards]
        attribute, group_id = bounds.members_of
        kind = _MEMBERS_OF[attribute]
        places = [keys.membership_shard(a, kind, group_id, shard) for shard in shards]
        return [partial(_members, a, place, low, high, bounds.attributes) for place in places]

    def chats(self, a: str, bounds: Bounds) -> Sequence[Pages]:
        """The index of each open situation, a batch get for each 100 chats, and one for their threads where those are
        asked for. A chat that moves between two situations meanwhile may come twice or not at all: who acts upon it
        reads it again."""
        _client(ChatRecord)
        low, high = _ids("ca", a, bounds)
        return [
            partial(_chats, a, keys.index_pk(a, situation), low, high, bounds.attributes)
            for situation in OPEN_SITUATIONS
        ]

    def part(self, a: str, table: Table, bounds: Bounds, part: int, after: str | None) -> Pages:
        """Of contacts one of the parts of `contacts`. Of chats all: three queries for at most 200 each, three more over
        the same ids, a batch get for each 100 chats, and one for their threads where those are asked for."""
        low, high = _ids("ca" if table == "chats" else "ct", a, bounds)
        high = min(high, after) if after else high
        if table == "chats":
            return partial(_chats_by_id, a, low, high, bounds.attributes)
        return self._contact_parts(a, bounds, low, high)[part]

    def contact(self, a: str, contact_id: str) -> Record | None:
        """One get."""
        return _one(ContactRecord, keys.contact_pk(a, contact_id), keys.contact_sk(contact_id))

    def chat(self, a: str, chat_id: str) -> Record | None:
        """Two gets; with `thread_seq`, the last of its thread."""
        found = _one(ChatRecord, keys.chat_pk(a, chat_id), "CHAT")
        if found is None:
            return None
        key = ThreadKey(found["channel_id"]["S"], found["sender"]["S"])
        thread = _one(ThreadRecord, keys.thread_pk(a, key), "THREAD")
        return {**_with_thread(found, thread), "thread_seq": (thread or {}).get("last_seq", {"N": "0"})}

    def existing(self, a: str, named: Collection[tuple[Thing, str]]) -> set[tuple[Thing, str]]:
        """A batch get for each 100. A channel that was removed is not there."""
        places = {(keys.workspace_pk(a, _COLLECTIONS[thing]), one): (thing, one) for thing, one in named}
        found = [
            (item["pk"]["S"], item["sk"]["S"])
            for some in _in_hundreds(list(places))
            for item in _got(WorkspaceRecord, some, ("pk", "sk", "state"), consistent=True)
            if item.get("state") != {"S": "removed"}
        ]
        return {places[place] for place in found}


def _ids(kind: str, a: str, bounds: Bounds) -> tuple[str, str]:
    """The first and last id that something made within the bounds can have."""
    low = _id_at(kind, a, bounds.created_from, -_MARGIN) if bounds.created_from else f"{kind}_{a}_"
    high = _id_at(kind, a, bounds.created_to, _MARGIN) if bounds.created_to else f"{kind}_{a}_"
    return low, high + _LAST


def _id_at(kind: str, a: str, moment: str, margin: timedelta) -> str:
    at = (datetime.fromisoformat(moment) + margin).timestamp()
    return f"{kind}_{a}_{max(0, int(at * 1000)):011x}"


def _contacts(pk: str, low: str, high: str, attributes: Sequence[str]) -> Iterator[Sequence[Record]]:
    bounds = keys.contact_sk(low), keys.contact_sk(high)
    return _query(ContactRecord, None, ("pk", pk), ("sk", *bounds), attributes)


def _members(a: str, pk: str, low: str, high: str, attributes: Sequence[str]) -> Iterator[Sequence[Record]]:
    for page in _query(MembershipRecord, None, ("pk", pk), ("sk", low, high), ("sk",)):
        for ids in _in_hundreds([item["sk"]["S"] for item in page]):
            wanted = [(keys.contact_pk(a, one), keys.contact_sk(one)) for one in ids]
            yield sorted(_got(ContactRecord, wanted, attributes), key=_id_of, reverse=True)


def _chats(a: str, pk: str, low: str, high: str, attributes: Sequence[str]) -> Iterator[Sequence[Record]]:
    for page in _query(ChatRecord, "by_situation", ("si_pk", pk), ("si_sk", low, high), ("pk",)):
        for places in _in_hundreds([item["pk"]["S"] for item in page]):
            yield _open_chats(a, places, attributes)


def _chats_by_id(a: str, low: str, high: str, attributes: Sequence[str]) -> Iterator[list[Record]]:
    """Open chats by their ids, newest first from before `high` on, whatever their situations: windows of ids, each read
    in all situations at once. A chat is of one window, so it comes once however often it moves. It is looked for before
    the others of its window are read and again behind that: one that changes its situation in between is found where it
    was or where it is."""
    lowest = False
    while not lowest:
        places, low_of_window = _first_look(a, low, high)
        found = _read_in_hundreds(a, list(places.values()), attributes)
        later = _second_look(a, low_of_window, high)
        found += _read_in_hundreds(a, [place for one, place in later.items() if one not in places], attributes)
        page = sorted((one for one in found if one["id"]["S"] < high), key=_id_of, reverse=True)
        if page:
            yield page
        lowest, high = low_of_window == low, low_of_window


def _first_look(a: str, low: str, high: str) -> tuple[dict[str, str], str]:
    """The newest chats of all situations, id → partition, and the id down to which those are all."""
    pages = [next(_situation(a, one, low, high, _WINDOW), []) for one in OPEN_SITUATIONS]
    low_of_window = max([low, *(page[-1]["si_sk"]["S"] for page in pages if len(page) == _WINDOW)])
    return {one: place for page in pages for one, place in _places(page) if one >= low_of_window}, low_of_window


def _second_look(a: str, low: str, high: str) -> dict[str, str]:
    """The same between two ids, all of them."""
    pages = (page for one in OPEN_SITUATIONS for page in _situation(a, one, low, high, _PAGE))
    return {one: place for page in pages for one, place in _places(page)}


def _situation(a: str, situation: str, low: str, high: str, most: int) -> Iterator[list[Record]]:
    partition = "si_pk", keys.index_pk(a, situation)
    return _query(ChatRecord, "by_situation", partition, ("si_sk", low, high), ("pk", "si_sk"), most)


def _places(page: Iterable[Record]) -> Iterator[tuple[str, str]]:
    return ((one["si_sk"]["S"], one["pk"]["S"]) for one in page)


def _read_in_hundreds(a: str, places: Sequence[str], attributes: Sequence[str]) -> list[Record]:
    return [one for some in _in_hundreds(places) for one in _open_chats(a, some, attributes)]


def _open_chats(a: str, places: Sequence[str], attributes: Sequence[str]) -> list[Record]:
    """Those of at most 100 chats that are open, with what their threads know where that is asked for."""
    read = tuple(dict.fromkeys((*_OF_CHATS, *(one for one in attributes if one not in _OF_THREADS))))
    found = _got(ChatRecord, [(place, "CHAT") for place in places], read)
    open_ones = [one for one in found if one["situation"]["S"] in OPEN_SITUATIONS]
    return open_ones if _OF_THREADS.isdisjoint(attributes) else _with_threads(a, open_ones)


def _id_of(one: Record) -> str:
    return str(one["id"]["S"])


def _with_threads(a: str, chats: Sequence[Record]) -> list[Record]:
    places = [keys.thread_pk(a, ThreadKey(one["channel_id"]["S"], one["sender"]["S"])) for one in chats]
    wanted = [(place, "THREAD") for place in dict.fromkeys(places)]
    read = ("pk", "last_inbound_at", "last_message_at")
    threads = {one["pk"]["S"]: one for one in _got(ThreadRecord, wanted, read)}
    return [_with_thread(chat, threads.get(place)) for chat, place in zip(chats, places, strict=True)]


def _with_thread(chat: Record, thread: Record | None) -> Record:
    """The chat with `last_inbound_at`, and `updated_at`: the later of its last move and its last message."""
    known = thread or {}
    moments = [
        chat.get("moved_at") or chat["opened_at"],
        *(known[name] for name in ("last_message_at",) if name in known),
    ]
    inbound = {"last_inbound_at": known["last_inbound_at"]} if "last_inbound_at" in known else {}
    return {**chat, "updated_at": max(moments, key=lambda one: str(one["S"])), **inbound}


def _in_hundreds(wanted: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """As many as one batch get takes."""
    for start in range(0, len(wanted), _AT_ONCE):
        yield wanted[start : start + _AT_ONCE]


def _query(
    kind: type[Item], index: str | None, partition: tuple[str, str], between: tuple[str, str, str],
    attributes: Sequence[str], most: int = _PAGE,
) -> Iterator[list[Record]]:  # fmt: skip
    """Pages of at most so many raw items of one partition, newest first, until its end."""
    names, projection = _projection(attributes)
    asked: dict[str, Any] = {
        "TableName": kind.Meta.table_name,
        "KeyConditionExpression": "#pk = :pk AND #sk BETWEEN :low AND :high",
        "ExpressionAttributeNames": {**names, "#pk": partition[0], "#sk": between[0]},
        "ExpressionAttributeValues": {
            ":pk": {"S": partition[1]}, ":low": {"S": between[1]}, ":high": {"S": between[2]},
        },
        "ProjectionExpression": projection,
        "ScanIndexForward": False,
        "Limit": most,
        **({"IndexName": index} if index else {}),
    }  # fmt: skip
    while True:
        answer = _client(kind).query(**asked)
        if answer["Items"]:
            yield answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _got(
    kind: type[Item], places: Iterable[tuple[str, str]], attributes: Sequence[str], consistent: bool = False
) -> list[Record]:
    """Raw items by their keys, those that exist. Raises Busy when DynamoDB keeps leaving some out: what is not read is
    never "no match"."""
    names, projection = _projection(attributes)
    table = kind.Meta.table_name
    wanted = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in places]
    found: list[Record] = []
    for attempt in range(_TRIES):
        if not wanted:
            return found
        if attempt:
            time.sleep(random.uniform(0, _FIRST_PAUSE_S * 2**attempt))
        asked = {"Keys": wanted, "ProjectionExpression": projection, "ExpressionAttributeNames": names}
        answer = _client(kind).batch_get_item(RequestItems={table: {**asked, "ConsistentRead": consistent}})
        found += answer["Responses"].get(table, [])
        wanted = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
    if wanted:
        raise Busy("a read of many items")
    return found


def _one(kind: type[Item], pk: str, sk: str) -> Record | None:
    key = {"pk": {"S": pk}, "sk": {"S": sk}}
    found: Record | None = (
        _client(kind).get_item(TableName=kind.Meta.table_name, Key=key, ConsistentRead=True).get("Item")
    )
    return found


def _projection(attributes: Sequence[str]) -> tuple[dict[str, str], str]:
    """Names and expression of what is read; names of ours may be DynamoDB's own words."""
    names = {f"#a{number}": name for number, name in enumerate(attributes)}
    return names, ", ".join(names)


def _client(kind: type[Item]) -> Any:
    return kind._get_connection().connection.client
