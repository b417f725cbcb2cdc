"""P6, P6b, P8, P12: segments over 1,000,000 contacts against hand-written loops, and what a whole run reads and keeps.

Contacts are raw items as DynamoDB gives them, a page at a time, so that all of them never lie in memory; each page is
taken by ours and by its peers in turn, and CPU times add up. P8 and P12 are of the product's own preview, its reads
below it, against tables that make their pages as they are asked: each size in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from boto3.dynamodb.types import TypeDeserializer
from botocore.client import BaseClient

from benchmarks.contact_exports import GROUP_IDS, ORGANIZATION_IDS, contact, peak_mb
from benchmarks.figures import Figure
from recado.domain.access import Caller
from recado.domain.contact_search import fold
from recado.domain.custom_fields import CustomField
from recado.domain.ids import make_id
from recado.domain.segment_bounds import bounds_of
from recado.domain.segment_fields import fields_of
from recado.domain.segment_matching import Matcher, Record
from recado.domain.segment_operands import Moment
from recado.domain.segments import Group, parse
from recado.services.segment_references import SegmentReferences
from recado.services.segments import SegmentService
from recado.storage.contact_records import ContactRecord
from recado.storage.keys import SHARDS
from recado.storage.segment_reads import DynamoSegmentReads
from tests.item_sizes import item_size
from tests.segment_reading import plain

for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
    os.environ.setdefault(name, "none")
for name, value in (
    ("CONTACTS_TABLE", "contacts"),
    ("WORKSPACE_TABLE", "workspace"),
    ("AWS_DEFAULT_REGION", "us-east-1"),
):
    os.environ.setdefault(name, value)

A = "accounta"
CONTACTS = 1_000_000
PAGE = 1_000
"""As many as a page of DynamoDB has, 1 MB, give or take."""
MADE = 1_600
"""So many contacts differ; those behind them are like them but for their ids and times."""
NOW = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)
ZONE = ZoneInfo("America/Sao_Paulo")
CUSTOM = [
    CustomField("cf_1", "contacts", slug, slug, kind, NOW) for slug, kind in (("seats", "number"), ("plan", "text"))
]  # type: ignore[arg-type]
ORGANIZATION, (VIP, CUSTOMER, _) = ORGANIZATION_IDS[10], GROUP_IDS

Found = list[Record]
By = Callable[[Sequence[Record]], Found]


def a_moment(number: int) -> str:
    """Contacts come every 37 seconds, up to NOW."""
    return f"{NOW - timedelta(seconds=37 * number):%Y-%m-%dT%H:%M:%S.000Z}"


def id_of(number: int) -> str:
    """The newest have the smallest numbers."""
    return make_id("ct", A, NOW - timedelta(seconds=37 * number), f"{number:016x}")


def items(first: int, last: int, made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Raw items of contacts by their numbers."""
    found = []
    for number in range(first, last):
        item = dict(made[number % MADE])
        item["id"] = {"S": id_of(number)}
        item["created_at"] = item["updated_at"] = {"S": a_moment(number)}
        found.append(item)
    return found


@cache
def made_items() -> list[dict[str, Any]]:
    """What differs."""
    return [dict(ContactRecord.of_contact(A, contact(number)).serialize()) for number in range(MADE)]


# -- the same three filters: as they are asked, and as somebody would write them by hand ------------------------------

FILTERS: dict[str, Any] = {
    "created on a date E+ organization": {
        "all": [
            {"field": "created_at", "op": "on", "value": "2026-03-09"},
            {"field": "organization", "op": "eq", "value": ORGANIZATION},
        ]
    },
    "name contains E+ in a group E+ has no e-mail": {
        "all": [
            {"field": "name", "op": "contains", "value": "Silva"},
            {"field": "group", "op": "in", "value": [VIP, CUSTOMER]},
            {"field": "email", "op": "not_set"},
        ]
    },
    "name begins OU+ (number contains E+ older) OU+ custom field": {
        "any": [
            {"field": "name", "op": "starts_with", "value": "Antônio"},
            {
                "all": [
                    {"field": "mobile", "op": "contains", "value": "9987"},
                    {"field": "created_at", "op": "older_than", "value": {"n": 30, "unit": "days"}},
                ]
            },
            {"field": "custom.seats", "op": "gte", "value": 90},
        ]
    },
}


