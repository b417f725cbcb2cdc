"""tests/quick_moto.py changes how long moto takes and nothing that it answers: each piece beside moto as it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.backends import get_backend

from tests import quick_moto
from tests.conftest import ROOT
from tests.table_definitions import table_definitions

TABLE = "contacts"
Call = tuple[str, dict[str, Any]]


def item(partition: str, place: str, **more: Any) -> dict[str, Any]:
    return {"pk": {"S": partition}, "sk": {"S": place}, **more}


RICH = item(
    "rich",
    "1",
    number={"N": "-1.50"},
    binary={"B": b"\x00\xff"},
    binaries={"BS": [b"a", b"\xfe"]},
    texts={"SS": ["b", "a"]},
    numbers={"NS": ["3", "1"]},
    nothing={"NULL": True},
    yes={"BOOL": True},
    map={"M": {"B": {"S": "a map's own B"}, "list": {"L": [{"N": "1"}, {"B": b"deep"}]}}},
    B={"S": "an attribute of that name"},
    empty={"S": ""},
)


@contextmanager
def as_moto_has_it() -> Iterator[None]:
    """Everything that quick_moto replaces, back in its place."""
    with pytest.MonkeyPatch.context() as patch:
        for owner, name, original in quick_moto.AS_MOTO_HAS_IT:
            patch.setattr(owner, name, original)
        yield


def asked(operation: str, **parameters: Any) -> Call:
    return operation, parameters


def put(one: dict[str, Any], condition: str = "", **more: Any) -> dict[str, Any]:
    return {"TableName": TABLE, "Item": one, **({"ConditionExpression": condition} if condition else {}), **more}


def keyed(partition: str, place: str, **more: Any) -> dict[str, Any]:
    return {"TableName": TABLE, "Key": item(partition, place), **more}


def values(**given: Any) -> dict[str, Any]:
    return {"ExpressionAttributeValues": {f":{name}": value for name, value in given.items()}}


def names(**given: str) -> dict[str, Any]:
    return {"ExpressionAttributeNames": {f"#{name}": value for name, value in given.items()}}


def transacted(*actions: dict[str, Any]) -> Call:
    return asked("transact_write_items", TransactItems=list(actions))


FIRST = [asked("put_item", **put(RICH))] + [
    asked("put_item", **put(item(partition, f"{place:02}", n={"N": str(place)}, tag={"S": "x" * (place % 3)})))
    for partition in ("a", "b")
    for place in (3, 1, 2, 10, 4)
]
CONDITIONS = [
    ("attribute_exists (#k)", names(k="number"), {}),
    ("attribute_not_exists (#k)", names(k="number"), {}),
    ("#k = :v", names(k="number"), values(v={"N": "-1.5"})),
    ("#k <> :v AND NOT #k < :v", names(k="number"), values(v={"N": "-1.5"})),
    ("#k BETWEEN :low AND :high", names(k="number"), values(low={"N": "-2"}, high={"N": "0"})),
    ("#k IN (:a, :b) OR attribute_exists (#k)", names(k="number"), values(a={"N": "1"}, b={"N": "-1.5"})),
    ("#k IN (:a, :b)", names(k="number"), values(a={"N": "1"}, b={"N": "2"})),
    ("contains (#k, :v)", names(k="texts"), values(v={"S": "a"})),
    ("contains (#k, :v)", names(k="texts"), values(v={"S": "c"})),
    ("begins_with (#k, :v)", names(k="sk"), values(v={"S": "1"})),
    ("size (#k) > :v", names(k="binary"), values(v={"N": "2"})),
    ("size (#k) = :v", names(k="binary"), values(v={"N": "2"})),
    ("attribute_type (#k, :v)", names(k="map"), values(v={"S": "M"})),
    ("#m.#b = :v", names(m="map", b="B"), values(v={"S": "a map's own B"})),
    ("#k = :v", names(k="binary"), values(v={"B": b"\x00\xff"})),
    ("#k = :v", names(k="number", unused="x"), values(v={"N": "1"})),
    ("#k = :v", names(k="number"), values(w={"N": "1"})),
    ("#k = ", names(k="number"), {}),
    ("number = :v", {}, values(v={"N": "-1.5"})),
    ("binaries = :v", {}, values(v={"BS": [b"\xfe", b"a"]})),
]
UPDATES = [
    ("SET #k = :v", names(k="new"), values(v={"M": {"a": {"L": [{"S": "b"}]}}})),
    ("SET #k = #k + :v", names(k="number"), values(v={"N": "2"})),
    ("SET #k = if_not_exists (#k, :v)", names(k="absent"), values(v={"N": "0"})),
    ("SET #m.#b = :v REMOVE #n", names(m="map", b="B", n="number"), values(v={"S": "else"})),
    ("SET #m.#l = list_append (#m.#l, :v)", names(m="map", l="list"), values(v={"L": [{"S": "z"}]})),
    ("ADD #k :v", names(k="texts"), values(v={"SS": ["c", "a"]})),
    ("DELETE #k :v", names(k="texts"), values(v={"SS": ["b", "a"]})),
    ("ADD #k :v SET #e = :e", names(k="number", e="empty"), values(v={"N": "1"}, e={"S": "full"})),
    ("REMOVE #m.#l[0]", names(m="map", l="list"), {}),
    ("SET #k = #absent.#k", names(k="k", absent="absent"), {}),
    ("SET #k = :v", names(k="sk"), values(v={"S": "another key"})),
    ("SET k = :v, :v = k", {}, values(v={"S": "x"})),
    ("SET #k = :v", names(k="big"), values(v={"S": "x" * 410_000})),
]


def due(partition: str, place: str) -> dict[str, Any]:
    return {"due_pk": {"S": partition}, "due_sk": {"S": place}}


DUE = {
    "TableName": "chats",
    "IndexName": "due",
    "KeyConditionExpression": "#pk = :pk",
    **names(pk="due_pk"),
    **values(pk={"S": "one"}),
}
FIRST += [
    asked("put_item", TableName="chats", Item={**item("due", str(number)), **due(partition, str(number % 3))})
    for number, partition in enumerate(("one", "one", "two", "one", "one"))
]
FIRST += [
    asked("put_item", TableName="chats", Item=item("due", "never")),
    asked("put_item", TableName="chats", Item={**item("due", "half"), "due_pk": {"S": "one"}}),
]
PAGES = {"TableName": TABLE, **names(pk="pk"), **values(pk={"S": "a"}), "KeyConditionExpression": "#pk = :pk"}
RANGE = names(pk="pk", sk="sk")
SCRIPTS: dict[str, list[Call]] = {
    "reading": [
        asked("get_item", **keyed("rich", "1")),
        asked("get_item", **keyed("rich", "none")),
        asked("get_item", **keyed("rich", "1", ProjectionExpression="#m.#b, texts", **names(m="map", b="B"))),
        asked("get_item", **keyed("rich", "1", ProjectionExpression="#n, texts, absent", **names(n="number"))),
        asked("get_item", **keyed("rich", "")),
        asked("get_item", TableName=TABLE, Key={"pk": {"S": "rich"}}),
        asked("get_item", TableName="none", Key=item("rich", "1")),
        asked("batch_get_item", RequestItems={TABLE: {"Keys": [item("a", "01"), item("b", "10"), item("c", "1")]}}),
        asked("batch_get_item", RequestItems={TABLE: {"Keys": [item("a", "01"), item("a", "01")]}}),
        asked("transact_get_items", TransactItems=[{"Get": keyed("rich", "1")}, {"Get": keyed("none", "1")}]),
    ],
    "lists": [
        asked("query", **PAGES),
        asked("query", **PAGES, ScanIndexForward=False, Limit=2),
        asked("query", **PAGES, Limit=2, ExclusiveStartKey=item("a", "02")),
        asked("query", **PAGES, ScanIndexForward=False, ExclusiveStartKey=item("a", "03")),
        asked("query", **PAGES, Select="COUNT"),
        asked("query", **{**PAGES, **values(pk={"S": "nobody"})}),
        asked(
            "query",
            **{**PAGES, **RANGE, **values(pk={"S": "a"}, low={"S": "02"}, high={"S": "04"})}
            | {"KeyConditionExpression": "#pk = :pk AND #sk BETWEEN :low AND :high"},
        ),
        asked(
            "query",
            **{**PAGES, **RANGE, **values(pk={"S": "a"}, begin={"S": "0"})}
            | {"KeyConditionExpression": "#pk = :pk AND begins_with (#sk, :begin)"},
        ),
        asked(
            "query",
            **{**PAGES, **names(pk="pk", n="n"), **values(pk={"S": "a"}, n={"N": "2"})}
            | {"FilterExpression": "#n > :n", "ProjectionExpression": "sk, #n"},
        ),
        asked("query", **{**PAGES, "KeyConditionExpression": "#pk > :pk"}),
        asked("scan", TableName=TABLE),
        asked("scan", TableName=TABLE, Limit=3, ExclusiveStartKey=item("a", "10")),
        asked("scan", TableName=TABLE, Segment=0, TotalSegments=2),
        asked("scan", TableName=TABLE, FilterExpression="n = :n", **values(n={"N": "3.0"})),
    ],
    "an index": [
        asked("query", **DUE),
        asked("query", **DUE, ScanIndexForward=False, Limit=2),
        asked("query", **DUE, Limit=1, ExclusiveStartKey={**item("due", "1"), **due("one", "1")}),
        asked("query", **{**DUE, **values(pk={"S": "two"})}),
        asked("query", **DUE, ConsistentRead=True),
        asked("query", **{**DUE, "IndexName": "none"}),
        asked("scan", TableName="chats", IndexName="due"),
    ],
    "conditions": [asked("put_item", **put(RICH, condition), **more, **given) for condition, more, given in CONDITIONS]
    + [
        asked("delete_item", **keyed("rich", "1", ConditionExpression=condition), **more, **given)
        for condition, more, given in reversed(CONDITIONS)
    ]
    + [
        asked("put_item", **put(RICH, "attribute_not_exists (pk)", ReturnValuesOnConditionCheckFailure="ALL_OLD")),
        asked("put_item", **put(RICH, ReturnValues="ALL_OLD")),
    ],
    "updates": [
        asked("update_item", **keyed(*where, UpdateExpression=update, ReturnValues=told), **more, **given)
        for where in (("rich", "1"), ("nobody", "1"))
        for told in ("ALL_NEW", "UPDATED_OLD")
        for update, more, given in UPDATES
    ],
    "batches": [
        asked(
            "batch_write_item",
            RequestItems={
                TABLE: [{"PutRequest": {"Item": item("c", "1")}}, {"DeleteRequest": {"Key": item("a", "01")}}]
            },
        ),
        asked("put_item", **put(item("big", "1", big={"S": "x" * 410_000}))),
        asked("put_item", **put(item("big", "1", big={"S": "é" * 205_000}))),
        asked("put_item", **put(item("big", "1", empty={"SS": []}))),
        asked("put_item", **put({"pk": {"S": "no place"}})),
        asked("put_item", **put(item("a", ""))),
    ],
    "transactions": [
        transacted({"Put": put(item("t", "1"), "attribute_not_exists (pk)")}, {"Delete": keyed("a", "01")}),
        *(
            transacted(
                {"Put": put(item("t", "2"))},
                {"Update": keyed("rich", "1", UpdateExpression=update, **more, **given)},
                {"Delete": keyed("b", "01")},
                {"ConditionCheck": keyed("t", "1", ConditionExpression=condition)},
            )
            for update, more, given in UPDATES
            for condition in ("attribute_not_exists (pk)", "attribute_exists (pk)")
        ),
        transacted({"Put": put(item("t", "3"))}, {"Put": put(item("t", "3"))}),
        transacted({"Put": put(item("t", "4"))}, {"Put": put({"pk": {"S": "no place"}})}),
        transacted({"Put": put(item("t", "5"))}, {"Put": {**put(item("t", "6")), "TableName": "none"}}),
        transacted(*({"Put": put(item("t", str(number)))} for number in range(101))),
        transacted(
            {"Put": put(RICH, "attribute_not_exists (pk)", ReturnValuesOnConditionCheckFailure="ALL_OLD")},
            {"Put": put(item("t", "7"))},
        ),
    ],
}


def told(client: Any, calls: list[Call]) -> list[Any]:
    """What the client is told of each call, refusals too; then all that is stored, and what the streams tell."""
    answers = []
    for operation, parameters in calls:
        try:
            answer = getattr(client, operation)(**parameters)
        except Exception as refused:
            answer = getattr(refused, "response", {"broke": repr(refused)})
        answers.append({name: one for name, one in answer.items() if name != "ResponseMetadata"})
    stored = [client.scan(TableName=table)["Items"] for table in (TABLE, "chats")]
    return [_sorted_sets(one) for one in (*answers, *stored, *_streamed())]


def _streamed() -> Iterator[Any]:
    tables = get_backend("dynamodb")["123456789012"]["us-east-1"].tables
    for shard in (tables[name].stream_shard for name in (TABLE, "chats")):
        for one in shard.items if shard else ():
            record = one.record["dynamodb"]
            yield one.record["eventName"], record["SequenceNumber"], record.get("OldImage"), record.get("NewImage")


def _sorted_sets(told: Any) -> Any:
    """Sets have no order."""
    if isinstance(told, dict):
        return {name: sorted(one) if name in ("SS", "NS", "BS") else _sorted_sets(one) for name, one in told.items()}
    return [_sorted_sets(one) for one in told] if isinstance(told, (list, tuple)) else told


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_same_is_answered_and_stored_as_by_moto_alone(script: str) -> None:
    calls = FIRST + SCRIPTS[script]
    with as_moto_has_it():
        expected = _told_by_a_new_world(calls)
    quick = _told_by_a_new_world(calls)
    assert len(quick) == len(expected)
    for position, (ours, theirs) in enumerate(zip(quick, expected, strict=True)):
        assert ours == theirs, calls[position] if position < len(calls) else "what is stored"


def _told_by_a_new_world(calls: list[Call]) -> list[Any]:
    with mock_aws():
        client = boto3.client("dynamodb")
        for definition in table_definitions(ROOT / "infra" / "data.yaml"):
            client.create_table(**definition)
        return told(client, calls)


def test_what_a_refused_transaction_touched_is_as_it_was(dynamodb: Any) -> None:
    """Said by itself, without moto to compare with: sets and maps are changed in place."""
    dynamodb.put_item(**put(RICH))
    dynamodb.put_item(**put(item("a", "1")))
    before = dynamodb.scan(TableName=TABLE)["Items"]
    for update, more, given in UPDATES:
        with pytest.raises(ClientError) as refused:
            dynamodb.transact_write_items(
                TransactItems=[
                    {"Update": keyed("rich", "1", UpdateExpression=update, **more, **given)},
                    {"Put": put(item("new", "1"))},
                    {"Put": put(item("a", "1", changed={"BOOL": True}))},
                    {"ConditionCheck": keyed("a", "2", ConditionExpression="attribute_exists (pk)")},
                ]
            )
        assert refused.value.response["Error"]["Code"] in ("TransactionCanceledException", "ValidationException")
        assert _sorted_sets(dynamodb.scan(TableName=TABLE)["Items"]) == _sorted_sets(before)


def test_what_was_read_is_not_what_is_stored(dynamodb: Any) -> None:
    """An answer is a copy, whatever its reader does with it."""
    dynamodb.put_item(**put(RICH))
    for read in (dynamodb.get_item(**keyed("rich", "1"))["Item"], dynamodb.scan(TableName=TABLE)["Items"][0]):
        read["texts"]["SS"].append("c")
        read["map"]["M"].clear()
        assert sorted(dynamodb.get_item(**keyed("rich", "1"))["Item"]["texts"]["SS"]) == ["a", "b"]
        assert dynamodb.get_item(**keyed("rich", "1"))["Item"]["map"] == RICH["map"]
