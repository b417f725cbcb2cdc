"""What the removal of a channel may cost (docs/data-model.md C2)."""

from __future__ import annotations

from typing import Any

import pytest

from recado.bootstrap import Container
from tests.api.conftest import Api, Company, api, company, services  # noqa: F401
from tests.api.test_channel_removal import Mails, a_chat, ask, channel_id, mails, provider, remove  # noqa: F401
from tests.recording import record


@pytest.fixture
def removal(services: Container) -> Any:  # noqa: F811
    return services.removed_channels


def test_nothing_due(removal: Any) -> None:
    with record() as calls:
        removal.close_due(160)
    assert dict(calls.operations) == {"dynamodb:Query": 16}
    assert (calls.wru, calls.rru) == (0, 8)


def test_removing(api: Api, company: Company, channel_id: str, mails: Mails, services: Container) -> None:  # noqa: F811
    caller = services.authentication.caller(company.admin)
    with record() as asked:
        services.channel_removal.ask(caller, channel_id)
    assert (asked.wru, asked.rru) == (2, 5.5)
    with record() as calls:
        services.channel_removal.remove(caller, channel_id, mails.code, False)
    print(calls.operations, calls.wru, calls.rru, calls.index_wru)
    assert calls.operations["dynamodb:TransactWriteItems"] == 2
    assert calls.wru <= 17
    assert calls.rru <= 9


def test_a_look_that_closes(api: Api, company: Company, channel_id: str, mails: Mails, services: Container) -> None:  # noqa: F811
    agent = company.users["agent"].id
    for number in range(4):
        a_chat(services, company, channel_id, number, agent)
    ask(api, company, channel_id)
    look, services.removed_channels.look = services.removed_channels.look, lambda a, one: 0  # type: ignore[method-assign]
    assert remove(api, company, channel_id, mails.code, "&force=true").status == 204
    with record() as calls:
        assert look(company.a, channel_id) == 4
    print(calls.operations, calls.wru, calls.rru, calls.index_wru)
    assert calls.operations["dynamodb:TransactWriteItems"] == 4
    assert calls.wru <= 4 * 14 + 1
    its_tasks = 1
    assert calls.rru <= 1 + 4 * 4 + 4 + its_tasks