def on_a_date(records: Sequence[Record]) -> Found:
    found = []
    for record in records:
        if "2026-03-09T03:00:00.000Z" <= record["created_at"]["S"] < "2026-03-10T03:00:00.000Z":
            organization = record.get("organization_id")
            if organization is not None and organization["S"] == ORGANIZATION:
                found.append(record)
    return found


def named_in_a_group(records: Sequence[Record]) -> Found:
    found = []
    for record in records:
        if record.get("email") is not None:
            continue
        groups, name = record.get("group_ids"), record.get("name")
        if groups is None or name is None:
            continue
        text = name["S"]
        if "silva" in (text.lower() if text.isascii() else fold(text)):
            ids = json.loads(groups["S"])
            if VIP in ids or CUSTOMER in ids:
                found.append(record)
    return found


def one_of_three(records: Sequence[Record]) -> Found:
    found, before = [], a_moment(0)
    before = f"{NOW - timedelta(days=30):%Y-%m-%dT%H:%M:%S.000Z}"
    for record in records:
        mobile = record.get("mobile")
        if mobile is not None and "9987" in mobile["S"] and record["created_at"]["S"] < before:
            found.append(record)
            continue
        name = record.get("name")
        if name is not None:
            text = name["S"]
            if (text.lower() if text.isascii() else fold(text)).startswith("antonio"):
                found.append(record)
                continue
        custom = record.get("custom_fields")
        if custom is not None:
            seats = json.loads(custom["S"]).get("seats")
            if seats is not None and seats >= 90:
                found.append(record)
    return found


HAND: dict[str, By] = dict(zip(FILTERS, (on_a_date, named_in_a_group, one_of_three), strict=True))


def tree(given: Any) -> Group:
    """As the product reads it."""
    return parse(given, fields_of("contacts", CUSTOM), Moment(NOW, ZONE, lambda text: text))


# -- peers that read each value, and each operand, anew for each record ----------------------------------------------


def interpreted(given: Any, record: dict[str, Any]) -> bool:
    """The filter walked for each record."""
    if "all" in given:
        return all(interpreted(one, record) for one in given["all"])
    if "any" in given:
        return any(interpreted(one, record) for one in given["any"])
    name, op, wanted = given["field"], given["op"], given.get("value")
    places = {"group": "group_ids", "organization": "organization_id"}
    value = (record.get("custom_fields") or {}).get(name[7:]) if name.startswith("custom.") else None
    value = value if name.startswith("custom.") else record.get(places.get(name, name))
    if op == "not_set":
        return value is None
    return value is not None and OPERATORS[op](value, wanted)


