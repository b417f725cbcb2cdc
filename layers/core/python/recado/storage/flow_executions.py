"""Executions of flows with their traces (docs/data-model.md F1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action

from recado.domain.flow_executions import KEPT_FOR, MAX_TRACED, Ending, Execution, OfRun, TraceLine, is_over
from recado.ports.sweeps import DuePage
from recado.storage import keys
from recado.storage.chat_records import ByAgent, ByContact, BySituation
from recado.storage.due import Due, due_page
from recado.storage.tables import ChatsRecord, TimeAttribute
from recado.storage.transaction import Transaction, condition_failed, guard

EXECUTION_BEGINS = guard(
    "execution-begins-once", "one start is asked for twice at once: the flow would begin anew in the middle of its work"
)
EXECUTION_SEEN = guard(
    "execution-goes-on-from-seen-version",
    "two workers drive one execution, or an agent takes its chat meanwhile: a step would be done twice, or one that "
    "was broken off would go on",
)
EXECUTION_DUE = guard(
    "execution-is-there-to-look-at", "an execution ends while the sweep puts it off: it would be looked at for ever"
)


class ExecutionRecord(ChatsRecord):
    """EXEC, which lies by its flow in `by_situation`, by its chat in `by_agent` and by its contact in `by_contact`."""

    id = UnicodeAttribute()
    chat_id = UnicodeAttribute()
    contact_id = UnicodeAttribute()
    flow_id = UnicodeAttribute()
    flow_version = NumberAttribute()
    step = UnicodeAttribute(null=True)
    started_at = TimeAttribute()
    started_by = UnicodeAttribute()
    state = UnicodeAttribute()
    variables = JSONAttribute(null=True)
    place = NumberAttribute()
    version = NumberAttribute()
    waits_for = UnicodeAttribute(null=True)
    due_at = TimeAttribute(null=True)
    tries = NumberAttribute(null=True)
    steps = NumberAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    ended_at = TimeAttribute(null=True)
    begun_with = UnicodeAttribute()
    heard = NumberAttribute(null=True)
    claimed = NumberAttribute(null=True)
    moved_at = TimeAttribute(null=True)
    said = UnicodeAttribute(null=True)
    opening = JSONAttribute(null=True)
    first_seq = NumberAttribute(null=True)
    asked = NumberAttribute(null=True)
    unreached = NumberAttribute(null=True)
    answers = NumberAttribute(null=True)
    answers_since = TimeAttribute(null=True)
    unanswered = NumberAttribute(null=True)
    of_run = JSONAttribute(null=True)
    begun_behind = NumberAttribute(null=True)
    si_pk = UnicodeAttribute()
    si_sk = UnicodeAttribute()
    ag_pk = UnicodeAttribute()
    ag_sk = UnicodeAttribute()
    co_pk = UnicodeAttribute()
    co_sk = UnicodeAttribute()
    due_pk = UnicodeAttribute(null=True)
    due_sk = UnicodeAttribute(null=True)
    due = Due()
    of_flow = BySituation()
    of_chat = ByAgent()
    of_contact = ByContact()

    @classmethod
    def of_execution(cls, a: str, one: Execution) -> ExecutionRecord:
        """The item of an execution; what is empty is left out."""
        look_at = one.look_at
        return cls.of(
            one,
            pk=keys.execution_pk(a, one.id),
            sk="EXEC",
            variables=dict(one.variables) or None,
            opening=None if one.opening is None else dict(one.opening),
            tries=one.tries or None,
            steps=one.steps or None,
            answers=one.answers or None,
            unanswered=one.unanswered or None,
            reason=one.reason or None,
            said=one.said or None,
            begun_with=one.begun_with or one.flow_id,
            si_pk=keys.index_pk(a, one.begun_with or one.flow_id),
            si_sk=one.id,
            ag_pk=keys.index_pk(a, one.chat_id),
            ag_sk=one.id,
            co_pk=keys.index_pk(a, one.contact_id),
            co_sk=f"EXEC#{one.id}",
            due_pk=keys.due_pk("EXEC", one.id) if look_at else None,
            due_sk=keys.stamp(look_at) if look_at else None,
            ttl=_ttl(one.ended_at) if is_over(one) and one.ended_at else None,
        )

    def execution(self) -> Execution:
        """The entity."""
        return self.to(
            Execution,
            step=self.step,
            flow_version=int(self.flow_version),
            variables=self.variables or {},
            place=int(self.place),
            version=int(self.version),
            tries=int(self.tries or 0),
            steps=int(self.steps or 0),
            answers=int(self.answers or 0),
            unanswered=int(self.unanswered or 0),
            heard=None if self.heard is None else int(self.heard),
            claimed=None if self.claimed is None else int(self.claimed),
            first_seq=None if self.first_seq is None else int(self.first_seq),
            asked=None if self.asked is None else int(self.asked),
            unreached=None if self.unreached is None else int(self.unreached),
            of_run=OfRun(*self.of_run) if self.of_run else None,
            begun_behind=None if self.begun_behind is None else int(self.begun_behind),
        )


class TraceRecord(ChatsRecord):
    """TRACE: one of the last things that an execution did."""

    number = NumberAttribute()
    at = TimeAttribute()
    flow_id = UnicodeAttribute()
    step = UnicodeAttribute()
    type = UnicodeAttribute()
    input = UnicodeAttribute(null=True)
    outcome = UnicodeAttribute(null=True)

    @classmethod
    def of_line(cls, a: str, execution_id: str, line: TraceLine) -> TraceRecord:
        """The item of a line. It outlives its execution by no more than that was at work."""
        sk = keys.trace_sk(line.number, MAX_TRACED)
        return cls.of(
            line,
            pk=keys.execution_pk(a, execution_id),
            sk=sk,
            input=line.input or None,
            outcome=line.outcome or None,
            ttl=_ttl(line.at),
        )

    def line(self) -> TraceLine:
        """The entity."""
        return self.to(TraceLine, number=int(self.number), input=self.input or "", outcome=self.outcome or "")


def add_beginning(tx: Transaction, a: str, one: Execution) -> None:
    """EXEC of an execution that begins. Label `execution`."""
    tx.put("execution", ExecutionRecord.of_execution(a, one), EXECUTION_BEGINS(ExecutionRecord.pk.does_not_exist()))


def add_ending(tx: Transaction, a: str, execution_id: str, ending: Ending, at: datetime) -> None:
    """EXEC at its end. One whose chat is taken out of its hands ends wherever it stands: that the chat names it says
    that it is at work, and whoever drives it finds it moved. Labels `execution-left`, `trace`."""
    actions: list[Action] = [
        ExecutionRecord.state.set(ending.state),
        ExecutionRecord.reason.set(ending.reason),
        ExecutionRecord.ended_at.set(at),
        ExecutionRecord.ttl.set(_ttl(at)),
        ExecutionRecord.version.add(1),
        *(
            attribute.remove()
            for attribute in (
                ExecutionRecord.step, ExecutionRecord.waits_for, ExecutionRecord.due_at, ExecutionRecord.due_pk,
                ExecutionRecord.due_sk,
            )
        ),
    ]  # fmt: skip
    record = ExecutionRecord(keys.execution_pk(a, execution_id), "EXEC")
    condition = EXECUTION_SEEN(ExecutionRecord.version == ending.seen.version) if ending.seen else None
    tx.update("execution-left", record, actions, condition)
    if ending.line is not None:
        tx.put("trace", TraceRecord.of_line(a, execution_id, ending.line))


class DynamoExecutions:
    """The port `recado.ports.flow_executions.ExecutionStore`."""

    def get(self, a: str, execution_id: str) -> Execution | None:
        """1 RRU for each 4 KB."""
        found = ExecutionRecord.find(keys.execution_pk(a, execution_id), "EXEC")
        return None if found is None else found.execution()

    def go_on(self, a: str, before: Execution, after: Execution, line: TraceLine | None) -> bool:
        """One transaction of EXEC and TRACE."""
        tx = Transaction()
        seen = EXECUTION_SEEN(ExecutionRecord.version == before.version)
        tx.put("execution", ExecutionRecord.of_execution(a, after), seen)
        if line is not None:
            tx.put("trace", TraceRecord.of_line(a, before.id, line))
        return tx.committed()

    def note(self, a: str, execution_id: str, line: TraceLine) -> None:
        """1 WRU for each KB."""
        TraceRecord.of_line(a, execution_id, line).save()

    def due(self, now: datetime, limit: int) -> DuePage:
        """16 queries of the index, over all accounts."""
        return due_page("EXEC", ExecutionRecord, now, limit)

    def look_again_at(self, a: str, execution_id: str, when: datetime) -> None:
        """Moves the place in the index only; the next step puts it right."""
        try:
            ExecutionRecord(keys.execution_pk(a, execution_id), "EXEC").update(
                [ExecutionRecord.due_sk.set(keys.stamp(when))], condition=EXECUTION_DUE(ExecutionRecord.due_sk.exists())
            )
        except UpdateError as error:
            if not condition_failed(error):
                raise

    def ids_of_flow(self, a: str, flow_id: str, before: str | None, limit: int) -> list[str]:
        """1 query of the index."""
        return _newest(ExecutionRecord.of_flow, ExecutionRecord.si_sk, keys.index_pk(a, flow_id), before, limit)

    def ids_of_chat(self, a: str, chat_id: str, before: str | None, limit: int) -> list[str]:
        """1 query of the index."""
        return _newest(ExecutionRecord.of_chat, ExecutionRecord.ag_sk, keys.index_pk(a, chat_id), before, limit)

    def read(self, a: str, ids: Sequence[str]) -> list[Execution]:
        """Eventually consistent, as the lists are from which the ids come."""
        if not ids:
            return []
        wanted = [(keys.execution_pk(a, one), "EXEC") for one in ids]
        found = {record.id: record.execution() for record in ExecutionRecord.batch_get(wanted)}
        return [found[one] for one in ids if one in found]

    def trace(self, a: str, execution_id: str) -> list[TraceLine]:
        """1 query of at most MAX_TRACED items."""
        records = TraceRecord.query(
            keys.execution_pk(a, execution_id), TraceRecord.sk.startswith("TRACE#"), consistent_read=True
        )
        return sorted((record.line() for record in records), key=lambda line: line.number)


def _newest(index: Any, sort: Any, pk: str, before: str | None, limit: int) -> list[str]:
    until = sort < before if before else None
    found = index.query(pk, until, scan_index_forward=False, limit=limit, page_size=limit)
    return [record.pk.rpartition("#")[2] for record in found]


def _ttl(at: datetime) -> int:
    return int((at + KEPT_FOR).timestamp())
