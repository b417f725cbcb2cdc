"""What became of the flows and messages that runs of tasks began: a target has ended when that is known (PRODUCT
G7)."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Protocol

from recado.domain.chats import Message, ThreadKey
from recado.domain.task_runs import Result, Sent, Target, looked_at, waits
from recado.ports.core import Clock
from recado.ports.sweeps import Swept
from recado.ports.task_runs import Owner, TargetStore

_SENT = frozenset({"sent", "delivered", "read"})


class WrittenMessages(Protocol):
    """Messages by where they lie (storage.outbox)."""

    def message(self, a: str, thread: ThreadKey, seq: int) -> Message | None: ...


class BegunFlows(Protocol):
    """Flows that runs began (services.task_flows)."""

    def result(self, a: str, execution_id: str) -> Result:
        """What a flow tells of its target: the first message it sent, or how it ended without one; `pending` while it
        has not said anything."""
        ...


class TaskSends:
    """Each target is settled once, whoever looks."""

    def __init__(self, targets: TargetStore, messages: WrittenMessages, flows: BegunFlows, clock: Clock) -> None:
        self._targets = targets
        self._messages = messages
        self._flows = flows
        self._clock = clock

    def look(self, a: str, owner: Owner, target: Target) -> bool:
        """Whether it has ended, as far as can be told now."""
        result = self._result(a, target)
        if result.state == "pending" and not result.withdrawn:
            return False
        self._targets.settle(a, owner, target, looked_at(target, result, self._clock.now()))
        return True

    def look_due(self, limit: int) -> tuple[Swept, set[tuple[str, str, str]]]:
        """Look at those whose time has come; and the runs (account, task, run) of those that ended."""
        now = self._clock.now()
        found, more = self._targets.due(now, limit)
        owners, failed, done = set[tuple[str, str, str]](), dict[str, Exception](), 0
        for a, run_id, target_id in found:
            try:
                known = self._targets.get(a, run_id, target_id)
                if known is None or not waits(known[0]) or known[0].due is None or known[0].due > now:
                    continue
                target, owner = known
                after = looked_at(target, self._result(a, target), now)
                if self._targets.settle(a, owner, target, after) and not waits(after):
                    done += 1
                    owners.add((a, owner.task_id, owner.run_id))
            except Exception as error:  # whatever it is, it stops no other
                failed[target_id] = error
                with suppress(Exception):  # what failed first is told; the target stays due
                    self._put_off(a, run_id, target_id, now)
        return Swept(len(found), done, more, failed), owners

    def _put_off(self, a: str, run_id: str, target_id: str, now: datetime) -> None:
        """It stands before no other until it is looked at next."""
        known = self._targets.get(a, run_id, target_id)
        if known is not None and waits(known[0]):
            target, owner = known
            self._targets.settle(a, owner, target, looked_at(target, Result("pending", None, target.sent), now))

    def _result(self, a: str, target: Target) -> Result:
        sent = target.sent or Sent()
        if sent.thread is None and sent.execution_id is not None:
            begun = self._flows.result(a, sent.execution_id)
            if begun.state != "pending" or begun.withdrawn:
                return begun
            if begun.sent is None or begun.sent.message_id is None:
                return Result("pending", None, sent)
            sent = begun.sent
        return self._of_message(a, sent)

    def _of_message(self, a: str, sent: Sent) -> Result:
        message = self._messages.message(a, sent.thread, sent.seq) if sent.thread else None
        if message is None or message.id != sent.message_id:
            return Result("unknown", "message_gone", sent)
        if message.status == "failed":
            return Result("failed", message.error.code if message.error else "failed", sent)
        if message.status == "unknown":
            return Result("unknown", "no_answer", sent)
        return Result("executed" if message.status in _SENT else "pending", None, sent)
