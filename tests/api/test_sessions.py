"""/v1/sessions: log-in, seats, log-out, heartbeat."""

from __future__ import annotations

from typing import Any

from recado.bootstrap import Container
from recado.domain.errors import Conflict
from tests.api.conftest import PASSWORD, Api, Company


def log_in(api: Api, email: str, password: str = PASSWORD) -> Any:
    return api.post("/v1/sessions", {"email": email, "password": password})


def registered(services: Container, company: Company, name: str) -> str:
    """The e-mail of one more user."""
    services.user_service.create(company.a, name, f"{name}@one.example", "agent", None, PASSWORD)
    return f"{name}@one.example"


def test_log_in_gives_a_session_that_works(api: Api, company: Company) -> None:
    answer = log_in(api, " ADMIN@one.example ")
    assert answer.status == 201
    assert (answer.json["lease_s"], answer.json["heartbeat_s"]) == (90, 30)
    assert answer.json["user"]["email"] == "admin@one.example"
    assert answer.json["user"]["presence"]["connected"] is True
    assert api.get("/v1/account", token=answer.json["token"]).json["id"] == company.account.id


def test_unknown_emails_and_wrong_passwords_answer_alike(api: Api, company: Company) -> None:
    wrong, unknown = log_in(api, "admin@one.example", "not the password"), log_in(api, "nobody@one.example")
    assert wrong.status == unknown.status == 401
    assert wrong.json == unknown.json
    assert wrong.json["code"] == "wrong_credentials"


def test_ten_failures_in_a_quarter_of_an_hour_close_the_door(api: Api, company: Company, clock: Any) -> None:
    for email in ("admin@one.example", "nobody@one.example"):
        for _ in range(10):
            assert log_in(api, email, "not the password").status == 401
        answer = log_in(api, email)
        assert (answer.status, answer.json["code"], answer.headers["Retry-After"]) == (429, "too_many_logins", "900")
    assert log_in(api, "agent@one.example").status == 201
    clock.move(900)
    assert log_in(api, "admin@one.example").status == 201


def test_the_seats_are_the_contracted_ones_whoever_logs_in(api: Api, company: Company, services: Container) -> None:
    """Three are logged in (an admin among them), five seats are contracted."""
    for name in ("u4", "u5"):
        assert log_in(api, registered(services, company, name)).status == 201
    sixth = registered(services, company, "u6")
    refused = log_in(api, sixth)
    assert (refused.status, refused.json["code"], refused.json["seats"]) == (409, "seat_limit_reached", 5)
    assert log_in(api, "agent@one.example").status == 201, "a second device takes no seat"
    assert api.delete("/v1/sessions/current", token=company.admin).status == 204
    assert log_in(api, sixth).status == 201
    assert log_in(api, "admin@one.example").json["code"] == "seat_limit_reached"


def test_a_seat_is_free_with_the_last_session_only(api: Api, company: Company, services: Container) -> None:
    phone = log_in(api, "agent@one.example").json["token"]
    for name in ("u4", "u5"):
        log_in(api, registered(services, company, name))
    sixth = registered(services, company, "u6")
    api.delete("/v1/sessions/current", token=phone)
    assert api.get("/v1/account", token=phone).status == 401
    assert log_in(api, sixth).status == 409
    assert api.get(f"/v1/users/{company.users['agent'].id}", token=company.admin).json["presence"]["connected"] is True
    api.delete("/v1/sessions/current", token=company.tokens["agent"])
    assert api.get(f"/v1/users/{company.users['agent'].id}", token=company.admin).json["presence"]["connected"] is False
    assert log_in(api, sixth).status == 201


