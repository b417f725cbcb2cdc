"""Imports of contacts from the upload to the way back: API, queue, function, tables, bucket, and the minute's look."""

from __future__ import annotations

from typing import Any

from recado.domain.access import Caller
from recado.domain.files import served_key
from tests.handlers.stack import BUCKETS, Stack

A = "accounta"
ADMIN = Caller(A, "admin", user_id=f"us_{A}_{'1' * 27}")
BUCKET = BUCKETS["FILES_BUCKET"]
PEOPLE = "Nome;Celular;Empresa;Grupos\r\n=José;'+5511987654321;Ñandú & Cia;VIP|Clientes\r\n;12;;\r\nBia;;;\r\n".encode(
    "utf-16"
)


def uploaded(stack: Stack, body: bytes) -> str:
    """An import's file, announced, posted and accepted."""
    files = stack.container.file_service
    file, _ = files.announce(ADMIN, "import", None, "pessoas.csv", "text/csv", len(body))
    key = f"quarantine/{A}/{file.id}"
    stack.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    stack.invoke("file_limits", {"id": "1", "detail": {"object": {"key": key}}})
    assert files.get(ADMIN, file.id).state == "accepted"
    return file.id


def worked(stack: Stack, import_id: str) -> dict[str, Any]:
    """Until it is over."""
    for _ in range(40):
        found = stack.container.contact_import_service.get(ADMIN, import_id)
        if found["stage"] is None:
            return found
        assert stack.work("contact_imports", "contact_imports") == []
    raise AssertionError(found)


def test_from_the_upload_to_the_results_and_back(stack: Stack) -> None:
    service = stack.container.contact_import_service
    file_id = uploaded(stack, PEOPLE)
    seen = service.preview(ADMIN, file_id, {})
    assert (seen["encoding"], [one["outcome"] for one in seen["rows"]]) == (
        "utf-16-le",
        ["created", "rejected", "created"],
    )
    done = worked(stack, service.create(ADMIN, file_id, {}, False)["id"])
    assert (done["state"], done["created"], done["rejected"], done["total"]) == ("done", 2, 1, 3)
    [found] = stack.container.contact_service.page(ADMIN, "987654321", 10, None)[0]
    assert (found["name"], found["mobile"], len(found["group_ids"])) == ("=José", "+5511987654321", 2)
    results = stack.container.file_service.get(ADMIN, done["result_url"].split("/files/")[1].split("/")[1])
    assert results.etag is not None
    text = stack.s3.get_object(Bucket=BUCKET, Key=served_key(A, results.id, results.etag))["Body"].read().decode()
    assert text.splitlines() == [
        "\ufeffrow,outcome,contact_id,column,reason,detail",
        f"2,created,{found['id']},,,",
        "3,rejected,,Celular,invalid_phone,"
        '"This is no telephone number. Give it with its area code, or with + and its country code."',
        f"4,created,{service.rows(ADMIN, done['id'], 9, 3)[0][0]['contact_id']},,,",
    ]
    again = worked(stack, service.create(ADMIN, file_id, {}, False)["id"])
    assert (again["created"], again["unchanged"], again["rejected"]) == (0, 2, 1)
    service.undo(ADMIN, done["id"])
    undone = worked(stack, done["id"])
    assert (undone["state"], undone["undo"]) == ("undone", {"removed": 2, "restored": 0, "left": 0})
    assert stack.container.contact_service.page(ADMIN, None, 10, None)[0] == []


def test_a_lost_command_is_sent_again_by_the_minute(stack: Stack, clock: Any) -> None:
    service = stack.container.contact_import_service
    import_id = service.create(ADMIN, uploaded(stack, b"name\nAna\n"), {}, False)["id"]
    for stage in ("survey", "rows", "result"):
        assert service.get(ADMIN, import_id)["stage"] == stage
        for record in stack.receive("contact_imports"):
            stack.delete("contact_imports", record)
        clock.move(121)
        stack.invoke("tick", {"jobs": ["contact_imports"]})
        assert stack.work("contact_imports", "contact_imports") == []
    assert service.get(ADMIN, import_id)["state"] == "done"


def test_what_an_export_wrote_is_imported_as_it_is_and_changes_nothing(stack: Stack, clock: Any) -> None:
    contacts, exports = stack.container.contact_service, stack.container.contact_export_service
    for name, mobile in (("=cmd()", "11 98765-4321"), ('A "b"\u00a0;, 👩‍🚀', None), ("'x", "+5511911112222")):
        contacts.create(ADMIN, {"name": name, "mobile": mobile, "notes": "a\r\nb\n\n'=c|\\"})
    before = contacts.page(ADMIN, None, 10, None)[0]

    def exported() -> dict[str, Any]:
        export_id = exports.create(ADMIN, None, None, "excel")["id"]
        for _ in range(40):
            stack.work("contact_exports", "contact_exports")
            if exports.get(ADMIN, export_id)["state"] == "done":
                return dict(exports.get(ADMIN, export_id))
        raise AssertionError

    first = exported()
    done = worked(stack, stack.container.contact_import_service.create(ADMIN, first["file_id"], {}, False)["id"])
    assert (done["state"], done["unchanged"], done["total"]) == ("done", 3, 3), done["errors"]
    assert contacts.page(ADMIN, None, 10, None)[0] == before
    bodies = [
        stack.s3.get_object(Bucket=BUCKET, Key=served_key(A, one["file_id"], one["id"]))["Body"].read()
        for one in (first, exported())
    ]
    assert bodies[0] == bodies[1]
