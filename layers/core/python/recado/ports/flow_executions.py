"""What the execution of flows needs from outside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from recado.domain.flow_executions import Execution, TraceLine
from recado.ports.sweeps import DuePage


class ExecutionStore(Protocol):
    """Executions with their traces. They begin and end with their chats' moves (ports.agents.ChatMoveStore)."""

    def get(self, a: str, execution_id: str) -> Execution | None:
        """One, strongly consistent."""
        ...

    def go_on(self, a: str, before: Execution, after: Execution, line: TraceLine | None) -> bool:
        """Write where it stands now, with the line of what was done. False when somebody moved it first."""
        ...

    def note(self, a: str, execution_id: str, line: TraceLine) -> None:
        """Write a line of what an execution did that has ended with it."""
        ...

    def due(self, now: datetime, limit: int) -> DuePage:
        """Executions that were to be looked at by now, from an index that may lag."""
        ...

    def look_again_at(self, a: str, execution_id: str, when: datetime) -> None:
        """Let the sweep come back to it then. What has ended stays out."""
        ...

    def ids_of_flow(self, a: str, flow_id: str, before: str | None, limit: int) -> list[str]:
        """Executions that began with a flow, newest first, older than `before`."""
        ...

    def ids_of_chat(self, a: str, chat_id: str, before: str | None, limit: int) -> list[str]:
        """Executions in a chat, newest first, older than `before`."""
        ...

    def read(self, a: str, ids: Sequence[str]) -> list[Execution]:
        """Those that exist, in the order of the ids."""
        ...

    def trace(self, a: str, execution_id: str) -> list[TraceLine]:
        """What it did, in order; of a long one, the last steps."""
        ...


class FlowJournal(Protocol):
    """What is told of executions to those who run the product: ids, numbers and codes only."""

    def stepped(self, execution_id: str, steps: int, state: str, reason: str) -> None:
        """A worker leaves an execution after so many steps."""
        ...

    def gave_up(self, execution_id: str, error: Exception | None) -> None:
        """An execution cannot go on: it was ended, and its chat waits for people."""
        ...

    def not_enqueued(self, execution_id: str, error: Exception) -> None:
        """The queue did not take the command; the table's stream and the sweep put it there later."""
        ...
