"""All that is kept of one contact in a ZIP file, through the functions' handlers."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from typing import Any

import pytest

from recado.services.contact_data_work import ContactDataWork
from recado.services.zip_parts import ZipParts
from tests.erasure_world import CANARY, OTHER, ErasureWorld
from tests.handlers.stack import BUCKETS, Stack


@pytest.fixture
def world(stack: Stack) -> ErasureWorld:
    return ErasureWorld(stack)


def opened(world: ErasureWorld) -> zipfile.ZipFile:
    """The one ZIP file in the bucket."""
    [(_, body)] = [(key, body) for key, body in world.objects().items() if body[:2] == b"PK"]
    return zipfile.ZipFile(BytesIO(body))


def test_all_that_is_kept_is_in_the_file_and_nobody_elses(world: ErasureWorld) -> None:
    contact, _ = world.person(CANARY), world.says(OTHER, "Oi")
    exports = world.product.contact_data_exports
    asked = exports.create(world.admin, contact.id)
    assert (asked["state"], asked["url"], asked["total"]) == ("queued", None, None)
    world.run_exports()
    told = exports.get(world.admin, contact.id, asked["id"])
    assert (told["state"], told["done"] > 20, told["total"]) == ("done", True, told["done"])
    assert "/files/" in told["url"]
    with opened(world) as file:
        assert file.testzip() is None
        names = file.namelist()
        lines = {name: file.read(name).decode().splitlines() for name in names if name.endswith(("json", "jsonl"))}
        files = [file.read(name) for name in names if name.startswith("files/")]
    whole = "\n".join(line for each in lines.values() for line in each)
    assert OTHER.number not in whole
    (card,) = (json.loads(line) for line in lines["profile.json"])
    assert (card["id"], card["notes"], card["custom_fields"]) == (
        contact.id,
        "notas canarinho",
        {"apelido": "canarinho"},
    )
    texts = [json.loads(line)["text"] for line in lines["messages.jsonl"]]
    assert {"e falo de canarinho", "Olá, canarinho!", "outra nota sobre canarinho", "Um e-mail de canarinho"} <= {
        one.strip() for one in texts
    }
    assert any("comentário sobre canarinho" in line for line in lines["timeline.jsonl"])
    assert any("fechado com canarinho" in line for line in lines["chat_events.jsonl"])
    assert len(lines["chats.jsonl"]) == 4
    assert len(lines["merges.jsonl"]) == 1
    assert sum(b"canarinho" in one for one in files) == 4
    world.erase(contact.id)
    assert [key for key, body in world.objects().items() if body[:2] == b"PK"] == []


def test_a_run_that_is_too_short_says_so(world: ErasureWorld) -> None:
    world.says(CANARY, "Oi")
    contact_id = world.contact_id(CANARY)
    exports = world.product.contact_data_exports
    asked = exports.create(world.admin, contact_id)
    world.run_exports(remaining_ms=1_000)
    told = exports.get(world.admin, contact_id, asked["id"])
    assert (told["state"], told["reason"], told["url"]) == ("failed", "too_large", None)
    uploads = world.stack.s3.list_multipart_uploads(Bucket=BUCKETS["FILES_BUCKET"])
    assert uploads.get("Uploads", []) == []


def test_a_worker_that_died_is_followed_by_another(
    world: ErasureWorld, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.says(CANARY, "Oi")
    contact_id = world.contact_id(CANARY)
    exports = world.product.contact_data_exports
    asked = exports.create(world.admin, contact_id)
    write = ContactDataWork._write

    def dies(*given: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(ContactDataWork, "_write", dies)
    with pytest.raises(SystemExit):
        world.run_exports()
    monkeypatch.setattr(ContactDataWork, "_write", write)
    for record in world.stack.receive("contact_exports"):
        world.stack.delete("contact_exports", record)
    assert world.product.contact_data_work.sweep(16).done == 0
    clock.move(201)
    assert world.product.contact_data_work.sweep(16).done == 1
    world.run_exports()
    assert exports.get(world.admin, contact_id, asked["id"])["state"] == "done"


@pytest.mark.parametrize("part_bytes", [40, 1_000, 1_000_000])
def test_parts_make_one_file_whatever_their_size(clock: Any, part_bytes: int) -> None:
    kept: list[bytes] = []

    def put(number: int, body: bytes) -> str:
        assert number == len(kept) + 1
        kept.append(body)
        return f"etag-{number}"

    with ZipParts(put, part_bytes) as parts:
        for name, body in {"a.txt": b"a" * 5_000, "empty": b"", "ação.bin": bytes(range(256)) * 20}.items():
            with parts.entry(name, clock.now(), stored=name.endswith("bin")) as out:
                out.write(body)
    assert {len(one) for one in kept[:-1]} <= {part_bytes}
    assert len(kept[-1]) <= part_bytes
    assert parts.size == sum(map(len, kept))
    with zipfile.ZipFile(BytesIO(b"".join(kept))) as file:
        assert file.testzip() is None
        assert file.namelist() == ["a.txt", "empty", "ação.bin"]
        assert file.read("ação.bin") == bytes(range(256)) * 20
