"""How exports of one contact's data are made, through the functions' handlers. That all is in them is shown with the
erasure, which needs the same people (test_contact_erasure.py)."""

from __future__ import annotations

import zipfile
from io import BytesIO
from typing import Any

import pytest

from recado.domain.contact_data_exports import DataExport
from recado.services.contact_data_export_work import ContactDataExportWork
from recado.services.zip_parts import ZipParts
from recado.storage.contact_data_exports import DynamoDataExports
from tests.erasure_world import CANARY, ErasureWorld
from tests.handlers.stack import BUCKETS, Stack


@pytest.fixture
def world(stack: Stack) -> ErasureWorld:
    return ErasureWorld(stack)


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
    write = ContactDataExportWork._write

    def dies(*given: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(ContactDataExportWork, "_write", dies)
    with pytest.raises(SystemExit):
        world.run_exports()
    monkeypatch.setattr(ContactDataExportWork, "_write", write)
    for record in world.stack.receive("contact_exports"):
        world.stack.delete("contact_exports", record)
    assert world.product.contact_data_export_work.sweep(16).done == 0
    clock.move(201)
    assert world.product.contact_data_export_work.sweep(16).done == 1
    world.run_exports()
    assert exports.get(world.admin, contact_id, asked["id"])["state"] == "done"


def test_one_that_cannot_be_read_stands_before_no_other(
    world: ErasureWorld, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.says(CANARY, "Oi")
    exports = world.product.contact_data_exports
    broken, other = (exports.create(world.admin, world.contact_id(CANARY))["id"] for _ in range(2))
    get, work = DynamoDataExports.get, world.product.contact_data_export_work

    def breaks(store: DynamoDataExports, a: str, contact_id: str, export_id: str) -> DataExport | None:
        if export_id == broken:
            raise ConnectionError
        return get(store, a, contact_id, export_id)

    clock.move(201)
    with monkeypatch.context() as patch:
        patch.setattr(DynamoDataExports, "get", breaks)
        swept = work.sweep(160)
        assert (swept.done, list(swept.failed)) == (1, [broken])
        assert work.sweep(160).seen == 0, "it is looked at again at once, for ever"
    clock.move(60)
    assert {other, broken} == {one.export_id for one in DynamoDataExports().due(clock.now(), 160)[0]}
    assert work.sweep(160).done == 2


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
