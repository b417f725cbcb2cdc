"""The `due` index on the local stack: accounts take turns in it, by a filter of the index's query on the item's key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from recado.domain.flow_executions import Execution
from recado.storage import keys
from recado.storage.flow_executions import DynamoExecutions, ExecutionRecord

MANY, FEW = "manymany", "fewfewfe"


@pytest.mark.usefixtures("stack_tables")
def test_many_due_of_one_account_hide_none_of_another() -> None:
    later = datetime.now(UTC) + timedelta(days=30)  # the stack's own tick finds none of them

    def owe(a: str, number: int, due: datetime) -> list[str]:
        ids = (f"fe_{a}_{one}" for one in count())
        chosen = [
            next(one for one in ids if keys.due_pk("EXEC", one) == keys.due_shards("EXEC")[3]) for _ in range(number)
        ]
        for execution_id in chosen:
            one = ExecutionRecord.of_execution(a, Execution(execution_id, "ca_1", "ct_1", "fl_1", 1, "a", due, "entry"))
            one.due_sk = keys.stamp(due)
            one.save()
        return chosen

    owe(MANY, 40, later)
    [few] = owe(FEW, 1, later + timedelta(hours=1))
    page = DynamoExecutions().due(later + timedelta(hours=2), 160)
    assert (FEW, few) in page.found and page.more
