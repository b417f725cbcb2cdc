"""/v1/users and their presence."""

from __future__ import annotations

from typing import Any

from recado.bootstrap import Container
from recado.domain.access import supervises
from tests.api.conftest import PASSWORD, Api, Company

ANA = {"name": "Ana", "email": "ana@one.example", "role": "agent", "max_chats": 3, "password": PASSWORD}


def make(api: Api, company: Company, **fields: Any) -> Any:
    return api.post("/v1/users", {**ANA, **fields}, token=company.admin)


def test_a_user_from_creation_to_deletion(api: Api, company: Company, services: Container) -> None:
    made = make(api, company)
    path = f"/v1/users/{made.json['id']}"
    assert made.status == 201
    assert made.json["presence"] == {"status": "unavailable", "reason": None, "connected": False, "load": 0}
    assert api.get(path, token=company.admin).json == made.json
    changed = api.patch(path, {"name": "Ana Maria", "max_chats": None}, token=company.admin)
    assert (changed.json["name"], changed.json["max_chats"], changed.json["email"]) == (
        "Ana Maria",
        None,
        "ana@one.example",
    )
    assert services.presence.get(company.a, made.json["id"])[0].cap is None
    token = api.post("/v1/sessions", {"email": "ana@one.example", "password": PASSWORD}).json["token"]
    assert api.delete(path, token=company.admin).status == 204
    assert api.get(path, token=company.admin).status == 404
    assert api.delete(path, token=company.admin).status == 404
    assert api.get("/v1/account", token=token).status == 401
    assert make(api, company).status == 201, "the e-mail is free again"


def test_an_email_is_of_one_user_in_the_whole_deployment(api: Api, company: Company, other_company: Company) -> None:
    for email in ("agent@one.example", "AGENT@two.example"):
        answer = make(api, company, email=email)
        assert (answer.status, answer.json["code"]) == (409, "email_taken")
    ana = make(api, company).json["id"]
    answer = api.patch(f"/v1/users/{ana}", {"email": "agent@two.example"}, token=company.admin)
    assert (answer.status, answer.json["code"]) == (409, "email_taken")
    assert api.patch(f"/v1/users/{ana}", {"email": "maria@one.example"}, token=company.admin).status == 200
    assert api.post("/v1/sessions", {"email": "ana@one.example", "password": PASSWORD}).status == 401
    assert api.post("/v1/sessions", {"email": "maria@one.example", "password": PASSWORD}).status == 201


def test_the_last_admin_stays(api: Api, company: Company) -> None:
    path = f"/v1/users/{company.users['admin'].id}"
    for answer in (
        api.delete(path, token=company.admin),
        api.patch(path, {"role": "agent"}, token=company.tokens["api"]),
    ):
        assert (answer.status, answer.json["code"]) == (409, "last_admin")
    other = make(api, company, role="admin").json["id"]
    assert api.patch(f"/v1/users/{other}", {"role": "agent"}, token=company.admin).status == 200
    assert api.delete(path, token=company.admin).json["code"] == "last_admin"


def test_the_token_of_who_is_no_admin_any_more_opens_nothing(api: Api, company: Company) -> None:
    make(api, company, role="admin")
    path = f"/v1/users/{company.users['admin'].id}"
    assert api.patch(path, {"role": "agent"}, token=company.admin).status == 200
    assert api.get("/v1/users", token=company.tokens["api"]).status == 401


def test_a_changed_role_holds_at_once(api: Api, company: Company) -> None:
    path, agent = f"/v1/users/{company.users['agent'].id}", company.tokens["agent"]
    assert api.post("/v1/users", ANA, token=agent).status == 403
    api.patch(path, {"role": "admin"}, token=company.admin)
    assert api.post("/v1/users", ANA, token=agent).status == 201
    api.patch(path, {"role": "agent"}, token=company.admin)
    assert api.post("/v1/users", {**ANA, "email": "bia@one.example"}, token=agent).status == 403
    assert api.post("/v1/api-tokens", {"name": "ERP", "scopes": ["people:write"]}, token=agent).status == 403
    api.patch(path, {"role": "restricted"}, token=company.admin)
    assert api.get("/v1/users", token=agent).status == 403


def test_a_membership_holds_at_once(api: Api, company: Company, services: Container) -> None:
    agent, department = company.users["agent"].id, company.department.id
    assert services.authentication.caller(company.tokens["agent"]).memberships == {}
    path = f"/v1/departments/{department}/members/{agent}"
    assert api.put(path, {"supervisor": True}, token=company.admin).status == 200
    assert supervises(services.authentication.caller(company.tokens["agent"]), department)
    assert api.delete(path, token=company.admin).status == 204
    assert not supervises(services.authentication.caller(company.tokens["agent"]), department)


