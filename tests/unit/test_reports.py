"""What a fact counts for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recado.domain.chats import Author
from recado.domain.reports import FIGURES, Counter, DayFigures, counted, day_of, summed, total
from recado.storage.counters import CountRecord
from tests.chat_histories import assigned, chat_of, closed, origin, told, waiting

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
QUEUED = chat_of(1, NOON)
SERVED = assigned(QUEUED, "us_1", NOON + timedelta(seconds=90))


def figures(event: dict[str, Any]) -> dict[str, dict[str, int]]:
    """What an event counts for, by whom."""
    found: dict[str, dict[str, int]] = {}
    for _, one, name, amount in counted(event):
        assert name not in found.setdefault(one, {}), "counted twice"
        found[one][name] = amount
    return found


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_an_opening_counts_once_although_it_is_told_as_started_and_as_queued() -> None:
    assert figures(told(1, "chat.started", QUEUED, NOON)) == {"dp_1": {"opened": 1}, "ch_1": {"opened": 1}}
    assert figures(told(2, "chat.queued", QUEUED, NOON)) == {}


def test_an_assignment_counts_how_long_the_customer_waited() -> None:
    one = {"assigned": 1, "waiting_s": 90, "waiting_n": 1}
    assert figures(told(1, "chat.assigned", SERVED, after(90))) == {"us_1": one, "dp_1": one, "ch_1": one}


def test_a_chat_passed_on_by_nobody_waited_since_it_came() -> None:
    again = assigned(waiting(SERVED, "dp_1"), "us_2", after(300))
    assert figures(told(1, "chat.assigned", again, after(300)))["us_2"]["waiting_s"] == 300


def test_a_transfer_to_an_agent_is_no_waiting_and_counts_in_once() -> None:
    given_on = assigned(SERVED, "us_2", after(200))
    data = {"from": origin(SERVED)}
    assert figures(told(1, "chat.transferred", given_on, after(200), **data)) == {
        "us_1": {"transferred_out": 1},
        "us_2": {"transferred_in": 1},
    }
    assert figures(told(2, "chat.assigned", given_on, after(200), **data)) == {
        one: {"assigned": 1} for one in ("us_2", "dp_1", "ch_1")
    }


def test_a_waiting_chat_given_to_an_agent_by_hand_did_wait() -> None:
    given_on = assigned(QUEUED, "us_2", after(40))
    found = figures(told(1, "chat.assigned", given_on, after(40), **{"from": origin(QUEUED)}))
    assert found["us_2"] == {"assigned": 1, "waiting_s": 40, "waiting_n": 1}


def test_a_transfer_to_another_department_leaves_one_and_reaches_the_other() -> None:
    moved = waiting(SERVED, "dp_2", queued_at=after(200))
    data = {"from": origin(SERVED)}
    assert figures(told(1, "chat.transferred", moved, after(200), **data)) == {
        "us_1": {"transferred_out": 1},
        "dp_1": {"transferred_out": 1},
        "dp_2": {"transferred_in": 1},
    }
    assert figures(told(2, "chat.queued", moved, after(200), **data)) == {}


def test_who_did_not_start_is_named_by_where_the_chat_came_from() -> None:
    back = waiting(SERVED, "dp_1")
    event = told(1, "chat.queued", back, after(210), cause="not_started", **{"from": origin(SERVED)})
    assert figures(event) == {one: {"not_started": 1} for one in ("us_1", "dp_1", "ch_1")}
    assert figures(told(2, "chat.queued", back, after(210), cause="agent_gone", **{"from": origin(SERVED)})) == {}


def test_a_first_answer_is_of_who_wrote_it() -> None:
    event = told(1, "chat.answered", SERVED, after(100), Author("user", "us_9"), first_answer_s=100.4)
    one = {"answered": 1, "first_answer_s": 100, "first_answer_n": 1}
    assert figures(event) == {"us_9": one, "dp_1": one, "ch_1": one}
    by_flow = told(2, "chat.answered", SERVED, after(100), Author("flow", "fl_1"), first_answer_s=1)
    assert set(figures(by_flow)) == {"dp_1", "ch_1"}


def test_a_close_counts_the_whole_time_and_the_time_in_the_last_hands() -> None:
    one = {"closed": 1, "duration_s": 600, "duration_n": 1, "handling_s": 510, "handling_n": 1}
    event = told(1, "chat.closed", closed(SERVED, after(600)), after(600))
    assert figures(event) == {"us_1": one, "dp_1": one, "ch_1": one}


def test_a_chat_closed_out_of_the_queue_was_handled_by_nobody() -> None:
    event = told(1, "chat.closed", closed(QUEUED, after(30)), after(30))
    one = {"closed": 1, "duration_s": 30, "duration_n": 1}
    assert figures(event) == {"dp_1": one, "ch_1": one}


@pytest.mark.parametrize("cause", ["nobody_reached", "nobody_answered"])
def test_a_chat_in_which_no_customer_wrote_lasted_no_time(cause: str) -> None:
    event = told(1, "chat.closed", closed(SERVED, after(86_400)), after(86_400), cause=cause)
    assert figures(event) == {"us_1": {"closed": 1}, "dp_1": {"closed": 1}, "ch_1": {"closed": 1}}


def test_a_reopened_chat_lasts_since_it_was_reopened() -> None:
    again = replace(QUEUED, reopened_at=after(1_000), queued_at=after(1_000))
    assert figures(told(1, "chat.reopened", again, after(1_000))) == {"dp_1": {"reopened": 1}, "ch_1": {"reopened": 1}}
    event = told(2, "chat.closed", closed(again, after(1_030)), after(1_030))
    assert figures(event)["dp_1"] == {"closed": 1, "duration_s": 30, "duration_n": 1}


@pytest.mark.parametrize("began", ["opened_at", "reopened_at"])
def test_who_opens_a_chat_in_their_own_hands_lets_nobody_wait(began: str) -> None:
    at = after(500)
    one = assigned(replace(QUEUED, **{began: at}, queued_at=at), "us_1", at)  # type: ignore[arg-type]
    assert figures(told(1, "chat.assigned", one, at))["us_1"] == {"assigned": 1}


def test_clocks_that_disagree_make_no_time_negative() -> None:
    early = assigned(QUEUED, "us_1", after(-3))
    assert figures(told(1, "chat.assigned", early, NOON))["us_1"]["waiting_s"] == 0


def test_other_facts_count_for_nothing() -> None:
    for kind in ("chat.assumed", "message.received", "message.sent", "contact.created", "workflow.step_changed"):
        assert counted(told(1, kind, SERVED, NOON)) == []


def test_the_day_is_that_of_the_accounts_calendar() -> None:
    late = told(1, "chat.started", QUEUED, datetime(2026, 3, 3, 2, 59, 59, 999_000, tzinfo=UTC))
    early = told(2, "chat.started", QUEUED, datetime(2026, 3, 3, 3, 0, tzinfo=UTC))
    zone = ZoneInfo("America/Sao_Paulo")
    assert [day_of(one, zone) for one in (late, early)] == [date(2026, 3, 2), date(2026, 3, 3)]
    assert day_of(late, UTC) == date(2026, 3, 3)
    assert summed([late, early, early], zone) == {
        Counter(kind, one, date(2026, 3, day)): {"opened": amount}  # type: ignore[arg-type]
        for kind, one in (("department", "dp_1"), ("channel", "ch_1"))
        for day, amount in ((2, 1), (3, 2))
    }


def test_totals_name_every_figure() -> None:
    days = [DayFigures(date(2026, 3, day), {"opened": day, "waiting_s": 5}) for day in (1, 2)]
    assert total(days) == {**dict.fromkeys(FIGURES, 0), "opened": 3, "waiting_s": 10}
    assert set(FIGURES) <= set(CountRecord.get_attributes())


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
names = st.sampled_from(
    ("agent_id", "department_id", "channel_id", "opened_at", "queued_at", "assigned_at", "closed_at", "from", "cause",
     "first_answer_s", "reopened_at")
)  # fmt: skip
values = anything | st.sampled_from(("2026-03-02T12:00:00.000Z", "0001-01-01T00:00:00+14:00", "2026-03-02", "us_1"))
types = st.sampled_from(
    (
        "chat.started",
        "chat.queued",
        "chat.assigned",
        "chat.transferred",
        "chat.answered",
        "chat.closed",
        "chat.reopened",
    )
)
broken = st.fixed_dictionaries(
    {"type": types, "data": anything | st.dictionaries(names, values), "actor": anything, "timestamp": values}
)


@given(broken)
def test_nothing_that_a_fact_may_hold_stops_the_counting(event: dict[str, Any]) -> None:
    for zone in (UTC, ZoneInfo("Pacific/Kiritimati"), ZoneInfo("America/Sao_Paulo")):
        for figures_of_one in summed([event], zone).values():
            assert set(figures_of_one) <= set(FIGURES)
            assert all(0 <= amount < 10**12 for amount in figures_of_one.values())


def test_the_worked_example_of_the_docs() -> None:
    def at(clock: str) -> datetime:
        return datetime.fromisoformat(f"2026-03-02T{clock}-03:00").astimezone(UTC)

    opened = chat_of(1, at("09:00:00"), "Suporte")
    with_ana = assigned(opened, "Ana", at("09:01:30"))
    back = waiting(with_ana, "Suporte")
    with_bruno = assigned(back, "Bruno", at("09:04:00"))
    with_carla = assigned(with_bruno, "Carla", at("09:10:00"))
    over = closed(with_carla, at("09:30:00"))
    bruno, passed, handed = Author("user", "Bruno"), {"from": origin(with_ana)}, {"from": origin(with_bruno)}
    events = [
        told(1, "chat.started", opened, at("09:00:00")),
        told(2, "chat.queued", opened, at("09:00:00")),
        told(3, "chat.assigned", with_ana, at("09:01:30")),
        told(4, "chat.queued", back, at("09:03:30"), cause="not_started", **passed),
        told(5, "chat.assigned", with_bruno, at("09:04:00")),
        told(6, "chat.answered", with_bruno, at("09:05:00"), bruno, first_answer_s=300.0),
        told(7, "chat.transferred", with_carla, at("09:10:00"), bruno, **handed),
        told(8, "chat.assigned", with_carla, at("09:10:00"), bruno, **handed),
        told(9, "chat.closed", over, at("09:30:00"), Author("user", "Carla")),
    ]
    ends = {"closed": 1, "duration_s": 1_800, "duration_n": 1, "handling_s": 1_200, "handling_n": 1}
    answers = {"answered": 1, "first_answer_s": 300, "first_answer_n": 1}
    sums = {counter.id: amounts for counter, amounts in summed(events, ZoneInfo("America/Sao_Paulo")).items()}
    assert sums.pop("ch_1") == sums["Suporte"]
    assert sums == {
        "Ana": {"assigned": 1, "waiting_s": 90, "waiting_n": 1, "not_started": 1},
        "Bruno": {"assigned": 1, "waiting_s": 240, "waiting_n": 1, "transferred_out": 1, **answers},
        "Carla": {"assigned": 1, "transferred_in": 1, **ends},
        "Suporte": {
            "opened": 1, "assigned": 3, "waiting_s": 330, "waiting_n": 2, "not_started": 1, **answers, **ends
        },
    }  # fmt: skip
