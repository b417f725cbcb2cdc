"""The minute's jobs: each on its own, a page at a time, as long as there is time."""

from __future__ import annotations

from collections.abc import Callable

from recado.ports.sweeps import Swept
from recado.services.tick import PAGE, TickService


class Job:
    """Something with so many things due."""

    def __init__(self, due: int) -> None:
        self.due = due
        self.pages = 0

    def __call__(self, limit: int) -> Swept:
        self.pages += 1
        done = min(limit, self.due)
        self.due -= done
        return Swept(done, done, self.due > 0, {})


def failing(limit: int) -> Swept:
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


def test_a_page_with_nothing_to_do_and_more_behind_it_is_not_the_end() -> None:
    pages = iter([Swept(PAGE, 0, True, {}), Swept(PAGE, 0, True, {}), Swept(3, 1, False, {})])
    [report] = TickService({"leases": lambda limit: next(pages)}).run(lambda: True)
    assert (report.seen, report.done, report.left) == (PAGE * 2 + 3, 1, False)


def test_what_raised_is_told_of_all_pages() -> None:
    errors = [KeyError(), ValueError()]
    pages = iter([Swept(1, 0, True, {"us_1": errors[0]}), Swept(1, 1, False, {"us_2": errors[1]})])
    [report] = TickService({"leases": lambda limit: next(pages)}).run(lambda: True)
    assert report.failed == {"us_1": errors[0], "us_2": errors[1]}
    assert report.error is None
