"""moto's batch gets, answered in another order than was asked for. DynamoDB answers in any; moto in the one asked for,
so that code which takes the last of an answer for the last of what it asked for works in tests alone."""

from __future__ import annotations

from functools import wraps
from typing import Any

from moto.dynamodb.responses import DynamoHandler

_batch_get_item = DynamoHandler.batch_get_item


@wraps(_batch_get_item)
def _backwards(handler: Any) -> Any:
    answer = _batch_get_item(handler)
    for items in answer.result["Responses"].values():
        items.reverse()
    return answer


def install() -> None:
    """From now on, in this process."""
    DynamoHandler.batch_get_item = _backwards  # type: ignore[method-assign]
