"""What a look at a healthy department costs (docs/data-model.md §3)."""

from __future__ import annotations

from typing import Any

from recado.services.reconciler import Reconciler
from recado.storage import keys
from recado.storage.people import UserRecord
from recado.storage.reconciliation import DynamoReconciliation
from tests.recording import record
from tests.team import ACCOUNT, Team


class Unheard:
    def found(self, *told: Any) -> None:
        raise AssertionError(told)


def test_a_look_at_a_department(dynamodb: Any, clock: Any, ids: Any) -> None:
    team = Team(clock, ids)
    for number in range(3):
        user_id = team.join(f"A{number}", number, cap=1)
        created = {"name": "A", "email": f"{number}@one.example", "role": "agent", "created_at": clock.now()}
        UserRecord(keys.workspace_pk(ACCOUNT, "USERS"), user_id, id=user_id, **created).save()
    team.give(5)
    checked = Reconciler(DynamoReconciliation(), team.agents, team.departments, team.wakes, clock, Unheard())
    with record() as calls:
        assert checked.look(ACCOUNT, team.department).complete
    assert calls.operations == {
        "dynamodb:GetItem": 2,  # where to go on, HEAD
        "dynamodb:Query": 4 + 3 + 2,  # MEMBER, RING, countings, USERS; chats of each agent; WAIT and by_department
        "dynamodb:BatchGetItem": 2 + 2 + 3,  # AGENT of members and of users; MEMBER, RING; CHAT twice, WAIT
    }
    assert calls.wru == 0
    assert calls.rru <= 40
