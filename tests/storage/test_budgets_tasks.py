"""What tasks and their runs may cost (docs/data-model.md §3, G1 to G9)."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.chats import Chat, Thread, ThreadKey
from recado.services.task_actions import TaskActions
from recado.services.tasks import NewTask
from recado.storage.chat_records import ChatRecord, ThreadRecord, wait_record
from tests.handlers.conftest import stack as stack
from tests.handlers.stack import Stack
from tests.recording import record

A = "accounta"
DEPARTMENT, CHANNEL = f"dp_{A}_{1:027x}", f"ch_{A}_{1:027x}"
ADMIN = Caller(A, "admin", user_id=f"us_{A}_{1:027x}")
CHATS = 5


@pytest.fixture
def product(stack: Stack, clock: Any, ids: Any) -> Any:
    now = clock.now()
    for number in range(CHATS):
        key = ThreadKey(CHANNEL, f"+55119876543{number:02}")
        chat = Chat(
            ids.new("ca", A), ids.new("ct", A), CHANNEL, "custom", key, DEPARTMENT, "queued", now, 1, queued_at=now
        )
        ChatRecord.of_chat(A, chat).save()
        ThreadRecord.of_thread(A, Thread(key, chat.contact_id, 1, chat.id)).save()
        wait_record(A, chat).save()
    return stack.container


def test_a_task_and_a_run_of_it(product: Any, stack: Stack) -> None:
    with record() as calls:
        task = product.task_service.create(ADMIN, NewTask("Fechar", "chats", {"type": "close"}))
    assert (calls.wru, calls.index_wru) == (1, {}) and calls.rru <= 6
    with record() as calls:
        run = product.task_run_service.start(ADMIN, task.id)
    assert calls.wru <= 2 * (5 + 4) and calls.index_wru["due"] <= 4 and calls.rru <= 6
    with record() as calls:
        stack.work("task_run", "task_run")
        stack.work("task_run", "task_run")
    done = product.task_run_service.get(ADMIN, task.id, run["id"])
    assert (done["state"], done["executed"]) == ("done", CHATS)
    act = 2 * 5 + 2
    # A target is made, closed (CHAT, WAIT, THREAD, the fact, ACT) and written down. A lane is taken twice, begins a
    # page (with a check of RUN), writes it down, is over. One page is frozen, with a check of RUN. The run
    # begins to act, and is done with its fact.
    assert calls.wru <= CHATS * (2 + act + 2) + 4 * (2 * 2 + 4 + 2 + 2) + 2 + 2 + 8
    with record() as calls:
        product.task_run_service.get(ADMIN, task.id, run["id"])
    assert calls.operations["dynamodb:GetItem"] == 1 and calls.operations["dynamodb:Query"] == 1 and calls.rru <= 2
    with record() as calls:
        product.task_schedule.run_due(160)
        product.task_run_work.look_due(160)
        product.task_run_work.look_at_sends(160)
    assert (calls.wru, calls.rru) == (0, 3 * 8)


@pytest.mark.parametrize(("action", "wru"), [("close", 2), ("tabulate", 2 + 2)])
def test_an_act_on_a_chat(product: Any, stack: Stack, monkeypatch: pytest.MonkeyPatch, action: str, wru: int) -> None:
    """Beside what the same costs by the API: ACT, which is looked for before, and the chat as the run's filter reads
    it; the filter once a run. A check of THREAD, unless it moves that anyway."""
    chat_id = next(iter(ChatRecord.scan(ChatRecord.sk == "CHAT"))).id
    filed = product.tabulation_service.create(A, "Resolvido", None).id
    with record() as calls:
        if action == "close":
            product.chat_actions.close(ADMIN, chat_id)
        else:
            product.chat_marks.tabulate(ADMIN, chat_id, filed)
    if action == "tabulate":
        product.chat_marks.tabulate(ADMIN, chat_id, None)
    own, acts = TaskActions.act, list[tuple[float, float]]()

    def act(*given: Any) -> Any:
        with record() as of_act:
            result = own(*given)
        acts.append((of_act.wru - calls.wru, of_act.rru - calls.rru))
        return result

    monkeypatch.setattr(TaskActions, "act", act)
    does = {"type": action, **({"tabulation_id": filed} if action == "tabulate" else {})}
    task = product.task_service.create(ADMIN, NewTask("Fechar", "chats", does))
    product.task_run_service.start(ADMIN, task.id)
    stack.work("task_run", "task_run")
    stack.work("task_run", "task_run")
    first, *others = acts
    assert (first, set(others)) == ((wru, 3 + 2), {(wru, 3)})
