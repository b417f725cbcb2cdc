"""Who served a chat: remembered by the chat and, once it leaves them, findable from the user (SERVED)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recado.domain.access import Caller
from recado.domain.agents import MAX_DEPARTMENTS
from recado.domain.chat_moves import MAX_SERVED_BY, served_also
from recado.domain.chats import Chat
from recado.domain.errors import Forbidden
from recado.domain.people import Membership
from recado.ports.chats import ChatFilter
from recado.services.message_changes import MessageChanges
from recado.storage import keys
from recado.storage.chat_records import ChatRecord, ServedRecord
from recado.storage.chats import DynamoChats
from recado.storage.threads import DynamoThreads
from tests.recording import Calls, record
from tests.sending_world import ANA, CARLA, A, World, agent
from tests.team import ACCOUNT, Team

ADMIN = Caller(ACCOUNT, "admin", user_id=f"us_{ACCOUNT}_{9:027x}")


@pytest.fixture
def team(dynamodb: Any, clock: Any, ids: Any) -> Team:
    return Team(clock, ids)


def given_to(team: Team, *names: str) -> tuple[Chat, list[str]]:
    """A chat that the first of the agents was given, and all of them."""
    users = [team.join(name, position) for position, name in enumerate(names, 1)]
    (chat,) = team.arrive()
    team.look()
    return team.chat(chat), users


def begins(team: Team, user_id: str, chat: Chat) -> None:
    team.actions.assume(Caller(ACCOUNT, "agent", user_id=user_id), chat.id)


def found_from(user_id: str) -> list[str]:
    return [record.sk for record in ServedRecord.query(keys.served_pk(ACCOUNT, user_id), consistent_read=True)]


def puts(calls: Calls) -> int:
    (written,) = [one for one in calls.log if one.operation == "dynamodb:TransactWriteItems"]
    return len(written.parameters["TransactItems"])


def test_who_began_and_transferred_it_is_remembered(team: Team) -> None:
    chat, (ana, rita) = given_to(team, "Ana", "Rita")
    begins(team, ana, chat)
    assert (team.chat(chat).served_by, found_from(ana)) == ((ana,), [])
    team.actions.transfer_to_agent(ADMIN, chat.id, rita)
    assert (team.chat(chat).served_by, found_from(ana)) == ((ana,), [chat.id])
    begins(team, rita, chat)
    team.actions.close(ADMIN, chat.id)
    assert (team.chat(chat).served_by, found_from(rita)) == ((ana, rita), [])  # the index has the last one
    team.actions.reopen(ADMIN, chat.id)
    assert (found_from(ana), found_from(rita)) == ([chat.id], [chat.id])


def test_who_was_given_it_and_did_not_begin_did_not_serve_it(team: Team) -> None:
    chat, (ana, rita) = given_to(team, "Ana", "Rita")
    team.actions.transfer_to_agent(ADMIN, chat.id, rita)
    assert (team.chat(chat).served_by, found_from(ana)) == ((), [])


def test_who_served_it_is_remembered_while_it_waits_and_by_the_next_who_gets_it(team: Team) -> None:
    """The assignment writes CHAT from its copy in the queue."""
    chat, (ana, rita) = given_to(team, "Ana", "Rita")
    begins(team, ana, chat)
    team.actions.queue(ADMIN, chat.id)
    assert found_from(ana) == [chat.id]
    team.look()
    assert (team.chat(chat).situation, team.chat(chat).served_by) == ("in_service", (ana,))
    begins(team, rita, chat)
    team.actions.transfer_to_agent(ADMIN, chat.id, ana)
    begins(team, ana, chat)
    assert team.chat(chat).served_by == (rita, ana)


def test_the_last_fifty_are_remembered_each_once() -> None:
    served_by: tuple[str, ...] = ()
    for number in range(MAX_SERVED_BY + 1):
        served_by = served_also(served_by, f"us{number}")
    assert (len(served_by), served_by[0], served_by[-1]) == (MAX_SERVED_BY, "us1", "us50")
    assert served_also(served_by, "us1") == (*served_by[1:], "us1")
    assert served_also(served_by, None) == served_by


def test_an_answer_of_its_agent_begins_it_a_supervisors_is_not_theirs(dynamodb: Any, clock: Any, ids: Any) -> None:
    world = World(clock, ids)
    world.write(agent(CARLA, supervisor=True))
    begun = world.store.chat(A, world.chat.id)
    assert begun is not None and (begun.started_at is not None, begun.served_by) == (True, ())
    world.write(agent(ANA))
    world.write(agent(ANA))
    answered = world.store.chat(A, world.chat.id)
    assert answered is not None and (answered.served_by, answered.version) == ((ANA,), begun.version + 1)


def test_the_largest_transfer_from_who_served_it_fits_a_transaction(team: Team) -> None:
    a, b = team.join("A", 1, cap=1), team.join("B", 2, cap=1)
    for number in range(MAX_DEPARTMENTS - 1):
        department = team.add_department(f"{number}")
        for position, user_id in enumerate((a, b)):
            team.presence.set_membership(ACCOUNT, user_id, department, Membership(position, True, False))
    (chat,) = team.arrive()
    team.look()
    begins(team, a, chat)
    with record() as calls:
        team.actions.transfer_to_agent(ADMIN, chat.id, b)
    assert (puts(calls), found_from(a)) == (94, [chat.id])


def test_leaving_who_served_it_costs_two_units_more(team: Team) -> None:
    costs = []
    for begun in (False, True):
        chat, _ = given_to(team, f"Ana {begun}", f"Rita {begun}")
        if begun:
            begins(team, str(chat.agent_id), chat)
        with record() as calls:
            team.actions.queue(ADMIN, chat.id)
        costs.append((calls.wru, puts(calls)))
        team.actions.close(ADMIN, chat.id)
    assert (costs[1][0] - costs[0][0], costs[1][1] - costs[0][1]) == (2, 1)


def test_a_restricted_users_list_costs_a_query_more(dynamodb: Any, clock: Any, ids: Any) -> None:
    world = World(clock, ids)
    rita = replace(agent(CARLA), role="restricted")
    former = world.open_chat(served_by=(CARLA,))
    ServedRecord(keys.served_pk(A, CARLA), former.id).save()
    with record() as calls:
        page, following = world.chats.page(rita, ChatFilter(), 20, None)
    assert ([one["id"] for one in page], following) == ([former.id], None)
    # four situations of the index, SERVED; CHATs and THREADs
    assert calls.operations == {"dynamodb:Query": 5, "dynamodb:BatchGetItem": 2}
    assert calls.rru <= 5 * 0.5 + 2
    with record() as calls:
        assert world.chats.page(rita, ChatFilter(agent_id=ANA), 20, None)[0] == page
    assert calls.operations == {"dynamodb:Query": 1, "dynamodb:BatchGetItem": 2}


def test_doubles_do_not_shorten_a_page(dynamodb: Any, clock: Any, ids: Any) -> None:
    """Who came back to a chat has it in the index and as SERVED."""
    world = World(clock, ids)
    made = [world.open_chat(served_by=(CARLA,), agent_id=CARLA) for _ in range(6)]
    for chat in made:
        ServedRecord(keys.served_pk(A, CARLA), chat.id).save()
    newest_first = sorted((one.id for one in made), reverse=True)
    wanted = ChatFilter(served_by=CARLA)
    assert DynamoChats().ids(A, wanted, None, 4) == newest_first[:4]
    assert DynamoChats().ids(A, wanted, newest_first[1], 4) == newest_first[2:]


def test_who_only_served_it_does_not_take_it_when_it_waits(team: Team) -> None:
    chat, (ana,) = given_to(team, "Ana")
    begins(team, ana, chat)
    team.actions.queue(ADMIN, chat.id)
    place = {team.department: Membership(1, True, False)}
    for caller in (
        Caller(ACCOUNT, "restricted", user_id=ana, memberships=place),
        Caller(ACCOUNT, "agent", user_id=ana),
    ):
        with pytest.raises(Forbidden):
            team.actions.assume(caller, chat.id)
    member = Caller(ACCOUNT, "agent", user_id=ana, memberships=place)
    assert team.actions.assume(member, chat.id).served_by == (ana,)


def test_who_only_served_it_changes_no_note_of_theirs(dynamodb: Any, clock: Any, ids: Any) -> None:
    world = World(clock, ids)
    note = world.write(agent(ANA), internal=True, text="nota")
    ChatRecord.of_chat(A, replace(world.chat, agent_id=CARLA, served_by=(ANA,))).save()
    changes = MessageChanges(world.chats, DynamoThreads(), clock)
    restricted = replace(agent(ANA), role="restricted")
    assert world.chats.message(restricted, world.chat.id, note.id).text == "nota"
    with pytest.raises(Forbidden):
        changes.edit(restricted, world.chat.id, note.id, "outra")
    assert changes.edit(agent(ANA), world.chat.id, note.id, "outra").text == "outra"
