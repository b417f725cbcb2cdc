"""The deployed product in one process: tables, queues and buckets in moto, the functions' own handlers, fed as
Lambda feeds them."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from botocore.config import Config

from recado import bootstrap, settings
from recado.aws import session
from tests.moto_worlds import clients, fifo_queue

ROOT = Path(__file__).resolve().parents[2]
QUEUES = (
    "inbound", "distribution", "outbound", "flow_requests", "feed", "media", "contact_exports", "contact_imports",
    "task_run",
)  # fmt: skip
DEAD_LETTERS = "INBOUND_DLQ_URL"
BUCKETS = {"RAW_BUCKET": "recado-raw", "FILES_BUCKET": "recado-files", "MAIL_BUCKET": "recado-mail"}
OF_STREAMS = Config(account_id_endpoint_mode="disabled")
STREAMED = ("contacts", "chats", "workspace")


class LambdaContext:
    """As much of Lambda's context as handlers use."""

    aws_request_id = "request-1"

    def __init__(self, remaining_ms: int = 30_000) -> None:
        self._remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        return self._remaining_ms


class Stack:
    """Queues and buckets beside the tables of the `dynamodb` fixture; `container` has the test's clock and ids."""

    def __init__(self, set_environment: Callable[[str, str], None], clock: Any, ids: Any) -> None:
        self.sqs, self.s3, self.streams = clients("sqs"), clients("s3"), clients("dynamodbstreams", OF_STREAMS)
        self.urls = {name: fifo_queue(name) for name in QUEUES}
        for name, url in self.urls.items():
            set_environment(f"{name.upper()}_QUEUE_URL", url)
        set_environment(DEAD_LETTERS, fifo_queue("inbound-dead"))
        for variable, bucket in BUCKETS.items():
            self.s3.create_bucket(Bucket=bucket)
            set_environment(variable, bucket)
        reset()
        self.container = bootstrap.container()
        self.container.__dict__.update(clock=clock, ids=ids)
        self._handlers: dict[str, ModuleType] = {}
        self._told: dict[str, str] = {}

    def invoke(self, function: str, event: Mapping[str, Any], context: object | None = None) -> Any:
        """Call functions/<function>/handler.py, loaded once."""
        if function not in self._handlers:
            spec = importlib.util.spec_from_file_location(
                f"{function}_handler", ROOT / "functions" / function / "handler.py"
            )
            assert spec is not None and spec.loader is not None
            self._handlers[function] = module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        return self._handlers[function].handler(dict(event), context or LambdaContext())

    def receive(self, queue: str, batch: int = 10) -> list[dict[str, Any]]:
        """Everything that a queue gives out in batches of at most `batch`, as records of a Lambda event; they stay in
        the queue until `delete`, and those behind them in their groups with them."""
        records: list[dict[str, Any]] = []
        while got := self.sqs.receive_message(
            QueueUrl=self.urls[queue], MaxNumberOfMessages=batch, AttributeNames=["All"], VisibilityTimeout=600
        ).get("Messages"):
            records += [
                {
                    "messageId": one["MessageId"],
                    "receiptHandle": one["ReceiptHandle"],
                    "body": one["Body"],
                    "attributes": one["Attributes"],
                    "eventSource": "aws:sqs",
                }
                for one in got
            ]
        return records

    def bodies(self, queue: str) -> list[dict[str, Any]]:
        """The bodies of what waits in a queue."""
        return [json.loads(record["body"]) for record in self.receive(queue)]

    def work(self, queue: str, function: str) -> list[str]:
        """Give what waits in a queue to a function, in batches of ten; what it did is deleted. Answers the ids of
        what failed."""
        records, failed = self.receive(queue), set[str]()
        for start in range(0, len(records), 10):
            batch = records[start : start + 10]
            answer = self.invoke(function, {"Records": batch})
            failed |= {one["itemIdentifier"] for one in answer["batchItemFailures"]}
        for record in records:
            if record["messageId"] not in failed:
                self.delete(queue, record)
        return sorted(failed)

    def delete(self, queue: str, record: Mapping[str, Any]) -> None:
        """Take a received message out of its queue, which lets the next ones of its group come."""
        self.sqs.delete_message(QueueUrl=self.urls[queue], ReceiptHandle=record["receiptHandle"])

    def stream_records(self) -> list[dict[str, Any]]:
        """What the streams of the tables tell since the last time, as records of a Lambda event."""
        records: list[dict[str, Any]] = []
        for table in STREAMED:
            told = self._told.get(table, "0")
            fresh = [one for one in self._all_records(table) if int(one["dynamodb"]["SequenceNumber"]) > int(told)]
            if fresh:
                self._told[table] = fresh[-1]["dynamodb"]["SequenceNumber"]
            records += fresh
        return records

    def _all_records(self, table: str) -> list[dict[str, Any]]:
        [stream] = self.streams.list_streams(TableName=table)["Streams"]
        arn = stream["StreamArn"]
        shards = self.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        records: list[dict[str, Any]] = []
        for shard in shards:
            iterator = self.streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            records += self.streams.get_records(ShardIterator=iterator)["Records"]
        for record in records:
            record["eventSourceARN"] = arn
            record["dynamodb"]["ApproximateCreationDateTime"] = record["dynamodb"][
                "ApproximateCreationDateTime"
            ].timestamp()
        return records


def reset() -> None:
    """Forget settings, container and clients of this process."""
    settings.settings.cache_clear()
    settings.local_doors.cache_clear()
    bootstrap.container.cache_clear()
    session.reset_clients()
