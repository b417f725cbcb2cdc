"""How a chat opens, and what becomes of a run of messages, as pure decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recado.domain.chats import Chat, Thread, ThreadKey
from recado.domain.intake import NOTHING_READ, Arrival, Intake, Place, take_in
from recado.domain.messages import Sender
from recado.domain.openings import Opening, opening
from recado.domain.people import Department, Reopening, ReopenRule

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEY = ThreadKey("ch_1", "+5511987654321")
HERE = Department("dp_1", "Vendas", "department", NOW)
LAST = Chat("ca_0", "ct_1", "ch_1", "whatsapp", KEY, "dp_1", "closed", NOW, 1, version=5, agent_id="us_1", last_seq=3)


def closed(hours_ago: float) -> Chat:
    return replace(LAST, closed_at=NOW - timedelta(hours=hours_ago))


def run(kinds: Sequence[str], how: Opening, seen: Thread | None = None) -> Intake:
    """An intake of messages: `text` and other kinds of the customer's, or an `echo`."""
    numbers = count(1)
    place = Place("accounta", "ch_1", "whatsapp", "dp_1", lambda kind: f"{kind}_{next(numbers)}", NOW)
    arrivals = [
        Arrival(f"p{number}", Sender(KEY.sender), kind != "echo", "text" if kind == "echo" else kind, "x", {}, None,
                None, NOW)
        for number, kind in enumerate(kinds)
    ]  # fmt: skip
    return take_in(place, seen, KEY, "ct_1", arrivals, {}, None, how)


@given(
    policy=st.sampled_from(["always", "never", "within"]),
    within=st.one_of(st.none(), st.integers(1, 100)),
    hours=st.integers(0, 200),
    by_customer=st.booleans(),
    last_agent=st.booleans(),
    elsewhere=st.booleans(),
)
def test_a_chat_opens_again_where_both_departments_want_it(
    policy: Reopening, within: int | None, hours: int, by_customer: bool, last_agent: bool, elsewhere: bool
) -> None:
    """The channel's department says whether the customer may, the chat's own whether it still may be."""
    rule = ReopenRule(policy, within, by_customer)
    own = replace(HERE, id="dp_2", reopening=rule, last_agent_first=last_agent) if elsewhere else None
    here = replace(
        HERE, last_agent_first=last_agent, reopening=ReopenRule("always", None, by_customer) if elsewhere else rule
    )
    last = replace(closed(hours), department_id="dp_2" if elsewhere else "dp_1")
    found = opening(here, last, own or here, "ct_1", NOW)
    allowed = policy == "always" or (policy == "within" and within is not None and hours <= within)
    assert (found.reopens is last) is (by_customer and allowed)
    assert found.department is (own if found.reopens and own else here)
    assert found.preferred_agent_id == ("us_1" if last_agent else None)


@pytest.mark.parametrize(
    "last", [None, replace(closed(1), contact_id="ct_2"), replace(LAST, situation="queued", last_seq=None)]
)
def test_another_contacts_chat_or_an_open_one_counts_for_nothing(last: Chat | None) -> None:
    here = replace(HERE, last_agent_first=True, reopening=ReopenRule(by_customer=True))
    assert opening(here, last, here, "ct_1", NOW) == Opening(here)


def test_without_its_department_a_chat_opens_plainly() -> None:
    assert opening(None, closed(1), HERE, "ct_1", NOW) == NOTHING_READ


def test_a_chat_whose_own_department_is_gone_stays_closed() -> None:
    here = replace(HERE, reopening=ReopenRule(by_customer=True), last_agent_first=True)
    found = opening(here, replace(closed(1), department_id="dp_2"), None, "ct_1", NOW)
    assert (found.reopens, found.department, found.preferred_agent_id) == (None, here, "us_1")


@given(
    kinds=st.lists(st.sampled_from(["text", "image", "reaction", "system", "echo"]), min_size=1, max_size=12),
    reopens=st.booleans(),
    away=st.sampled_from([None, "", "Fechado."]),
    opened_before=st.booleans(),
)
@example(kinds=["text", "echo"], reopens=False, away="Fechado.", opened_before=False)
@example(kinds=["echo", "text"], reopens=True, away="Fechado.", opened_before=False)
def test_a_run_opens_at_most_one_chat_and_answers_at_most_once(
    kinds: list[str], reopens: bool, away: str | None, opened_before: bool
) -> None:
    seen = Thread(KEY, "ct_1", 7, open_chat_id="ca_9" if opened_before else None, last_chat_id="ca_0")
    how = Opening(HERE, closed(1) if reopens else None, "us_1", away)
    result = run(kinds, how, seen)
    first = next((at for at, kind in enumerate(kinds) if kind in ("text", "image")), None)
    opens = first is not None and not opened_before
    assert (result.opened is not None, result.reopened is not None) == (opens and not reopens, opens and reopens)
    chat_id = "ca_9" if opened_before else result.opens.id if result.opens else ""
    begun = 0 if opened_before else len(kinds) if first is None else first
    assert [one.chat_id for one in result.messages] == ["" if at < begun else chat_id for at in range(len(kinds))]
    answers = opens and bool(away) and "echo" not in kinds[begun:]
    assert (result.away is not None) is answers
    assert result.thread.last_seq == 7 + len(kinds) + answers
    assert result.answered is ("echo" in kinds)
    if result.away:
        assert (result.away.message.seq, result.away.out.seq) == (result.thread.last_seq,) * 2
        assert result.away.message.chat_id == chat_id
    if result.opened:
        assert result.opened.first_seq == 7 + begun + 1
        assert (result.opened.preferred_agent_id, result.opened.moved_at) == ("us_1", NOW)
    if result.reopened:
        after = result.reopened.after
        assert (after.situation, after.version, after.first_seq, after.moved_by) == ("queued", 6, 1, None)
        assert (after.last_seq, after.closed_at, after.agent_id) == (None, None, None)
        assert (after.preferred_agent_id, after.queued_at, after.moved_at) == ("us_1", NOW, NOW)
        assert result.reopened.thread is None, "the intake writes the thread itself"


def test_a_message_of_a_clock_ahead_stays_the_threads_last_time() -> None:
    ahead = NOW + timedelta(minutes=2)
    seen = Thread(KEY, "ct_1", 1, last_message_at=ahead)
    assert run(["text"], Opening(HERE, away="Fechado."), seen).thread.last_message_at == ahead
