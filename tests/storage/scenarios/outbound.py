"""Races of sending."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from recado.domain.chats import Author
from recado.domain.messages import Failure, Rejected, Sent
from recado.domain.sending import Draft, Step, claim, conclude, enqueue_again, post, told
from recado.storage import keys
from recado.storage.chat_records import ThreadRecord
from recado.storage.opt_outs import note_as_seen
from recado.storage.sends import OutRecord
from recado.storage.tables import ChatsRecord
from tests.sending_world import A, World
from tests.storage.scenarios import scenario


@scenario("post-moves-thread-from-seen-seq")
def two_write_at_once_and_one_writes_as_the_chat_closes(clock: Any, ids: Any) -> None:
    world = World(clock, ids)
    seen, now = world.thread, clock.now()
    first, second = (
        post(Draft("text", text), world.chat, seen, Author("system"), ids.new("ms", A), None, now, "")
        for text in ("one", "two")
    )
    assert world.outbox.write(A, first)
    world.outbox.write(A, second)
    assert [message.text for message in world.store.messages(A, world.chat, 1, 10)] == ["one"]

    late = post(Draft("text", "late"), world.chat, world.thread, Author("system"), ids.new("ms", A), None, now, "")
    world.close()
    world.outbox.write(A, late)
    assert [message.text for message in world.store.messages(A, world.chat, 1, 10)] == ["one"]


@scenario("send-is-written-once")
def a_message_is_written_again_at_another_seq(clock: Any, ids: Any) -> None:
    world = World(clock, ids)
    message_id = ids.new("ms", A)

    def write(text: str) -> Any:
        draft = Draft("text", text)
        return world.outbox.write(
            A, post(draft, world.chat, world.thread, Author("system"), message_id, None, clock.now(), "")
        )

    first = write("once")
    assert write("again") == first
    assert [message.text for message in world.store.messages(A, world.chat, 1, 10)] == ["once"]
    assert (world.out(message_id).seq, world.thread.last_seq) == (first.seq, first.seq)


@scenario("send-moves-from-seen-version")
def workers_a_sweep_and_a_status_act_on_one_send_at_once(clock: Any, ids: Any) -> None:
    world = World(clock, ids)
    _two_workers_claim(world)
    _a_status_comes_between_reading_and_claiming(world)
    _a_sweep_enqueues_what_a_worker_has_claimed(world)
    _an_answer_comes_after_a_status_has_settled(world)


def _two_workers_claim(world: World) -> None:
    out = world.out(world.post())
    claims = [
        world.outbox.advance(A, out, Step(claim(out, 20, world.clock.now(), world.ids.secret()))) for _ in range(2)
    ]
    assert claims == [True, False]


def _a_status_comes_between_reading_and_claiming(world: World) -> None:
    out = world.out(world.post())
    assert world.outbox.advance(A, out, told(out, "sent", "wamid.told", None))
    world.outbox.advance(A, out, Step(claim(out, 20, world.clock.now(), world.ids.secret())))
    assert world.out(out.message_id).state == "settled"


def _a_sweep_enqueues_what_a_worker_has_claimed(world: World) -> None:
    out = world.out(world.post())
    claimed = claim(out, 20, world.clock.now(), world.ids.secret())
    assert world.outbox.advance(A, out, Step(claimed))
    world.outbox.advance(A, out, Step(enqueue_again(out, world.clock.now() + timedelta(minutes=1))))
    assert world.out(out.message_id) == claimed


def _an_answer_comes_after_a_status_has_settled(world: World) -> None:
    out = world.out(world.post())
    claimed = claim(out, 20, world.clock.now(), world.ids.secret())
    assert world.outbox.advance(A, out, Step(claimed))
    assert world.outbox.advance(A, claimed, told(claimed, "delivered", "wamid.told", None))
    answers = (Rejected(Failure("131000", "", "retry")), Sent("wamid.answer"))
    for answer in answers:
        world.outbox.advance(A, claimed, conclude(claimed, answer, 5, 86_400, world.clock.now()))
    assert (world.out(out.message_id).state, world.message(out.message_id).provider_id) == ("settled", "wamid.told")


@scenario("send-is-there-to-look-at")
def a_send_goes_while_the_sweep_puts_it_off(clock: Any, ids: Any) -> None:
    world = World(clock, ids)
    out = world.out(world.post())
    OutRecord(keys.out_pk(A, out.message_id), "OUT").delete()
    world.outbox.look_again_at(A, out.message_id, clock.now() + timedelta(minutes=1))
    pk = keys.out_pk(A, out.message_id)
    assert list(ChatsRecord.query(pk, consistent_read=True)) == []


@scenario("opt-out-from-seen-thread")
def start_comes_while_an_earlier_refusal_is_noted(clock: Any, ids: Any) -> None:
    world = World(clock, ids)
    seen = world.thread
    ThreadRecord.of_thread(A, replace(seen, last_seq=seen.last_seq + 1)).save()  # START is recorded
    pk = keys.thread_pk(A, seen.key)
    assert not note_as_seen(pk, seen.last_seq, clock.now())
    assert world.thread.opted_out_at is None
    assert note_as_seen(pk, world.thread.last_seq, clock.now())
    assert world.thread.opted_out_at == clock.now()
