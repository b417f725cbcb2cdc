"""What most tests begin with in moto: made by moto itself once for a process, then put there again for each."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID

from tests.table_definitions import table_definitions

DATA = Path(__file__).resolve().parent.parent / "infra" / "data.yaml"
REGION = "us-east-1"
_empty_tables: dict[str, Any] = {}
_queue_urls: dict[str, str] = {}


def make_tables(client: Any) -> None:
    """The three tables, empty. In DynamoDB's own words their making is most of a short test."""
    tables = get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][REGION].tables
    if _empty_tables:
        tables.update(copy.deepcopy(_empty_tables))
        return
    for definition in table_definitions(DATA):
        client.create_table(**definition)
    _empty_tables.update(copy.deepcopy(tables))


def fifo_queue(name: str) -> str:
    """The URL of a new queue `name`.fifo."""
    attributes = {"FifoQueue": "true"}
    if name in _queue_urls:
        get_backend("sqs")[DEFAULT_ACCOUNT_ID][REGION].create_queue(f"{name}.fifo", **attributes)
    else:
        _queue_urls[name] = clients("sqs").create_queue(QueueName=f"{name}.fifo", Attributes=attributes)["QueueUrl"]
    return _queue_urls[name]


@cache
def clients(service: str, config: Config | None = None) -> Any:
    """A client for all that runs in moto: making one takes longer than most tests."""
    return boto3.client(service, config=config)
