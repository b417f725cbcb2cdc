"""Races of agents, leases, turns and chats."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from recado.domain import chat_moves
from recado.domain.agents import with_connection, with_load
from recado.domain.chat_moves import MoveCommit
from recado.domain.chats import Thread
from recado.domain.distribution import Turn
from recado.storage import keys
from recado.storage.agents import AgentRecord, LeaseRecord, agent_key
from recado.storage.chat_records import HeadRecord, ThreadRecord
from tests.storage.scenarios import scenario
from tests.team import ACCOUNT, Team


@scenario("agent-moves-from-seen-version")
def two_changes_of_one_agent(clock: Any, ids: Any) -> None:
    team = Team(clock, ids)
    user_id = team.join("A", 1, cap=1)
    seen = team.presence.get(ACCOUNT, user_id)[0]
    team.presence.set_presence(ACCOUNT, user_id, "paused", "almoço")
    team.agents.change(ACCOUNT, with_load(seen, 1))
    assert team.presence.get(ACCOUNT, user_id)[0].load == 0, "decided before the pause was known"


@scenario("agent-is-new")
def one_user_registered_twice(clock: Any, ids: Any) -> None:
    team = Team(clock, ids)
    user_id = team.join("A", 1)
    team.agents.create(ACCOUNT, user_id, None)
    assert team.department in team.presence.get(ACCOUNT, user_id)[0].memberships


@scenario("lease-is-there-to-renew")
def heartbeat_after_the_lapse(clock: Any, ids: Any) -> None:
    team = Team(clock, ids)
    user_id = team.join("A", 1)
    clock.move(91)
    team.presence.lapse(ACCOUNT, user_id)
    team.presence.renew(ACCOUNT, user_id, force=True)
    assert team.presence.get(ACCOUNT, user_id)[0].connected, (
        "a bare lease would not bring the agent back into the rings"
    )


@scenario("lease-is-still-lapsed")
def heartbeat_between_finding_the_lapse_and_acting(clock: Any, ids: Any) -> None:
    team = Team(clock, ids)
    user_id = team.join("A", 1)
    clock.move(91)
    found_at = clock.now()
    seen = team.presence.get(ACCOUNT, user_id)[0]
    team.presence.renew(ACCOUNT, user_id, force=True)
    team.agents.disconnect(ACCOUNT, with_connection(seen, False), lapsed_at=found_at)
    assert team.presence.get(ACCOUNT, user_id)[0].connected


@scenario("agent-has-a-time-to-be-looked-at")
def logged_out_while_looked_at(clock: Any, ids: Any) -> None:
    team = Team(clock, ids)
    user_id = team.join("A", 1)
    team.presence.remove(ACCOUNT, user_id)
    team.agents.look_again_at(ACCOUNT, user_id, clock.now())
    key = agent_key(ACCOUNT, user_id)
    assert AgentRecord.count(key[0]) == 0


@scenario("lease-is-live")
def lease_ends_between_decision_and_commit(clock: Any, ids: Any) -> None:
    team = Team(clock, ids)
    user_id = team.join("A", 1)
    (chat,) = team.arrive()
    agent = team.presence.get(ACCOUNT, user_id)[0]
    move = chat_moves.transfer_to_agent(chat, user_id, team.department, clock.now())
    assert move is not None
    LeaseRecord(keys.agent_pk(ACCOUNT, user_id), "LEASE", lease_until=clock.now()).save()
    team.moves.commit(ACCOUNT, MoveCommit([move], [with_load(agent, 1)], [], live=[user_id], now=clock.now()))
    assert team.chat(chat).situation == "queued"


@scenario("chat-moves-from-seen-version")
def two_actions_on_one_chat(clock: Any, ids: Any) -> None:
    team = Team(clock, ids)
    a, b = team.join("A", 1), team.join("B", 2)
    (chat,) = team.arrive()
    for user_id in (a, b):
        move = chat_moves.assume(chat, user_id, clock.now())
        assert move is not None
        agent = team.presence.get(ACCOUNT, user_id)[0]
        team.moves.commit(ACCOUNT, MoveCommit([move], [with_load(agent, 1)], []))
    assert team.chat(chat).agent_id == a
    assert team.presence.get(ACCOUNT, b)[0].load == 0


@scenario("thread-stands-at-seen-seq")
def a_message_comes_while_the_chat_is_closed(clock: Any, ids: Any) -> None:
    team = Team(clock, ids)
    (chat,) = team.arrive()
    seen = team.reads.thread(ACCOUNT, chat.thread)
    assert seen is not None
    move = chat_moves.close(chat, seen, clock.now())
    assert move is not None
    ThreadRecord.of_thread(ACCOUNT, Thread(chat.thread, chat.contact_id, 2, open_chat_id=chat.id, unread=2)).save()
    team.moves.commit(ACCOUNT, MoveCommit([move], [], []))
    assert team.chat(chat).situation == "queued", "closed over a message that nobody read"
    judged = chat_moves.put_in_queue(chat, team.add_department("Vendas"), clock.now())
    assert judged is not None
    team.moves.commit(ACCOUNT, MoveCommit([replace(judged, judged_seq=seen.last_seq)], [], []))
    assert team.chat(chat) == chat, "moved by what was judged before the customer wrote"


@scenario("turn-is-taken-once")
def a_member_comes_between_two_assignments(clock: Any, ids: Any) -> None:
    team = Team(clock, ids)
    team.join("A", 1)
    first, second = team.arrive(2)
    b = team.join("B", 0)
    for chat, user_id, place in ((first, b, f"{0:08d}#{b}"), (second, *_a(team))):
        move = chat_moves.transfer_to_agent(chat, user_id, team.department, clock.now())
        assert move is not None
        agent = team.presence.get(ACCOUNT, user_id)[0]
        turn = Turn(team.department, seen=0, turn=1, cursor=place)
        team.moves.commit(ACCOUNT, MoveCommit([move], [with_load(agent, 1)], [], turn=turn))
    head = HeadRecord.get(keys.queue_pk(ACCOUNT, team.department), "HEAD")
    assert head.cursor.endswith(b), "both took the first turn"
    _later_turns_are_guarded_too(team, second)


def _later_turns_are_guarded_too(team: Team, chat: Any) -> None:
    user_id, _ = _a(team)
    move = chat_moves.transfer_to_agent(chat, user_id, team.department, team.clock.now())
    assert move is not None
    HeadRecord(keys.queue_pk(ACCOUNT, team.department), "HEAD", cursor="x", turn=5).save()
    agent = team.presence.get(ACCOUNT, user_id)[0]
    lost = team.moves.commit(
        ACCOUNT, MoveCommit([move], [with_load(agent, 1)], [], turn=Turn(team.department, 4, 5, "y"))
    )
    assert lost == {"head"}


def _a(team: Team) -> tuple[str, str]:
    user_id = next(user_id for user_id, name in team.names.items() if name == "A")
    return user_id, f"{1:08d}#{user_id}"
