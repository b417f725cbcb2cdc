"""The minute's jobs: each on its own, a page at a time, as long as there is time."""

from __future__ import annotations

from collections.abc import Callable

from recado.services.tick import PAGE, TickService


class Job:
    """Something with so many things due."""

    def __init__(self, due: int) -> None:
        self.due = due
        self.pages = 0

    def __call__(self, limit: int) -> int:
        self.pages += 1
        done = min(limit, self.due)
        self.due -= done
        return done


def failing(limit: int) -> int:
    raise RuntimeError("no")


def pages_of_time(pages: int) -> Callable[[], bool]:
    left = iter([True] * pages)
    return lambda: next(left, False)


def test_every_job_runs_until_nothing_is_due() -> None:
    leases, sends = Job(PAGE * 2 + 5), Job(0)
    reports = TickService({"leases": leases, "sends": sends}).run(lambda: True)
    assert [(report.name, report.done, report.left) for report in reports] == [
        ("leases", PAGE * 2 + 5, False),
        ("sends", 0, False),
    ]
    assert (leases.pages, sends.pages) == (3, 1)


def test_a_failing_job_stops_no_other() -> None:
    sends = Job(PAGE + 1)
    reports = TickService({"leases": failing, "sends": sends}).run(lambda: True)
    assert isinstance(reports[0].error, RuntimeError)
    assert (reports[1].done, reports[1].error) == (PAGE + 1, None)


def test_jobs_share_the_time_that_there_is() -> None:
    leases, sends = Job(PAGE * 10), Job(PAGE * 10)
    reports = TickService({"leases": leases, "sends": sends}).run(pages_of_time(3))
    assert [(report.done, report.left) for report in reports] == [(PAGE * 2, True), (PAGE, True)]
    assert TickService({"sends": sends}).run(lambda: False)[0].done == 0
