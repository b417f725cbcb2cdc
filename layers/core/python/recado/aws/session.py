"""One boto3 session for all clients, so that loaders and credentials are made once; each client when first needed."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

# All attempts of a call end before the shortest function does (ingress, 10 s): it must still be able to answer.
_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=32,
)


@lru_cache(maxsize=1)
def _session() -> boto3.Session:
    return boto3.Session()


@lru_cache(maxsize=1)
def sqs() -> SQSClient:
    """The client of the queues."""
    return _session().client("sqs", config=_CONFIG)


@lru_cache(maxsize=1)
def s3() -> S3Client:
    """The client of the buckets."""
    return _session().client("s3", config=_CONFIG)


@lru_cache(maxsize=1)
def multipart_s3() -> S3Client:
    """The client of uploads in parts, in functions that last. It adds no checksum of its own to a part: S3 wants one
    announced with the upload, and then again from each part at the end. Completing many parts takes its time."""
    config = Config(read_timeout=20, request_checksum_calculation="when_required")
    return _session().client("s3", config=_CONFIG.merge(config))


@lru_cache(maxsize=1)
def presigning_s3() -> S3Client:
    """The client that signs forms and links, and calls nothing: version 4, on the bucket's own regional host, which is
    the one that whatever stands before the bucket asks."""
    regional = Config(
        signature_version="s3v4", s3={"us_east_1_regional_endpoint": "regional", "addressing_style": "auto"}
    )
    return _session().client("s3", config=_CONFIG.merge(regional))


@lru_cache(maxsize=1)
def dynamodb() -> DynamoDBClient:
    """The client of the tables, for the one reader that is too early for pynamodb: ingress."""
    return _session().client("dynamodb", config=_CONFIG)


def signing_identity() -> tuple[Credentials, str]:
    """With what requests are signed that no client makes: credentials, renewed when their time is over, and region."""
    credentials = _session().get_credentials()
    if credentials is None:
        raise LookupError("no credentials")
    return credentials, _session().region_name or "us-east-1"


@lru_cache(maxsize=1)
def socket_management(endpoint: str) -> Any:
    """The client that posts to open sockets: it asks once, and does not wait long."""
    once = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
    return _session().client("apigatewaymanagementapi", config=_CONFIG.merge(once), endpoint_url=endpoint)


@lru_cache(maxsize=1)
def sesv2(endpoint: str | None) -> Any:
    """The client of the mail service."""
    return _session().client("sesv2", config=_CONFIG, endpoint_url=endpoint)


def reset_clients() -> None:
    """Forget the clients: for a process whose endpoint changed (tests)."""
    socket_management.cache_clear()
    sesv2.cache_clear()
    dynamodb.cache_clear()
    presigning_s3.cache_clear()
    multipart_s3.cache_clear()
    s3.cache_clear()
    sqs.cache_clear()
    _session.cache_clear()
