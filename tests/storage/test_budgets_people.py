"""What log-ins and calls of sessions may cost (docs/data-model.md §3)."""

from __future__ import annotations

from typing import Any

import pytest

from recado import bootstrap
from recado.bootstrap import Container
from recado.domain.access import Caller
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
    for _ in range(2):
        with record() as calls:
            services.authentication.caller(token)
        assert calls.operations == {"dynamodb:BatchGetItem": 1}, "SESSION, USER and AGENT, every time"
        assert (calls.wru, calls.rru) == (0, 3)
    clock.move(31)
    with record() as late:
        services.authentication.caller(token)
    assert late.operations == {"dynamodb:BatchGetItem": 2, "dynamodb:UpdateItem": 2}, "seat and presence lease"
    assert (late.wru, late.rru) == (2, 4)


def test_calls_of_an_api_token(services: Container, admin: tuple[str, User]) -> None:
    maker = Caller(admin[0], "admin", user_id=admin[1].id)
    token = services.api_token_service.create(maker, "ERP", ["people:read"])[1]
    for _ in range(2):
        with record() as calls:
            services.authentication.caller(token)
        assert calls.operations == {"dynamodb:BatchGetItem": 1}, "the token and its USER, every time"
        assert (calls.wru, calls.rru) == (0, 2)


def test_the_seat_of_a_deleted_user(services: Container, admin: tuple[str, User]) -> None:
    user = services.user_service.create(admin[0], "Ana", "ana@one.example", "agent", None, PASSWORD).user
    services.session_service.start(admin[0], user)
    with record() as calls:
        services.session_service.end_all(admin[0], user.id)
    assert calls.operations == {"dynamodb:Query": 1, "dynamodb:TransactWriteItems": 1}
    assert (calls.wru, calls.rru) == (4, 1), "the slot and the session"
