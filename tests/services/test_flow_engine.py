"""A flow leads a chat from the customer's first message to an agent's queue (PRODUCT F1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.ports.flow_http import FlowResponse
from tests.flow_world import ADMIN, ANA_USER, MENU, FlowWorld, fresh_world
from tests.reception import CHANNEL, DEPARTMENT, A, said, text
from tests.reliability.test_inbound_crashes import writes


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> FlowWorld:
    return fresh_world(clock, ids)


def test_a_customer_is_asked_and_comes_into_the_queue(world: FlowWorld) -> None:
    flow_id = world.publish(MENU["steps"], "hello")
    world.enter_by(flow_id)
    world.say("Oi")
    assert (world.chat.situation, world.chat.flow_id, world.chat.queued_at) == ("automatic", flow_id, None)
    assert world.reception.waiting() == []
    world.run()
    assert world.texts() == ["Oi", "→ Olá!", "→ Vendas ou suporte?"]
    assert (world.execution.state, world.execution.waits_for) == ("waiting", "answer")
    world.say("vendas")
    world.run()
    world.say("Maria Silva")
    world.run()
    assert world.texts()[3:] == ["vendas", "→ Seu nome?", "Maria Silva", "→ Obrigado, Maria Silva."]
    chat = world.chat
    assert (chat.situation, chat.department_id, chat.execution_id, chat.flow_id) == ("queued", DEPARTMENT, None, None)
    assert [one.id for one in world.reception.waiting()] == [chat.id]
    done = world.execution
    assert (done.state, done.reason, done.look_at, done.variables["name"]) == ("finished", "queue", None, "Maria Silva")
    assert [one.type for one in world.facts()] == ["chat.started", "flow.started", "flow.finished", "chat.queued"]
    thread = world.reception.thread()
    assert thread is not None
    assert (thread.led_by, thread.unread) == (None, 3)
    assert {one.author.type for one in world.messages() if one.direction == "outbound"} == {"flow"}
    assert [one[:2] for one in world.trace()] == [
        ("hello", "send_text"), ("menu", "ask_choice"), ("menu", "answer"), ("name", "ask"), ("name", "answer"),
        ("set", "set_field"), ("thanks", "send_text"), ("queue", "queue"),
    ]  # fmt: skip


ASK = {
    "a": {"type": "ask", "text": "CPF?", "validate": "cpf", "save_as": "cpf", "retries": 1, "next": "b",
          "on_invalid": "q", "timeout_s": 600, "on_timeout": "late"},
    "b": {"type": "ask", "text": "Nome?", "save_as": "name", "next": "q"},
    "late": {"type": "send_text", "text": "Ainda está aí?", "next": "q"},
    "q": {"type": "queue"},
}  # fmt: skip
CPF = "529.982.247-25"


def test_what_is_no_answer_is_asked_again_and_then_leads_on(world: FlowWorld) -> None:
    world.enter_by(world.publish(ASK))
    world.say("Oi")
    world.run()
    for wrong in ("não sei", "123"):
        world.say(wrong)
        world.run()
    assert world.texts() == ["Oi", "→ CPF?", "não sei", "→ CPF?", "123"]
    assert world.chat.situation == "queued"
    assert world.execution.variables == {}


def test_messages_are_heard_once_and_in_their_order(world: FlowWorld) -> None:
    """What came before the first question answers nothing; what came while the flow was at another step is not lost."""
    world.enter_by(world.publish(ASK))
    world.say("Oi")
    world.say("Tudo bem?")
    world.run()
    assert world.texts() == ["Oi", "Tudo bem?", "→ CPF?"]
    world.say(CPF)
    world.say("Ana Maria")
    world.run()
    assert world.texts()[3:] == [CPF, "Ana Maria", "→ Nome?"]
    assert world.execution.variables == {"cpf": "52998224725", "name": "Ana Maria"}
    assert world.execution.reason == "queue"


def test_a_message_delivered_twice_answers_one_question(world: FlowWorld) -> None:
    world.enter_by(world.publish({**ASK, "a": {**ASK["b"], "next": "b"}}))
    world.say("Oi")
    world.run()
    at = int(world.clock.now().timestamp())
    raw = said(text("wamid.twice", "Ana", at=at))
    world.reception.deliver(raw)
    world.run()
    world.queue.forget()
    world.reception.queue.forget()
    world.reception.deliver(raw)
    world.run()
    assert world.texts() == ["Oi", "→ Nome?", "Ana", "→ Nome?"]
    assert world.execution.state == "waiting"


def test_reactions_and_machines_answer_nothing(world: FlowWorld) -> None:
    world.enter_by(world.publish({"a": ASK["b"], "q": ASK["q"]}))
    world.say("Oi")
    world.run()
    world.say("", type="reaction", reaction={"message_id": "wamid.1", "emoji": "👍"})
    assert world.run() == 0
    assert world.execution.state == "waiting"


def test_a_question_that_nobody_answers_leads_on_once(world: FlowWorld, clock: Any) -> None:
    engine = world.container.flow_engine
    world.enter_by(world.publish(ASK))
    world.say("Oi")
    world.run()
    clock.move(599)
    assert (engine.look_due(160).done, world.run()) == (0, 0)
    clock.move(1)
    assert engine.look_due(160).done == 1
    world.run()
    assert engine.look_due(160).done == 0
    assert world.texts() == ["Oi", "→ CPF?", "→ Ainda está aí?"]
    assert world.chat.situation == "queued"


def test_who_wrote_before_anybody_looked_wrote_in_time(world: FlowWorld, clock: Any) -> None:
    world.enter_by(world.publish(ASK))
    world.say("Oi")
    world.run()
    clock.move(601)
    world.say(CPF)
    world.container.flow_engine.look_due(160)
    world.run()
    assert world.texts()[-1] == "→ Nome?"


def test_an_overtaken_deadline_writes_nothing(world: FlowWorld, clock: Any) -> None:
    world.enter_by(world.publish(ASK))
    world.say("Oi")
    world.run()
    clock.move(300)
    world.say(CPF)
    world.run()
    before = world.execution
    clock.move(301)
    assert world.container.flow_engine.look_due(160).done == 0
    world.container.flow_engine.look(A, before.id)
    assert world.execution == before


def test_a_delay_is_over_by_itself(world: FlowWorld, clock: Any) -> None:
    world.enter_by(world.publish({"a": {"type": "delay", "seconds": 120, "next": "b"}, "b": {"type": "close"}}))
    world.say("Oi")
    world.run()
    world.say("Alô?")
    world.run()
    assert world.chat.situation == "automatic"
    clock.move(120)
    world.container.flow_engine.look_due(160)
    world.run()
    assert world.chat.situation == "closed"
    thread = world.reception.thread()
    assert thread is not None
    assert (thread.open_chat_id, thread.led_by) == (None, None)
    world.say("Oi de novo")
    assert len(world.reception.chats()) == 2


@pytest.mark.parametrize(("on_error", "last"), [(None, "failed"), ("sorry", "finished")])
def test_a_refused_message_is_no_loop(world: FlowWorld, clock: Any, on_error: str | None, last: str) -> None:
    """The window has closed during the delay: nothing but a template could be sent."""
    steps = {
        "a": {"type": "delay", "seconds": 90_000, "next": "b"},
        "b": {"type": "send_text", "text": "Ainda aí?", "next": "b2", "on_error": on_error},
        "b2": {"type": "close"},
        "sorry": {"type": "tabulate", "tabulation_id": world.container.tabulation_service.create(A, "Sumiu", None).id},
    }
    world.enter_by(world.publish(steps))
    world.say("Oi")
    world.run()
    clock.move(90_001)
    world.container.flow_engine.look_due(160)
    world.run()
    assert (world.execution.state, world.execution.reason) == (last, "end" if on_error else "outside_window")
    assert (world.chat.situation, world.texts()) == ("queued", ["Oi"])
    assert (world.chat.tabulation_id is not None) == (on_error is not None)
    cause = next(one.data["cause"] for one in world.facts() if one.type == "chat.queued")
    assert cause == ("flow_ended" if on_error else "flow_failed")


def test_a_way_round_through_refusals_is_ended(world: FlowWorld) -> None:
    steps = {
        "a": {"type": "transfer", "agent_id": ANA_USER, "on_error": "b"},
        "b": {"type": "delay", "seconds": 1, "next": "a"},
    }
    world.agent(cap=1, load=1)
    flow_id = world.publish(steps)
    world.enter_by(flow_id)
    world.say("Oi")
    for _ in range(60):
        world.run()
        world.clock.move(2)
        world.container.flow_engine.look_due(160)
    assert (world.execution.state, world.execution.reason) == ("failed", "too_many_steps")
    assert world.chat.situation == "queued"


def test_a_flow_gives_the_chat_to_an_agent(world: FlowWorld) -> None:
    world.agent()
    world.enter_by(world.publish({"a": {"type": "transfer", "agent_id": ANA_USER}}))
    world.say("Oi")
    world.run()
    assert (world.chat.situation, world.chat.agent_id) == ("in_service", ANA_USER)
    found = world.container.agents.get(A, ANA_USER)
    assert found is not None and found[0].load == 1
    assert (world.execution.state, world.execution.reason) == ("finished", "transfer")


def test_an_agent_who_takes_the_chat_is_not_talked_over(world: FlowWorld) -> None:
    world.agent()
    world.enter_by(world.publish(ASK))
    world.say("Oi")
    world.run()
    world.say(CPF)
    waiting = world.commands()
    admin = Caller(A, "admin", user_id=ANA_USER)
    world.container.chat_actions.assume(admin, world.chat.id)
    for one in waiting:
        world.look(one)
    assert world.texts() == ["Oi", "→ CPF?", CPF]
    assert (world.execution.state, world.execution.reason) == ("aborted", "chat_assigned")
    assert [one.type for one in world.facts()][-2:] == ["flow.finished", "chat.assigned"]
    world.say("Oi?")
    assert world.run() == 0, "nobody hears it but the agent"


def test_an_agent_who_takes_it_between_reading_and_writing_is_not_talked_over(world: FlowWorld) -> None:
    world.agent()
    world.enter_by(world.publish({"a": {"type": "send_text", "text": "Olá!", "next": "b"}, "b": {"type": "queue"}}))
    world.say("Oi")
    taken = False

    def taken_first(_: int, write: Callable[[], Any]) -> Any:
        nonlocal taken
        if not taken:
            taken = True
            world.container.chat_actions.assume(Caller(A, "admin", user_id=ANA_USER), world.chat.id)
        return write()

    with writes(taken_first):
        world.run()
    assert (world.texts(), world.chat.situation) == (["Oi"], "in_service")
    assert world.execution.state == "aborted"


@pytest.mark.parametrize("act", ["close", "queue"])
def test_closing_and_queueing_end_it(world: FlowWorld, act: str) -> None:
    world.enter_by(world.publish(ASK))
    world.say("Oi")
    world.run()
    getattr(world.container.chat_actions, act)(ADMIN, world.chat.id)
    assert (world.execution.state, world.execution.reason) == (
        "aborted",
        f"chat_{act}d" if act == "close" else "chat_queued",
    )


def test_a_chat_that_a_flow_leads_too_long_is_queued(world: FlowWorld, clock: Any) -> None:
    world.reception.settle(max_automatic_s=300)
    world.enter_by(world.publish(ASK))
    world.say("Oi")
    world.run()
    clock.move(301)
    assert world.container.chat_timers.run_due(160).done == 1
    assert (world.chat.situation, world.execution.state) == ("queued", "aborted")


def test_what_always_raises_is_given_up(world: FlowWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.enter_by(world.publish(ASK))
    world.say("Oi")

    def raises(*_: Any) -> Any:
        raise RuntimeError("a step that nobody foresaw")

    monkeypatch.setattr(world.container.flow_steps, "do", raises)
    [one] = world.commands()
    for receives in (1, 2, 3):
        with pytest.raises(RuntimeError):
            world.look(one, receives)
    world.look(one, 4)
    assert (world.execution.state, world.execution.reason) == ("failed", "internal_error")
    assert [one.id for one in world.reception.waiting()] == [world.chat.id]


def test_who_has_died_at_it_four_times_does_not_try_again(world: FlowWorld) -> None:
    world.enter_by(world.publish(ASK))
    world.say("Oi")
    world.run(receives=5)
    assert (world.texts(), world.chat.situation, world.execution.state) == (["Oi"], "queued", "failed")


def test_a_flow_asks_other_systems_and_says_what_they_know(world: FlowWorld) -> None:
    steps = {
        "a": {"type": "http", "method": "GET", "url": "https://erp.example/points?of={{contact.mobile}}",
              "save_as": "points", "next": "b", "on_error": "q"},
        "b": {"type": "condition", "then": "c", "else": "q",
              "filter": {"field": "contact_known", "op": "set"}},
        "c": {"type": "send_text", "text": "{{points.n}} pontos", "next": "q"},
        "q": {"type": "queue"},
    }  # fmt: skip
    steps["b"]["filter"] = {"all": [{"field": "mobile", "op": "set"}, {"field": "chat.situation", "op": "eq",
                                                                      "value": "automatic"}]}  # fmt: skip
    world.enter_by(world.publish(steps))
    world.requests.answers = [FlowResponse(200, {"n": 7})]
    world.say("Oi")
    world.run()
    [(method, url, headers, body)] = world.requests.asked
    assert (method, url.startswith("https://erp.example/points?of=%2B5511"), body) == ("GET", True, None)
    assert headers["Idempotency-Key"].startswith("rq_")
    assert world.texts() == ["Oi", "→ 7 pontos"]
    assert [one[2] for one in world.trace()] == ["200", "yes", f"message {world.messages()[1].id}", "queued"]


@pytest.mark.parametrize(
    ("price", "on_error", "said"),
    [(150, None, "Caro"), ("99.90", None, "Barato"), ("a combinar", "d", "Sem preço"), ("a combinar", None, "")],
)
def test_a_condition_asks_what_another_system_said(
    world: FlowWorld, price: Any, on_error: str | None, said: str
) -> None:
    dear = {"field": "var.cli.price", "op": "gt", "value": 100}
    steps = {
        "a": {"type": "http", "method": "GET", "url": "https://erp.example/", "save_as": "cli", "next": "b"},
        "b": {"type": "condition", "filter": dear, "then": "c", "else": "e", "on_error": on_error},
        **{
            at: {"type": "send_text", "text": text} for at, text in (("c", "Caro"), ("e", "Barato"), ("d", "Sem preço"))
        },
    }
    world.enter_by(world.publish(steps))
    world.requests.answers = [FlowResponse(200, {"price": price})]
    world.say("Oi")
    world.run()
    assert world.texts() == ["Oi", *([f"→ {said}"] if said else [])]
    assert (world.execution.state, world.execution.reason) == (
        ("finished", "end") if said else ("failed", "not_comparable")
    )
    assert world.chat.situation == "queued"


def test_a_flow_goes_over_into_another(world: FlowWorld) -> None:
    other = world.publish({"x": {"type": "send_text", "text": "Outro", "next": "y"}, "y": {"type": "queue"}}, "x")
    first = world.publish({"a": {"type": "run_flow", "flow_id": other}})
    world.enter_by(first)
    world.say("Oi")
    world.run()
    assert world.texts() == ["Oi", "→ Outro"]
    assert (world.execution.begun_with, world.execution.flow_id, world.execution.state) == (first, other, "finished")


def test_a_channels_flow_that_is_gone_leaves_chats_to_people(world: FlowWorld) -> None:
    world.enter_by(f"fl_{A}_{7:027x}")
    world.say("Oi")
    assert world.chat.situation == "queued"
    channel = world.container.channels.get(A, CHANNEL)
    assert channel is not None
    assert [one["code"] for one in channel.problems] == ["entry_flow_gone"]
