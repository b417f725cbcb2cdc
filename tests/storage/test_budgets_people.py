"""What log-ins and calls of sessions may cost (docs/data-model.md §3)."""

from __future__ import annotations

from typing import Any

import pytest

from recado import bootstrap
from recado.bootstrap import Container
from recado.domain.people import User
from recado.services.accounts import NewAccount
from tests.recording import record

PASSWORD = "a long password"


class NoQueue:
    def send(self, commands: Any) -> None:
        pass


@pytest.fixture
def services(dynamodb: Any, clock: Any, ids: Any) -> Container:
    container = Container(bootstrap.settings())
    container.clock, container.ids, container.distribution_queue = clock, ids, NoQueue()
    return container


@pytest.fixture
def admin(services: Container) -> tuple[str, User]:
    made = services.account_service.create(NewAccount("C", "Ada", "ada@one.example", PASSWORD, "team", trial=False))
    return made.account.id.removeprefix("ac_"), made.admin


def test_a_log_in(services: Container, admin: tuple[str, User]) -> None:
    services.session_service.log_in("ada@one.example", PASSWORD)
    with record() as calls:
        services.session_service.log_in("ada@one.example", PASSWORD)
    assert calls.operations == {
        "dynamodb:BatchGetItem": 5,
        "dynamodb:Query": 1,
        "dynamodb:TransactWriteItems": 1,
        "dynamodb:UpdateItem": 1,
    }
    assert (calls.wru, calls.rru) == (7, 6)


def test_calls_of_a_session(services: Container, admin: tuple[str, User], clock: Any) -> None:
    token = services.session_service.start(*admin).token
    with record() as first:
        services.authentication.caller(token)
    with record() as second:
        services.authentication.caller(token)
    assert (first.wru, first.rru) == (0, 4)
    assert (second.wru, second.rru) == (0, 0), "remembered for 10 s"
    clock.move(31)
    with record() as third:
        services.authentication.caller(token)
    assert (third.wru, third.rru) == (2, 5), "seat and presence lease"
