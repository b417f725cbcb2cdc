"""What is done every minute: jobs that look for what is due, a page at a time, each on its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from recado.ports.sweeps import Swept

PAGE = 160
"""Ten of each shard of the `due` index. A page has to end in the reserve that the handler keeps."""


@dataclass
class JobReport:
    """What a job did: things looked at and done, those that raised, and whether more were due when the time ran out.
    `error` ended it early."""

    name: str
    seen: int = 0
    done: int = 0
    left: bool = True
    failed: dict[str, Exception] = field(default_factory=dict)
    error: Exception | None = None


class TickService:
    """Runs jobs; each takes a limit and answers what became of about so many. What is left is found again by the
    next minute."""

    def __init__(self, jobs: Mapping[str, Callable[[int], Swept]]) -> None:
        self._jobs = jobs

    def run(self, has_time: Callable[[], bool], only: Collection[str] = ()) -> list[JobReport]:
        """One page of each job in turn, while there is time, until nothing is due. A job that fails stops no other.
        `only`: those of these names."""
        reports = [JobReport(name) for name in self._jobs if not only or name in only]
        going = list(reports)
        while going:
            for report in list(going):
                if not has_time():
                    return reports
                self._page(report)
                if report.error is not None or not report.left:
                    going.remove(report)
        return reports

    def _page(self, report: JobReport) -> None:
        try:
            page = self._jobs[report.name](PAGE)
        except Exception as error:
            report.error = error
        else:
            report.seen += page.seen
            report.done += page.done
            report.left = page.more
            report.failed |= page.failed
