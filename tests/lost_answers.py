"""Answers of AWS that get lost after the request was carried out, hooked into botocore in this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ReadTimeoutError


class LostAnswers:
    """From now on, what happens to the nth call of an operation. `meanwhile` runs between the two."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._plans: dict[tuple[str, int], Callable[[Callable[[], Any], str], Any]] = {}
        self._counts: Counter[str] = Counter()
        original = BaseClient._make_api_call  # type: ignore[attr-defined]

        def call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
            self._counts[operation] += 1
            plan = self._plans.pop((operation, self._counts[operation]), None)

            def send() -> Any:
                return original(client, operation, parameters)

            return send() if plan is None else plan(send, operation)

        monkeypatch.setattr(BaseClient, "_make_api_call", call)

    def repeat(self, operation: str, nth: int = 1) -> None:
        """The client sends the request once more and is told the second answer, as botocore does."""

        def twice(send: Callable[[], Any], operation: str) -> Any:
            send()
            return send()

        self._plan(operation, nth, twice)

    def lose(self, operation: str, nth: int = 1) -> None:
        """No answer comes, however often the client asks."""

        def lost(send: Callable[[], Any], operation: str) -> Any:
            send()
            raise ReadTimeoutError(endpoint_url="https://dynamodb.example")

        self._plan(operation, nth, lost)

    def drop(self, operation: str, nth: int = 1) -> None:
        """The request does not even arrive."""

        def dropped(send: Callable[[], Any], operation: str) -> Any:
            raise ReadTimeoutError(endpoint_url="https://dynamodb.example")

        self._plan(operation, nth, dropped)

    def in_progress(self, nth: int = 1, meanwhile: Callable[[], Any] = lambda: None) -> None:
        """A transaction is carried out, and its repetition is told that it is in progress."""

        def progress(send: Callable[[], Any], operation: str) -> Any:
            send()
            meanwhile()
            raise ClientError({"Error": {"Code": "TransactionInProgressException", "Message": ""}}, operation)

        self._plan("TransactWriteItems", nth, progress)

    def _plan(self, operation: str, nth: int, plan: Callable[[Callable[[], Any], str], Any]) -> None:
        self._plans[operation, self._counts[operation] + nth] = plan
