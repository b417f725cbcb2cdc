"""Races of the repairs of a department (services/reconciler.py)."""

from __future__ import annotations

from typing import Any

from recado.domain.reconciliation import Head, Places, expected_places, expected_wait
from recado.storage import keys
from recado.storage.agents import RingRecord
from recado.storage.chat_records import HeadRecord
from recado.storage.reconciliation import DynamoReconciliation
from tests.storage.scenarios import scenario
from tests.team import ACCOUNT, Team


@scenario("places-follow-the-agent-seen")
def an_agent_pauses_while_their_ring_is_mended(clock: Any, ids: Any) -> None:
    team, store = Team(clock, ids), DynamoReconciliation()
    user_id = team.join("A", 1)
    seen = team.presence.get(ACCOUNT, user_id)[0]
    expected = expected_places(seen, team.department)
    team.presence.set_presence(ACCOUNT, user_id, "paused", "almoço")
    store.mend_places(ACCOUNT, team.department, user_id, seen, Places(expected.members), expected)
    assert RingRecord.count(keys.ring_pk(ACCOUNT, team.department)) == 0, "who pauses would be given chats"


@scenario("places-of-no-agent")
def an_agent_comes_while_places_of_nobody_are_taken_away(clock: Any, ids: Any) -> None:
    team, store = Team(clock, ids), DynamoReconciliation()
    user_id = team.join("A", 1)
    found = expected_places(team.presence.get(ACCOUNT, user_id)[0], team.department)
    store.mend_places(ACCOUNT, team.department, user_id, None, found, Places())
    assert team.agents.members(ACCOUNT, team.department) == [user_id]


@scenario("wait-follows-the-chat-seen")
def a_chat_is_assigned_while_its_place_in_the_queue_is_mended(clock: Any, ids: Any) -> None:
    team, store = Team(clock, ids), DynamoReconciliation()
    user_id = team.join("A", 1)
    (chat,) = team.arrive()
    team.look()
    store.mend_wait(ACCOUNT, team.department, chat.id, chat, [], waits_here=True)
    assert team.owner(chat) == team.names[user_id] and team.waiting() == [], "it would wait although somebody has it"


@scenario("wait-of-no-chat")
def a_chat_comes_while_the_place_of_none_is_taken_away(clock: Any, ids: Any) -> None:
    team, store = Team(clock, ids), DynamoReconciliation()
    (chat,) = team.arrive()
    waits = expected_wait(chat, team.department)
    assert waits is not None
    store.mend_wait(ACCOUNT, team.department, chat.id, None, [waits], waits_here=False)
    assert team.waiting() == [chat.id]


@scenario("head-as-seen")
def a_turn_is_taken_while_the_head_is_mended(clock: Any, ids: Any) -> None:
    team, store = Team(clock, ids), DynamoReconciliation()
    pk = keys.queue_pk(ACCOUNT, team.department)
    HeadRecord(pk, "HEAD", turn=8, cursor="00000001#us").save()
    store.mend_head(ACCOUNT, team.department, Head(7, "nobody"), Head(7, None))
    assert HeadRecord.get(pk, "HEAD").turn == 8
    store.mend_head(ACCOUNT, team.department, Head(None, None), Head(1, None))
    assert HeadRecord.get(pk, "HEAD").turn == 8
