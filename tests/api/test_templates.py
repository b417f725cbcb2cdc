"""/v1/templates: made, submitted, edited, deleted, synchronised; what the provider refuses, loses and tells."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from recado.bootstrap import Container
from recado.domain.messages import TemplateUpdate
from recado.domain.templates import MessageTemplate
from recado.ports.core import ConnectFailed, HttpResponse, NoAnswer
from recado.storage.templates import DynamoTemplates
from tests.api.conftest import Api, Company
from tests.graph_templates import WABA, GraphOfTests, refusal

BODY = {
    "type": "BODY",
    "text": "Olá {{1}}, sua fatura de {{2}} vence amanhã.",
    "example": {"body_text": [["Maria", "R$ 10"]]},
}
NEW = {"name": "fatura", "language": "pt_BR", "category": "UTILITY", "components": [BODY]}


@pytest.fixture
def graph(services: Container) -> GraphOfTests:
    services.template_http = GraphOfTests()
    return services.template_http


def connect(api: Api, company: Company, number: str = "106540352242922", **settings: Any) -> str:
    secrets = {"app_secret": "a1" * 16, "verify_token": "verify-me", "access_token": "EAAB1"}
    channel = {"type": "whatsapp", "name": "Main", "secrets": secrets}
    channel["settings"] = {"phone_number_id": number, "waba_id": WABA, **settings}
    return str(api.post("/v1/channels", channel, token=company.admin).json["id"])


@pytest.fixture
def channel_id(api: Api, company: Company, graph: GraphOfTests) -> str:
    return connect(api, company)


def make(api: Api, company: Company, channel_id: str, **fields: Any) -> Any:
    return api.post("/v1/templates", {**NEW, "channel_id": channel_id, **fields}, token=company.admin)


def tell(services: Container, company: Company, made: Any, word: str, value: str | None = None, **fields: Any) -> bool:
    """The provider's word by webhook, one second after the clock."""
    channel = services.channel_directory.find(company.a, made["channel_id"])
    assert channel is not None
    at = fields.pop("at", services.clock.now() + timedelta(seconds=1))
    given = {"kind": "status", "reason": None, **fields}
    provider_id = given.pop("provider_id", made["provider_id"])
    account = given.pop("account", WABA)
    update = TemplateUpdate(
        account, provider_id, made["name"], made["language"], given["kind"], value or word, word, at, given["reason"]
    )
    return services.template_mirror.apply(company.a, channel, update) is None


def seen(api: Api, company: Company, made: Any) -> Any:
    return api.get(f"/v1/templates/{made['id']}", token=company.tokens["agent"]).json


def events(services: Container, company: Company, template_id: str) -> list[tuple[Any, Any]]:
    from recado.storage import keys
    from recado.storage.workspace_events import WorkspaceEventRecord

    found = WorkspaceEventRecord.query(keys.workspace_events_pk(company.a, template_id))
    told = sorted((one.event() for one in found), key=lambda one: (one.at, one.id))
    assert {one.type for one in told} <= {"template.status_changed"}
    return [(one.data["previous_status"], one.data["status"]) for one in told]


def test_it_is_submitted_reviewed_and_found(
    api: Api, company: Company, services: Container, graph: GraphOfTests, channel_id: str
) -> None:
    answer = make(api, company, channel_id)
    assert answer.status == 201, answer.text
    made = answer.json
    assert (made["status"], made["submission"]["state"], made["quality"]) == ("PENDING", "taken", "UNKNOWN")
    assert made["variables"] == [{"component": "body", "name": "1"}, {"component": "body", "name": "2"}]
    assert graph.submissions() == [{**NEW, "parameter_format": "POSITIONAL"}]
    assert tell(services, company, made, "APPROVED")
    assert seen(api, company, made)["status"] == "APPROVED"
    assert tell(services, company, made, "YELLOW", kind="quality")
    assert tell(services, company, made, "MARKETING", kind="category")
    now = seen(api, company, made)
    assert (now["quality"], now["category"], now["status"]) == ("YELLOW", "MARKETING", "APPROVED")
    assert events(services, company, made["id"]) == [("PENDING", "APPROVED")]
    listed = api.get(f"/v1/templates?channel_id={channel_id}&status=APPROVED&name=fat", token=company.admin).json
    assert [one["id"] for one in listed["items"]] == [made["id"]]
    assert api.get("/v1/templates?status=PAUSED", token=company.admin).json["items"] == []


