"""/v1/contact-imports: who may, what is refused, what is answered."""

from __future__ import annotations

from typing import Any

import pytest

from recado.bootstrap import Container
from recado.domain.files import File
from recado.ports.files import UploadForm
from recado.storage.files import DynamoFiles
from tests.api.conftest import Api, Company, make_company
from tests.import_stores import Memory, MemoryFiles

BODY = b"Nome,Celular,x\nAna,11 98765-4321,\n,,\n"


@pytest.fixture
def file_id(services: Container, company: Company, clock: Any, ids: Any) -> str:
    """An accepted file of the company's, its bytes in memory."""
    memory = Memory()
    services.file_objects = _Objects(memory)  # type: ignore[assignment]
    file = File(
        ids.new("fi", company.a), "import", "a.csv", "text/csv", len(BODY), company.users["admin"].id, clock.now(),
        "accepted", etag="etag",
    )  # fmt: skip
    DynamoFiles().create(company.a, file)
    memory.objects[f"files/{company.a}/{file.id}/etag"] = BODY
    return file.id


class _Objects(MemoryFiles):
    def link(self, key: str, seconds: int) -> str:
        return f"https://files/{key}"


def worked(services: Container) -> None:
    """What waits is done."""
    queue: Any = services.contact_imports_queue
    while queue.sent:
        body = queue.sent.pop(0).body
        if body["stage"] != "result":
            services.contact_import_work.work(
                body["account"], body["import_id"], body["stage"], body["lane"], lambda: True
            )


def test_an_import_is_begun_looked_at_and_listed(api: Api, company: Company, services: Container, file_id: str) -> None:
    begun = api.post(
        "/v1/contact-imports", {"file_id": file_id, "mapping": {"Nome": "name", "x": None}}, token=company.admin
    )
    assert (begun.status, begun.json["state"], begun.json["mapping"]) == (202, "queued", {"Nome": "name"})
    path = f"/v1/contact-imports/{begun.json['id']}"
    worked(services)
    found = api.get(path, token=company.tokens["api"]).json
    shown = [found[name] for name in ("state", "stage", "total", "done", "created")]
    assert shown == ["running", "result", 2, 2, 1]
    rows = api.get(f"{path}/rows?limit=1", token=company.admin).json
    assert [one["outcome"] for one in rows["items"]] == ["created"]
    rows = api.get(f"{path}/rows?limit=1&after={rows['next']}", token=company.admin).json
    assert ([(one["row"], one["reason"], one["column"]) for one in rows["items"]], rows["next"]) == (
        [(3, "required", "Nome")],
        None,
    )
    assert [one["id"] for one in api.get("/v1/contact-imports", token=company.admin).json["items"]] == [found["id"]]
    assert api.post(f"{path}/undo", token=company.admin).json["code"] == "import_not_over"


def test_the_same_request_again_begins_one_import(api: Api, company: Company, file_id: str) -> None:
    given: Any = {"token": company.admin, "headers": {"Idempotency-Key": "once"}}
    first, again = (api.post("/v1/contact-imports", {"file_id": file_id}, **given) for _ in range(2))
    assert first.json["id"] == again.json["id"]
    assert len(api.get("/v1/contact-imports", token=company.admin).json["items"]) == 1


def test_a_preview_writes_nothing(api: Api, company: Company, file_id: str) -> None:
    seen = api.post("/v1/contact-imports/preview", {"file_id": file_id}, token=company.admin)
    assert (seen.status, [one["field"] for one in seen.json["columns"]]) == (200, ["name", "mobile", None])
    assert [one["outcome"] for one in seen.json["rows"]] == ["created", "rejected"]
    assert api.get("/v1/contacts", token=company.admin).json["items"] == []


@pytest.mark.parametrize(
    ("mapping", "pointer", "code"),
    [
        ({"Nome": "shoe_size"}, "/mapping/Nome", "unknown_field"),
        ({"a/b": "name"}, "/mapping/a~1b", "missing_column"),
        ({"Nome": "cf_none"}, "/mapping/Nome", "unknown_field"),
        ({"x": "city"}, "/mapping", "nobody_known"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused(
    api: Api, company: Company, file_id: str, mapping: dict[str, str], pointer: str, code: str
) -> None:
    for path in ("", "/preview"):
        refused = api.post(f"/v1/contact-imports{path}", {"file_id": file_id, "mapping": mapping}, token=company.admin)
        assert (refused.status, [(one["pointer"], one["code"]) for one in refused.json["errors"]]) == (
            400,
            [(pointer, code)],
        )
    assert api.get("/v1/contact-imports", token=company.admin).json["items"] == []


def test_files_and_imports_of_others_are_not_found(
    api: Api, company: Company, services: Container, file_id: str
) -> None:
    other = make_company(services, "two")
    assert api.post("/v1/contact-imports", {"file_id": file_id}, token=other.admin).status == 404
    begun = api.post("/v1/contact-imports", {"file_id": file_id}, token=company.admin).json
    for path in ("", "/rows"):
        assert api.get(f"/v1/contact-imports/{begun['id']}{path}", token=other.admin).status == 404
        assert api.get(f"/v1/contact-imports/{begun['id']}{path}", token=company.tokens["agent"]).status == 403
        assert api.get(f"/v1/contact-imports/{begun['id']}{path}", token=company.tokens["restricted"]).status == 403
    assert api.post(f"/v1/contact-imports/{begun['id']}/undo", token=other.admin).status == 404


def test_a_file_has_to_be_there_and_for_imports(api: Api, company: Company, services: Container, file_id: str) -> None:
    for feature, code in (("import", "file_not_accepted"), ("service", "invalid")):
        announced = {"feature": feature, "name": "a.csv", "content_type": "text/csv", "size": 3}
        services.file_objects.upload_form = lambda *_: UploadForm("https://bucket", {})  # type: ignore[method-assign]
        pending = api.post("/v1/files", announced, token=company.admin).json["file_id"]
        refused = api.post("/v1/contact-imports", {"file_id": pending}, token=company.admin).json
        assert (refused["code"], refused["errors"][0]["pointer"]) == (code, "/file_id")
