"""The tick's handler: the real jobs, failures apart, the time that is left."""

from __future__ import annotations

from typing import Any

import pytest

from recado import telemetry
from recado.ports.sweeps import Swept
from recado.services.tick import TickService
from tests.handlers.stack import LambdaContext, Stack


def test_the_real_jobs_run_over_empty_tables(stack: Stack) -> None:
    done = stack.invoke("tick", {"id": "event-1"})
    assert {"leases", "departments", "chats", "sends", "groups", "templates"} <= done.keys() and set(done.values()) == {
        0
    }
    assert [report.error for report in stack.container.tick.run(lambda: True)] == [None] * len(done)


def test_a_job_that_fails_is_logged_and_the_other_is_done(stack: Stack) -> None:
    def failing(limit: int) -> Swept:
        raise ConnectionError

    stack.container.__dict__["tick"] = TickService({"leases": failing, "sends": lambda limit: Swept(7, 7, False, {})})
    assert stack.invoke("tick", {}) == {"leases": 0, "sends": 7}


@pytest.mark.parametrize(("remaining_ms", "done"), [(9_000, 0), (30_000, 1)])
def test_no_page_is_begun_when_time_is_short(stack: Stack, remaining_ms: int, done: int) -> None:
    calls: list[int] = []

    def job(limit: int) -> Swept:
        calls.append(limit)
        return Swept(1, 1, False, {})

    stack.container.__dict__["tick"] = TickService({"leases": job})
    stack.invoke("tick", {}, LambdaContext(remaining_ms))
    assert len(calls) == done


def test_each_thing_that_raised_is_logged_by_its_id(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[Any, ...]] = []
    monkeypatch.setattr(telemetry, "failure", lambda event, error, **fields: told.append((event, error, fields)))
    error = KeyError("secret")
    stack.container.__dict__["tick"] = TickService({"sends": lambda limit: Swept(2, 1, False, {"ms_1": error})})
    assert stack.invoke("tick", {}) == {"sends": 1}
    assert told == [("job_item_failed", error, {"kind": "sends", "record_id": "ms_1"})]