def test_a_deleted_user_is_out_at_once_and_leaves_their_seat(
    api: Api, company: Company, services: Container, dynamodb: Any
) -> None:
    desk, user = company.tokens["agent"], company.users["agent"]
    phone = services.session_service.start(company.a, user).token
    assert api.get("/v1/account", token=desk).status == 200
    seats = [slot.user_id for slot in services.sessions.slots(company.a)]
    assert user.id in seats
    assert api.delete(f"/v1/users/{user.id}", token=company.admin).status == 204
    assert [api.get("/v1/account", token=token).status for token in (desk, phone)] == [401, 401]
    freed = [slot for slot in services.sessions.slots(company.a) if not slot.user_id]
    assert len(freed) == 1 and freed[0].sessions == () and freed[0].lease_until <= services.clock.now()
    left = [
        item["user_id"]["S"] for item in dynamodb.scan(TableName="workspace")["Items"] if "SESSION" in item["sk"]["S"]
    ]
    assert left and user.id not in left
    services.session_service.end_all(company.a, user.id)  # again: nothing is left to do


def test_a_seat_that_moves_as_its_user_is_deleted_is_freed_all_the_same(
    services: Container, company: Company, monkeypatch: Any
) -> None:
    user, real, raced = company.users["agent"], services.sessions.slots, []

    def slots(a: str) -> Any:
        found = real(a)
        if not raced:
            raced.append(True)
            slot = next(one for one in found if one.user_id == user.id)
            assert services.sessions.renew(a, user.id, slot.number, services.clock.now())  # a last heartbeat
        return found

    monkeypatch.setattr(services.sessions, "slots", slots)
    services.user_service.delete(company.a, user.id)
    assert raced and user.id not in [slot.user_id for slot in real(company.a)]


def test_a_new_password_ends_the_sessions(api: Api, company: Company, clock: Any) -> None:
    clock.move(10)
    body = {"password": "another long password"}
    assert api.patch(f"/v1/users/{company.users['agent'].id}", body, token=company.admin).status == 200
    assert api.get("/v1/account", token=company.tokens["agent"]).status == 401
    assert api.post("/v1/sessions", {"email": "agent@one.example", "password": PASSWORD}).status == 401
    login = api.post("/v1/sessions", {"email": "agent@one.example", **body})
    assert api.get("/v1/account", token=login.json["token"]).status == 200


def test_presence_is_ones_own_or_an_admins_choice(api: Api, company: Company) -> None:
    agent, restricted = (f"/v1/users/{company.users[role].id}/presence" for role in ("agent", "restricted"))
    answer = api.put(agent, {"status": "paused", "reason": "Lunch"}, token=company.tokens["agent"])
    assert answer.json["presence"] == {"status": "paused", "reason": "Lunch", "connected": True, "load": 0}
    assert api.put(agent, {"status": "available"}, token=company.tokens["restricted"]).status == 403
    assert api.put(restricted, {"status": "available"}, token=company.tokens["restricted"]).status == 200
    assert (
        api.put(agent, {"status": "available"}, token=company.tokens["api"]).json["presence"]["status"] == "available"
    )
    assert api.put(agent, {"status": "gone"}, token=company.admin).json["errors"][0]["pointer"] == "/status"


def test_who_has_chats_in_service_cannot_be_deleted(
    api: Api, company: Company, services: Container, dynamodb: Any
) -> None:
    user = company.users["agent"].id
    key = {"pk": {"S": f"{company.a}#AGENT#{user}"}, "sk": {"S": "AGENT"}}
    dynamodb.update_item(
        TableName="workspace", Key=key, UpdateExpression="SET #l = :one", ExpressionAttributeNames={"#l": "load"},
        ExpressionAttributeValues={":one": {"N": "1"}},
    )  # fmt: skip
    answer = api.delete(f"/v1/users/{user}", token=company.admin)
    assert (answer.status, answer.json["code"]) == (409, "user_has_chats")
    assert api.get(f"/v1/users/{user}", token=company.admin).status == 200


def test_a_users_telephone_is_stored_as_e164_and_checked(api: Api, company: Company) -> None:
    made = api.post("/v1/users", {**ANA, "phone": "+55 (11) 91234-0001"}, token=company.admin)
    assert (made.status, made.json["phone"]) == (201, "+5511912340001")
    path = f"/v1/users/{made.json['id']}"
    for wrong in ("11 91234-0001", "+12", "", "sip:ana@example.com"):
        refused = api.patch(path, {"phone": wrong}, token=company.admin)
        assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, "/phone"), wrong
    assert api.get(path, token=company.admin).json["phone"] == "+5511912340001"
    api.patch(path, {"name": "Ana M."}, token=company.admin)
    assert api.get(path, token=company.admin).json["phone"] == "+5511912340001"
    assert api.patch(path, {"phone": None}, token=company.admin).json["phone"] is None
