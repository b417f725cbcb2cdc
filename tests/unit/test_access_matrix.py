"""Who sees, notes, answers and moves which chat: every combination against the table written from the product."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from recado.domain.access import Caller, can_answer_chat, can_note_chat, can_see_chat, supervises
from recado.domain.chats import Chat, ThreadKey
from recado.domain.people import Membership
from tests.access_table import MODES, RELATIONS, ROLES, SITUATIONS, Case, cases

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CASES = list(cases())
PLACES = {
    "own_member": {"dp": Membership(1, True, False)},
    "served_member": {"dp": Membership(1, True, False)},
    "member": {"dp": Membership(1, True, False)},
    "unavailable": {"dp": Membership(1, True, False, True)},
    "supervisor": {"dp": Membership(1, False, True)},
    "both": {"dp": Membership(1, True, True)},
    "elsewhere": {"other": Membership(1, True, True)},
}
LINKS = {"linked": frozenset({"server"}), "linked_elsewhere": frozenset({"somebody"})}


def chat_of(case: Case) -> Chat:
    """A chat in the case's situation; the caller serves it where that is their relation and somebody does."""
    served = case.situation in ("given", "started", "closed")
    situation: Any = {"given": "in_service", "started": "in_service", "dropped": "closed"}.get(
        case.situation, case.situation
    )
    return Chat(
        "ca",
        "ct",
        "ch",
        "whatsapp",
        ThreadKey("ch", "x"),
        "dp",
        situation,
        NOW,
        1,
        agent_id=("me" if case.relation.startswith("own") else "server") if served else None,
        started_at=NOW if case.situation in ("started", "closed") else None,
        served_by=("somebody", "me", "server") if case.relation.startswith("served") else ("somebody",),
    )


def caller_of(case: Case) -> Caller:
    token = case.role == "token"
    role: Any = "admin" if token else case.role
    return Caller(
        "accounta",
        role,
        user_id="me",
        token_id="tk" if token else None,
        memberships=PLACES.get(case.relation, {}),
        supervised=LINKS.get(case.relation, frozenset()),
    )


def what_the_code_says(case: Case) -> set[str]:
    caller, chat = caller_of(case), chat_of(case)
    mode: Any = case.mode
    if not can_see_chat(caller, chat, mode):
        return set()
    answers = {"answers", "acts"} if can_answer_chat(caller, chat) else set()
    return {"sees", *(["notes"] if can_note_chat(caller, chat) else []), *answers}


def test_the_table_is_whole() -> None:
    assert len(CASES) == len(set(CASES)) == 4 * 3 * 6 * 12
    assert len(ROLES) * len(MODES) * len(SITUATIONS) * len(RELATIONS) == len(CASES)
    allowed = [sum(right in case.may for case in CASES) for right in ("sees", "notes", "answers", "acts")]
    assert sorted(allowed, reverse=True) == allowed and allowed[-1] > 0


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("mode", MODES)
def test_each_combination_is_as_the_product_says(role: str, mode: str) -> None:
    wrong = [
        (case, sorted(what_the_code_says(case)), sorted(case.may))
        for case in CASES
        if (case.role, case.mode) == (role, mode) and what_the_code_says(case) != case.may
    ]
    assert wrong == []


def test_who_may_answer_sees_the_chat_under_every_mode() -> None:
    """The gate asks first whether it is seen: a right to answer must never hang on the mode."""
    for case in CASES:
        mode: Any = case.mode
        if can_answer_chat(caller_of(case), chat_of(case)):
            assert can_see_chat(caller_of(case), chat_of(case), mode), case


def test_a_token_without_a_user_serves_nobody() -> None:
    waiting = chat_of(Case("token", "department", "queued", "nobody"))
    assert not can_answer_chat(Caller("accounta", "agent", token_id="tk"), waiting)
    assert not can_answer_chat(Caller("accounta", "agent", token_id="tk", supervised=frozenset({"server"})), waiting)


def test_a_restricted_user_supervises_nothing() -> None:
    assert supervises(Caller("accounta", "agent", memberships=PLACES["supervisor"]), "dp")
    assert not supervises(Caller("accounta", "restricted", memberships=PLACES["supervisor"]), "dp")
