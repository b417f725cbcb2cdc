"""What tasks do to chats, by the services of the API (PRODUCT G5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.chats import Chat
from recado.domain.task_runs import Result, Run, Target
from recado.services.task_actions import TaskActions
from recado.services.task_meaning import StillMeant
from recado.storage import keys
from recado.storage.chat_moves import ChatMoveStore
from recado.storage.chat_records import ThreadRecord
from recado.storage.segment_reads import DynamoSegmentReads
from tests.task_world import Filters
from tests.team import ACCOUNT as A
from tests.team import Team

ADMIN = Caller(A, "admin", user_id=f"us_{A}_{9:027x}")


class Acting:
    """A team, and the acts of runs on its chats; each is of another run, unless it is repeated."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.filter: dict[str, Any] = {}
        meant = StillMeant(self, Filters(), DynamoSegmentReads())
        self.actions = TaskActions(team.actions, team.marks, None, meant, ChatMoveStore())  # type: ignore[arg-type]
        self.run_id = ""

    def filter_of(self, a: str, run_id: str) -> Any:
        return self.filter

    def act(self, chat: Chat, action: str, again: str | None = None, **fields: Any) -> Result:
        self.run_id = self.run_id if again else self.team.ids.new("rn", A)
        run = Run(self.run_id, "ts_1", "chats", {"type": action, **fields}, 1, self.team.clock.now())
        return self.actions.act(A, run, Target(chat.id), again or self.team.ids.new("rq", A))


@pytest.fixture
def acting(dynamodb: Any, clock: Any, ids: Any) -> Acting:
    return Acting(Team(clock, ids))


def test_every_action_on_a_chat(acting: Acting) -> None:
    team = acting.team
    ana, other = team.join("A", 1, cap=1), team.add_department("Vendas")
    (chat,) = team.arrive()
    step = team.workflows.create(A, "Venda", [(None, "Novo")]).steps[0].id
    tabulation = team.tabulations.create(A, "Resolvido", None).id
    executed = Result("executed")
    assert acting.act(chat, "transfer", agent_id=ana) == executed
    assert (team.chat(chat).agent_id, team.chat(chat).moved_by) == (ana, acting.run_id)
    assert acting.act(chat, "queue") == executed
    assert (team.chat(chat).situation, team.presence.get(A, ana)[0].load) == ("queued", 0)
    assert acting.act(chat, "change_department", department_id=other) == executed
    assert team.chat(chat).department_id == other
    assert acting.act(chat, "workflow_step", step_id=step) == executed
    assert acting.act(chat, "tabulate", tabulation_id=tabulation) == executed
    assert (team.chat(chat).workflow_step_id, team.chat(chat).tabulation_id) == (step, tabulation)
    assert acting.act(chat, "reopen") == Result("skipped", "already_open")
    assert acting.act(chat, "close") == executed
    assert team.chat(chat).situation == "closed"
    assert acting.act(chat, "queue") == Result("skipped", "chat_closed")
    assert acting.act(chat, "reopen") == executed
    assert team.chat(chat).situation == "queued"


def test_what_is_refused(acting: Acting) -> None:
    team = acting.team
    ana = team.join("A", 1, cap=1)
    team.give(1)
    (chat,) = team.arrive()
    assert acting.act(chat, "transfer", agent_id=ana) == Result("failed", "agent_at_cap")
    assert acting.act(chat, "transfer", agent_id="us_gone") == Result("failed", "agent_id_not_found")
    assert acting.act(chat, "queue") == Result("skipped", "already_queued")
    team.actions.close(ADMIN, chat.id)
    assert acting.act(chat, "close") == Result("skipped", "already_closed")
    gone = Result("skipped", "gone")
    assert acting.act(Chat(**{**chat.__dict__, "id": team.ids.new("ca", A)}), "close") == gone


@pytest.mark.parametrize("action", ["close", "workflow_step"])
def test_an_act_that_is_repeated_is_done_once_whatever_came_since(acting: Acting, action: str) -> None:
    team = acting.team
    steps = [one.id for one in team.workflows.create(A, "Venda", [(None, "Novo"), (None, "Feito")]).steps]
    fields = {"step_id": steps[0]} if action == "workflow_step" else {}
    (chat,) = team.arrive()
    act_id = team.ids.new("rq", A)
    assert acting.act(chat, action, act_id, **fields) == Result("executed")
    if action == "close":
        team.actions.reopen(ADMIN, chat.id)
    else:
        team.marks.step(ADMIN, chat.id, steps[1])
    since = team.chat(chat)
    assert acting.act(chat, action, act_id, **fields) == Result("executed")
    assert team.chat(chat) == since, "what somebody took back was done again"


