"""Contacts from a CSV file on the running product: uploaded, previewed, imported in lanes, exported again, undone."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from infra.local.stack import Stack
from tests.e2e.live import Live, eventually
from tests.import_world import csv_of

PEOPLE = 150
HEADER = ("Nome", "Celular", "E-mail", "Cidade", "Grupos")


@pytest.fixture
def live(stack: Stack) -> Live:
    return Live(stack)


def uploaded(live: Live, body: bytes) -> str:
    announced = live.admin.post(
        "/v1/files",
        {"feature": "import", "name": "pessoas.csv", "content_type": "text/csv", "size": len(body)},
        expect=201,
    )
    upload = announced["upload"]
    posted = httpx.post(upload["url"], data=upload["fields"], files={"file": ("pessoas.csv", body)}, timeout=60)
    assert posted.status_code in (200, 204)
    path = f"/v1/files/{announced['file_id']}"
    file = eventually(lambda: (file := live.admin.get(path))["state"] != "pending" and file)
    assert file["state"] == "accepted", file
    return str(announced["file_id"])


def over(live: Live, path: str) -> dict[str, Any]:
    found: dict[str, Any] = eventually(lambda: (one := live.admin.get(path))["stage"] is None and one, within_s=180)
    return found


def imported(live: Live, file_id: str, **given: Any) -> dict[str, Any]:
    begun = live.admin.post("/v1/contact-imports", {"file_id": file_id, **given}, expect=202)
    return over(live, f"/v1/contact-imports/{begun['id']}")


def test_a_file_is_imported_found_again_and_undone(live: Live) -> None:
    rows = [
        (f"Zulmira Importada {n}", f"+55 68 99{200_0000 + n}", f"zulmira{n}@example.com", "Xapuri", "Importados")
        for n in range(PEOPLE)
    ]
    file_id = uploaded(live, csv_of([*rows, ("", "12", "", "", "")], HEADER, ";"))
    seen = live.admin.post("/v1/contact-imports/preview", {"file_id": file_id}, expect=200)
    assert [one["field"] for one in seen["columns"]] == ["name", "mobile", "email", "city", "groups"]
    done = imported(live, file_id)
    assert (done["state"], done["created"], done["rejected"], done["done"]) == ("done", PEOPLE, 1, done["total"])
    [found] = live.admin.get("/v1/contacts?q=zulmira7@example.com")["items"]
    assert (found["mobile"], found["city"], len(found["group_ids"])) == ("+5568992000007", "Xapuri", 1)
    timeline = live.admin.get(f"/v1/contacts/{found['id']}/timeline")["items"]
    assert [(one["type"], one["data"]["import_id"]) for one in timeline] == [("contact.created", done["id"])]
    results = httpx.get(done["result_url"]).content.decode("utf-8-sig").splitlines()
    assert len(results) == PEOPLE + 2 and results[-1].startswith(f"{PEOPLE + 2},rejected,,Celular,invalid_phone")
    again = imported(live, file_id)
    assert (again["created"], again["unchanged"]) == (0, PEOPLE)
    live.admin.post(f"/v1/contact-imports/{done['id']}/undo", {}, expect=202)
    undone = over(live, f"/v1/contact-imports/{done['id']}")
    assert (undone["state"], undone["undo"]) == ("undone", {"removed": PEOPLE, "restored": 0, "left": 0})
    assert live.admin.get("/v1/contacts?q=zulmira")["items"] == []
