"""Contacts as a CSV file through the running product: asked for, made by the worker, fetched by the link."""

from __future__ import annotations

import csv
import io
import secrets
from typing import Any

import httpx
import pytest

from infra.local.stack import Stack
from recado.domain.csv_cells import read
from tests.e2e.live import Live, eventually

NAMES = ["=cmd()", "'quoted", "-5", 'Ana "a, b"', "João d'Ávila 😀", "a;=b", "@SUM(A1)"]


@pytest.fixture
def live(stack: Stack) -> Live:
    return Live(stack)


def exported(live: Live, **body: Any) -> tuple[dict[str, Any], httpx.Response]:
    """The export when it is done, and its file."""
    asked = live.admin.post("/v1/contact-exports", body, expect=202)
    path = f"/v1/contact-exports/{asked['id']}"
    done = eventually(lambda: (one := live.admin.get(path))["state"] == "done" and one, within_s=60)
    return done, httpx.get(done["url"])


def rows_of(file: httpx.Response) -> list[dict[str, str]]:
    rows = csv.DictReader(io.StringIO(file.content.decode(), newline=""))
    return [{name: read(cell) for name, cell in row.items()} for row in rows]


def test_from_the_request_to_the_file(live: Live) -> None:
    group = live.admin.post("/v1/groups", {"name": f"Export {secrets.token_hex(4)}"}, expect=201)
    made = {
        live.admin.post("/v1/contacts", {"name": name, "notes": "uma\n=duas", "group_ids": [group["id"]]}, expect=201)[
            "id"
        ]: name
        for name in NAMES
    }
    done, file = exported(live, group_id=group["id"])
    assert {row["id"]: row["name"] for row in rows_of(file)} == made
    assert {(row["groups"], row["notes"]) for row in rows_of(file)} == {(group["name"], "uma\n=duas")}
    assert (done["done"], done["total"], done["size"]) == (len(NAMES), len(NAMES), len(file.content))
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert file.headers["x-content-type-options"] == "nosniff"
    assert file.headers["content-disposition"].startswith("attachment;")
    assert live.admin.get(f"/v1/files/{done['file_id']}")["state"] == "accepted"
    assert exported(live, group_id=group["id"])[1].content == file.content
    event = eventually(lambda: [one for one in live.admin.items("/v1/events") if one["data"].get("id") == done["id"]])[
        0
    ]
    assert (event["type"], event["data"]["done"]) == ("contact.exported", len(NAMES))


def test_an_export_is_imported_as_it_is_and_changes_nothing(live: Live) -> None:
    """Hard names, several groups, an organization, custom values and a principal: all found unchanged, and exported
    again to the very bytes."""
    mark = secrets.token_hex(4)
    every, other = (
        live.admin.post("/v1/groups", {"name": f"{sign}{mark}|\\"}, expect=201)["id"] for sign in ("=", "-")
    )
    loja = live.admin.post("/v1/organizations", {"name": f'Ñandú, "{mark}"'}, expect=201)["id"]
    field = {
        "slug": f"e2e_{mark}",
        "label": "Cores",
        "table": "contacts",
        "type": "multi_list",
        "options": ["a|b", "=c"],
    }
    live.admin.post("/v1/custom-fields", field, expect=201)
    principal = None
    for number, name in enumerate(NAMES):
        contact = {
            "name": name,
            "mobile": f"+55 48 99{secrets.randbelow(10**7):07d}",
            "notes": "uma\r\n=duas\n\n'três",
            "group_ids": [every, other][: 1 + number % 2],
            "organization_id": loja,
            "custom_fields": {f"e2e_{mark}": ["a|b", "=c"]},
            "principal_id": principal,
        }
        made = live.admin.post("/v1/contacts", contact, expect=201)
        principal = principal or made["id"]
    done, file = exported(live, group_id=every)
    begun = live.admin.post("/v1/contact-imports", {"file_id": done["file_id"], "mapping": {}}, expect=202)
    path = f"/v1/contact-imports/{begun['id']}"
    states = ("done", "failed")
    imported = eventually(lambda: (one := live.admin.get(path))["state"] in states and one, within_s=120)
    told = {name: imported[name] for name in ("state", "total", "created", "updated", "unchanged", "rejected")}
    assert told == {
        "state": "done", "total": len(NAMES), "created": 0, "updated": 0, "unchanged": len(NAMES), "rejected": 0,
    }  # fmt: skip
    assert exported(live, group_id=every)[1].content == file.content


def test_all_contacts(live: Live) -> None:
    done, file = exported(live, format="excel")
    assert file.content.startswith("\ufeffid;name;".encode())
    assert done["done"] == file.content.count(b"\r\nct_")