def test_heartbeats_keep_a_seat_and_silence_loses_it(
    api: Api, company: Company, services: Container, clock: Any
) -> None:
    others = [registered(services, company, name) for name in ("u4", "u5", "u6", "u7", "u8")]
    for _ in range(4):
        clock.move(30)
        assert api.post("/v1/sessions/current/heartbeat", token=company.admin).status == 200
    assert [log_in(api, email).status for email in others] == [201, 201, 201, 201, 409]
    assert api.get("/v1/account", token=company.admin).status == 200
    lost = api.get("/v1/account", token=company.tokens["agent"])
    assert (lost.status, lost.json["code"]) == (409, "seat_limit_reached")
    clock.move(91)
    assert api.get("/v1/account", token=company.tokens["agent"]).status == 200, "a free seat is taken again"


def test_any_call_of_a_session_renews_the_lease(api: Api, company: Company, services: Container, clock: Any) -> None:
    clock.move(31)
    api.get("/v1/account", token=company.tokens["agent"])
    lease = services.presence.get(company.a, company.users["agent"].id)[1]
    assert lease is not None and (lease - clock.now()).total_seconds() == 90
    assert api.get("/v1/account", token=company.tokens["api"]).status == 200


def test_a_session_that_ended_in_another_process_has_ended_here(
    api: Api, company: Company, services: Container, clock: Any
) -> None:
    elsewhere = Container(services.settings)
    elsewhere.clock, elsewhere.ids, elsewhere.distribution_queue = clock, services.ids, services.distribution_queue
    caller = services.authentication.caller(company.tokens["agent"])
    elsewhere.session_service.log_out(caller)
    assert api.get("/v1/account", token=company.tokens["agent"]).status == 401
    assert services.presence.get(company.a, company.users["agent"].id)[0].connected is False


def test_a_session_expires(api: Api, company: Company, clock: Any) -> None:
    clock.move(30 * 86_400)
    answer = api.get("/v1/account", token=company.admin)
    assert (answer.status, answer.json["code"]) == (401, "session_expired")


def test_the_twenty_first_session_ends_the_first(api: Api, company: Company, services: Container, clock: Any) -> None:
    user = company.users["admin"]
    tokens = [services.session_service.start(company.a, user).token for _ in range(20)]
    clock.move(10)
    assert api.get("/v1/account", token=company.admin).status == 401
    assert [api.get("/v1/account", token=token).status for token in tokens] == [200] * 20


def test_a_trial_that_is_over_has_the_seats_of_the_starter_plan(api: Api, services: Container, clock: Any) -> None:
    body = {"company": "C", "name": "Ada", "email": "ada@three.example", "password": PASSWORD, "plan": "team"}
    signed_up = api.post("/v1/signup", body).json
    a = signed_up["account_id"].removeprefix("ac_")
    for name in ("u2", "u3", "u4"):
        services.user_service.create(a, name, f"{name}@three.example", "agent", None, PASSWORD)
    clock.move(7 * 86_400 - 1)
    assert [log_in(api, f"{name}@three.example").status for name in ("u2", "u3", "u4")] == [201] * 3
    assert log_in(api, "ada@three.example").status == 201
    clock.move(91)
    assert [log_in(api, f"{name}@three.example").status for name in ("u2", "u3", "u4")] == [201] * 3
    assert log_in(api, "ada@three.example").json["code"] == "seat_limit_reached"


def test_a_seat_fought_over_is_decided_again(services: Container, company: Company, monkeypatch: Any) -> None:
    """Somebody takes the last seat between the reading and the writing: the log-in reads again and is refused, not
    overshot."""
    for name in ("u4", "u5", "u6"):
        registered(services, company, name)
    services.session_service.log_in("u4@one.example", PASSWORD)
    real, raced = services.sessions.slots, []

    def slots(a: str) -> Any:
        found = real(a)
        if not raced:
            raced.append(True)
            services.session_service.log_in("u5@one.example", PASSWORD)
        return found

    monkeypatch.setattr(services.sessions, "slots", slots)
    try:
        services.session_service.log_in("u6@one.example", PASSWORD)
    except Conflict as refused:
        assert refused.code == "seat_limit_reached"
    else:
        raise AssertionError("six users are logged in to five seats")
