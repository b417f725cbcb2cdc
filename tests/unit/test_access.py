"""Who sees and answers which chat (B4): every combination against the rules as they are written in the product."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from recado.domain.access import Caller, can_answer_chat, can_note_chat, can_see_chat
from recado.domain.chats import Chat, ThreadKey
from recado.domain.people import Membership

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def chat(situation: Any, agent_id: str | None, started: bool) -> Chat:
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
        agent_id=agent_id,
        started_at=NOW if started else None,
    )


def caller(role: Any, place: str) -> Caller:
    memberships = {
        "member": {"dp": Membership(1, True, False)},
        "unavailable": {"dp": Membership(1, True, False, True)},
        "supervisor": {"dp": Membership(1, False, True)},
        "elsewhere": {"other": Membership(1, True, True)},
    }[place]
    return Caller("accounta", role, user_id="me", memberships=memberships)


CHATS = [
    chat(situation, agent_id, started)
    for situation, agent_id, started in product(
        ("automatic", "queued", "in_service", "closed"), (None, "me", "other"), (False, True)
    )
]
PLACES = ("member", "unavailable", "supervisor", "elsewhere")


@pytest.mark.parametrize("access", ["everyone", "department", "agent"])
@pytest.mark.parametrize("one", CHATS)
@pytest.mark.parametrize("place", PLACES)
def test_what_an_agent_sees(place: str, one: Chat, access: Any) -> None:
    closed, mine, inside = one.situation == "closed", one.agent_id == "me", place != "elsewhere"
    expected = {
        "everyone": mine or inside or closed,
        "department": mine or inside,
        "agent": mine or place == "supervisor" or (inside and not closed and one.started_at is None),
    }[access]
    assert can_see_chat(caller("agent", place), one, access) == expected


@pytest.mark.parametrize("access", ["everyone", "department", "agent"])
@pytest.mark.parametrize("one", CHATS)
@pytest.mark.parametrize("place", PLACES)
def test_admins_see_all_and_the_restricted_only_their_own(place: str, one: Chat, access: Any) -> None:
    assert can_see_chat(caller("admin", place), one, access)
    assert can_see_chat(Caller("accounta", "admin", token_id="tk"), one, access)
    assert can_see_chat(caller("restricted", place), one, access) == (one.agent_id == "me")


@pytest.mark.parametrize("one", CHATS)
@pytest.mark.parametrize("place", PLACES)
def test_who_answers(place: str, one: Chat) -> None:
    mine = one.agent_id == "me"
    assert can_answer_chat(caller("agent", place), one) == (mine or place == "supervisor")
    assert can_answer_chat(caller("restricted", place), one) == mine
    assert can_answer_chat(caller("admin", place), one)
    assert can_note_chat(caller("agent", place), one) == (mine or place != "elsewhere")
    assert can_note_chat(caller("restricted", place), one) == mine


def test_a_token_without_a_user_serves_nobody() -> None:
    assert not can_answer_chat(Caller("accounta", "agent", token_id="tk"), chat("queued", None, False))
