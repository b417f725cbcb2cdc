"""How long a call to a queue, a bucket or, in ingress, a table may last."""

from __future__ import annotations

from typing import Any

import pytest

from recado.aws import session
from tests.infra.templates import functions, template


@pytest.mark.parametrize("client", [session.sqs, session.s3, session.dynamodb])
def test_all_attempts_of_a_call_end_before_the_shortest_function(dynamodb: Any, client: Any) -> None:
    config = client().meta.config
    attempts = config.retries["total_max_attempts"]
    pauses = sum(2**number for number in range(attempts - 1))  # at most, by botocore's standard mode
    shortest = min(one.get("Timeout", template()["Globals"]["Function"]["Timeout"]) for one in functions().values())
    assert attempts > 1
    assert attempts * (config.connect_timeout + config.read_timeout) + pauses < shortest
