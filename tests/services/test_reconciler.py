"""Each kind of drift, made by writing items directly, is found, told and repaired; a healthy department is left alone
however it moves meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from recado.domain.errors import NotFound
from recado.services import reconciler
from recado.storage import keys
from recado.storage.agents import MemberRecord, RingRecord
from recado.storage.chat_records import ChatRecord, HeadRecord, WaitRecord, wait_record
from recado.storage.reconciliation import MarkRecord
from tests.checked import Checked, Interleaved, place
from tests.team import ACCOUNT, Team


@pytest.fixture
def checked(dynamodb: Any, clock: Any, ids: Any) -> Checked:
    return Checked(Team(clock, ids))


def test_a_healthy_department_has_no_drift(checked: Checked) -> None:
    checked.join("A", 1, cap=2)
    checked.join("B", 2, available=False)
    checked.join("C", 3, supervisor=True)
    checked.team.give(4)
    assert checked.look() == []
    assert list(MarkRecord.query(keys.workspace_pk(ACCOUNT, "CHECKS"))) == []


def test_a_department_that_is_not_there(checked: Checked) -> None:
    with pytest.raises(NotFound):
        checked.reconciler().look(ACCOUNT, "dp_unknown")


def test_a_ring_item_that_is_missing_or_too_much(checked: Checked) -> None:
    a = checked.join("A", 1)
    b = checked.join("B", 2, available=False)
    pk = keys.ring_pk(ACCOUNT, checked.team.department)
    RingRecord(pk, place(1, a)).delete()
    RingRecord(pk, place(2, b), user_id=b, position=2).save()
    RingRecord(pk, place(9, a), user_id=a, position=9).save()
    found = checked.look()
    assert sorted(found) == sorted([("ring", a, True), ("ring", a, True), ("ring", b, True)])
    assert checked.ring == [place(1, a)]
    assert (checked.team.department, "reconciled") in checked.team.wakes.calls, "who can be given chats again gets them"
    assert checked.look() == []


def test_members_that_are_missing_wrong_broken_or_of_nobody(checked: Checked) -> None:
    a, b, c = checked.join("A", 1), checked.join("B", 2), checked.join("C", 3)
    pk = keys.members_pk(ACCOUNT, checked.team.department)
    nobody = checked.team.ids.new("us", ACCOUNT)
    MemberRecord(pk, place(1, a)).delete()
    MemberRecord(pk, place(2, b)).update([MemberRecord.eligible.set(False)])
    MemberRecord(pk, place(3, c)).update([MemberRecord.user_id.remove()])
    MemberRecord(pk, place(4, nobody), user_id=nobody, position=4, eligible=True).save()
    RingRecord(keys.ring_pk(ACCOUNT, checked.team.department), place(4, nobody), user_id=nobody, position=4).save()
    expected = [(kind, who, True) for kind, who in (("member", b), ("member", c), ("member", nobody), ("ring", nobody))]
    # A's place is known to the ring still, so the lists lead to it too.
    assert sorted(checked.look()) == sorted([("member", a, True), *expected])
    assert checked.members == {place(1, a): True, place(2, b): True, place(3, c): True}
    assert checked.look() == []
    assert checked.team.give(3) == "ABC"


def test_a_member_whom_no_list_has_is_found_by_the_users(checked: Checked) -> None:
    a = checked.join("A", 1)
    MemberRecord(keys.members_pk(ACCOUNT, checked.team.department), place(1, a)).delete()
    RingRecord(keys.ring_pk(ACCOUNT, checked.team.department), place(1, a)).delete()
    assert sorted(checked.look()) == [("member", a, True), ("ring", a, True)]
    assert checked.members == {place(1, a): True} and checked.ring == [place(1, a)]


def test_a_place_in_the_queue_without_a_chat_that_waits(checked: Checked) -> None:
    served, waiting, gone = checked.team.arrive(3)
    for one, fields in ((served, {"situation": "in_service"}), (gone, None)):
        if fields is None:
            ChatRecord(keys.chat_pk(ACCOUNT, one.id), "CHAT").delete()
        else:
            ChatRecord(keys.chat_pk(ACCOUNT, one.id), "CHAT").update([ChatRecord.situation.set("in_service")])
    assert checked.look() == [("wait", served.id, True), ("wait", gone.id, True)]
    assert checked.team.waiting() == [waiting.id]


def test_a_chat_that_waits_without_a_place_in_the_queue_or_with_an_old_copy(checked: Checked) -> None:
    lost, stale = checked.team.arrive(2)
    for record in WaitRecord.query(keys.queue_pk(ACCOUNT, checked.team.department), WaitRecord.sk.startswith("WAIT#")):
        if record.id == lost.id:
            record.delete()
    ChatRecord(keys.chat_pk(ACCOUNT, stale.id), "CHAT").update([ChatRecord.version.set(5)])
    assert checked.look() == [("wait", stale.id, True), ("wait", lost.id, True)]
    assert checked.team.waiting() == [lost.id, stale.id]
    checked.join("A", 1)
    checked.team.look()
    assert [checked.team.owner(one) for one in (lost, stale)] == ["A", "A"], "both can be given out again"


def test_a_place_in_another_departments_queue(checked: Checked) -> None:
    (chat,) = checked.team.arrive()
    other = checked.team.add_department("Vendas")
    copy = wait_record(ACCOUNT, chat)
    copy.pk = keys.queue_pk(ACCOUNT, other)
    copy.save()
    look = checked.reconciler().look(ACCOUNT, other)
    assert [(one.kind, one.found is not None, one.expected, one.repaired) for one in look.drifts] == [
        ("wait", True, None, True)
    ]
    assert checked.team.waiting(other) == [] and checked.team.waiting() == [chat.id]


@pytest.mark.parametrize(("turn", "cursor"), [(0, None), (None, None), (3, "somebody"), (None, "x")])
def test_a_head_from_which_no_turn_can_be_taken(checked: Checked, turn: int | None, cursor: str | None) -> None:
    checked.join("A", 1)
    record = HeadRecord(keys.queue_pk(ACCOUNT, checked.team.department), "HEAD", cursor=cursor, turn=turn or 0)
    record.save()
    if turn is None:
        record.update([HeadRecord.turn.remove()])
    assert checked.look() == [("head", checked.team.department, True)]
    assert checked.team.give(2) == "AA"
    assert checked.look() == []


@pytest.mark.parametrize(
    "read", ["listed_places", "agents", "users", "places", "listed_waits", "listed_queued", "chats", "waits"]
)
def test_a_busy_department_is_never_repaired(checked: Checked, read: str) -> None:
    """Before and after every read of this kind somebody pauses or returns, a chat comes, is given out or closed."""
    team = checked.team
    who = [checked.join("A", 1, cap=3), checked.join("B", 2, cap=3)]
    team.give(2)
    moved = [0]

    def moves() -> None:
        moved[0] += 1
        user_id = who[moved[0] % 2]
        if team.presence.get(ACCOUNT, user_id)[0].presence == "available":
            team.presence.set_presence(ACCOUNT, user_id, "paused", "almoço")
        else:
            team.presence.set_presence(ACCOUNT, user_id, "available")
        chats = team.arrive(2)
        team.look()
        for chat in chats:
            if team.owner(chat) != "-":
                team.close(chat)

    assert checked.look(Interleaved(before={read: moves})) == []
    assert checked.look(Interleaved(after={read: moves})) == []
    assert moved[0] > 1
    assert checked.look() == []


def test_what_moves_between_reading_and_mending_is_read_again(checked: Checked) -> None:
    """The ring really is wrong; each time it is to be mended the agent moves first."""
    a = checked.join("A", 1)
    RingRecord(keys.ring_pk(ACCOUNT, checked.team.department), place(1, a)).delete()
    once = [True]

    def pauses() -> None:
        if once:
            once.pop()
            checked.team.presence.set_presence(ACCOUNT, a, "paused", "almoço")

    assert checked.look(Interleaved({"mend_places": pauses})) == []
    assert checked.ring == [] and checked.members == {place(1, a): False}


def test_a_look_ends_in_time_and_the_next_goes_on(checked: Checked, monkeypatch: Any) -> None:
    monkeypatch.setattr(reconciler, "CHATS_PAGE", 2)
    monkeypatch.setattr(reconciler, "MEMBERS_PAGE", 2)
    for number in range(5):
        checked.join(f"A{number}", number, available=False)
    chats = checked.team.arrive(5)
    for chat in chats[3:]:
        WaitRecord(
            keys.queue_pk(ACCOUNT, checked.team.department), keys.wait_sk(chat.queued_at or chat.opened_at, chat.id)
        ).delete()
    checked.team.clock.move(1)

    def goes_by() -> None:
        checked.team.clock.move(60)

    slow = Interleaved({"chats": goes_by, "listed_places": goes_by})
    looks = 0
    while True:
        look = checked.reconciler(slow).look(ACCOUNT, checked.team.department)
        looks += 1
        if look.complete:
            break
        assert looks < 20
    assert looks > 5
    assert [one.id for one in checked.journal.told] == [chat.id for chat in chats[3:]]
    assert checked.team.waiting() == [chat.id for chat in chats]
    assert list(MarkRecord.query(keys.workspace_pk(ACCOUNT, "CHECKS"))) == []


def test_a_look_ends_when_it_found_much(checked: Checked, monkeypatch: Any) -> None:
    monkeypatch.setattr(reconciler, "MOST_DRIFTS", 1)
    (chat,) = checked.team.arrive()
    ChatRecord(keys.chat_pk(ACCOUNT, chat.id), "CHAT").delete()
    look = checked.reconciler().look(ACCOUNT, checked.team.department)
    assert (look.complete, len(look.drifts)) == (False, 1)
    checked.team.clock.move(3600)
    again = checked.reconciler().look(ACCOUNT, checked.team.department)
    assert (again.complete, again.drifts, again.began_at) == (True, [], look.began_at)


def test_the_hourly_check_does_the_same(checked: Checked) -> None:
    (chat,) = checked.team.arrive()
    ChatRecord(keys.chat_pk(ACCOUNT, chat.id), "CHAT").delete()
    checked.reconciler().check(ACCOUNT, checked.team.department)
    assert [one.id for one in checked.journal.told] == [chat.id]


def test_the_hourly_check_has_more_time_where_it_goes_on(checked: Checked, monkeypatch: Any) -> None:
    """Each page takes 0.15 s: the first look reads two of them, the next ones four."""
    monkeypatch.setattr(reconciler, "CHATS_PAGE", 1)
    checked.team.arrive(9)
    pages = [0]

    def goes_by() -> None:
        pages[0] += 1
        checked.team.clock.move(0.15)

    slow, read = Interleaved(before={"listed_waits": goes_by}), []
    for _ in range(3):
        checked.reconciler(slow).check(ACCOUNT, checked.team.department)
        read.append(pages[0])
    assert read == [2, 6, 10]
    assert reconciler.HOURLY_TIME < reconciler.GOING_ON_TIME < reconciler.ASKED_TIME


def test_the_mark_of_a_long_check_is_kept_as_long_as_it_goes_on(checked: Checked, monkeypatch: Any) -> None:
    monkeypatch.setattr(reconciler, "CHATS_PAGE", 1)
    monkeypatch.setattr(reconciler, "HOURLY_TIME", timedelta(0))
    monkeypatch.setattr(reconciler, "GOING_ON_TIME", timedelta(0))
    checked.team.arrive(2)
    began = checked.team.clock.now()
    for _ in range(4):
        checked.reconciler().check(ACCOUNT, checked.team.department)
        (mark,) = MarkRecord.query(keys.workspace_pk(ACCOUNT, "CHECKS"))
        assert mark.ttl == int((checked.team.clock.now() + timedelta(days=2)).timestamp())
        assert mark.began_at == began
        checked.team.clock.move(86_400)