def test_a_chat_that_somebody_took_meanwhile_is_left_alone(acting: Acting) -> None:
    team = acting.team
    acting.filter = {"field": "situation", "op": "eq", "value": "queued"}
    ana = team.join("A", 1, cap=1)
    taken, waiting = team.arrive(), team.arrive()
    team.actions.transfer_to_agent(ADMIN, taken[0].id, ana)
    assert acting.act(taken[0], "close") == Result("skipped", "no_longer_meant")
    assert (team.chat(taken[0]).situation, team.chat(taken[0]).agent_id) == ("in_service", ana)
    act_id = team.ids.new("rq", A)
    assert acting.act(waiting[0], "close", act_id) == Result("executed")
    assert acting.act(waiting[0], "close", act_id) == Result("executed"), "what the run did itself is no refusal"


def meanwhile(acting: Acting, happens: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Something happens once, between the look whether a chat is meant and the act on it."""
    meant = acting.actions._meant
    look, done = meant.chat, list[object]()

    def looked(*given: Any) -> Any:
        found = look(*given)
        if not done:
            done.append(happens())
        return found

    monkeypatch.setattr(meant, "chat", looked)


@pytest.mark.parametrize("action", ["close", "queue", "workflow_step", "change_department"])
def test_a_chat_that_is_taken_between_look_and_act(acting: Acting, action: str, monkeypatch: Any) -> None:
    """The filter means chats that wait; an agent takes one at that moment."""
    team = acting.team
    acting.filter = {"field": "situation", "op": "eq", "value": "queued"}
    ana = team.join("A", 1, cap=1)
    other = team.add_department("Vendas")
    step = team.workflows.create(A, "Venda", [(None, "Novo")]).steps[0].id
    fields = {"workflow_step": {"step_id": step}, "change_department": {"department_id": other}}.get(action, {})
    (chat,) = team.arrive()
    meanwhile(acting, lambda: team.actions.transfer_to_agent(ADMIN, chat.id, ana), monkeypatch)
    assert acting.act(chat, action, **fields) == Result("skipped", "no_longer_meant")
    now = team.chat(chat)
    assert (now.situation, now.agent_id, now.workflow_step_id) == ("in_service", ana, None)


def test_a_chat_that_moves_and_is_meant_still_is_acted_on(acting: Acting, monkeypatch: Any) -> None:
    team = acting.team
    other = team.add_department("Vendas")
    (chat,) = team.arrive()
    meanwhile(acting, lambda: team.actions.queue(ADMIN, chat.id, other), monkeypatch)
    assert acting.act(chat, "close") == Result("executed")


@pytest.mark.parametrize(
    "action", ["close", "change_department", "queue", "transfer", "workflow_step", "tabulate"]
)  # fmt: skip
def test_a_customer_who_writes_between_look_and_act_keeps_the_chat(
    acting: Acting, action: str, monkeypatch: Any
) -> None:
    """Something is done to chats of whom nobody heard for two days; this one writes at that moment."""
    team = acting.team
    acting.filter = {"field": "last_inbound_at", "op": "older_than", "value": {"n": 2, "unit": "days"}}
    fields = {
        "change_department": {"department_id": team.add_department("Vendas")},
        "transfer": {"agent_id": team.join("A", 1, cap=1)},
        "workflow_step": {"step_id": team.workflows.create(A, "Venda", [(None, "Novo")]).steps[0].id},
        "tabulate": {"tabulation_id": team.tabulations.create(A, "Resolvido", None).id},
    }
    (chat,) = team.arrive()
    if action == "queue":
        chat = team.actions.transfer_to_agent(ADMIN, chat.id, team.join("B", 2, cap=1))
    record = ThreadRecord.find(keys.thread_pk(A, chat.thread), "THREAD")
    assert record is not None
    record.update([ThreadRecord.last_inbound_at.set(datetime(2025, 1, 1, tzinfo=UTC))])

    def writes() -> None:
        record.update([
            ThreadRecord.last_inbound_at.set(team.clock.now()), ThreadRecord.last_seq.set(int(record.last_seq) + 1),
        ])  # fmt: skip

    meanwhile(acting, writes, monkeypatch)
    before = team.chat(chat)
    assert acting.act(chat, action, **fields.get(action, {})) == Result("skipped", "no_longer_meant")
    assert team.chat(chat) == before


def test_a_closed_chat_is_opened_again_though_no_filter_of_open_chats_holds_of_it(acting: Acting) -> None:
    team = acting.team
    acting.filter = {"field": "situation", "op": "eq", "value": "queued"}
    (chat,) = team.arrive()
    team.actions.close(ADMIN, chat.id)
    assert acting.act(chat, "reopen") == Result("executed")
    assert acting.act(chat, "reopen") == Result("skipped", "already_open")
