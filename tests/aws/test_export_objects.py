"""Files that are written in parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from recado.aws import session
from recado.aws.export_objects import S3ExportObjects
from recado.domain.contact_exports import PART_BYTES, Part
from recado.ports.contact_exports import UploadGone

KEY = "files/acct0001/fi_1/ex_1"


@pytest.fixture
def objects() -> Iterator[S3ExportObjects]:
    with mock_aws():
        session.reset_clients()
        boto3.client("s3").create_bucket(Bucket="files")
        yield S3ExportObjects("files")
        session.reset_clients()


def test_of_the_parts_those_that_are_named_make_the_file(objects: S3ExportObjects) -> None:
    upload_id = objects.begin(KEY, "text/csv; charset=utf-8", 'attachment; filename="a.csv"')
    etags = {
        number: objects.put_part(KEY, upload_id, number, sign * size)
        for number, sign, size in ((2, b"a", PART_BYTES), (3, b"x", 10), (5, b"b", 3))
    }
    again = objects.put_part(KEY, upload_id, 5, b"ccc")
    assert not objects.exists(KEY)
    objects.complete(KEY, upload_id, [Part(2, etags[2]), Part(5, again)])
    assert objects.exists(KEY)
    found = boto3.client("s3").get_object(Bucket="files", Key=KEY)
    assert found["Body"].read() == b"a" * PART_BYTES + b"ccc"
    objects.remove(KEY)
    objects.remove(KEY)
    assert not objects.exists(KEY)
    assert (found["ContentType"], found["ContentDisposition"]) == (
        "text/csv; charset=utf-8", 'attachment; filename="a.csv"',
    )  # fmt: skip


def test_an_upload_that_is_not_there_is_gone(objects: S3ExportObjects) -> None:
    """As S3 says it: moto breaks instead."""
    with Stubber(session.multipart_s3()) as s3:
        for operation in ("upload_part", "complete_multipart_upload", "abort_multipart_upload"):
            s3.add_client_error(operation, "NoSuchUpload")
        with pytest.raises(UploadGone):
            objects.put_part(KEY, "upload", 2, b"a")
        with pytest.raises(UploadGone):
            objects.complete(KEY, "upload", [Part(1, "etag")])
        objects.give_up(KEY, "upload")
        s3.assert_no_pending_responses()


def test_an_upload_that_is_given_up_leaves_nothing(objects: S3ExportObjects) -> None:
    upload_id = objects.begin(KEY, "text/csv", "attachment")
    objects.put_part(KEY, upload_id, 1, b"a")
    objects.give_up(KEY, upload_id)
    assert not objects.exists(KEY)
    assert boto3.client("s3").list_multipart_uploads(Bucket="files").get("Uploads", []) == []


def test_no_part_has_a_checksum_that_the_upload_did_not_announce(objects: S3ExportObjects) -> None:
    """moto takes any; S3 refuses a part whose checksum is of no kind that it was told of."""
    sent: list[set[str]] = []

    def note(request: Any, **_: Any) -> None:
        sent.append({name.lower() for name in request.headers})

    session.multipart_s3().meta.events.register("before-send.s3", note)
    upload_id = objects.begin(KEY, "text/csv", "attachment")
    etag = objects.put_part(KEY, upload_id, 1, b"a")
    objects.complete(KEY, upload_id, [Part(1, etag)])
    assert len(sent) == 3
    assert not [name for names in sent for name in names if "checksum" in name or name == "x-amz-trailer"]
