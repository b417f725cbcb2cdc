"""Every route, by itself: without credentials, with every role, with missing and other scopes, with foreign and
malformed ids.

Each test walks all routes in one account and tells every route that failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec

from recado.api.calls import Route
from recado.api.resources import routes
from recado.bootstrap import Container
from recado.domain.access import Caller
from recado.domain.chats import Author, Chat, Message, Thread, ThreadKey
from recado.domain.ids import make_id
from recado.domain.scopes import SCOPES
from recado.storage.chat_records import ChatRecord, MessageRecord, ThreadRecord
from tests.api.conftest import Api, Company, api_token

BROKEN = "{"
"""A body that would be refused with 400 if it were read: 401, 403 and 404 come before."""
GUARDED = [route for route in routes() if not route.rule.public]
ROLES = ("admin", "agent", "restricted")


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


def own_ids(route: Route, company: Company) -> dict[str, str]:
    """Ids under the company's account: of real objects where there are some at once, else of none."""
    real = {"us": company.users["agent"].id, "dp": company.department.id}
    texts = {step[1:-1]: "text" for step in route.path.split("/") if step.startswith("{")}
    of_kind = {
        parameter: real.get(kind) or make_id(kind, company.a, company.account.created_at, "0" * 16)
        for parameter, kind in route.kinds.items()
    }
    return {**texts, **of_kind}


def with_wrong_ids(route: Route, company: Company, other: Company) -> Iterator[str]:
    """The path with each id in turn foreign, of another kind, or malformed."""
    own, foreign = own_ids(route, company), own_ids(route, other)
    for parameter, kind in route.kinds.items():
        mine = own[parameter]
        other_kind = ("us" if kind != "us" else "dp") + mine[2:]
        for wrong in (
            foreign[parameter],
            other_kind,
            "x",
            mine.upper(),
            mine + "0",
            "%00",
            "..%2F" + mine,
            "{" + parameter + "}",
        ):
            yield route.path.format(**{**own, parameter: wrong})


def allowed_role(route: Route) -> str:
    return next(role for role in ROLES if role in route.rule.roles)


def test_each_route_tells_what_it_does() -> None:
    assert len(GUARDED) > 20
    undocumented = [name(route) for route in routes() if not (route.function.__doc__ or "").strip()]
    silent = [name(route) for route in routes() if route.answers is None and route.status != 204]
    assert (undocumented, silent) == ([], [])


def test_nobody_comes_in_without_credentials(api: Api, company: Company) -> None:
    failed = []
    for route in GUARDED:
        path = route.path.format(**own_ids(route, company))
        answers = [api.call(route.method, path, BROKEN, token=token) for token in (None, company.admin + "x")]
        failed += [name(route) for answer in answers if answer.status != 401]
    assert failed == []


def test_only_the_roles_of_the_rule_come_in(api: Api, company: Company) -> None:
    failed = []
    for route in GUARDED:
        path = route.path.format(**{**own_ids(route, company), **dict.fromkeys(route.kinds, "x")})
        for role in ROLES:
            if role in route.rule.roles and not route.kinds:
                continue  # nothing would stop it: the tests of the resource show that it works
            answer = api.call(route.method, path, BROKEN, token=company.tokens[role])
            expected = (404, "not_found") if role in route.rule.roles else (403, "role_not_allowed")
            if (answer.status, answer.json["code"]) != expected:
                failed.append(f"{name(route)} as {role}: {answer.status}")
    assert failed == []


def test_an_api_token_needs_the_scope(api: Api, company: Company, services: Container) -> None:
    failed = []
    bare = api_token(services, company, [])
    every_but = {
        left_out: api_token(services, company, [one for one in SCOPES if one != left_out])
        for left_out in (*SCOPES, None)
    }
    for route in GUARDED:
        path = route.path.format(**own_ids(route, company))
        expected = (403, "session_required" if route.rule.scope is None else "scope_missing")
        for token in (bare, every_but[route.rule.scope]):
            answer = api.call(route.method, path, BROKEN, token=token)
            if (answer.status, answer.json["code"]) != expected:
                failed.append(f"{name(route)}: {answer.status}")
    assert failed == []


def test_foreign_and_malformed_ids_are_nowhere(api: Api, company: Company, other_company: Company) -> None:
    failed = []
    for route in GUARDED:
        tokens = [company.tokens[allowed_role(route)], *([company.tokens["api"]] if route.rule.scope else [])]
        for path in with_wrong_ids(route, company, other_company):
            for token in tokens:
                answer = api.call(route.method, path, BROKEN, token=token)
                if (answer.status, answer.json["code"]) != (404, "not_found"):
                    failed.append(f"{route.method} {path}: {answer.status}")
    assert failed == []


def test_what_is_another_companys_answers_as_what_never_was(api: Api, company: Company, other_company: Company) -> None:
    failed = []
    for route in GUARDED:
        if not route.kinds or route.body is not None:
            continue
        token = company.tokens[allowed_role(route)]
        made_up = {
            parameter: make_id(kind, company.a, company.account.created_at, f"{number:f>16}")
            for number, (parameter, kind) in enumerate(route.kinds.items())
        }
        unknown = api.call(route.method, route.path.format(**{**own_ids(route, company), **made_up}), token=token)
        foreign = api.call(route.method, route.path.format(**own_ids(route, other_company)), token=token)
        if not (foreign.status == unknown.status == 404) or foreign.json["code"] != unknown.json["code"]:
            failed.append(f"{name(route)}: {foreign.status}, {unknown.status}")
    assert failed == []