def test_words_come_twice_late_and_for_another(
    api: Api, company: Company, services: Container, channel_id: str
) -> None:
    made = make(api, company, channel_id).json
    later = services.clock.now() + timedelta(seconds=20)
    assert tell(services, company, made, "REJECTED", reason="SCAM", at=later)
    tell(services, company, made, "REJECTED", reason="SCAM", at=later)
    tell(services, company, made, "APPROVED", at=later - timedelta(seconds=1))
    assert not tell(services, company, made, "DELETED", at=later + timedelta(days=1), provider_id="77")
    now = seen(api, company, made)
    assert (now["status"], now["rejected_reason"]) == ("REJECTED", "SCAM")
    tell(services, company, made, "PAUSED", at=later)  # of the same second, and not told yet
    tell(services, company, made, "REJECTED", reason="SCAM", at=later)
    assert seen(api, company, made)["status"] == "PAUSED"
    tell(services, company, made, "REINSTATED", "APPROVED", at=later + timedelta(seconds=1))
    assert (seen(api, company, made)["status"], seen(api, company, made)["rejected_reason"]) == ("APPROVED", None)
    assert events(services, company, made["id"]) == [
        ("PENDING", "REJECTED"),
        ("REJECTED", "PAUSED"),
        ("PAUSED", "APPROVED"),
    ]
    assert not tell(services, company, {**made, "name": "unknown"}, "APPROVED", provider_id="78")


def test_a_word_finds_its_template_by_id_or_by_name_and_language(
    api: Api, company: Company, services: Container, channel_id: str
) -> None:
    """Of another account at the provider it finds none, and an id that is not known yet is taken up."""
    made = make(api, company, channel_id).json
    at = services.clock.now()
    assert not tell(services, company, made, "REJECTED", account="9" * 15), "of another account"
    assert tell(services, company, made, "APPROVED", provider_id="777", at=at + timedelta(seconds=5))
    assert (seen(api, company, made)["status"], seen(api, company, made)["provider_id"]) == ("APPROVED", "777")
    named_otherwise = {**made, "name": "outro_nome"}
    assert tell(services, company, named_otherwise, "PAUSED", provider_id="777", at=at + timedelta(seconds=6))
    assert not tell(services, company, made, "REJECTED", provider_id="777", at=at + timedelta(seconds=4)), "older"
    assert seen(api, company, made)["status"] == "PAUSED"


def test_what_the_provider_refuses_is_told_and_not_kept(
    api: Api, company: Company, graph: GraphOfTests, channel_id: str
) -> None:
    for scripted, code in (
        (refusal(100, "Name is being deleted", 2388023), "2388023"),
        (refusal(80008, "Rate limit"), "80008"),
        (ConnectFailed("refused"), "connect_failed"),
        (HttpResponse(403, {}, b"no"), "http_403"),
    ):
        graph.script = [scripted]
        refused = make(api, company, channel_id)
        assert (refused.status, refused.json["code"], refused.json["provider_code"]) == (409, "provider_refused", code)
    assert api.get("/v1/templates", token=company.admin).json["items"] == []
    assert make(api, company, channel_id).status == 201
    again = make(api, company, channel_id)
    assert (again.status, again.json["code"]) == (409, "template_exists")
    assert len(graph.submissions()) == 5


@pytest.mark.parametrize("arrived", [True, False])
def test_a_submission_without_an_answer_is_looked_up_and_not_made_again(
    api: Api, company: Company, services: Container, graph: GraphOfTests, channel_id: str, clock: Any, arrived: bool
) -> None:
    graph.script = [GraphOfTests.LOST if arrived else NoAnswer("time-out")]
    made = make(api, company, channel_id)
    assert (made.status, made.json["status"], made.json["submission"]["state"]) == (201, "PENDING", "unknown")
    mirror = services.template_mirror
    assert mirror.settle_due(160).seen == 0
    clock.move(61)
    assert mirror.settle_due(160).done == 1
    now = seen(api, company, made.json)
    assert now["submission"]["state"] == ("taken" if arrived else "unknown")
    assert bool(now["provider_id"]) == arrived
    clock.move(601)
    mirror.settle_due(160)
    now = seen(api, company, made.json)
    assert (now["status"], now["rejected_reason"]) == (("PENDING", None) if arrived else ("REJECTED", "NOT_SUBMITTED"))
    assert len(graph.submissions()) == 1
    if not arrived:
        path = f"/v1/templates/{made.json['id']}"
        again = api.patch(path, {"components": [BODY]}, token=company.admin)
        assert (again.json["status"], again.json["submission"]["state"]) == ("PENDING", "taken")
        assert graph.submissions()[1]["name"] == "fatura"


