"""Runs as whoever began one sees them: how far one is, what a pause holds up, what a retry takes up (PRODUCT G7)."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from recado.bootstrap import Container
from recado.domain.chats import Chat, Thread, ThreadKey
from recado.storage.chat_records import ChatRecord, ThreadRecord, wait_record
from tests.api.conftest import Api, Company

CHATS, CAP = 30, 10


class Runs:
    """One run of a task that gives every waiting chat to an agent, and its workers."""

    def __init__(self, api: Api, company: Company, services: Container) -> None:
        self._api, self._company, self._services = api, company, services
        self.agent = company.users["agent"].id
        task = {"name": "Para Bia", "table": "chats", "action": {"type": "transfer", "agent_id": self.agent}}
        path = f"/v1/tasks/{self.post('/v1/tasks', task)['id']}/runs"
        self.path = f"{path}/{self.post(path)['id']}"

    def post(self, path: str, body: Any = None) -> Any:
        answer = self._api.post(path, body, token=self._company.admin)
        assert answer.status in (200, 201, 202), answer.json
        return answer.json

    def get(self, path: str = "") -> Any:
        return self._api.get(f"{self.path}{path}", token=self._company.admin).json

    def shown(self, *names: str) -> list[Any]:
        run = self.get()
        return [run[name] for name in names]

    def work(self, turns: int = 1_000, checks: int = 1_000) -> None:
        """Workers have so many turns, in each of which they have time at so many looks at the clock."""
        queue: Any = self._services.task_run_queue
        sent = queue.sent
        while sent and turns:
            turns -= 1
            body, left = sent.pop(0).body, iter([True] * checks)
            self._services.task_run_work.work(
                body["account"], body["task_id"], body["run_id"], body["lane"], body["version"],
                partial(next, left, False),
            )  # fmt: skip


@pytest.fixture
def runs(api: Api, company: Company, services: Container) -> Runs:
    """The agent may have CAP chats, and CHATS wait."""
    agent, now = company.users["agent"].id, services.clock.now()
    assert api.patch(f"/v1/users/{agent}", {"max_chats": CAP}, token=company.admin).status == 200
    for number in range(CHATS):
        key = ThreadKey("ch_1", f"+55119{number:08}")
        chat = Chat(
            services.ids.new("ca", company.a), services.ids.new("ct", company.a), "ch_1", "custom", key,
            company.department.id, "queued", now, 1, queued_at=now,
        )  # fmt: skip
        ChatRecord.of_chat(company.a, chat).save()
        ThreadRecord.of_thread(company.a, Thread(key, chat.contact_id, 1, chat.id)).save()
        wait_record(company.a, chat).save()
    return Runs(api, company, services)


def test_how_far_a_run_is(runs: Runs) -> None:
    assert runs.shown("state", "frozen", "audience", "executed") == ["freezing", 0, None, 0]
    seen = list[list[Any]]()
    while (shown := runs.shown("state", "audience", "executed", "failed"))[0] != "done":
        seen.append(shown)
        assert len(seen) < 100
        runs.work(turns=1, checks=5)
    of_targets = [executed + failed for state, _, executed, failed in seen if state == "running"]
    assert of_targets == sorted(of_targets) and len(set(of_targets)) > 4, "it is not told how far it is"
    assert {audience for state, audience, *_ in seen if state == "running"} == {CHATS}
    assert runs.shown("executed", "failed", "skipped", "unknown", "waiting") == [CAP, CHATS - CAP, 0, 0, 0]
    assert runs.shown("started_at", "finished_at").count(None) == 0


def test_a_pause_holds_up_what_is_left(runs: Runs) -> None:
    while runs.shown("state")[0] == "freezing":
        runs.work(turns=1, checks=3)
    runs.work(turns=1, checks=3)
    assert runs.post(f"{runs.path}/pause")["state"] == "paused"
    paused = runs.get()
    runs.work()
    assert runs.get() == paused, "a paused run goes on"
    assert runs.post(f"{runs.path}/resume")["state"] == "running"
    runs.work()
    assert runs.shown("state", "executed", "failed") == ["done", CAP, CHATS - CAP]


def test_a_cancelled_run_leaves_the_rest_pending(runs: Runs) -> None:
    while runs.shown("executed")[0] == 0:
        runs.work(turns=1, checks=3)
    over = runs.post(f"{runs.path}/cancel")
    runs.work()
    assert runs.get() == over and over["state"] == "cancelled"
    assert len(runs.get("/targets?state=pending&limit=200")["items"]) == CHATS - over["executed"] - over["failed"] > 0


def test_a_retry_takes_up_those_that_failed(runs: Runs, api: Api, company: Company) -> None:
    runs.work()
    failed = runs.get("/targets?state=failed&limit=200")["items"]
    assert len(failed) == CHATS - CAP and {one["reason"] for one in failed} == {"agent_at_cap"}
    assert api.patch(f"/v1/users/{runs.agent}", {"max_chats": CAP + 5}, token=company.admin).status == 200
    again = runs.post(f"{runs.path}/retry")
    assert (again["state"], again["passes"]) == ("running", 2)
    runs.work()
    assert runs.shown("state", "executed", "failed") == ["done", CAP + 5, CHATS - CAP - 5]
    assert api.patch(f"/v1/users/{runs.agent}", {"max_chats": None}, token=company.admin).status == 200
    runs.post(f"{runs.path}/retry")
    runs.work()
    assert runs.shown("state", "executed", "failed", "passes") == ["done", CHATS, 0, 3]
    refused = api.post(f"{runs.path}/retry", token=company.admin)
    assert (refused.status, refused.json["code"]) == (409, "nothing_to_retry")
