"""/v1/contact-exports through the function's handler, the worker called by hand."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

from recado.aws.file_objects import S3FileObjects
from recado.aws.session import reset_clients
from recado.bootstrap import Container
from recado.domain.access import Caller
from recado.domain.csv_cells import read
from recado.domain.errors import NotFound
from recado.domain.exports import KEPT_FOR
from recado.domain.ids import make_id
from tests.api.conftest import Answered, Api, Company, QueueOfTests

BUCKET = "recado-files"
HEADER = (
    "id,name,mobile,phone,email,birthday,address,city,district,state,country,notes,organization,groups,principal_id"
)
HARD_NAMES = ["=cmd()", "'quoted", "-5", "+1", "@SUM(A1)", 'Ana "a, b"', "João d'Ávila 😀", "a;=b", "\\|", "''=x"]


@pytest.fixture
def queue(services: Container) -> QueueOfTests:
    queue = services.contact_exports_queue
    assert isinstance(queue, QueueOfTests)
    return queue


@pytest.fixture(autouse=True)
def bucket(services: Container, queue: QueueOfTests, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    reset_clients()
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    services.file_objects = S3FileObjects(BUCKET, "https://recado.example")
    yield s3
    reset_clients()


@pytest.fixture
def export(api: Api, company: Company, services: Container, queue: QueueOfTests) -> Callable[..., Answered]:
    """Asks for an export as the admin, lets the worker do what is asked of it, and gives the export as it is then."""

    def make(**body: Any) -> Answered:
        asked = api.post("/v1/contact-exports", body, token=company.admin)
        assert asked.status == 202
        while queue.sent:
            services.contact_export_work.work(*queue.sent.pop(0).body.values(), lambda: True)
        return api.get(f"/v1/contact-exports/{asked.json['id']}", token=company.admin)

    return make


def content(bucket: Any, answered: Answered) -> str:
    """What lies where the link leads to."""
    key = urlsplit(answered.json["url"]).path.removeprefix("/")
    return str(bucket.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode())


def rows_of(text: str) -> list[dict[str, str]]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return [{name: read(cell) for name, cell in row.items()} for row in rows]


def test_from_first_to_last(
    api: Api, company: Company, export: Callable[..., Answered], bucket: Any, services: Container
) -> None:
    token = company.admin
    field = {"slug": "cor", "label": "Cor", "table": "contacts", "type": "multi_list", "options": ["a|b", "c"]}
    assert api.post("/v1/custom-fields", field, token=token).status == 201
    services.remembered_fields._known.clear()
    group, loja = (
        api.post(f"/v1/{kind}", {"name": name}, token=token).json["id"]
        for kind, name in (("groups", "V|P"), ("organizations", "=Loja"))
    )
    given = {
        "name": "Ana", "mobile": "11 98765-4321", "email": "ana@example.com", "birthday": "1980-02-29",
        "notes": "uma\nduas", "organization_id": loja, "group_ids": [group], "custom_fields": {"cor": ["a|b", "c"]},
    }  # fmt: skip
    ana = api.post("/v1/contacts", given, token=token).json
    linked = api.post("/v1/contacts", {"name": "Bia", "principal_id": ana["id"]}, token=token).json
    for name in HARD_NAMES:
        assert api.post("/v1/contacts", {"name": name}, token=token).status == 201
    done = export()
    assert (done.json["state"], done.json["done"], done.json["total"]) == ("done", 12, 12)
    text = content(bucket, done)
    assert text.startswith(f"{HEADER},cf_cor\r\n") and len(text.encode()) == done.json["size"]
    rows = {row["id"]: row for row in rows_of(text)}
    assert len(rows) == 12 and {row["name"] for row in rows.values()} == {*HARD_NAMES, "Ana", "Bia"}
    assert rows[ana["id"]] == {
        "id": ana["id"], "name": "Ana", "mobile": "+5511987654321", "phone": "", "email": "ana@example.com",
        "birthday": "1980-02-29", "address": "", "city": "", "district": "", "state": "", "country": "",
        "notes": "uma\nduas", "organization": "=Loja", "groups": "V\\|P", "principal_id": "", "cf_cor": "a\\|b|c",
    }  # fmt: skip
    assert rows[linked["id"]]["principal_id"] == ana["id"]
    assert content(bucket, export()) == text, "the same contacts, the same bytes"
    of_group = rows_of(content(bucket, export(group_id=group, columns=["name", "id"])))
    assert of_group == [{"name": "Ana", "id": ana["id"]}]
    assert rows_of(content(bucket, export(organization_id=loja, columns=["cf_cor"]))) == [{"cf_cor": "a\\|b|c"}]


def test_an_empty_account(export: Callable[..., Answered], bucket: Any) -> None:
    done = export()
    assert content(bucket, done) == HEADER + "\r\n"
    assert (done.json["done"], done.json["total"], done.json["total_estimated"]) == (0, 0, False)


def test_its_file_is_served_and_can_be_imported(
    api: Api, company: Company, services: Container, export: Callable[..., Answered], bucket: Any, clock: Any
) -> None:
    done = export(format="excel").json
    path = f"/v1/contact-exports/{done['id']}"
    file = api.get(f"/v1/files/{done['file_id']}", token=company.admin).json
    assert (file["feature"], file["state"], file["content_type"]) == ("import", "accepted", "text/csv")
    assert urlsplit(file["url"]).path == urlsplit(done["url"]).path
    assert done["url"].startswith("https://recado.example/files/")
    lies = bucket.head_object(Bucket=BUCKET, Key=urlsplit(done["url"]).path[1:])
    assert lies["ContentType"] == "text/csv; charset=utf-8"
    assert lies["ContentDisposition"].startswith('attachment; filename="contacts-2026-03-02.csv"')
    assert "private" in lies["CacheControl"]
    tags = bucket.get_object_tagging(Bucket=BUCKET, Key=urlsplit(done["url"]).path[1:])["TagSet"]
    assert tags == [{"Key": "kind", "Value": "export"}]
    assert api.get(f"/v1/files/{done['file_id']}", token=company.tokens["agent"]).status == 404
    lowered = Caller(company.a, "agent", user_id=company.users["admin"].id)
    with pytest.raises(NotFound):
        services.file_service.get(lowered, done["file_id"])
    clock.move(KEPT_FOR.total_seconds())
    token = company.tokens["api"]
    later = api.get(path, token=token).json
    assert (later["state"], later["url"], later["expires_at"]) == ("done", None, done["expires_at"])
    assert api.get(f"/v1/files/{done['file_id']}", token=token).status == 404


def test_who_took_contacts_out_is_told(
    api: Api, company: Company, export: Callable[..., Answered], services: Container
) -> None:
    made = [export().json["id"] for _ in range(3)]
    listed = api.get("/v1/contact-exports?limit=2", token=company.admin).json
    assert [one["id"] for one in listed["items"]] == made[:0:-1]
    rest = api.get(f"/v1/contact-exports?limit=2&after={listed['next']}", token=company.admin).json
    assert ([one["id"] for one in rest["items"]], rest["next"]) == (made[:1], None)
    assert all(one["created_by"] == {"type": "user", "id": company.users["admin"].id} for one in listed["items"])
    by_token = api.post("/v1/contact-exports", {}, token=company.tokens["api"]).json
    assert by_token["created_by"] == {"type": "user", "id": company.users["admin"].id}, "who made the token"


FOREIGN = make_id("gr", "otheracc", datetime(2026, 1, 1, tzinfo=UTC), "0" * 16)
REFUSED: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"columns": ["id", "nome", "id"]}, [("/columns/1", "not_found"), ("/columns/2", "repeated")]),
    ({"columns": []}, [("/columns", "invalid")]),
    ({"columns": ["cf_cor"]}, [("/columns/0", "not_found")]),
    ({"format": "xlsx"}, [("/format", "invalid")]),
    ({"group_id": FOREIGN}, [("/group_id", "not_found")]),
    ({"group_id": "x"}, [("/group_id", "not_found")]),
    ({"organization_id": "gr_1"}, [("/organization_id", "not_found")]),
    ({"group_id": "gr_1", "organization_id": "og_1"}, [("/organization_id", "one_of")]),
    ({"filter": {}}, [("/filter", "unknown_field")]),
]


def test_what_is_refused(api: Api, company: Company, queue: QueueOfTests) -> None:
    for body, pointers in REFUSED:
        refused = api.post("/v1/contact-exports", body, token=company.admin)
        told = [(one["pointer"], one["code"]) for one in refused.json["errors"]]
        assert (refused.status, told) == (400, pointers), body
    assert queue.sent == []
    assert api.get("/v1/contact-exports", token=company.admin).json["items"] == []


def test_only_so_many_at_once(
    api: Api, company: Company, services: Container, queue: QueueOfTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recado.services.contact_exports.MOST_AT_ONCE", 2)
    for _ in range(2):
        assert api.post("/v1/contact-exports", {}, token=company.admin).status == 202
    refused = api.post("/v1/contact-exports", {}, token=company.admin)
    assert (refused.status, refused.json["code"], refused.json["limit"]) == (409, "too_many_exports", 2)
    services.contact_export_work.work(*queue.sent[0].body.values(), lambda: True)
    assert api.post("/v1/contact-exports", {}, token=company.admin).status == 202


def test_one_key_is_one_export(api: Api, company: Company, queue: QueueOfTests) -> None:
    headers = {"Idempotency-Key": "k"}
    first = api.post("/v1/contact-exports", {}, token=company.admin, headers=headers)
    again = api.post("/v1/contact-exports", {}, token=company.admin, headers=headers)
    assert (first.status, again.status, first.json) == (202, 202, again.json)
    assert len(queue.sent) == 1


def test_one_key_is_one_export_whatever_dies(
    api: Api, company: Company, services: Container, queue: QueueOfTests, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first run writes the export and dies; the next one with the key, after the first one's lease, finds it."""
    headers = {"Idempotency-Key": "k"}
    with monkeypatch.context() as broken:

        def dies(*_: Any) -> None:
            raise SystemExit

        broken.setattr(queue, "send", dies)
        with pytest.raises(SystemExit):
            api.post("/v1/contact-exports", {}, token=company.admin, headers=headers)
    clock.move(61)
    again = api.post("/v1/contact-exports", {}, token=company.admin, headers=headers)
    assert again.status == 202
    listed = api.get("/v1/contact-exports", token=company.admin).json["items"]
    assert [one["id"] for one in listed] == [again.json["id"]]
    assert services.contact_export_work.sweep(160).done == 1, "and the minute's look sends what was not sent"


def test_what_the_queue_does_not_take_is_sent_by_the_minute(
    api: Api, company: Company, services: Container, queue: QueueOfTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:

        def refuses(*_: Any) -> None:
            raise ConnectionError

        broken.setattr(queue, "send", refuses)
        asked = api.post("/v1/contact-exports", {}, token=company.admin)
    assert asked.status == 202
    services.contact_export_work.sweep(160)
    [command] = queue.sent
    assert command.body == {"account": company.a, "export_id": asked.json["id"], "version": 0}
