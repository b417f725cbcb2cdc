"""What tasks say and whom they mean is in no log (as tests/handlers/test_log_canaries.py)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.handlers.test_log_canaries import Conversation, Watch, _quoting
from tests.handlers.test_log_canaries import conversation as conversation
from tests.handlers.test_log_canaries import watch as watch


def test_what_tasks_say_and_do_is_in_no_log(
    conversation: Conversation, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation.log_in()
    task: dict[str, Any] = {"name": "canary", "objective": "canary", "table": "chats", "action": {"type": "queue"}}
    task["filter"] = {"field": "id", "op": "ne", "value": "canary"}
    made = conversation.api("POST", "/v1/tasks", task)[1]
    for broken in (False, True):
        status, run = conversation.api("POST", f"/v1/tasks/{made['id']}/runs")
        assert status == 202
        with monkeypatch.context() as breaks:
            if broken:  # only now: a run by hand reads the filter before it begins
                breaks.setattr("recado.services.segments.SegmentService.tree", _quoting)
            for _ in range(3):
                conversation.work("task_run")
        state = conversation.api("GET", f"/v1/tasks/{made['id']}/runs/{run['id']}")[1]["state"]
        assert state == ("freezing" if broken else "done")
    assert {"task_run_worked_on", "task_run_broke"} <= watch.events
    assert watch.told() == []