def test_the_walk_meets_what_only_asks_by_post() -> None:
    assert "POST /v1/tasks/{task_id}/forecast" in {name(route) for route in GUARDED if route.body is None}


SECRET = "what the customer said in confidence"
OF_CHATS = {"ca", "ms", "ct"}
"""Kinds of ids that lead to what not everybody may see."""
ASKED = [route for route in GUARDED if OF_CHATS & set(route.kinds.values())]


def hidden_chats(services: Container, company: Company) -> list[tuple[Chat, str]]:
    """A chat in every situation with its message, which neither the agent nor the restricted user may see: of a
    department in which they have no part, served by the admin or by nobody."""
    a, now, ids = company.a, services.clock.now(), services.ids
    admin = company.users["admin"].id
    contact = services.contact_service.create(Caller(a, "admin", user_id=admin), {"name": "Maria"})["id"]
    made = []
    for number, situation in enumerate(("automatic", "queued", "in_service", "closed")):
        key = ThreadKey(ids.new("ch", a), f"+551198765432{number}")
        channel, department = key.channel_id, company.department.id
        chat = Chat(ids.new("ca", a), contact, channel, "whatsapp", key, department, situation, now, 1, queued_at=now)  # type: ignore[arg-type]
        if situation in ("in_service", "closed"):
            chat = replace(chat, agent_id=admin, assigned_at=now, started_at=now)
        open_chat_id = chat.id
        if situation == "closed":
            chat, open_chat_id = replace(chat, closed_at=now, last_seq=1), ""
        author, message_id = Author("contact", contact), ids.new("ms", a)
        said = Message(
            message_id, chat.id, contact, key, 1, "inbound", "text", SECRET, "received", author, now, now
        )  # fmt: skip
        ChatRecord.of_chat(a, chat).save()
        ThreadRecord.of_thread(a, Thread(key, contact, 1, open_chat_id or None, now, now, SECRET, 1)).save()
        MessageRecord.of_message(a, said).save()
        made.append((chat, message_id))
    return made


def sample_body(route: Route, company: Company) -> dict[str, Any] | None:
    """A body that the route takes: its required fields, and those without which it would do nothing."""
    if route.body is None:
        return None
    given = {"text": "x", "agent_id": company.users["admin"].id}
    values = ("x", company.department.id, 1, True, [], {}, ["x"], "2026-03-02T12:00:00Z", "requested")
    body: dict[str, Any] = {}
    for one in msgspec.structs.fields(route.body):
        if one.encode_name in given:
            body[one.encode_name] = given[one.encode_name]
        elif one.required:
            fitting = [value for value in values if _fits(value, one.type)]
            assert fitting, f"{name(route)}: no sample of {one.encode_name}"
            body[one.encode_name] = fitting[0]
    return body


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def test_what_the_caller_may_not_see_answers_as_what_never_was(api: Api, company: Company, services: Container) -> None:
    """Whatever route comes to be: with the id of a chat or a message it is 404 for who may not see it, word for word
    as for an id that never was; with a contact's it tells no chat; of contacts the restricted learn nothing."""
    failed = []
    hidden = hidden_chats(services, company)
    before = [services.chats.chat(company.a, chat.id) for chat, _ in hidden]
    for route in ASKED:
        for chat, message_id in hidden:
            real = {"ca": chat.id, "ms": message_id, "ct": chat.contact_id}
            never = {parameter: own for parameter, own in own_ids(route, company).items() if parameter in route.kinds}
            ids = {one: real.get(kind, never[one]) for one, kind in route.kinds.items()}
            texts = {one: "text" for one in own_ids(route, company) if one not in route.kinds}
            for role in ("agent", "restricted"):
                token, body = company.tokens[role], sample_body(route, company)
                answer = api.call(route.method, route.path.format(**ids, **texts), body, token=token)
                told = f"{name(route)} as {role}, {chat.situation}: {answer.status} {answer.text}"
                if chat.id in answer.text or message_id in answer.text or SECRET in answer.text:
                    failed.append(told)
                if role not in route.rule.roles:
                    failed += [told] if answer.status != 403 else []
                elif "ca" in route.kinds.values() or "ms" in route.kinds.values():
                    unknown = api.call(route.method, route.path.format(**never, **texts), body, token=token)
                    same = (answer.status, answer.json) == (unknown.status, unknown.json)
                    failed += [] if same and answer.status == 404 else [told]
                elif role == "restricted":
                    failed.append(f"{name(route)} is open to the restricted")
    assert failed == []
    assert [services.chats.chat(company.a, chat.id) for chat, _ in hidden] == before


def test_the_walk_meets_the_routes_of_chats() -> None:
    assert {"GET /v1/chats/{chat_id}", "POST /v1/chats/{chat_id}/messages"} <= {name(route) for route in ASKED}
