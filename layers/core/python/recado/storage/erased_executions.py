"""Executions of flows in chats of a contact that is erased."""

from __future__ import annotations

from collections.abc import Sequence

from recado.ports.contact_erasures import Page
from recado.storage import keys
from recado.storage.chat_records import ByContact
from recado.storage.contact_erasures import commit_page
from recado.storage.flow_executions import ExecutionRecord, TraceRecord
from recado.storage.transaction import Transaction


class DynamoErasedExecutions:
    """The port `recado.ports.contact_erasures.ErasedExecutions`."""

    def ids(self, a: str, contact_id: str, before: str | None, limit: int) -> list[str]:
        """1 query of the index."""
        last = f"EXEC#{before}" if before else "EXEC#~"
        found = ExecutionRecord.of_contact.query(
            keys.index_pk(a, contact_id),
            ByContact.co_sk.between("EXEC#", last),
            scan_index_forward=False,
            limit=limit + 1,
        )
        return [one for record in found if (one := record.pk.rpartition("#")[2]) != before][:limit]

    def trace(self, a: str, execution_id: str, limit: int) -> list[str]:
        """1 query."""
        found = TraceRecord.query(
            keys.execution_pk(a, execution_id), TraceRecord.sk.startswith("TRACE#"), consistent_read=True, limit=limit
        )
        return [record.sk for record in found]

    def erase_lines(self, a: str, page: Page, execution_id: str, lines: Sequence[str]) -> None:
        """2 WRU for each KB of each."""
        tx = Transaction()
        for line in lines:
            tx.delete(f"line:{line}", TraceRecord(keys.execution_pk(a, execution_id), line))
        commit_page(tx, a, page)

    def erase(self, a: str, page: Page, execution_id: str) -> None:
        """EXEC, and the three indexes."""
        tx = Transaction()
        tx.delete("execution", ExecutionRecord(keys.execution_pk(a, execution_id), "EXEC"))
        commit_page(tx, a, page)
