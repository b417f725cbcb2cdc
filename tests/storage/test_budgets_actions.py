"""What starting a chat, opening one again, and noting something on one may cost (docs/data-model.md §3, D3 and D5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.storage.chat_records import ThreadRecord
from tests.recording import Calls, record
from tests.services.test_chat_starting import World
from tests.team import ACCOUNT, Team

ADMIN = Caller(ACCOUNT, "admin", user_id=f"us_{ACCOUNT}_{9:027x}")


@pytest.fixture
def team(dynamodb: Any, clock: Any, ids: Any) -> Team:
    return Team(clock, ids)


def items(calls: Calls) -> int:
    (written,) = [one for one in calls.log if one.operation == "dynamodb:TransactWriteItems"]
    return len(written.parameters["TransactItems"])


def test_opening_a_chat_again(team: Team) -> None:
    (chat,) = team.arrive()
    team.actions.close(ADMIN, chat.id)
    with record() as calls:  # each of the two facts holds the chat as it is shown: more than 1 KB
        team.actions.reopen(ADMIN, chat.id)
    assert calls.operations == {"dynamodb:GetItem": 2, "dynamodb:TransactWriteItems": 1}
    assert (calls.wru, calls.rru, items(calls)) == (14, 2, 5)


def test_closing_a_chat_that_the_caller_closed_already(team: Team) -> None:
    (chat,) = team.arrive()
    team.actions.close(ADMIN, chat.id, comment="done")
    with record() as calls:
        team.actions.close(ADMIN, chat.id, comment="done")
    assert calls.operations == {"dynamodb:GetItem": 2, "dynamodb:Query": 1}
    assert (calls.wru, calls.rru) == (0, 3)
    with record() as calls:
        team.actions.close(ADMIN, chat.id)
    assert calls.operations == {"dynamodb:GetItem": 2}


def test_starting_a_chat(dynamodb: Any, clock: Any, ids: Any) -> None:
    world = World(clock, ids)
    contact = world.contact(mobile="+5511987654321")
    with record() as calls:
        chat = world.start(contact)
    # CONTACT with its claim and fact, THREAD and the check of its ALIAS, CHAT, WAIT, two facts
    assert items(calls) == 9
    assert calls.wru <= 2 * 9 + 4
    assert calls.rru <= 9
    world.close(chat.id)
    with record() as calls:
        world.start(contact)
    assert items(calls) == 5
    assert calls.wru <= 2 * 5 + 4
    assert calls.rru <= 6


def test_noting_a_step_and_a_tabulation(team: Team) -> None:
    (step,) = team.workflows.create(ACCOUNT, "Venda", [(None, "Contato")]).steps
    sale = team.tabulations.create(ACCOUNT, "Venda", None)
    (chat,) = team.arrive()
    with record() as calls:
        team.marks.step(ADMIN, chat.id, step.id)
    assert calls.operations == {"dynamodb:GetItem": 2, "dynamodb:Query": 1, "dynamodb:TransactWriteItems": 1}
    assert (calls.wru, calls.rru) == (8, 3)
    team.join("A", 1)
    team.look()
    with record() as calls:
        team.marks.tabulate(ADMIN, chat.id, sale.id)
    assert calls.operations == {"dynamodb:GetItem": 3, "dynamodb:TransactWriteItems": 1}
    assert (calls.wru, calls.rru) == (6, 3)


def test_reading_a_chat(team: Team) -> None:
    (chat,) = team.arrive()
    thread = team.reads.thread(ACCOUNT, chat.thread)
    assert thread is not None
    ThreadRecord.of_thread(ACCOUNT, replace(thread, unread=2)).save()
    with record() as calls:
        team.marks.read(ADMIN, chat.id)
    assert calls.operations == {"dynamodb:GetItem": 2, "dynamodb:UpdateItem": 1}
    assert (calls.wru, calls.rru) == (1, 2)


def test_a_change_of_the_tree_of_tabulations(team: Team) -> None:
    top = team.tabulations.create(ACCOUNT, "Venda", None)
    with record() as calls:
        team.tabulations.create(ACCOUNT, "À vista", top.id)
    assert calls.operations == {"dynamodb:Query": 1, "dynamodb:TransactWriteItems": 1}
    assert (calls.wru, calls.rru) == (4, 1)
