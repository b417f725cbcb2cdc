"""What a telephone call costs (docs/data-model.md C1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.callers import BASE_URL, Company, Telephone
from tests.handlers.stack import Stack
from tests.recording import record


@pytest.fixture
def company(stack: Stack, clock: Any, ids: Any) -> Company:
    stack.container.settings = replace(stack.container.settings, public_base_url=BASE_URL)
    return Company(stack, clock, ids)


def test_each_request_of_a_call(company: Company) -> None:
    company.agent("Ana", company.bills, "+5511912340001")
    call = Telephone(company)
    with record() as menu:
        call.rings()
    assert (menu.wru, menu.rru) == (2, 3), "CALL, and the channel with its secrets"
    call.ask(Digits="2")
    with record() as waits:
        call.ask()
    assert waits.wru == 0
    assert waits.rru <= 5
    company.settle()
    with record() as dials:
        call.ask()
    assert dials.wru == 2
    assert dials.rru <= 7
    with record() as told:
        call.ends()
        company.stack.work("inbound", "inbound")
    assert told.wru <= 4
    assert told.rru <= 5
