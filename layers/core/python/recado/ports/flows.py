"""What flows need of storage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from recado.domain.flows import Flow, FlowVersion, Project


class ProjectStore(Protocol):
    """The projects of an account. A False means that somebody changed or deleted it first."""

    def get(self, a: str, project_id: str) -> Project | None: ...

    def all(self, a: str) -> list[Project]:
        """Every one, oldest first."""
        ...

    def create(self, a: str, project: Project) -> None: ...

    def change(self, a: str, before: Project, after: Project) -> bool: ...

    def delete(self, a: str, project: Project) -> bool: ...


class ProjectGone(Exception):
    """The project of a flow is not there any more; nothing was written."""


class FlowStore(Protocol):
    """The flows of an account. A False means that somebody changed or deleted it first."""

    def get(self, a: str, flow_id: str) -> Flow | None: ...

    def published(self, a: str, flow_id: str) -> int | None:
        """The number of the version that was published last; None: none was, or there is no such flow. Strongly
        consistent."""
        ...

    def all(self, a: str) -> list[Flow]:
        """Every one, oldest first, without its steps."""
        ...

    def create(self, a: str, flow: Flow) -> None:
        """Raises ProjectGone."""
        ...

    def change(self, a: str, before: Flow, after: Flow) -> bool: ...

    def publish(self, a: str, before: Flow, after: Flow, version: FlowVersion, runs: Mapping[str, int]) -> bool:
        """Write a version and the flow that names it, at once. `runs`: other flows that lead on from it, with the
        numbers under which they were published when they were looked at; False too when one was published since."""
        ...

    def delete(self, a: str, flow: Flow) -> bool:
        """The flow; its versions stay, as executions may stand in them."""
        ...

    def all_published(self, a: str) -> Iterator[tuple[Flow, FlowVersion]]:
        """Every flow that was published, without its draft, with the version that runs."""
        ...

    def version(self, a: str, flow_id: str, number: int) -> FlowVersion | None: ...

    def versions(self, a: str, flow_id: str, before: int | None, limit: int) -> list[FlowVersion]:
        """Those that were published, without their steps, newest first, older than `before`."""
        ...
