"""Races of workflows, tabulations and what was read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from recado.domain.chats import Thread, ThreadKey
from recado.domain.tabulations import Tabulation
from recado.domain.workflows import Step, Workflow
from recado.storage import keys
from recado.storage.chat_records import ThreadRecord
from recado.storage.read_marks import DynamoReadMarks
from recado.storage.tabulations import DynamoTabulations
from recado.storage.workflows import DynamoWorkflows
from tests.storage.scenarios import scenario

A = "accounta"


@scenario("workflow-from-seen-version")
def two_admins_change_a_workflow(clock: Any, ids: Any) -> None:
    store = DynamoWorkflows()
    seen = Workflow(ids.new("wf", A), "Venda", (Step("st_1", "Contato"),), clock.now())
    store.create(A, seen)
    added = replace(seen, steps=(*seen.steps, Step("st_2", "Proposta")), version=2)
    assert store.change(A, seen, added)
    assert not store.change(A, seen, replace(seen, name="Vendas", version=2)), "the new step would be gone"
    assert not store.delete(A, seen), "deleted as it was before the change"
    assert store.get(A, seen.id) == added
    assert store.delete(A, added)
    store.change(A, added, replace(added, name="again", version=3))
    assert store.get(A, seen.id) is None, "a change brought the deleted one back"


@scenario("tabulation-tree-from-seen-version")
def two_admins_make_a_ring(clock: Any, ids: Any) -> None:
    store = DynamoTabulations()
    first, second = (Tabulation(ids.new("tb", A), name, clock.now()) for name in ("Venda", "Perda"))
    for one in (first, second):
        store.put(A, store.tree(A), one)
    seen = store.tree(A)
    for below, above in ((first, second), (second, first)):
        moved = replace(below, parent_id=above.id)
        seen.check(moved)
        store.put(A, seen, moved)
    parents = {one.parent_id for one in store.tree(A).nodes.values()}
    assert None in parents, "each lies below the other, and both are nowhere"


@scenario("read-up-to-seen-seq")
def a_message_comes_while_somebody_reads(clock: Any, ids: Any) -> None:
    key = ThreadKey("ch_1", "+5511987654321")
    seen = Thread(key, "ct_1", 3, open_chat_id="ca_1", unread=2)
    ThreadRecord.of_thread(A, replace(seen, last_seq=4, unread=3)).save()
    DynamoReadMarks().mark_read(A, seen)
    stored = ThreadRecord.get(keys.thread_pk(A, key), "THREAD").thread()
    assert stored.unread == 3, "the third was read by nobody"
