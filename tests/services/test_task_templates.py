"""Templates that tasks send: told before a run what stands against them, and filled for each customer before a chat is
opened (PRODUCT G6, G8)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from recado.domain.errors import Conflict, Invalid
from recado.storage.channels import ChannelRecord
from recado.storage.chat_records import MessageRecord
from recado.storage.templates import DynamoTemplates
from tests.flow_task_world import WRITTEN, TaskWorld, task_world
from tests.flow_world import ADMIN
from tests.reception import CHANNEL, A

MANY = 50
HELLO = {"name": "volta", "language": "pt_BR", "variables": ["{{contact.name}}"]}
MAIL = {"name": "volta", "language": "pt_BR", "variables": ["{{contact.email}}"]}


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any, monkeypatch: pytest.MonkeyPatch) -> TaskWorld:
    monkeypatch.setattr("time.sleep", clock.move)
    made = task_world(clock, ids)
    made.approve("volta", "Olá, {{1}}!")
    return made


def opens_by(world: TaskWorld, template: Any, **more: Any) -> str:
    """A flow that begins with a template."""
    return world.publish({"a": {"type": "send_template", "template": template, **more}})


def wrong(refusal: Invalid | Conflict) -> list[tuple[str, str]]:
    return [(one.pointer, one.code) for one in refusal.errors]


FALLBACK = "/action/template_fallback"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"name": "outro"}, [(f"{FALLBACK}/name", "not_found")]),
        ({"language": "en_US"}, [(f"{FALLBACK}/name", "not_found")]),
        ({"variables": []}, [(f"{FALLBACK}/variables", "missing_variables")]),
        ({"variables": ["a", "b"]}, [(f"{FALLBACK}/variables", "too_many_variables")]),
        ({"variables": {"nome": "Ana", "1": "x"}}, [(f"{FALLBACK}/variables", "unknown_variables")]),
        ({"variables": ["{{name}}"]}, [(f"{FALLBACK}/variables/0", "unknown_variable")]),
        ({"variables": {"1": "{{contact.nome}}"}}, [(f"{FALLBACK}/variables/1", "unknown_variable")]),
        ({"variables": ["{{contact.name|upper}}"]}, [(f"{FALLBACK}/variables/0", "malformed_variable")]),
        ({"variables": {"1": "{{system.greeting}}"}}, []),
    ],
)
def test_a_fallback_that_could_never_be_sent_is_refused(world: TaskWorld, given: Any, found: Any) -> None:
    fallback = {**HELLO, **given}
    for table in ("contacts", "chats"):
        if not found:
            world.task(table, template_fallback=fallback)
            continue
        with pytest.raises(Invalid) as refused:
            world.task(table, template_fallback=fallback)
        assert wrong(refused.value) == found


def test_a_flow_whose_template_could_never_be_sent_is_refused(world: TaskWorld) -> None:
    for template, code in (
        ({**HELLO, "name": "outro"}, "template_not_found"),
        ({**HELLO, "variables": []}, "template_missing_variables"),
    ):
        world.flow_id = opens_by(world, template)
        with pytest.raises(Invalid) as refused:
            world.task()
        assert wrong(refused.value) == [("/action/flow_id", code)]
        assert "step a" in refused.value.detail
    leads_on = {"b": {"type": "send_text", "text": "Olá"}}
    first = {"type": "send_template", "template": {**HELLO, "name": "outro"}, "on_error": "b"}
    world.flow_id = world.publish({"a": first, **leads_on})
    world.task()


def test_a_channel_without_templates(world: TaskWorld) -> None:
    record = ChannelRecord.find(f"{A}#CHANNELS", CHANNEL)
    assert record is not None
    record.type = "sms"
    record.save()
    for table in ("contacts", "chats"):
        with pytest.raises(Invalid) as refused:
            world.task(table, template_fallback=HELLO)
        assert wrong(refused.value) == [(FALLBACK, "kind_not_supported")]


@pytest.mark.parametrize("status", ["PENDING", "PAUSED", "REJECTED", "DELETED"])
def test_a_template_that_is_not_approved(world: TaskWorld, status: str) -> None:
    world.told("volta", status)
    with pytest.raises(Invalid) as refused:
        world.task(template_fallback=HELLO)
    assert wrong(refused.value) == [(f"{FALLBACK}/name", "template_not_approved")]
    world.flow_id = opens_by(world, HELLO)
    with pytest.raises(Invalid) as refused:
        world.task()
    assert wrong(refused.value) == [("/action/flow_id", "template_not_approved")]


def test_no_run_is_begun_resumed_or_tried_again_with_it(world: TaskWorld) -> None:
    runs, tasks = world.container.task_run_service, world.container.task_service
    world.people(1)
    failed = world.run_task(template_fallback=MAIL)
    task_id = failed["task_id"]
    assert (failed["state"], failed["failed"]) == ("done", 1)
    paused = runs.start(ADMIN, task_id)["id"]
    runs.pause(ADMIN, task_id, paused)
    world.told("volta", "PAUSED")
    forecast = world.container.task_forecast.of(ADMIN, task_id)
    assert [(one.pointer, one.code) for one in forecast.problems] == [(f"{FALLBACK}/name", "template_not_approved")]
    for refuses in (
        lambda: runs.start(ADMIN, task_id),
        lambda: runs.resume(ADMIN, task_id, paused),
        lambda: runs.retry(ADMIN, task_id, failed["id"]),
    ):
        with pytest.raises(Conflict) as refused:
            refuses()
        assert refused.value.code == "action_not_ready"
        assert wrong(refused.value) == [(f"{FALLBACK}/name", "template_not_approved")]
    assert tasks.change(A, task_id, {"enabled": False}).enabled is False, "it can be switched off all the same"
    with pytest.raises(Invalid):
        tasks.change(A, task_id, {"enabled": True})
    world.told("volta", "APPROVED")
    assert runs.resume(ADMIN, task_id, paused)["state"] == "freezing"
    runs.cancel(ADMIN, task_id, paused)
    assert runs.retry(ADMIN, task_id, failed["id"])["state"] == "running"


@pytest.mark.parametrize("own", [False, True])
def test_who_lacks_a_value_is_told_and_gets_no_chat(world: TaskWorld, own: bool) -> None:
    world.people(MANY)
    world.people(1, email="ana@example.com")
    settings = {} if own else {"template_fallback": MAIL}
    world.flow_id = opens_by(world, MAIL) if own else world.flow_id
    run = world.run_task(**settings)
    assert world.targets() == {("failed", "template_missing_variables"): MANY, ("executed", None): 1}
    assert (run["failed"], run["executed"]) == (MANY, 1)
    assert len(world.executions) == len(world.reception.chats()) == 1, "nothing was begun for the others"
    assert [one.text for one in MessageRecord.scan(MessageRecord.direction.exists())] == ["Olá, ana@example.com!"]


def test_a_template_that_is_paused_while_the_run_goes(world: TaskWorld) -> None:
    """Half of them were written to; for the others no chat is opened, and nobody's queue grows."""
    world.people(MANY)
    opened: list[str] = []
    actions = world.container.task_actions
    act = actions.act

    def later(*given: Any) -> Any:
        opened.append(given[2].id)
        if len(opened) == MANY // 2 + 1:
            world.run()  # what was begun by then is said
            world.told("volta", "PAUSED")
        return act(*given)

    actions.act = later  # type: ignore[method-assign]
    run = world.run_task(template_fallback=HELLO)
    assert (run["state"], run["executed"], run["failed"]) == ("done", MANY // 2, MANY // 2)
    assert world.targets()["failed", "template_not_approved"] == MANY // 2
    assert world.reception.waiting() == []


def test_a_template_that_goes_between_the_beginning_and_the_send_leaves_no_queue(world: TaskWorld) -> None:
    world.people(MANY)
    world.run_id = world.container.task_run_service.start(ADMIN, world.task(template_fallback=HELLO))["id"]
    world.work()
    assert Counter(one.situation for one in world.reception.chats()) == {"automatic": MANY}
    world.told("volta", "REJECTED")
    world.run()
    world.clock.move(61)
    world.container.task_run_work.look_at_sends(160)
    assert world.targets() == {("failed", "template_not_approved"): MANY}
    assert Counter(one.situation for one in world.reception.chats()) == {"closed": MANY}
    assert world.reception.waiting() == [] and not list(MessageRecord.scan(MessageRecord.direction.exists()))


def test_an_open_chat_stays_where_it_is(world: TaskWorld) -> None:
    before = world.waits()
    world.clock.move(25 * 3_600)
    world.run_task("chats", when_queued="run", template_fallback=MAIL)
    assert world.targets() == {("failed", "template_missing_variables"): 1}
    assert world.chat == before and world.executions == []


def test_who_is_left_alone_anyway_is_not_told_as_a_failure(world: TaskWorld) -> None:
    world.waits()
    world.clock.move(25 * 3_600)
    for table in ("contacts", "chats"):
        world.run_task(table, template_fallback=MAIL)
        assert world.targets() == {("skipped", "queued"): 1}
    assert WRITTEN not in world.texts()


def test_a_template_of_another_channel(world: TaskWorld) -> None:
    of_channel = DynamoTemplates().named(A, CHANNEL, "volta", "pt_BR")
    assert of_channel is not None
    other = replace(of_channel, id=world.ids.new("tm", A), channel_id=world.ids.new("ch", A), name="alheio")
    assert DynamoTemplates().create(A, other)
    with pytest.raises(Invalid) as refused:
        world.task(template_fallback={**HELLO, "name": "alheio"})
    assert wrong(refused.value) == [(f"{FALLBACK}/name", "not_found")]


def test_those_who_failed_are_reached_by_a_retry_once_it_is_approved_again(world: TaskWorld) -> None:
    """Some never had a chat, of others it was closed since."""
    world.people(5)
    runs = world.container.task_run_service
    task_id = world.task(template_fallback=HELLO)
    world.run_id = runs.start(ADMIN, task_id)["id"]
    world.work()
    world.told("volta", "PAUSED")
    world.run()
    world.clock.move(61)
    world.container.task_run_work.look_at_sends(160)
    assert world.targets() == {("failed", "template_not_approved"): 5}
    world.told("volta", "APPROVED")
    runs.retry(ADMIN, task_id, world.run_id)
    world.work()
    world.run()
    world.sent()
    world.clock.move(61)
    world.container.task_run_work.look_at_sends(160)
    assert world.targets() == {("executed", None): 5}
    assert Counter(one.situation for one in world.reception.chats()) == {"closed": 5, "automatic": 5}
    assert len(list(MessageRecord.scan(MessageRecord.direction.exists()))) == 5
