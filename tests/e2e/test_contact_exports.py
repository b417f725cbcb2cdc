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


def test_all_contacts(live: Live) -> None:
    done, file = exported(live, format="excel")
    assert file.content.startswith("\ufeffid;name;".encode())
    assert done["done"] == file.content.count(b"\r\nct_")
