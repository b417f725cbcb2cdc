"""Blobs in S3."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from recado.aws import session
from recado.aws.blobs import S3Blobs


@pytest.fixture
def blobs() -> Iterator[S3Blobs]:
    with mock_aws():
        session.reset_clients()
        boto3.client("s3").create_bucket(Bucket="raw")
        yield S3Blobs("raw")
        session.reset_clients()


def test_bytes_come_back(blobs: S3Blobs) -> None:
    blobs.put("acct0001/a", b"\x00\xff", "application/octet-stream")
    assert blobs.get("acct0001/a") == b"\x00\xff"
    assert boto3.client("s3").head_object(Bucket="raw", Key="acct0001/a")["ContentType"] == "application/octet-stream"


def test_what_is_not_there_is_a_key_error(blobs: S3Blobs) -> None:
    with pytest.raises(KeyError):
        blobs.get("acct0001/none")


def test_a_missing_bucket_is_no_key_error(blobs: S3Blobs) -> None:
    with pytest.raises(ClientError):
        S3Blobs("none").get("acct0001/a")
