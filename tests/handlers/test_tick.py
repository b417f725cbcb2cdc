"""The tick's handler: the real jobs, failures apart, the time that is left."""

from __future__ import annotations

import pytest

from recado.services.tick import TickService
from tests.handlers.stack import LambdaContext, Stack


def test_the_real_jobs_run_over_empty_tables(stack: Stack) -> None:
    assert stack.invoke("tick", {"id": "event-1"}) == {"leases": 0, "sends": 0}
    assert [report.error for report in stack.container.tick.run(lambda: True)] == [None, None]


def test_a_job_that_fails_is_logged_and_the_other_is_done(stack: Stack) -> None:
    def failing(limit: int) -> int:
        raise ConnectionError

    stack.container.__dict__["tick"] = TickService({"leases": failing, "sends": lambda limit: 7})
    assert stack.invoke("tick", {}) == {"leases": 0, "sends": 7}


@pytest.mark.parametrize(("remaining_ms", "done"), [(9_000, 0), (30_000, 1)])
def test_no_page_is_begun_when_time_is_short(stack: Stack, remaining_ms: int, done: int) -> None:
    calls: list[int] = []

    def job(limit: int) -> int:
        calls.append(limit)
        return 1

    stack.container.__dict__["tick"] = TickService({"leases": job})
    stack.invoke("tick", {}, LambdaContext(remaining_ms))
    assert len(calls) == done
