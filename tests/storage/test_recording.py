"""The recording transport against figures computed by hand. Tables: two keys, `due` and the other indexes of
infra/data.yaml, keys only."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from recado.storage.chat_records import HeadRecord
from recado.storage.transaction import Transaction
from tests.recording import Calls, record


def item(sk: str, size: int, **more: str) -> dict[str, Any]:
    """An item of exactly `size` bytes: `pk`+1, `sk`+len, `x`+filling, names and values of `more`."""
    rest = sum(len(name) + len(value) for name, value in more.items())
    filling = size - (2 + 1) - (2 + len(sk)) - rest - 1
    return {"pk": {"S": "p"}, "sk": {"S": sk}, "x": {"S": "x" * filling}} | {
        name: {"S": value} for name, value in more.items()
    }


def key(sk: str) -> dict[str, Any]:
    return {"pk": {"S": "p"}, "sk": {"S": sk}}


def put(dynamodb: Any, *items: dict[str, Any]) -> None:
    for one in items:
        dynamodb.put_item(TableName="chats", Item=one)


def figures(calls: Calls) -> tuple[float, float]:
    return calls.wru, calls.rru


@pytest.mark.parametrize(("size", "wru"), [(100, 1), (1024, 1), (1025, 2), (4096, 4)])
def test_a_put_costs_by_kilobyte_begun(dynamodb: Any, size: int, wru: int) -> None:
    with record() as calls:
        put(dynamodb, item("a", size))
    assert figures(calls) == (wru, 0)
    assert calls.operations == {"dynamodb:PutItem": 1}


def test_a_write_costs_by_the_larger_of_old_and_new(dynamodb: Any) -> None:
    put(dynamodb, item("a", 3000), item("b", 100), item("c", 3000))
    with record() as shrinking:
        put(dynamodb, item("a", 100))
    with record() as growing:
        dynamodb.update_item(
            TableName="chats",
            Key=key("b"),
            UpdateExpression="SET y = :y",
            ExpressionAttributeValues={":y": {"S": "y" * 2000}},
        )
    with record() as deleting:
        dynamodb.delete_item(TableName="chats", Key=key("c"))
    with record() as deleting_nothing:
        dynamodb.delete_item(TableName="chats", Key=key("none"))
    assert [calls.wru for calls in (shrinking, growing, deleting, deleting_nothing)] == [3, 3, 3, 1]


def test_a_failed_condition_costs_by_the_old_item(dynamodb: Any) -> None:
    put(dynamodb, item("a", 2500))
    for sk, condition, wru in (("a", "attribute_not_exists(pk)", 3), ("b", "attribute_exists(pk)", 1)):
        with record() as calls, pytest.raises(ClientError):
            dynamodb.put_item(TableName="chats", Item=item(sk, 100), ConditionExpression=condition)
        assert figures(calls) == (wru, 0)
        assert calls.count() == 1


def test_a_transaction_costs_twice_and_its_checks_too(dynamodb: Any) -> None:
    put(dynamodb, item("checked", 1500), item("deleted", 100))
    actions = [
        {"Put": {"TableName": "chats", "Item": item("new", 1100)}},
        {"Delete": {"TableName": "chats", "Key": key("deleted")}},
        {
            "ConditionCheck": {
                "TableName": "chats",
                "Key": key("checked"),
                "ConditionExpression": "attribute_exists(pk)",
            }
        },
    ]
    with record() as calls:
        dynamodb.transact_write_items(TransactItems=actions)
    assert figures(calls) == (2 * 2 + 2 * 1 + 2 * 2, 0)
    with record() as cancelled, pytest.raises(ClientError):
        dynamodb.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": "chats", "Item": item("newer", 2100)}},
                {
                    "Delete": {
                        "TableName": "chats",
                        "Key": key("deleted"),
                        "ConditionExpression": "attribute_exists(pk)",
                    }
                },
            ]
        )
    assert figures(cancelled) == (2 * 3 + 2 * 1, 0)


def test_a_batch_write_costs_each_item(dynamodb: Any) -> None:
    put(dynamodb, item("gone", 2000))
    with record() as calls:
        dynamodb.batch_write_item(
            RequestItems={"chats": [{"PutRequest": {"Item": item("a", 1025)}}, {"DeleteRequest": {"Key": key("gone")}}]}
        )
    assert figures(calls) == (2 + 2, 0)


@pytest.mark.parametrize(("size", "strong"), [(100, 1), (4096, 1), (4097, 2)])
def test_a_get_costs_by_four_kilobytes_begun(dynamodb: Any, size: int, strong: int) -> None:
    put(dynamodb, item("a", size))
    for consistent, factor in ((True, 1), (False, 0.5)):
        with record() as calls:
            dynamodb.get_item(TableName="chats", Key=key("a"), ConsistentRead=consistent, ProjectionExpression="pk")
        assert figures(calls) == (0, strong * factor)


def test_a_get_of_nothing_costs_one(dynamodb: Any) -> None:
    with record() as calls:
        dynamodb.get_item(TableName="chats", Key=key("none"), ConsistentRead=True)
    assert figures(calls) == (0, 1)


def test_a_batch_get_rounds_each_item_and_a_transaction_doubles(dynamodb: Any) -> None:
    put(dynamodb, item("a", 100), item("b", 5000))
    keys = [key("a"), key("b"), key("none")]
    with record() as batch:
        dynamodb.batch_get_item(RequestItems={"chats": {"Keys": keys, "ConsistentRead": True}})
    with record() as transaction:
        dynamodb.transact_get_items(TransactItems=[{"Get": {"TableName": "chats", "Key": one}} for one in keys])
    assert (batch.rru, transaction.rru) == (1 + 2 + 1, 2 * (1 + 2 + 1))


def test_a_query_rounds_the_sum_of_all_it_evaluates(dynamodb: Any) -> None:
    put(dynamodb, *(item(f"a{n}", 1500) for n in range(6)), item("b", 4000))
    asked: dict[str, Any] = {
        "TableName": "chats",
        "KeyConditionExpression": "pk = :p AND begins_with(#sk, :a)",
        "ExpressionAttributeNames": {"#sk": "sk"},
        "ExpressionAttributeValues": {":p": {"S": "p"}, ":a": {"S": "a"}},
    }
    with record() as eventual:
        dynamodb.query(**asked)
    with record() as limited:
        dynamodb.query(**asked, Limit=2, ConsistentRead=True)
    filtered = asked | {"ExpressionAttributeValues": {**asked["ExpressionAttributeValues"], ":no": {"S": "no"}}}
    with record() as filtering:
        answer = dynamodb.query(**filtered, FilterExpression="x = :no", ConsistentRead=True)
    assert (answer["Count"], eventual.rru, limited.rru, filtering.rru) == (0, 1.5, 1, 3)  # 9,000 and 3,000 bytes


def test_an_empty_query_costs_one_half_or_one(dynamodb: Any) -> None:
    with record() as calls:
        for consistent in (False, True):
            dynamodb.query(
                TableName="chats",
                KeyConditionExpression="pk = :p",
                ExpressionAttributeValues={":p": {"S": "none"}},
                ConsistentRead=consistent,
            )
    assert figures(calls) == (0, 1.5)


def test_index_writes_are_apart_and_only_when_its_keys_move(dynamodb: Any) -> None:
    at = {"due_pk": "DUE#OUT#00", "due_sk": "1"}
    steps = [
        (item("a", 3000, **at), {"due": 1}),  # appears; an entry holds keys only, so 1 unit
        (item("a", 2000, **at), {}),  # the item changes, the entry does not
        (item("a", 2000, **(at | {"due_sk": "2"})), {"due": 2}),  # moves: a delete and a put
        (item("a", 2000, due_pk="DUE#OUT#00"), {"due": 1}),  # goes
        (item("a", 2000, si_pk="s", si_sk="1", due_pk="DUE#OUT#00", due_sk="3"), {"due": 1, "by_situation": 1}),
    ]
    for written, expected in steps:
        with record() as calls:
            put(dynamodb, written)
        assert calls.index_wru == expected
    with record() as calls:
        dynamodb.transact_write_items(TransactItems=[{"Delete": {"TableName": "chats", "Key": key("a")}}])
    assert (calls.wru, calls.index_wru) == (4, {"due": 1, "by_situation": 1})


def test_an_index_query_counts_keys_only(dynamodb: Any) -> None:
    put(dynamodb, *(item(f"a{n}", 4000, due_pk="DUE#OUT#00", due_sk=str(n)) for n in range(5)))
    with record() as calls:
        dynamodb.query(
            TableName="chats",
            IndexName="due",
            KeyConditionExpression="due_pk = :p",
            ExpressionAttributeValues={":p": {"S": "DUE#OUT#00"}},
        )
    assert figures(calls) == (0, 0.5)


def test_other_services_are_counted_as_calls(dynamodb: Any) -> None:
    sqs, s3 = boto3.client("sqs"), boto3.client("s3")
    with record() as calls:
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="k", Body=b"x")
        sqs.create_queue(QueueName="q")
    assert calls.operations == {"s3:CreateBucket": 1, "s3:PutObject": 1, "sqs:CreateQueue": 1}
    assert (calls.count("s3:"), figures(calls)) == (2, (0, 0))


def test_what_pynamodb_sends_is_counted(dynamodb: Any) -> None:
    write = Transaction()
    write.put("head", HeadRecord(pk="p", sk="HEAD", turn=1))
    with record() as calls:
        write.commit()
        HeadRecord.get("p", "HEAD", consistent_read=True)
    assert figures(calls) == (2, 1)
    assert calls.operations == {"dynamodb:TransactWriteItems": 1, "dynamodb:GetItem": 1}


def test_nothing_is_counted_after_the_recording(dynamodb: Any) -> None:
    with record() as calls:
        pass
    put(dynamodb, item("a", 100))
    assert calls.log == []
