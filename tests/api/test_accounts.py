"""/v1/signup, /v1/account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from recado.bootstrap import Container
from recado.services.views import moment
from tests.api.conftest import PASSWORD, Api, Company

SIGN_UP = {
    "company": "Padaria", "name": "Ada", "email": "Ada@Padaria.example", "password": PASSWORD, "plan": "team",
    "locale": "pt-BR", "time_zone": "America/Sao_Paulo",
}  # fmt: skip


def test_sign_up_makes_an_account_on_trial_and_logs_in(api: Api, services: Container, clock: Any) -> None:
    answer = api.post("/v1/signup", SIGN_UP)
    assert answer.status == 201
    assert answer.json["trial_ends_at"] == moment(clock.now() + timedelta(days=7))
    assert (answer.json["user"]["role"], answer.json["user"]["email"]) == ("admin", "ada@padaria.example")
    token = answer.json["token"]
    account = api.get("/v1/account", token=token).json
    assert (account["id"], account["name"], account["plan"], account["seats"]) == (
        answer.json["account_id"],
        "Padaria",
        "team",
        5,
    )
    (department,) = api.get("/v1/departments", token=token).json["items"]
    assert department["default"] is True


def test_an_email_signs_up_once(api: Api, services: Container) -> None:
    api.post("/v1/signup", SIGN_UP)
    answer = api.post("/v1/signup", {**SIGN_UP, "email": "ADA@padaria.example "})
    assert (answer.status, answer.json["code"]) == (409, "email_taken")


def test_what_is_wrong_in_a_sign_up_is_told(api: Api, services: Container) -> None:
    for field, value, code in (
        ("plan", "gold", "unknown_plan"), ("email", "ada", "invalid_email"), ("password", "short", "password_length"),
        ("locale", "zz", "invalid_locale"), ("locale", "pt-PT", "invalid_locale"),
        ("time_zone", "Brazil", "unknown_time_zone"),
        ("time_zone", "../etc/passwd", "unknown_time_zone"), ("time_zone", "", "unknown_time_zone"),
        ("company", "", "invalid"),
    ):  # fmt: skip
        answer = api.post("/v1/signup", {**SIGN_UP, field: value})
        assert (answer.status, answer.json["errors"][0]["pointer"], answer.json["errors"][0]["code"]) == (
            400,
            f"/{field}",
            code,
        )


def test_an_admin_changes_the_account(api: Api, company: Company) -> None:
    answer = api.patch("/v1/account", {"name": "New", "time_zone": "Europe/Lisbon"}, token=company.admin)
    assert (answer.json["name"], answer.json["time_zone"], answer.json["locale"]) == ("New", "Europe/Lisbon", "pt-BR")
    assert api.get("/v1/account", token=company.tokens["agent"]).json == answer.json
    for field, value, code in (("locale", "zz", "invalid_locale"), ("time_zone", "Mars/Base", "unknown_time_zone")):
        refused = api.patch("/v1/account", {field: value}, token=company.admin)
        assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, f"/{field}")
        assert refused.json["errors"][0]["code"] == code
    assert api.patch("/v1/account", {"locale": "en"}, token=company.admin).json["locale"] == "en"
    answer = api.patch("/v1/account", {"locale": "pt-BR"}, token=company.admin)
    assert api.patch("/v1/account", {"seats": 50}, token=company.admin).json["errors"][0]["code"] == "unknown_field"
    assert api.patch("/v1/account", {"name": "New"}, token=company.tokens["agent"]).status == 403
