"""Whose turn it is, decided purely: the product's examples, and any order against a plain model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recado.domain.agents import standing
from recado.domain.chats import Chat, ThreadKey
from recado.domain.distribution import MAX_NOT_STARTED, Assignment, Order, OutOfDate, Seat, take_turns
from recado.domain.people import Agent, Department, Membership

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DEPARTMENT = Department("dp", "Suporte", "department", NOW)


def waiting(count: int) -> list[Chat]:
    return [
        Chat(f"ca{n:03d}", "ct", "ch", "custom", ThreadKey("ch", str(n)), "dp", "queued", NOW, 1, queued_at=NOW)
        for n in range(count)
    ]


def agent(
    name: str, position: int, *, load: int = 0, cap: int | None = None, presence: str = "available", **flags: bool
) -> Agent:
    membership = Membership(
        position, flags.get("agent", True), flags.get("supervisor", False), flags.get("unavailable", False)
    )
    return Agent(name, presence, flags.get("connected", True), load, cap, 1, {"dp": membership})  # type: ignore[arg-type]


def turns(agents: list[Agent], count: int, after: str | None = None) -> list[str]:
    seats = [Seat(one.memberships["dp"].position, one.user_id, standing(one, "dp") == "eligible") for one in agents]
    if after:
        split = next(index for index, one in enumerate(agents) if one.user_id == after) + 1
        seats = seats[split:] + seats[:split]
    made = decide(waiting(count), Order(seats, whole=True), agents)
    return [one.agent_id for one in made]


def decide(
    chats: list[Chat], order: Order, agents: list[Agent], turn: int = 0, department: Department = DEPARTMENT
) -> Sequence[Assignment]:
    everybody = {one.user_id: one for one in agents}
    return take_turns(chats, order, everybody, department, turn, None, "queued", NOW).assignments


def test_e1_seven_chats_go_a_b_c_a_b_c_a() -> None:
    assert turns([agent("A", 1), agent("B", 2), agent("C", 3)], 7) == list("ABCABCA")


def test_e1_the_turn_goes_on_after_the_last() -> None:
    assert turns([agent("A", 1), agent("B", 2), agent("C", 3)], 3, after="A") == list("BCA")


def test_e2_cap_2_with_a_and_b_full_gives_c_c_queue() -> None:
    full = [agent("A", 1, load=2, cap=2), agent("B", 2, load=2, cap=2), agent("C", 3, cap=2)]
    assert turns(full, 3) == ["C", "C"]


def test_e3_paused_b_is_passed_over() -> None:
    assert turns([agent("A", 1), agent("B", 2, presence="paused"), agent("C", 3)], 4) == list("ACAC")


def test_the_receipt_names_who_was_passed_over_and_why() -> None:
    agents = [
        agent("A", 1, load=3, cap=3),
        agent("B", 2, presence="paused"),
        agent("C", 3, connected=False),
        agent("D", 4, unavailable=True),
        agent("E", 5, agent=False, supervisor=True),
        agent("F", 6, presence="unavailable"),
        agent("G", 7, load=1, cap=3),
    ]
    seats = [Seat(one.memberships["dp"].position, one.user_id, one.user_id == "G") for one in agents]
    (made,) = decide(waiting(1), Order(seats, True), agents, turn=41)
    assert [(one.agent_id, one.outcome, one.load, one.cap) for one in made.receipt.candidates] == [
        ("A", "at_cap", 3, 3),
        ("B", "paused", 0, None),
        ("C", "offline", 0, None),
        ("D", "unavailable_here", 0, None),
        ("E", "supervisor_only", 0, None),
        ("F", "unavailable", 0, None),
        ("G", "chosen", 1, 3),
    ]
    assert (made.receipt.turn, made.receipt.load_after, made.receipt.not_listed) == (42, 2, 0)


def test_a_receipt_lists_25_and_counts_the_others() -> None:
    agents = [agent(f"P{n:02d}", n, presence="paused") for n in range(40)] + [agent("Z", 99)]
    seats = [Seat(one.memberships["dp"].position, one.user_id, one.user_id == "Z") for one in agents]
    (made,) = decide(waiting(1), Order(seats, True), agents)
    assert len(made.receipt.candidates) == 26
    assert made.receipt.not_listed == 15


def test_a_seat_and_an_agent_read_at_different_times_are_out_of_date() -> None:
    one = agent("A", 1, presence="paused")
    with pytest.raises(OutOfDate):
        decide(waiting(1), Order([Seat(1, "A", True)], True), [one])


@given(
    caps=st.lists(st.one_of(st.none(), st.integers(1, 4)), min_size=1, max_size=6),
    loads=st.lists(st.integers(0, 3), min_size=6, max_size=6),
    count=st.integers(0, 20),
)
def test_turns_agree_with_a_plain_model(caps: list[int | None], loads: list[int], count: int) -> None:
    agents = [
        agent(f"A{n}", n, cap=cap, load=loads[n] if cap is None else min(loads[n], cap)) for n, cap in enumerate(caps)
    ]
    load, expected, position = {one.user_id: one.load for one in agents}, [], 0
    while len(expected) < count and any(one.cap is None or load[one.user_id] < one.cap for one in agents):
        one = agents[position % len(agents)]
        position += 1
        if one.cap is None or load[one.user_id] < one.cap:
            load[one.user_id] += 1
            expected.append(one.user_id)
    assert turns(agents, count) == expected


def seats_of(agents: list[Agent]) -> list[Seat]:
    return [Seat(one.memberships["dp"].position, one.user_id, standing(one, "dp") == "eligible") for one in agents]


def test_who_did_not_start_a_chat_is_passed_over_for_it_alone() -> None:
    agents = [agent("A", 1), agent("B", 2), agent("C", 3)]
    first, second = waiting(2)
    made = decide([replace(first, not_started_by=("A",)), second], Order(seats_of(agents), True), agents)
    assert [one.agent_id for one in made] == ["B", "C"]
    assert [(one.agent_id, one.outcome) for one in made[0].receipt.candidates] == [
        ("A", "did_not_start"),
        ("B", "chosen"),
    ]
    assert made[0].chat.not_started_by == ("A",) and made[0].cycle_of == ()


def test_when_everybody_had_it_the_cycle_begins_again_with_the_next_in_turn() -> None:
    agents = [agent("A", 1), agent("B", 2), agent("C", 3, presence="paused")]
    (chat,) = waiting(1)
    (made,) = decide([replace(chat, not_started_by=("A", "B"), cycles=1)], Order(seats_of(agents), True), agents)
    assert (made.agent_id, made.cycle_of, made.chat.cycles, made.chat.not_started_by) == ("A", ("A", "B"), 2, ())


def test_a_whole_cycle_overflows_where_the_department_has_another() -> None:
    agents = [agent("A", 1)]
    (chat,) = waiting(1)
    chat = replace(chat, not_started_by=("A",))
    overflowing = replace(DEPARTMENT, overflow_after_s=120, overflow_department_id="other")
    everybody = {"A": agents[0]}
    decided = take_turns([chat], Order(seats_of(agents), True), everybody, overflowing, 7, None, "queued", NOW)
    assert (decided.assignments, decided.overflows) == ((), chat)
    alone = replace(overflowing, overflow_department_id=None)
    decided = take_turns([chat], Order(seats_of(agents), True), everybody, alone, 7, None, "queued", NOW)
    assert [one.agent_id for one in decided.assignments] == ["A"]


def test_a_part_of_the_circle_says_nothing_about_the_cycle() -> None:
    agents = [agent("A", 1)]
    (chat,) = waiting(1)
    chat = replace(chat, not_started_by=("A",))
    assert not decide([chat], Order(seats_of(agents), whole=False), agents)
    assert decide([chat], Order(seats_of(agents), whole=False, nobody_else=True), agents)


def test_fifty_who_did_not_start_are_a_cycle_however_many_others_there_are() -> None:
    agents = [agent("A", 1), agent("B", 2)]
    (chat,) = waiting(1)
    had = (*(f"P{n}" for n in range(MAX_NOT_STARTED - 1)), "A")
    (made,) = decide([replace(chat, not_started_by=had)], Order(seats_of(agents), True), agents)
    assert (made.agent_id, made.chat.cycles) == ("A", 1)


def test_the_last_agent_comes_first_without_moving_the_turn_where_the_department_wants_it() -> None:
    agents = [agent("A", 1), agent("B", 2), agent("C", 3, cap=1)]
    chats = [replace(one, preferred_agent_id="C") for one in waiting(3)]
    first = replace(DEPARTMENT, last_agent_first=True)
    made = decide(chats, Order(seats_of(agents), True), agents, 5, first)
    assert [(one.agent_id, one.receipt.turn) for one in made] == [("C", 5), ("A", 6), ("B", 7)]
    assert made[0].receipt.cause == "last_agent"
    assert [one.agent_id for one in decide(chats, Order(seats_of(agents), True), agents)] == ["A", "B", "C"]
