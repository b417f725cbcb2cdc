"""What a transaction does when its answer is no answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ReadTimeoutError
from pynamodb.exceptions import TransactWriteError, UpdateError

from recado.domain.errors import Busy
from recado.storage.agents import AgentStore
from recado.storage.tables import ChatsRecord
from recado.storage.transaction import Cancelled, Transaction


class Dynamo:
    """Answers of TransactWriteItems by a script, then success; the tokens that came."""

    def __init__(self, *script: Exception) -> None:
        self.script = list(script)
        self.tokens: list[str] = []

    def __call__(self, client: Any, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        assert operation == "TransactWriteItems"
        self.tokens.append(parameters["ClientRequestToken"])
        if self.script:
            raise self.script.pop(0)
        return {}


def refused(code: str, *reasons: str) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": ""}, "CancellationReasons": [{"Code": one} for one in reasons]}
    return ClientError(response, "TransactWriteItems")


IN_PROGRESS = "TransactionInProgressException"


@pytest.fixture
def answers(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    def script(*errors: Exception) -> Dynamo:
        dynamo = Dynamo(*errors)
        monkeypatch.setattr("botocore.client.BaseClient._make_api_call", lambda *call: dynamo(*call))
        monkeypatch.setattr("recado.storage.transaction.time.sleep", lambda seconds: None)
        return dynamo

    return script


def commit() -> None:
    tx = Transaction()
    tx.put("item", ChatsRecord("a", "b"))
    tx.commit()


def test_all_tries_bear_one_token_and_each_transaction_its_own(answers: Any) -> None:
    dynamo = answers(
        refused(IN_PROGRESS),
        refused("TransactionCanceledException", "TransactionConflict"),
        refused("ThrottlingException"),
    )
    commit()
    assert len(dynamo.tokens) == 4 and len(set(dynamo.tokens)) == 1
    assert 1 <= len(dynamo.tokens[0]) <= 36
    commit()
    assert len(set(dynamo.tokens)) == 2


def test_contention_to_the_end_is_busy(answers: Any) -> None:
    dynamo = answers(*[refused("TransactionCanceledException", "TransactionConflict") for _ in range(5)])
    with pytest.raises(Busy):
        commit()
    assert len(dynamo.tokens) == 5


def test_one_that_was_in_progress_may_have_been_written_so_it_is_not_busy(answers: Any) -> None:
    conflict = [refused("TransactionCanceledException", "TransactionConflict") for _ in range(4)]
    answers(refused(IN_PROGRESS), *conflict)
    with pytest.raises(TransactWriteError) as caught:
        commit()
    assert caught.value.cause_response_code == IN_PROGRESS


def test_one_that_was_in_progress_and_is_refused_was_not_written(answers: Any) -> None:
    answers(refused(IN_PROGRESS), refused("TransactionCanceledException", "ConditionalCheckFailed"))
    with pytest.raises(Cancelled):
        commit()


def test_a_lost_answer_is_raised_on(answers: Any) -> None:
    answers(ReadTimeoutError(endpoint_url="https://dynamodb.example"))
    with pytest.raises(TransactWriteError):
        commit()


@pytest.mark.parametrize(
    "write",
    [
        lambda store: store.renew("accounta", "us_1", datetime(2026, 3, 2, tzinfo=UTC)),
        lambda store: store.look_again_at("accounta", "us_1", datetime(2026, 3, 2, tzinfo=UTC)),
    ],
)
def test_a_write_without_an_answer_is_no_lost_race(dynamodb: Any, monkeypatch: pytest.MonkeyPatch, write: Any) -> None:
    def no_answer(*_: Any, **__: Any) -> Any:
        raise ReadTimeoutError(endpoint_url="https://dynamodb")

    monkeypatch.setattr(BaseClient, "_make_api_call", no_answer)
    with pytest.raises(UpdateError):
        write(AgentStore())
