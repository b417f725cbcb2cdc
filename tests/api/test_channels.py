"""/v1/channels."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from recado.bootstrap import Container
from tests.api.conftest import Api, Company

SECRETS = {"app_secret": "a1" * 16, "verify_token": "verify-me"}
WHATSAPP = {"type": "whatsapp", "name": "Main", "settings": {"phone_number_id": "106540352242922"}, "secrets": SECRETS}


def make(api: Api, company: Company, **fields: Any) -> Any:
    return api.post("/v1/channels", {**WHATSAPP, **fields}, token=company.admin)


def test_connecting_and_changing_a_channel(api: Api, company: Company, services: Container) -> None:
    made = make(api, company)
    assert made.status == 201, made.text
    channel_id, path = made.json["id"], f"/v1/channels/{made.json['id']}"
    assert made.json["department_id"] == company.department.id
    assert made.json["webhook_url"].endswith(f"/webhooks/{channel_id}")
    assert [one["pointer"] for one in made.json["problems"]] == ["/secrets/access_token"]
    changed = api.patch(
        path, {"name": "Second", "state": "paused", "secrets": {"access_token": "EAAB1234567890"}}, token=company.admin
    )
    assert (changed.json["name"], changed.json["state"], changed.json["problems"]) == ("Second", "paused", [])
    assert services.channels.secrets(company.a, channel_id)["verify_token"] == ("verify-me",)
    for text in (
        made.text,
        changed.text,
        api.get(path, token=company.admin).text,
        api.get("/v1/channels", token=company.admin).text,
    ):
        assert "verify-me" not in text and "EAAB" not in text and SECRETS["app_secret"] not in text


def test_an_address_is_of_one_channel(api: Api, company: Company, other_company: Company, services: Container) -> None:
    made = make(api, company).json["id"]
    again = make(api, company)
    assert (again.status, again.json["code"]) == (409, "address_taken")
    assert make(api, other_company).status == 201
    moved = api.patch(f"/v1/channels/{made}", {"settings": {"phone_number_id": "106540352242923"}}, token=company.admin)
    assert moved.status == 200
    assert services.channels.by_address(company.a, "whatsapp", "106540352242922") is None
    assert services.channels.by_address(company.a, "whatsapp", "106540352242923") == made
    assert make(api, company).status == 201


def test_the_adapter_says_what_is_wrong(api: Api, company: Company, other_company: Company) -> None:
    answer = make(api, company, secrets={})
    assert {one["pointer"] for one in answer.json["errors"]} == {"/secrets/app_secret", "/secrets/verify_token"}
    for field, value, pointer in (
        ("type", "fax", "/type"), ("department_id", other_company.department.id, "/department_id"),
        ("department_id", "x", "/department_id"),
        ("settings", {"phone_number_id": 5}, "/settings/phone_number_id"), ("secrets", {"app_secret": 5}, "/secrets"),
    ):  # fmt: skip
        answer = make(api, company, **{field: value})
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (400, pointer), answer.text


def test_a_custom_channel(api: Api, company: Company) -> None:
    secret = "whsec_" + b64encode(b"x" * 24).decode()
    settings = {"callback_url": "https://erp.example/recado"}
    made = make(api, company, type="custom", settings=settings, secrets={"secret": secret})
    assert made.status == 201, made.text


def test_a_channel_keeps_its_department_from_deletion(api: Api, company: Company) -> None:
    department = api.post("/v1/departments", {"name": "Sales"}, token=company.admin).json["id"]
    make(api, company, department_id=department)
    assert api.delete(f"/v1/departments/{department}", token=company.admin).json["used_by"] == "channels"