def test_a_template_that_cannot_be_read_stands_before_no_other(
    api: Api, company: Company, services: Container, graph: GraphOfTests, channel_id: str, clock: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    graph.script = [GraphOfTests.LOST, GraphOfTests.LOST]
    broken, other = (make(api, company, channel_id, name=name).json for name in ("quebrado", "outro"))
    get, mirror = DynamoTemplates.get, services.template_mirror

    def breaks(store: DynamoTemplates, a: str, template_id: str) -> MessageTemplate | None:
        if template_id == broken["id"]:
            raise ConnectionError
        return get(store, a, template_id)

    clock.move(61)
    with monkeypatch.context() as patch:
        patch.setattr(DynamoTemplates, "get", breaks)
        swept = mirror.settle_due(160)
        assert (swept.done, list(swept.failed)) == (1, [broken["id"]])
        assert mirror.settle_due(160).seen == 0, "it is looked at again at once, for ever"
    assert seen(api, company, other)["submission"]["state"] == "taken"
    clock.move(60)
    assert mirror.settle_due(160).done == 1
    assert seen(api, company, broken)["submission"]["state"] == "taken"


def test_a_provider_that_refuses_is_not_asked_each_minute(
    api: Api, company: Company, services: Container, graph: GraphOfTests, channel_id: str, clock: Any
) -> None:
    graph.script = [GraphOfTests.LOST, NoAnswer("time-out")]
    made = make(api, company, channel_id).json
    clock.move(61)
    assert list(services.template_mirror.settle_due(160).failed) == [made["id"]]
    clock.move(299)
    assert services.template_mirror.settle_due(160).seen == 0, "it is asked again before five minutes are over"
    clock.move(1)
    assert services.template_mirror.settle_due(160).done == 1


def test_who_died_after_writing_it_down_is_looked_after(
    api: Api, company: Company, services: Container, graph: GraphOfTests, channel_id: str, clock: Any
) -> None:
    graph.script = [RuntimeError("killed")]
    key = {"Idempotency-Key": "k1"}
    body = {**NEW, "channel_id": channel_id}
    assert api.post("/v1/templates", body, token=company.admin, headers=key).status == 500
    (left,) = api.get("/v1/templates", token=company.admin).json["items"]
    assert left["submission"]["state"] == "sending"
    path = f"/v1/templates/{left['id']}"
    for refused in (
        api.delete(path, token=company.admin),
        api.patch(path, {"category": "MARKETING"}, token=company.admin),
    ):
        assert (refused.status, refused.json["code"]) == (409, "template_not_editable")
    clock.move(61)
    services.template_mirror.settle_due(160)
    assert seen(api, company, left)["submission"]["state"] == "unknown"
    assert len(graph.submissions()) == 1


def test_an_edit_is_reviewed_anew_and_a_refused_one_leaves_what_was(
    api: Api, company: Company, services: Container, graph: GraphOfTests, channel_id: str
) -> None:
    made = make(api, company, channel_id).json
    path = f"/v1/templates/{made['id']}"
    edit = {"components": [{"type": "BODY", "text": "Sua fatura vence."}]}
    pending = api.patch(path, edit, token=company.admin)
    assert (pending.status, pending.json["code"], pending.json["template_status"]) == (
        409, "template_not_editable", "PENDING",
    )  # fmt: skip
    graph.shelf._find(made["provider_id"])["status"] = "APPROVED"  # type: ignore[index]
    tell(services, company, made, "APPROVED")
    services.clock.move(120)  # type: ignore[attr-defined]
    graph.script = [refusal(100, "edited too often", 2388025)]
    refused = api.patch(path, edit, token=company.admin)
    assert (refused.json["code"], refused.json["provider_code"]) == ("provider_refused", "2388025")
    now = seen(api, company, made)
    assert (now["status"], now["components"], now["draft"]) == ("APPROVED", [BODY], None)
    assert now["submission"]["error"] == {"code": "2388025", "title": "edited too often"}
    edited = api.patch(path, edit, token=company.admin)
    assert (edited.status, edited.json["status"], edited.json["components"]) == (200, "PENDING", edit["components"])
    assert graph.asked[-1] == ("POST", f"/v24.0/{made['provider_id']}", {"category": "UTILITY", **edit})
    assert events(services, company, made["id"])[-1] == ("APPROVED", "PENDING")
    wrong = api.patch(path, {"name": "other"}, token=company.admin)
    assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (400, "/name")


def test_an_edit_whose_answer_is_lost_is_taken_from_the_list(
    api: Api, company: Company, services: Container, graph: GraphOfTests, channel_id: str, clock: Any
) -> None:
    made = make(api, company, channel_id).json
    graph.shelf._find(made["provider_id"])["status"] = "APPROVED"  # type: ignore[index]
    tell(services, company, made, "APPROVED")
    graph.script = [GraphOfTests.LOST]
    edit = {"components": [{"type": "BODY", "text": "Sua fatura vence."}]}
    unknown = api.patch(f"/v1/templates/{made['id']}", edit, token=company.admin).json
    assert (unknown["submission"]["state"], unknown["draft"]["components"]) == ("unknown", edit["components"])
    assert unknown["components"] == [BODY]
    clock.move(61)
    assert services.template_mirror.settle_due(160).done == 1
    now = seen(api, company, made)
    assert (now["components"], now["draft"], now["status"]) == (edit["components"], None, "PENDING")


def test_who_may_send_it_changes_at_any_time(
    api: Api, company: Company, other_company: Company, channel_id: str, graph: GraphOfTests
) -> None:
    made = make(api, company, channel_id).json
    path = f"/v1/templates/{made['id']}"
    changed = api.patch(path, {"department_ids": [company.department.id]}, token=company.admin)
    assert (changed.status, changed.json["department_ids"]) == (200, [company.department.id])
    foreign = api.patch(path, {"department_ids": [other_company.department.id]}, token=company.admin)
    assert (foreign.status, foreign.json["errors"][0]["pointer"]) == (400, "/department_ids/0")
    assert len(graph.submissions()) == 1


def test_it_is_deleted_there_and_here(
    api: Api, company: Company, services: Container, graph: GraphOfTests, channel_id: str
) -> None:
    made = make(api, company, channel_id).json
    path = f"/v1/templates/{made['id']}"
    graph.script = [NoAnswer("time-out")]
    unclear = api.delete(path, token=company.admin)
    assert (unclear.status, unclear.json["code"]) == (409, "provider_unclear")
    graph.script = [refusal(100, "no such template", 2593002)]
    assert api.delete(path, token=company.admin).status == 204
    assert api.get(path, token=company.admin).status == 404
    assert f"hsm_id={made['provider_id']}" in graph.asked[-1][1]
    assert events(services, company, made["id"])[-1] == ("PENDING", "DELETED")


def test_one_language_of_a_name_never_takes_the_others_with_it(
    api: Api, company: Company, services: Container, graph: GraphOfTests, channel_id: str, clock: Any
) -> None:
    """Whose submission had no answer has no id, and the provider deletes every language of a name."""
    kept = make(api, company, channel_id).json
    graph.script = [NoAnswer("time-out")]
    lost = make(api, company, channel_id, language="en_US").json
    assert (kept["name"], lost["submission"]["state"]) == (lost["name"], "unknown")
    path = f"/v1/templates/{lost['id']}"
    refused = api.delete(path, token=company.admin)
    assert (refused.status, refused.json["code"]) == (409, "template_not_editable")
    clock.move(661)
    assert api.post(f"{path}/refresh", token=company.admin).json["status"] == "REJECTED"
    assert api.delete(path, token=company.admin).status == 204
    assert [method for method, _, _ in graph.asked if method == "DELETE"] == []
    assert api.post(f"/v1/templates/{kept['id']}/refresh", token=company.admin).json["status"] == "PENDING"


def test_what_is_at_the_provider_is_imported_and_what_is_gone_is_deleted(
    api: Api, company: Company, services: Container, graph: GraphOfTests, channel_id: str, clock: Any
) -> None:
    def sync() -> Any:
        return api.post("/v1/templates/sync", {"channel_id": channel_id}, token=company.admin).json

    made = make(api, company, channel_id).json
    clock.move(120)
    assert sync() == {"imported": 2, "updated": 0, "vanished": 0, "complete": True}
    assert sync() == {"imported": 0, "updated": 0, "vanished": 0, "complete": True}
    graph.shelf._find(made["provider_id"])["status"] = "APPROVED"  # type: ignore[index]
    assert sync()["updated"] == 1
    assert seen(api, company, made)["status"] == "APPROVED"
    del graph.shelf._shelf(WABA)[made["provider_id"]]
    assert sync()["vanished"] == 1
    assert seen(api, company, made)["status"] == "DELETED"
    assert sync()["vanished"] == 0
    graph.script = [refusal(190, "expired")]
    refused = api.post("/v1/templates/sync", {"channel_id": channel_id}, token=company.admin)
    assert (refused.status, refused.json["provider_code"]) == (409, "190")
    refreshed = api.post(f"/v1/templates/{made['id']}/refresh", {}, token=company.admin)
    assert (refreshed.status, refreshed.json["status"]) == (200, "DELETED")


def test_a_word_reaches_every_channel_of_the_account(
    api: Api, company: Company, services: Container, graph: GraphOfTests, channel_id: str
) -> None:
    second = connect(api, company, "106540352242999")
    made = make(api, company, channel_id).json
    api.post("/v1/templates/sync", {"channel_id": second}, token=company.admin)
    assert tell(services, company, made, "APPROVED")
    listed = api.get("/v1/templates?name=fatura", token=company.admin).json["items"]
    assert [(one["channel_id"], one["status"]) for one in listed] == [(channel_id, "APPROVED"), (second, "APPROVED")]


def test_bad_templates_are_refused_with_pointers(
    api: Api, company: Company, other_company: Company, graph: GraphOfTests, channel_id: str
) -> None:
    custom = api.post(
        "/v1/channels",
        {
            "type": "custom",
            "name": "c",
            "settings": {"callback_url": "https://their.example/in"},
            "secrets": {"secret": "whsec_" + "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"},
        },
        token=company.admin,
    ).json["id"]
    for fields, pointer in (
        ({"name": "Fatura"}, "/name"),
        ({"language": "pt_XX"}, "/language"),
        ({"category": "NEWS"}, "/category"),
        ({"components": []}, "/components"),
        (
            {"components": [{"type": "BODY", "text": "{{1}} oi", "example": {"body_text": [["a"]]}}]},
            "/components/0/text",
        ),
        ({"channel_id": "ch_x"}, "/channel_id"),
        ({"channel_id": custom}, "/channel_id"),
        ({"department_ids": ["dp_x"]}, "/department_ids/0"),
        ({"components": [{"type": "BODY", "text": "a", "x": "y" * 21_000}]}, "/components"),
    ):
        refused = make(api, company, **{"channel_id": channel_id, **fields})
        assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, pointer), refused.text
    assert graph.asked == []


def test_a_channel_without_an_account_has_no_templates(api: Api, company: Company, graph: GraphOfTests) -> None:
    channel_id = connect(api, company)
    api.patch(f"/v1/channels/{channel_id}", {"settings": {"waba_id": None}}, token=company.admin)
    refused = make(api, company, channel_id)
    assert (refused.status, refused.json["errors"][0]["code"]) == (400, "no_template_account")


def test_agents_read_and_admins_write(api: Api, company: Company, channel_id: str) -> None:
    made = make(api, company, channel_id).json
    token = company.tokens["agent"]
    assert api.get("/v1/templates", token=token).json["items"][0]["id"] == made["id"]
    assert api.post("/v1/templates", {**NEW, "channel_id": channel_id}, token=token).status == 403
    assert api.delete(f"/v1/templates/{made['id']}", token=token).status == 403
