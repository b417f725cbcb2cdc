"""Imports of contacts from the upload to the way back: API, queue, function, tables, bucket, and the minute's look."""

from __future__ import annotations

from typing import Any

import pytest

from recado.aws.file_objects import S3FileObjects
from recado.domain.access import Caller
from recado.domain.errors import NotFound
from recado.domain.files import served_key
from recado.storage.files import DynamoFiles
from tests.handlers.stack import BUCKETS, Stack

A = "accounta"
ADMIN = Caller(A, "admin", user_id=f"us_{A}_{'1' * 27}")
BUCKET = BUCKETS["FILES_BUCKET"]
DAY_S = 86_400
PEOPLE = "\r\n".join(
    [
        "Nome;Celular;Empresa;Grupos",
        "=José;'+5511987654321;Ñandú & Cia;VIP|Clientes",
        ";12;;",
        "Bia;;;",
        "Caio;12;;a|b|c|d|e|f|g|h|i|j|k",
        "",
    ]
).encode("utf-16")


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
        ["created", "rejected", "created", "rejected"],
    )
    done = worked(stack, service.create(ADMIN, file_id, {}, False)["id"])
    assert (done["state"], done["created"], done["rejected"], done["total"]) == ("done", 2, 2, 4)
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
        '5,rejected,,Grupos|Celular,too_many|invalid_phone,"A contact is in 10 groups at most.|'
        'This is no telephone number. Give it with its area code, or with + and its country code."',
    ]
    again = worked(stack, service.create(ADMIN, file_id, {}, False)["id"])
    assert (again["created"], again["unchanged"], again["rejected"]) == (0, 2, 2)
    service.undo(ADMIN, done["id"])
    undone = worked(stack, done["id"])
    assert (undone["state"], undone["undo"]) == ("undone", {"removed": 2, "restored": 0, "left": 0})
    assert stack.container.contact_service.page(ADMIN, None, 10, None)[0] == []


def test_a_file_ends_after_a_week_unless_an_import_takes_it_up(stack: Stack, clock: Any) -> None:
    """Nothing leads to a file that nobody imports: no erasure would find who is in it."""
    files, imports = stack.container.file_service, stack.container.contact_import_service
    left, taken = (uploaded(stack, b"name\nAna\n") for _ in range(2))
    assert kinds(stack, left) == kinds(stack, taken) == ["upload"]
    clock.move(6 * DAY_S)
    done = worked(stack, imports.create(ADMIN, taken, {}, False)["id"])
    assert (done["state"], kinds(stack, left), kinds(stack, taken)) == ("done", ["upload"], ["imported"])
    clock.move(DAY_S)
    for ask in (files.get, lambda caller, file_id: imports.create(caller, file_id, {}, False)):
        with pytest.raises(NotFound):
            ask(ADMIN, left)
    assert files.get(ADMIN, taken).state == "accepted"
    clock.move(29 * DAY_S - 1)
    again = imports.create(ADMIN, taken, {}, False)["id"]
    assert worked(stack, again)["state"] == "done"
    clock.move(DAY_S + 1)
    with pytest.raises(NotFound):
        files.get(ADMIN, taken)


def test_a_file_that_ends_while_its_import_waits_is_not_kept_on(stack: Stack, clock: Any) -> None:
    imports = stack.container.contact_import_service
    clock.move(3600)
    file_id = uploaded(stack, b"name\nAna\n")
    clock.move(7 * DAY_S - 60)
    import_id = imports.create(ADMIN, file_id, {}, False)["id"]
    clock.move(60)
    done = worked(stack, import_id)
    assert (done["state"], done["reason"], kinds(stack, file_id)) == ("failed", "file_gone", ["upload"])


@pytest.mark.parametrize("at", ["keep", "keep_until"])
def test_an_arrival_told_twice_leaves_the_tag_of_what_an_import_took_up(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """The second check copies what an import took up since it looked, or takes up in this moment: bytes whose end was
    put off would go early."""
    service, files, body = stack.container.contact_import_service, stack.container.file_service, b"name\nAna\n"
    file, _ = files.announce(ADMIN, "import", None, "pessoas.csv", "text/csv", len(body))
    key = f"quarantine/{A}/{file.id}"
    arrival = {"id": "1", "detail": {"object": {"key": key}}}
    stack.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    keep, keep_until = S3FileObjects.keep, DynamoFiles.keep_until

    def accepted_first(told: Any, *given: Any) -> None:
        """The first check is over before the second copies, and all of the import where that is asked for."""
        with monkeypatch.context() as calm:
            calm.setattr(S3FileObjects, "keep", keep)
            stack.invoke("file_limits", arrival)
            if at == "keep":
                assert worked(stack, service.create(ADMIN, file.id, {}, False)["id"])["state"] == "done"
                assert kinds(stack, file.id) == ["imported"]
        stack.s3.put_object(Bucket=BUCKET, Key=key, Body=body)  # it is emptied last: the second finds it still
        keep(told, *given)

    def checked_first(told: Any, *given: Any) -> bool:
        """The second copies between the mark of the import and its end."""
        target = stack.s3.list_objects_v2(Bucket=BUCKET, Prefix=f"files/{A}/{file.id}/")["Contents"][0]["Key"]
        tags = {"TagSet": [{"Key": "kind", "Value": "upload"}]}
        stack.s3.put_object_tagging(Bucket=BUCKET, Key=target, Tagging=tags)
        return keep_until(told, *given)

    with monkeypatch.context() as patched:
        patched.setattr(S3FileObjects, "keep", accepted_first)
        stack.invoke("file_limits", arrival)
    if at == "keep_until":
        assert kinds(stack, file.id) == ["upload"]
        monkeypatch.setattr(DynamoFiles, "keep_until", checked_first)
        assert worked(stack, service.create(ADMIN, file.id, {}, False)["id"])["state"] == "done"
    assert kinds(stack, file.id) == ["imported"]


def kinds(stack: Stack, file_id: str) -> list[str]:
    """By which tag the bucket forgets its objects."""
    found = stack.s3.list_objects_v2(Bucket=BUCKET, Prefix=f"files/{A}/{file_id}/").get("Contents", [])
    sets = [stack.s3.get_object_tagging(Bucket=BUCKET, Key=one["Key"])["TagSet"] for one in found]
    return [tag["Value"] for tags in sets for tag in tags if tag["Key"] == "kind"]


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
