"""MiniStack as our local AWS: how it is started, and what must be done around its stop for nothing to be lost.

Seen with 1.5.33: it saves table items, queues and the positions of stream readers, but not the stream records. After
a restart each reader would therefore wait for as many new records as it had read before, and skip them all.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from infra.local.deployment import REGION, client
from infra.local.processes import StartFailed

# Calm for so long means that the commands and the facts that follow from them have been worked off.
CALM_S = 0.5
CALM_AT_MOST_S = 8.0
WORKERS = (
    "Inbound",
    "Distribution",
    "Outbound",
    "FlowRequests",
    "Feed",
    "Media",
    "ContactExports",
    "ContactImports",
    "TaskRun",
    "Mail",
    "Events",
)
COMMAND_QUEUES = (
    "INBOUND_QUEUE_URL",
    "DISTRIBUTION_QUEUE_URL",
    "OUTBOUND_QUEUE_URL",
    "FLOW_REQUESTS_QUEUE_URL",
    "FEED_QUEUE_URL",
    "MEDIA_QUEUE_URL",
    "CONTACT_EXPORTS_QUEUE_URL",
    "CONTACT_IMPORTS_QUEUE_URL",
    "TASK_RUN_QUEUE_URL",
)


def environment(state_dir: Path, host: str, port: int, temporary: Path) -> dict[str, str]:
    """The variables that make MiniStack listen on `host` alone and keep its state under `state_dir`."""
    return {
        "BIND_HOST": host,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": host,
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state_dir / "ministack"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(state_dir / "s3"),
        # Functions unpack themselves there; it is emptied at each start and stop.
        "TMPDIR": str(temporary),
        "LOG_LEVEL": "INFO",
    }


def forget_stream_positions(state_dir: Path) -> None:
    """Let the stream readers begin at the first record after a restart. To be called while MiniStack is down."""
    file = state_dir / "ministack" / "lambda.json"
    if not file.is_file():
        return
    saved = json.loads(file.read_text())
    positions = saved["payload"]["dynamodb_stream_positions"]["data"]
    if positions:
        positions.clear()
        file.write_text(json.dumps(saved))


def wait_until_calm(ministack_url: str, function_environment: dict[str, str]) -> bool:
    """Wait until no command waits or is being worked on; False when something still was after CALM_AT_MOST_S.

    Before a stop this empties the streams, whose records would not survive it. Commands do survive.
    """
    sqs = client("sqs", ministack_url)
    urls = [function_environment[name] for name in COMMAND_QUEUES]
    begun = calm_since = time.monotonic()
    while time.monotonic() - begun < CALM_AT_MOST_S:
        if any(_busy(sqs, url) for url in urls):
            calm_since = time.monotonic()
        elif time.monotonic() - calm_since >= CALM_S:
            return True
        time.sleep(0.05)
    return False


def warm_up(ministack_url: str, outputs: dict[str, str]) -> None:
    """Start one process of each worker by a batch of nothing: the first message would wait seconds for all of them.

    StartFailed with the function's own words when one does not start.
    """
    functions = client("lambda", ministack_url)

    def start(name: str) -> None:
        answer = functions.invoke(FunctionName=outputs[f"{name}FunctionName"], Payload=b'{"Records": []}')
        if "FunctionError" in answer:
            raise StartFailed(f"the {name.lower()} function does not work:\n{answer['Payload'].read().decode()[:2000]}")

    with ThreadPoolExecutor(len(WORKERS)) as threads:
        list(threads.map(start, WORKERS))


def _busy(sqs: Any, url: str) -> bool:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return any(int(answer["Attributes"][name]) for name in names)