def filtered(given: Any, records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that it holds of."""
    return [one for one in records if interpreted(given, one)]


def _on(value: str, wanted: str) -> bool:
    return datetime.fromisoformat(value).astimezone(ZONE).date() == date.fromisoformat(wanted)


def _older_than(value: str, wanted: Any) -> bool:
    return datetime.fromisoformat(value) < NOW - timedelta(**{wanted["unit"]: wanted["n"]})


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "on": _on,
    "older_than": _older_than,
    "eq": lambda value, wanted: plain(value) == plain(wanted),
    "contains": lambda value, wanted: plain(wanted) in plain(value),
    "starts_with": lambda value, wanted: plain(value).startswith(plain(wanted)),
    "in": lambda value, wanted: any(one in value for one in wanted),
    "gte": lambda value, wanted: bool(value >= wanted),
}


def deserialized(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Raw items as boto3 gives them to who asks for values, with the JSON in them."""
    read = TypeDeserializer().deserialize
    found = []
    for record in records:
        one = {name: read(value) for name, value in record.items()}
        one |= {name: json.loads(one[name]) for name in ("group_ids", "custom_fields") if name in one}
        found.append(one)
    return found


# -- P6, P6b --------------------------------------------------------------------------------------------------------


def spent_s(take: Callable[[], Any], into: list[float]) -> Any:
    """The answer; its CPU time is added."""
    began = time.process_time()
    answer = take()
    into.append(time.process_time() - began)
    return answer


def best_s(take: Callable[[], Any], into: list[float]) -> Any:
    """As `spent_s`, of the best of three."""
    runs: list[float] = []
    answers = [spent_s(take, runs) for _ in range(3)]
    into.append(min(runs))
    return answers[0]


def compared(name: str, contacts: int) -> tuple[dict[str, float], int]:
    """Seconds of CPU a million contacts by who took them, and how many contacts ours found. By hand and ours take every
    page as it comes, in turn; the slow peers take every twentieth."""
    given, hand = FILTERS[name], HAND[name]
    asked = tree(given)
    ours, attributes = Matcher(asked).select, bounds_of(asked).attributes
    ours_of_values = Matcher(asked, "values").select
    names = ("ours", "hand", "ours_of_values", "interpreter", "ours_ids", "deserializer")
    spent: dict[str, list[float]] = {one: [] for one in names}
    made = [{one: item[one] for one in attributes if one in item} for item in made_items()]
    count = 0
    for number, first in enumerate(range(0, contacts, PAGE)):
        page = items(first, min(first + PAGE, contacts), made)
        both = [("ours", ours), ("hand", hand)]
        answers = [spent_s(partial(take, page), spent[who]) for who, take in (both if number % 2 else both[::-1])]
        assert answers[0] == answers[1], name
        count += len(answers[0])
        if number % 20 == 0:
            values = deserialized(page)
            known = best_s(partial(ours_of_values, values), spent["ours_of_values"])
            slow = best_s(partial(filtered, given, values), spent["interpreter"])
            assert known == slow, name
            ids = spent_s(lambda page=page: [one["id"]["S"] for one in ours(page)], spent["ours_ids"])
            peer = spent_s(
                lambda page=page: [one["id"] for one in filtered(given, deserialized(page))], spent["deserializer"]
            )
            assert ids == peer == [one["id"] for one in slow], name
    return {who: 1e6 / PAGE * sum(one) / len(one) for who, one in spent.items()}, count


# -- P8, P12 --------------------------------------------------------------------------------------------------------


class Table:
    """Answers queries of so many contacts as DynamoDB would, and counts what they read by the documented rounding."""

    def __init__(self, contacts: int) -> None:
        self._contacts = contacts
        self._made = made_items()
        self._sizes = [item_size(one) for one in items(0, MADE, self._made)]
        self.bytes_of_all = sum(self._sizes[number % MADE] for number in range(contacts))
        self.read_bytes = self.calls = 0

    def answer(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        """In place of the call."""
        self.calls += 1
        if operation == "BatchGetItem":
            [(name, wanted)] = asked["RequestItems"].items()
            if name == "workspace":  # what the filters name is there
                self.read_bytes += 4096 * len(wanted["Keys"])
                return {"Responses": {name: wanted["Keys"]}}
            numbers = [int(key["sk"]["S"][-16:], 16) for key in wanted["Keys"]]
            self.read_bytes += sum(max(1, -(-self._sizes[number % MADE] // 4096)) * 4096 for number in numbers)
            found = [items(number, number + 1, self._made)[0] for number in numbers]
            names = wanted["ExpressionAttributeNames"].values()
            return {"Responses": {name: [{one: item[one] for one in names if one in item} for item in found]}}
        assert operation == "Query", operation
        values = {name: value["S"] for name, value in asked["ExpressionAttributeValues"].items()}
        return self._members(values) if "#ORG#" in values[":pk"] else self._contacts_of(values, asked)

    def _contacts_of(self, values: dict[str, str], asked: dict[str, Any]) -> dict[str, Any]:
        numbers = range(int(values[":pk"].rpartition("#")[2], 16), self._contacts, SHARDS)
        last = asked.get("ExclusiveStartKey", {}).get("sk", {"S": values[":high"] + "!"})["S"]
        first = bisect_right(numbers, _older(last), key=lambda number: _older(f"CONTACT#{id_of(number)}"))
        names = asked["ExpressionAttributeNames"]
        wanted = [names[one] for one in asked["ProjectionExpression"].split(", ")]
        found, size, at = [], 0, first
        while (
            at < len(numbers)
            and size < 1_048_576
            and len(found) < asked["Limit"]
            and f"CONTACT#{id_of(numbers[at])}" >= values[":low"]
        ):
            [item] = items(numbers[at], numbers[at] + 1, self._made)
            found.append({one: item[one] for one in wanted if one in item})
            size += self._sizes[numbers[at] % MADE]
            at += 1
        self.read_bytes += max(1, -(-size // 4096)) * 4096
        ended = at == len(numbers) or (size < 1_048_576 and len(found) < asked["Limit"])
        more = {} if ended else {"LastEvaluatedKey": {"sk": {"S": f"CONTACT#{id_of(numbers[at - 1])}"}}}
        return {"Items": found, **more}

    def _members(self, values: dict[str, str]) -> dict[str, Any]:
        """Of ORGANIZATION; fewer than a page has."""
        numbers = range(int(values[":pk"].rpartition("#")[2], 16), self._contacts, SHARDS)
        ids = [id_of(number) for number in numbers if self._made[number % MADE].get("organization_id") == _ASKED]
        found = [{"sk": {"S": one}} for one in ids if values[":low"] <= one <= values[":high"]]
        self.read_bytes += max(1, -(-len(found) * 100 // 4096)) * 4096
        return {"Items": found}


_ASKED = {"S": ORGANIZATION}


def _older(key: str) -> tuple[int, ...]:
    """Keys fall while numbers rise."""
    return tuple(-ord(sign) for sign in key)


class Nobody:
    """What a preview asks for beside contacts."""

    locale, time_zone = "pt-BR", "America/Sao_Paulo"

    def all(self, a: str, table: str) -> list[CustomField]:
        return CUSTOM

    def get(self, a: str) -> Any:
        return self

    def views_of(self, caller: Caller, ids: Sequence[str]) -> list[dict[str, Any]]:
        return [{} for _ in ids]

    def now(self) -> datetime:
        return NOW


def previewed(contacts: int) -> dict[str, float]:
    """The preview of each filter, one after the other: what it read, and what the process had at most, in MB."""
    nobody: Any = Nobody()
    table = Table(contacts)
    reads = DynamoSegmentReads()
    references = SegmentReferences(reads, nobody)
    service = SegmentService(reads, nobody, references, nobody, {"contacts": nobody}, nobody)
    told = {"bytes": float(table.bytes_of_all), "before_mb": peak_mb()}
    with patch.object(BaseClient, "_make_api_call", lambda _, operation, asked: table.answer(operation, asked)):
        for number, given in enumerate(FILTERS.values()):
            table.read_bytes = table.calls = 0
            preview = service.preview(Caller(A, "admin", user_id="us"), "contacts", given, 20)
            assert preview.complete and preview.count
            told |= {
                f"read_{number}": table.read_bytes,
                f"calls_{number}": table.calls,
                f"found_{number}": preview.count,
            }
    return {**told, "peak_mb": peak_mb()}


def in_its_own_process(contacts: int) -> dict[str, float]:
    """As `previewed`."""
    command = [sys.executable, "-m", "benchmarks.segments", str(contacts)]
    told: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return told


def figures(contacts: int = CONTACTS) -> Iterator[Figure]:
    """P6, P6b, P8 and P12."""
    for name in FILTERS:
        spent, count = compared(name, contacts)
        us = {who: f"{one:.2f}" for who, one in spent.items()}
        rest = f"{name}: {count:,} of {contacts:,}; µs a contact: {us['ours']}"
        ratio = spent["hand"] / spent["ours"]
        yield Figure("P6", "evaluation ÷ hand-written loop", ratio, 0.8, 0.95, f"{rest}, by hand {us['hand']}")
        ratio = spent["interpreter"] / spent["ours_of_values"]
        detail = f"over plain values {us['interpreter']} ÷ {us['ours_of_values']}"
        yield Figure("P6", "naive interpreter ÷ ours", ratio, 12, 18, detail)
        ratio = spent["deserializer"] / spent["ours_ids"]
        detail = f"{us['deserializer']} ÷ {us['ours_ids']}"
        yield Figure("P6b", "raw pages to ids: deserializer + interpreter ÷ ours", ratio, 5, 8, detail)
    few, many = in_its_own_process(10_000), in_its_own_process(contacts)
    ratio = many["peak_mb"] / few["peak_mb"]
    detail = f"{many['peak_mb']:.1f} ÷ {few['peak_mb']:.1f} MB, {many['before_mb']:.1f} before it began"
    yield Figure("P8", f"previews, peak memory at {contacts:,} ÷ at 10,000", ratio, 1.3, 1.1, detail, at_most=True)
    read = [many[f"read_{number}"] / many["bytes"] for number in range(len(FILTERS))]
    detail = f"of {many['bytes'] / 1e6:,.0f} MB; each filter: " + ", ".join(
        f"{one:.3f} in {many[f'calls_{number}']:,.0f} calls" for number, one in enumerate(read)
    )
    yield Figure("P12", "bytes read ÷ bytes of the contacts", max(read), 1.1, 1.0, detail, at_most=True)


if __name__ == "__main__":
    print(json.dumps(previewed(int(sys.argv[1]))))
