"""Items whose attributes make no sense: what follows from another item is written again, anything else is told, and the
look goes on either way."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.reconciliation import Drift
from recado.storage import keys
from recado.storage.agents import AgentRecord, MemberRecord, RingRecord, agent_key
from recado.storage.chat_records import ChatRecord, HeadRecord, WaitRecord
from recado.storage.reconciliation import CountingRecord, MarkRecord
from tests.checked import Checked, place
from tests.team import ACCOUNT, Team


@pytest.fixture
def checked(dynamodb: Any, clock: Any, ids: Any) -> Checked:
    return Checked(Team(clock, ids))


def spoil(client: Any, model: Any, pk: str, sk: str, **values: Any) -> None:
    """Give an item attributes as DynamoDB has them; None takes one away."""
    changes = {name: {"Action": "DELETE"} if one is None else {"Value": one} for name, one in values.items()}
    key = {"pk": {"S": pk}, "sk": {"S": sk}}
    client.update_item(TableName=model.Meta.table_name, Key=key, AttributeUpdates=changes)


WRONG_KIND = {"S": "ontem"}


@pytest.mark.parametrize(
    "broken",
    [
        {"opened_at": None},
        {"opened_at": {"N": "7"}},
        {"opened_at": WRONG_KIND},
        {"situation": None},
        {"queued_at": None},
        {"cycles": WRONG_KIND},
        {"not_started_by": {"S": "{"}},
        {"id": {"S": "ca_other"}},
    ],
)
def test_a_chat_that_cannot_be_read_is_told_once_and_passed_over(checked: Checked, dynamodb: Any, broken: Any) -> None:
    chat, lost, stale = checked.team.arrive(3)
    spoil(dynamodb, ChatRecord, keys.chat_pk(ACCOUNT, chat.id), "CHAT", **broken)
    assert lost.queued_at and stale.queued_at
    pk = keys.queue_pk(ACCOUNT, checked.team.department)
    WaitRecord(pk, keys.wait_sk(lost.queued_at, lost.id)).delete()
    WaitRecord(pk, keys.wait_sk(stale.queued_at, stale.id)).update([WaitRecord.version.set(0)])
    assert checked.look() == [("unreadable", chat.id, False), ("wait", stale.id, True), ("wait", lost.id, True)]
    assert checked.journal.told[0] == Drift("unreadable", chat.id, "CHAT", None)
    assert checked.team.waiting() == [chat.id, lost.id, stale.id], "its place in the queue is left as it is"
    assert checked.look() == [("unreadable", chat.id, False)]


def test_an_agent_with_a_chat_that_cannot_be_read_is_not_counted(checked: Checked, dynamodb: Any, clock: Any) -> None:
    a, b = checked.join("A", 1, cap=2), checked.join("B", 2, cap=2)
    chats = checked.team.arrive(3)
    checked.team.look()
    spoil(dynamodb, ChatRecord, keys.chat_pk(ACCOUNT, chats[0].id), "CHAT", opened_at=None)
    checked.drift_load(a, -1)
    checked.drift_load(b, -1)
    checked.look()
    told = checked.look()
    assert ("unreadable", chats[0].id, False) in told and ("load", b, False) in told
    assert ("load", a, False) not in told
    clock.move(300)
    assert ("load", b, True) in checked.look()
    assert (checked.load(a), checked.load(b)) == (1, 1)


@pytest.mark.parametrize(
    "broken",
    [
        {"load": None},
        {"load": WRONG_KIND},
        {"presence": None},
        {"memberships": {"S": "[1]"}},
        {"memberships": {"S": '{"dp_x": {"position": "first", "agent": true, "supervisor": false}}'}},
        {"user_id": {"S": "us_other"}},
    ],
)
@pytest.mark.parametrize("listed", [True, False])
def test_an_agent_who_cannot_be_read_is_told_and_their_places_are_left(
    checked: Checked, dynamodb: Any, broken: Any, listed: bool
) -> None:
    a, b = checked.join("A", 1), checked.join("B", 2)
    spoil(dynamodb, AgentRecord, *agent_key(ACCOUNT, a), **broken)
    ring, members = (key(ACCOUNT, checked.team.department) for key in (keys.ring_pk, keys.members_pk))
    RingRecord(ring, place(2, b)).delete()
    if not listed:
        RingRecord(ring, place(1, a)).delete()
        MemberRecord(members, place(1, a)).delete()
    assert checked.look() == (
        [("unreadable", a, False), ("ring", b, True)] if listed else [("ring", b, True), ("unreadable", a, False)]
    )
    assert checked.journal.told[0 if listed else 1] == Drift("unreadable", a, "AGENT", None)
    assert checked.ring == ([place(1, a), place(2, b)] if listed else [place(2, b)])


@pytest.mark.parametrize("broken", [{"user_id": None}, {"position": None}, {"position": WRONG_KIND}])
def test_a_place_that_is_broken_is_written_again(checked: Checked, dynamodb: Any, broken: Any) -> None:
    a, b = checked.join("A", 1), checked.join("B", 2)
    spoil(dynamodb, MemberRecord, keys.members_pk(ACCOUNT, checked.team.department), place(1, a), **broken)
    spoil(dynamodb, RingRecord, keys.ring_pk(ACCOUNT, checked.team.department), place(2, b), **broken)
    assert checked.look() == [("member", a, True), ("ring", b, True)]
    assert checked.journal.told[1] == Drift("ring", b, f"{place(2, b)} broken", place(2, b), True)
    assert checked.team.give(2) == "AB"
    assert checked.look() == []


def test_a_broken_place_in_the_ring_of_somebody_who_pauses_is_taken_away(checked: Checked, dynamodb: Any) -> None:
    a = checked.join("A", 1, available=False)
    spoil(dynamodb, RingRecord, keys.ring_pk(ACCOUNT, checked.team.department), place(1, a), user_id=WRONG_KIND)
    assert checked.look() == [("ring", a, True)]
    assert checked.ring == []


def test_places_whose_keys_tell_of_nobody_are_told(checked: Checked) -> None:
    checked.join("A", 1)
    MemberRecord(
        keys.members_pk(ACCOUNT, checked.team.department), "first", user_id="us", position=1, eligible=True
    ).save()
    RingRecord(keys.ring_pk(ACCOUNT, checked.team.department), "00000002#", user_id="us", position=2).save()
    assert checked.look() == [("unreadable", "first", False), ("unreadable", "00000002#", False)]
    assert [one.found for one in checked.journal.told] == ["MEMBER", "RING"]


@pytest.mark.parametrize("broken", [{"opened_at": None}, {"opened_at": WRONG_KIND}, {"version": WRONG_KIND}])
def test_a_broken_copy_of_a_chat_that_waits_is_written_again(checked: Checked, dynamodb: Any, broken: Any) -> None:
    """Distribution reads the copy: one that cannot be read would keep all who wait behind it waiting."""
    chat, _behind = checked.team.arrive(2)
    assert chat.queued_at
    pk = keys.queue_pk(ACCOUNT, checked.team.department)
    spoil(dynamodb, WaitRecord, pk, keys.wait_sk(chat.queued_at, chat.id), **broken)
    assert checked.look() == [("wait", chat.id, True)]
    checked.join("A", 1)
    checked.team.look()
    assert checked.team.waiting() == []


def test_a_place_in_the_queue_whose_key_tells_of_no_chat_is_told(checked: Checked, dynamodb: Any) -> None:
    (stale,) = checked.team.arrive()
    assert stale.queued_at
    pk = keys.queue_pk(ACCOUNT, checked.team.department)
    for sk in ("WAIT#ontem#ca_1", "WAIT#2026-03-02#ca_1", "WAIT#x"):
        spoil(dynamodb, WaitRecord, pk, sk, id={"S": "ca_1"})
    WaitRecord(pk, keys.wait_sk(stale.queued_at, stale.id)).update([WaitRecord.version.set(0)])
    found = checked.look()
    unreadable = ("2026-03-02#ca_1", "ontem#ca_1", "x")
    assert found == [*(("unreadable", one, False) for one in unreadable), ("wait", stale.id, True)]


def test_a_head_of_another_kind_is_told(checked: Checked, dynamodb: Any) -> None:
    pk = keys.queue_pk(ACCOUNT, checked.team.department)
    HeadRecord(pk, "HEAD", turn=3).save()
    spoil(dynamodb, HeadRecord, pk, "HEAD", turn=WRONG_KIND)
    assert checked.look() == [("unreadable", checked.team.department, False)]


def test_a_broken_mark_or_counting_stops_nothing(checked: Checked, dynamodb: Any, clock: Any) -> None:
    a = checked.join("A", 1)
    checked.drift_load(a, 1)
    pk = keys.workspace_pk(ACCOUNT, "CHECKS")
    for model, sk in ((MarkRecord, checked.team.department), (CountingRecord, a)):
        spoil(dynamodb, model, pk, sk, part={"N": "1"}, difference=WRONG_KIND)
    assert checked.look() == [("load", a, False)]
    clock.move(300)
    assert checked.look() == [("load", a, True)]
