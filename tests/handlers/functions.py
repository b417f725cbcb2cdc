"""The handlers of ingress and inbound as Lambda would load them, on moto's queues and bucket."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from recado import bootstrap, settings
from recado.aws.session import reset_clients
from tests.moto_worlds import clients, fifo_queue
from tests.reception import BASE_URL, Reception

ROOT = Path(__file__).resolve().parent.parent.parent
BUCKET = "raw-bodies"


class Functions:
    """Within moto (the `dynamodb` fixture)."""

    def __init__(self, clock: Any, ids: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sqs, self.s3 = clients("sqs"), clients("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        self.queue_url, self.dead_letters_url = fifo_queue("inbound"), fifo_queue("inbound-dead")
        environment = {
            "INBOUND_QUEUE_URL": self.queue_url,
            "INBOUND_DLQ_URL": self.dead_letters_url,
            "DISTRIBUTION_QUEUE_URL": fifo_queue("distribution"),
            "OUTBOUND_QUEUE_URL": fifo_queue("outbound"),
            "RAW_BUCKET": BUCKET,
            "PUBLIC_BASE_URL": BASE_URL,
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        forget_environment()
        self.reception = Reception(clock, ids)
        bootstrap.container().__dict__.update(clock=clock, ids=ids)
        self.ingress_handler, self.inbound_handler = _load("ingress"), _load("inbound")

    def ingress(self, event: dict[str, Any]) -> dict[str, Any]:
        return dict(self.ingress_handler(event, None))

    def inbound(self, event: dict[str, Any]) -> dict[str, Any]:
        return dict(self.inbound_handler(event, None))

    def received(self, url: str | None = None) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=url or self.queue_url, AttributeNames=["All"], MaxNumberOfMessages=10
        )
        return list(answer.get("Messages", []))

    def batch(self, receives: int = 1) -> dict[str, Any]:
        """What is in the queue, as Lambda hands it over."""
        return {
            "Records": [
                {
                    "messageId": one["MessageId"],
                    "body": one["Body"],
                    "attributes": one["Attributes"] | {"ApproximateReceiveCount": str(receives)},
                }
                for one in self.received()
            ]
        }

    def inbound_batch(self) -> dict[str, Any]:
        return self.inbound(self.batch())

    def drop_queue(self) -> None:
        self.sqs.delete_queue(QueueUrl=self.queue_url)

    def raw(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())


def forget_environment() -> None:
    """Settings, container and clients are made anew when they are next asked for."""
    settings.settings.cache_clear()
    bootstrap.container.cache_clear()
    reset_clients()


def _load(name: str) -> Any:
    path = ROOT / "functions" / name / "handler.py"
    spec = importlib.util.spec_from_file_location(f"function_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.handler
