"""Every role, relation, mode and situation through the API: what must not be known is not found, in lists as by its
id; what may be seen may be done as far as the product says (tests/access_table.py)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from recado.bootstrap import Container
from tests.access_table import MODES, RELATIONS, SITUATIONS, Case, cases
from tests.access_world import SECRET, AccessWorld, make_access_world
from tests.api.conftest import Answered, Api

OPEN = ("automatic", "queued", "given", "started")
# Where a role leaves relations no say, some stand for all of them; tests/unit/test_access_matrix.py has them all.
ASKED = {
    "admin": ("nobody",),
    "token": ("nobody",),
    "agent": RELATIONS,
    "restricted": ("own", "served", "served_member", "both", "linked", "nobody"),
}
CASES = [case for case in cases() if case.relation in ASKED[case.role]]


@pytest.fixture
def world(services: Container) -> AccessWorld:
    """Thousands of calls in a world where neither callers nor departments change: each of those is read once."""
    made = make_access_world(services)
    services.authentication.caller = cache(services.authentication.caller)  # type: ignore[method-assign]
    services.departments.all = cache(services.departments.all)  # type: ignore[method-assign]
    return made


def test_the_cases_are_all() -> None:
    kinds = len(MODES) * len(SITUATIONS)
    assert len(CASES) == kinds * (len(RELATIONS) + 6 + 2) == 360


def test_everybody_can_do_with_a_chat_what_the_table_says(api: Api, world: AccessWorld) -> None:
    """All in one world: building it is what takes time."""
    wrong = [f"{case}: {said}" for case in CASES for said in _complaints(api, world, case)]
    assert wrong == []


def _complaints(api: Api, world: AccessWorld, case: Case) -> Iterator[str]:
    chat, token, may = world.chat(case), world.token(case), case.may
    path = f"/v1/chats/{chat.id}"
    for method, there, body, expected in (
        ("GET", "", None, (200,)),
        ("GET", "/messages", None, (200,)),
        ("GET", "/assignments", None, (200,)),
        ("POST", "/messages", {"text": "olá"}, _expected(case, "answers", 201)),
        ("POST", "/messages", {"text": "nota", "internal": True}, _expected(case, "notes", 201)),
        ("POST", "/assume", {}, _expected_of_assume(case)),
        ("POST", "/transfer", {"agent_id": world.colleague}, _expected(case, "acts", 200)),
        ("POST", "/transfer", {"department_id": world.elsewhere}, _expected(case, "acts", 200)),
        ("POST", "/close", {}, _expected(case, "acts", 200)),
    ):
        if method == "POST" and case.mode != "agent":
            continue  # the mode decides what is seen, not what may be done with it
        answer = api.call(method, path + there, body, token=token)
        said = f"{method} {there or '/'} {body}: {answer.status} {answer.json.get('code')}"
        if "sees" not in may and not _tells_nothing(answer, chat.id):
            yield f"{said}, is told of it"
        if "sees" in may and answer.status not in expected:
            yield f"{said}, expected {expected}"
        if answer.status < 300 and method == "POST":
            world.restore(chat)
        elif world.stored(chat) != chat:
            yield f"{said}, and yet it moved"


def _expected(case: Case, right: str, done: int) -> tuple[int, ...]:
    """A closed chat is a conflict, told to whoever sees it; without the right it may be 403 before."""
    if right not in case.may:
        return (403,) if case.situation in OPEN else (403, 409)
    return (done,) if case.situation in OPEN else (409,)


def _expected_of_assume(case: Case) -> tuple[int, ...]:
    """Whoever sees a waiting chat takes it, but for who only served it once; one that somebody has is theirs to start
    alone."""
    if case.situation in ("automatic", "queued"):
        return (200,) if "notes" in case.may else (403,)
    served = case.situation in ("given", "started")
    own = case.relation.startswith("own") and case.role in ("agent", "restricted")
    return (200,) if served and own else (409,)


def _tells_nothing(answer: Answered, chat_id: str) -> bool:
    return (answer.status, answer.json["code"]) == (404, "not_found") and not _told(answer, chat_id)


def _told(answer: Answered, chat_id: str) -> bool:
    return chat_id in answer.text or SECRET in answer.text


def test_lists_hold_exactly_what_is_visible(api: Api, world: AccessWorld) -> None:
    server = world.users["agent", "server"]
    for role, relation in sorted(world.tokens):
        if relation not in ASKED[role]:
            continue
        visible = _visible(world, role, relation)
        for query, wanted in (
            ("", visible),
            ("situation=closed&", {one for one in visible if _chat(world, one).situation == "closed"}),
            (f"agent_id={server}&", {one for one in visible if _chat(world, one).agent_id == server}),
        ):
            told = _listed(api, world, role, relation, f"/v1/chats?{query}")
            assert told == sorted(wanted), (role, relation, query)
        _check_contact(api, world, role, relation, sorted(visible))


def _check_contact(api: Api, world: AccessWorld, role: str, relation: str, visible: list[str]) -> None:
    """A contact's chats and timeline hold no more than the lists; the restricted have no contacts."""
    token, path = world.tokens[role, relation], f"/v1/contacts/{world.contact_id}"
    if role == "restricted":
        assert [api.get(path + rest, token=token).status for rest in ("", "/chats", "/timeline")] == [403] * 3
        return
    assert _listed(api, world, role, relation, f"{path}/chats?") == visible, (role, relation)
    entries = _pages(api, token, f"{path}/timeline?")
    assert sorted(one["data"]["id"] for one in entries if one["type"] == "chat.assigned") == visible


def _chat(world: AccessWorld, chat_id: str) -> Any:
    return next(chat for chat in world.chats.values() if chat.id == chat_id)


def _visible(world: AccessWorld, role: str, relation: str) -> set[str]:
    """The chats that the table lets this caller see: of each chat, their relation to it decides."""
    mine = world.users.get((role, relation), "")
    seen = set()
    for (mode, situation, server), chat in world.chats.items():
        served_by_other = server and server != mine
        to_it = relation
        if served_by_other and relation.startswith("own"):
            to_it = {"own": "nobody", "own_member": "member"}[relation]
        elif served_by_other and relation == "linked" and server != world.users["agent", "server"]:
            to_it = "nobody"
        if "sees" in Case(role, mode, situation, to_it).may:
            seen.add(chat.id)
    return seen


def _listed(api: Api, world: AccessWorld, role: str, relation: str, path: str) -> list[str]:
    return sorted(one["id"] for one in _pages(api, world.tokens[role, relation], path))


def _pages(api: Api, token: str, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = api.get(f"{path}limit=100{cursor}", token=token)
        assert answer.status == 200, answer.text
        items += answer.json["items"]
        if answer.json["next"] is None:
            return items
        cursor = f"&after={answer.json['next']}"
