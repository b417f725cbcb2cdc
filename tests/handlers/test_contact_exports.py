"""Exports of contacts through queue, function, tables and bucket."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.contact_exports import LEASE
from recado.services.contact_export_work import ContactExportWork
from tests.handlers.stack import BUCKETS, LambdaContext, Stack
from tests.lost_answers import LostAnswers

A = "accounta"
ADMIN = Caller(A, "admin", user_id="us_accounta_1")
BUCKET = BUCKETS["FILES_BUCKET"]


@pytest.fixture
def contacts(stack: Stack) -> None:
    """Five of them."""
    for number in range(5):
        stack.container.contact_service.create(ADMIN, {"name": f"Maria {number}"})


def asked(stack: Stack) -> str:
    """An export of all, its command in the queue."""
    return str(stack.container.contact_export_service.create(ADMIN, None, ["name"], "csv")["id"])


def lines(stack: Stack, export_id: str) -> Counter[str]:
    """The lines of the file, which is there."""
    view = stack.container.contact_export_service.get(ADMIN, export_id)
    assert (view["state"], view["done"]) == ("done", 5)
    key = f"files/{A}/{view['file_id']}/{export_id}"
    body: bytes = stack.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert len(body) == view["size"]
    return Counter(body.decode().splitlines())


WHOLE = Counter(["name", *(f"Maria {number}" for number in range(5))])


def test_from_the_queue_to_the_bucket(stack: Stack, contacts: None) -> None:
    export_id = asked(stack)
    assert stack.work("contact_exports", "contact_exports") == []
    assert lines(stack, export_id) == WHOLE
    assert stack.receive("contact_exports") == []
    types = [one["dynamodb"]["NewImage"]["type"]["S"] for one in stack.stream_records() if _is_fact(one)]
    assert types.count("contact.exported") == 1


def _is_fact(record: Any) -> bool:
    return record["eventSourceARN"].find("/workspace/") > 0 and record["dynamodb"]["Keys"]["sk"]["S"].startswith("EVT#")


def test_without_time_the_next_command_goes_on(stack: Stack, contacts: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part for each command, small as S3 takes none."""
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)
    monkeypatch.setattr(stack.container.contact_export_work, "_part_bytes", 1)
    export_id = asked(stack)
    commands = 0
    while records := stack.receive("contact_exports"):
        commands += len(records)
        assert stack.invoke("contact_exports", {"Records": records}, LambdaContext(60_000)) == {"batchItemFailures": []}
        for record in records:
            stack.delete("contact_exports", record)
    assert commands > 3
    assert lines(stack, export_id) == WHOLE


LOST = [
    ("CreateMultipartUpload", 1, "lose"),
    ("TransactWriteItems", 2, "lose"),  # that tells of the upload
    ("UploadPart", 1, "lose"),
    ("TransactWriteItems", 3, "lose"),  # that tells of the part
    ("CompleteMultipartUpload", 1, "repeat"),
    ("CompleteMultipartUpload", 1, "lose"),
    ("TransactWriteItems", 4, "lose"),  # that tells of the end
]


def test_an_answer_that_is_lost(stack: Stack, contacts: None, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Carried out twice, or carried out without an answer: the file is the same, once. What else may die at every call
    is in tests/services."""
    for operation, nth, how in LOST:
        export_id = asked(stack)
        with monkeypatch.context() as lost:
            getattr(LostAnswers(lost), how)(operation, nth)
            stack.work("contact_exports", "contact_exports")
        while stack.container.contact_export_service.get(ADMIN, export_id)["state"] != "done":
            clock.move(LEASE.total_seconds() + 60)
            stack.invoke("tick", {"jobs": ["contact_exports"]})
            stack.work("contact_exports", "contact_exports")
        assert lines(stack, export_id) == WHOLE, (operation, nth, how)
    assert stack.receive("contact_exports") == []


def test_what_breaks_comes_again(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    asked(stack)

    def breaks(*_: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(ContactExportWork, "_go_on", breaks)
        [failed] = stack.work("contact_exports", "contact_exports")
    assert failed
