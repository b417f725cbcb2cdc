"""What exports of contacts may cost (docs/data-model.md §3, H8)."""

from __future__ import annotations

from typing import Any

from recado.domain.access import Caller
from tests.handlers.conftest import stack as stack
from tests.handlers.stack import Stack
from tests.recording import Calls, record

A = "accounta"
ADMIN = Caller(A, "admin", user_id="us_accounta_1")


def made(calls: Calls, service: str = "dynamodb") -> dict[str, int]:
    asked = calls.operations.items()
    return {name.removeprefix(f"{service}:"): times for name, times in asked if name.startswith(service)}


def test_an_export(stack: Stack) -> None:
    product = stack.container
    vip = product.group_service.create(A, "group", "VIP")
    for number in range(12):
        product.contact_service.create(ADMIN, {"name": f"Contato {number}", "group_ids": [vip.id]})
    service = product.contact_export_service
    with record() as calls:
        export_id = service.create(ADMIN, None, None, "csv")["id"]
    assert (made(calls), made(calls, "sqs")) == ({"Query": 2, "PutItem": 1}, {"SendMessageBatch": 1})
    assert (calls.wru, calls.index_wru, calls.rru) == (1, {"due": 1}, 2)
    with record() as calls:
        product.contact_export_work.work(A, export_id, 0, lambda: True)
    assert made(calls) == {"GetItem": 1, "TransactWriteItems": 4, "Query": 16, "BatchGetItem": 1}
    assert made(calls, "s3") == {"CreateMultipartUpload": 1, "UploadPart": 1, "CompleteMultipartUpload": 1}
    assert calls.wru <= 3 * 2 + 3 * 2 and calls.index_wru["due"] <= 4 * 2
    assert calls.rru <= 1 + 16 + 0.5
    with record() as calls:
        service.get(ADMIN, export_id)
    assert (made(calls), calls.rru) == ({"GetItem": 1}, 1)
    with record() as calls:
        assert len(service.page(ADMIN, 50, None)[0]) == 1
    assert (made(calls), calls.rru) == ({"Query": 1}, 1)
    with record() as calls:
        product.contact_export_work.sweep(160)
    assert (made(calls), calls.rru, calls.wru) == ({"Query": 16}, 8, 0)


def test_an_export_of_a_group(stack: Stack) -> None:
    product = stack.container
    vip = product.group_service.create(A, "group", "VIP")
    for number in range(12):
        product.contact_service.create(ADMIN, {"name": f"Contato {number}", "group_ids": [vip.id]})
    export_id = product.contact_export_service.create(ADMIN, ("group", vip.id), ["id"], "csv")["id"]
    with record() as calls:
        product.contact_export_work.work(A, export_id, 0, lambda: True)
    assert made(calls)["Query"] == 16
    assert made(calls)["BatchGetItem"] <= 16 + 1
    assert calls.rru <= 1 + 16 + 12 + 0.5


def test_nothing_is_left_of_contacts_behind_those_read(stack: Stack) -> None:
    """Claims and search tokens, most of an item, are not sent."""
    product = stack.container
    product.contact_service.create(ADMIN, {"name": "Ana", "mobile": "+5511987654321", "email": "ana@example.com"})
    export_id = product.contact_export_service.create(ADMIN, None, ["id"], "csv")["id"]
    with record() as calls:
        product.contact_export_work.work(A, export_id, 0, lambda: True)
    asked: list[dict[str, Any]] = [one.parameters for one in calls.log if one.operation == "dynamodb:Query"]
    names = {name for one in asked for name in one["ExpressionAttributeNames"].values()}
    assert "name" in names and not {"tokens", "claims", "identities"} & names
