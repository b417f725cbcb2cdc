"""/v1/channels."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from recado.bootstrap import Container
from recado.channels import registry
from recado.channels.base import BadSignature
from tests.api.conftest import Api, Company
from tests.channels.whatsapp.signing import sign

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


def test_a_setting_may_come_among_the_secrets(api: Api, company: Company, services: Container) -> None:
    number = WHATSAPP["settings"]
    made = make(api, company, settings={}, secrets={**SECRETS, **number})
    assert (made.status, made.json["settings"]) == (201, number), made.text
    assert "phone_number_id" not in services.channels.secrets(company.a, made.json["id"])
    path, other = f"/v1/channels/{made.json['id']}", {"phone_number_id": "106540352242999"}
    changed = api.patch(path, {"secrets": other}, token=company.admin)
    assert (changed.status, changed.json["settings"]) == (200, other), changed.text
    assert services.channels.secrets(company.a, made.json["id"])["app_secret"] == (SECRETS["app_secret"],)
    twice = make(api, company, secrets={**SECRETS, **other})
    assert [(one["pointer"], one["code"]) for one in twice.json["errors"]] == [("/secrets/phone_number_id", "conflict")]


def test_names_that_a_channel_does_not_have_are_refused(api: Api, company: Company, services: Container) -> None:
    number = WHATSAPP["settings"]
    path = f"/v1/channels/{make(api, company).json['id']}"
    for fields, pointer, code in (
        ({"settings": {**number, "colour": "red"}}, "/settings/colour", "unknown_setting"),
        ({"settings": {**number, "a/b~c": 1}}, "/settings/a~1b~0c", "unknown_setting"),
        ({"settings": {**number, "app_secret": "a1" * 16}}, "/settings/app_secret", "is_a_secret"),
        ({"secrets": {**SECRETS, "pin": "1234"}}, "/secrets/pin", "unknown_secret"),
        ({"settings": {**number, "entry_flow_id": "fl_1"}}, "/settings/entry_flow_id", "not_found"),
    ):
        for answer in (make(api, company, **fields), api.patch(path, fields, token=company.admin)):
            found = [(one["pointer"], one["code"]) for one in answer.json["errors"]]
            assert (answer.status, found) == (400, [(pointer, code)]), answer.text
            assert "a1" * 16 not in answer.text
    assert api.patch(path, {"settings": {"entry_flow_id": None}}, token=company.admin).status == 200


def test_a_wrong_value_is_told_in_words(api: Api, company: Company) -> None:
    answer = make(api, company, settings={"phone_number_id": "+55 11 4000-0000"})
    assert answer.json["detail"] == "/settings/phone_number_id: It must be the number's id at Meta, digits only."


def test_a_custom_channel(api: Api, company: Company) -> None:
    secret = "whsec_" + b64encode(b"x" * 24).decode()
    settings = {"callback_url": "https://erp.example/recado"}
    made = make(api, company, type="custom", settings=settings, secrets={"secret": secret})
    assert made.status == 201, made.text


def test_who_asks_for_an_unknown_type_is_told_which_there_are(api: Api, company: Company) -> None:
    (error,) = make(api, company, type="zap").json["errors"]
    assert (error["pointer"], error["code"]) == ("/type", "unknown_type")
    assert all(f" {channel_type}" in error["detail"] for channel_type in registry.types())


def test_a_channel_keeps_its_department_from_deletion(api: Api, company: Company) -> None:
    department = api.post("/v1/departments", {"name": "Sales"}, token=company.admin).json["id"]
    make(api, company, department_id=department)
    assert api.delete(f"/v1/departments/{department}", token=company.admin).json["used_by"] == "channels"


def test_a_token_is_shown_renewed_and_tested(api: Api, company: Company, services: Container, clock: Any) -> None:
    instagram = {**WHATSAPP, "type": "instagram", "settings": {"page_id": "17840000000000001"}}
    made = make(api, company, **{**instagram, "secrets": {**SECRETS, "access_token": "IGAAold"}}).json
    path = f"/v1/channels/{made['id']}"
    assert made["token"] == {"state": "active", "expires_at": "2026-05-01T12:00:00.000Z"}
    early = api.post(f"{path}/token-renewal", {}, token=company.tokens["api"])
    assert (early.status, early.json["code"]) == (409, "too_early")
    clock.move(59 * 86_400)
    seen = api.get(path, token=company.tokens["api"]).json
    assert (seen["token"]["state"], [one["code"] for one in seen["problems"]]) == ("expiring", ["token_expiring"])
    given = api.post(f"{path}/token-renewal", {"access_token": "IGAAnew"}, token=company.tokens["api"])
    assert (given.status, given.json["token"]["state"], given.json["problems"]) == (200, "active", [])
    assert "IGAAnew" not in given.text
    assert services.channels.secrets(company.a, made["id"])["access_token"] == ("IGAAnew",)
    company.tokens["admin"] = company.tokens["api"]  # the session has ended
    telegram = make(api, company, type="telegram", settings={}, secrets={"secret_token": "s"}).json
    assert telegram["token"] == {"state": "none", "expires_at": None}
    tested = api.post(f"/v1/channels/{telegram['id']}/test", token=company.tokens["api"])
    assert (tested.status, tested.json["ok"]) == (200, None), "without a token there is nothing to ask"
    none = api.post(f"/v1/channels/{telegram['id']}/token-renewal", {}, token=company.tokens["api"])
    assert (none.status, none.json["code"]) == (409, "not_renewable")


def test_a_patch_that_leaves_the_token_leaves_what_is_known_of_it(api: Api, company: Company, clock: Any) -> None:
    secrets = {**SECRETS, "access_token": "IGAAold"}
    made = make(api, company, type="instagram", settings={"page_id": "17840000000000001"}, secrets=secrets).json
    path = f"/v1/channels/{made['id']}"
    clock.move(86_400)
    assert api.patch(path, {"name": "Other"}, token=company.admin).json["token"] == made["token"]
    same = api.patch(path, {"secrets": {"access_token": "IGAAold"}}, token=company.admin).json["token"]
    assert same == made["token"], "the same token is no new one"
    gone = api.patch(path, {"secrets": {"access_token": None}}, token=company.admin).json
    assert gone["token"] == {"state": "none", "expires_at": None}


def test_a_mistyped_signing_secret_does_not_end_the_one_that_the_provider_has(
    api: Api, company: Company, services: Container, clock: Any
) -> None:
    """Each holds to its own end, a day after it was replaced; a fourth is not kept."""
    made = make(api, company).json
    path, old, typo, new = f"/v1/channels/{made['id']}", SECRETS["app_secret"], "ab" * 16, "cd" * 16

    def held() -> tuple[str, ...]:
        found = services.channel_directory.latest(company.a, made["id"])
        assert found is not None
        return tuple(found.secrets["app_secret"])

    for value in (typo, new):
        clock.move(3_600)
        view = api.patch(path, {"secrets": {"app_secret": value}}, token=company.tokens["api"]).json
    assert (held(), view["former_secrets"]) == ((new, typo, old), {"app_secret": "2026-03-03T14:00:00.000Z"})
    clock.move(23 * 3_600)
    assert held() == (new, typo)
    api.patch(path, {"secrets": {"app_secret": "ef" * 16}}, token=company.tokens["api"])
    assert held() == ("ef" * 16, new, typo)
    clock.move(3_600)
    assert held() == ("ef" * 16, new)
    for value in ("12" * 16, "34" * 16):
        api.patch(path, {"secrets": {"app_secret": value}}, token=company.tokens["api"])
    assert held() == ("34" * 16, "12" * 16, "ef" * 16)


def test_a_new_signing_secret_holds_beside_the_former_for_a_day(
    api: Api, company: Company, services: Container, clock: Any
) -> None:
    """At the door: what was signed with the former is good until its end, or until somebody ends it."""
    made = make(api, company).json
    path, old, new, raw = f"/v1/channels/{made['id']}", SECRETS["app_secret"], "b2" * 16, b"{}"
    assert made["former_secrets"] == {}

    def holds(secret: str) -> bool:
        channel = services.channel_directory.latest(company.a, made["id"])
        assert channel is not None
        headers = sign(raw, {"app_secret": (secret,)}, clock.now())
        try:
            registry.adapter("whatsapp").verify(raw, headers, "", channel.secrets, clock.now())
        except BadSignature:
            return False
        return True

    given = {"secrets": {"app_secret": new, "verify_token": "other", "access_token": "EAAB1"}}
    for _ in range(2):  # its answer was lost, and it comes again
        changed = api.patch(path, given, token=company.tokens["api"])
        assert changed.json["former_secrets"] == {"app_secret": "2026-03-03T12:00:00.000Z"}
        assert (holds(old), holds(new)) == (True, True)
    assert services.channels.secrets(company.a, made["id"])["verify_token"] == ("other",)
    assert old not in changed.text and new not in changed.text
    clock.move(86_399)
    assert api.patch(path, {"name": "Same secrets"}, token=company.tokens["api"]).json["former_secrets"] != {}
    assert (holds(old), holds(new)) == (True, True)
    clock.move(1)
    assert (holds(old), holds(new)) == (False, True)
    assert api.get(path, token=company.tokens["api"]).json["former_secrets"] == {}
    api.patch(path, {"name": "Any change"}, token=company.tokens["api"])
    assert services.channels.secrets(company.a, made["id"])["app_secret"] == (new,), "nothing is kept that is over"
    leaked = {"secrets": {"app_secret": "c3" * 16}, "end_former_secrets": True}
    assert api.patch(path, leaked, token=company.tokens["api"]).json["former_secrets"] == {}
    assert (holds(new), holds("c3" * 16)) == (False, True)
    api.patch(path, {"secrets": {"app_secret": new}}, token=company.tokens["api"])
    assert holds("c3" * 16)
    assert api.patch(path, {"end_former_secrets": True}, token=company.tokens["api"]).json["former_secrets"] == {}
    assert (holds("c3" * 16), holds(new)) == (False, True)
