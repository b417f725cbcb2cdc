"""The erasure of one contact, through the product's own handlers: no word of theirs is left anywhere, nobody else's
data is touched, and the same person writing again is a new one."""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from botocore.client import BaseClient

from recado.domain.contact_imports import ContactImport
from recado.domain.contacts import Contact
from recado.services.views import event_view
from recado.storage.chat_records import ChatRecord, MessageRecord
from recado.storage.contact_imports import DynamoImports
from recado.storage.contact_records import ContactEventRecord
from recado.storage.contacts import ContactStore
from recado.storage.files import DynamoFiles
from tests.erasure_world import CANARY, OTHER, ErasureWorld, Item, Person, tokens_of
from tests.handlers.stack import Stack


@pytest.fixture
def world(stack: Stack) -> ErasureWorld:
    return ErasureWorld(stack)


EVENT_IDS = re.compile(r"ev_[a-z2-7]{8}_[0-9a-f]{27}")
IDS = re.compile(r"(?:ct|ca|ms|fi)_[a-z2-7]{8}_[0-9a-f]{27}")


def ids_of(contact: Contact, items: dict[Item, str], spoken_of: set[Item]) -> set[str]:
    """The contact's ids and those of what is theirs: named beside a word of theirs, and beside nobody else's."""
    own = {contact.id, *contact.merged_ids}
    named = {one for item in spoken_of for one in IDS.findall(f"{item}{items[item]}")}
    others = {
        one
        for item, text in items.items()
        if any(word in f"{item}{text}" for word in OTHER.words)
        for one in IDS.findall(f"{item}{text}")
    }
    return own | {one for one in named - others if not one.startswith("ct_")}


def left_of(person: Person, items: dict[Item, str], objects: dict[str, bytes]) -> list[str]:
    """Wherever a word of a person is."""
    found = [
        f"{word}: {item} {text[:200]}"
        for item, text in items.items()
        for word in person.words
        if word.lower() in f"{item} {text}".lower()
    ]
    spoken = [(key, (key.encode() + body).lower()) for key, body in objects.items()]
    return found + [f"{word}: {key}" for key, body in spoken for word in person.words if word.lower().encode() in body]


def assert_all_is_exported(world: ErasureWorld, contact: Contact, export_id: str) -> None:
    """The ZIP file has all that is kept of the contact, and nothing of anybody else."""
    told = world.product.contact_data_exports.get(world.admin, contact.id, export_id)
    assert (told["state"], told["done"] > 20, told["total"]) == ("done", True, told["done"])
    assert "/files/" in told["url"]
    [body] = [body for body in world.objects().values() if body[:2] == b"PK"]
    with zipfile.ZipFile(BytesIO(body)) as file:
        assert file.testzip() is None
        names = file.namelist()
        lines = {name: file.read(name).decode().splitlines() for name in names if name.endswith(("json", "jsonl"))}
        files = [file.read(name) for name in names if name.startswith("files/")]
    whole = "\n".join(line for each in lines.values() for line in each)
    assert OTHER.number not in whole
    (card,) = (json.loads(line) for line in lines["profile.json"])
    assert (card["id"], card["notes"], card["custom_fields"]) == (
        contact.id, "notas canarinho", {"apelido": "canarinho"},
    )  # fmt: skip
    texts = {json.loads(line)["text"].strip() for line in lines["messages.jsonl"]}
    assert {"e falo de canarinho", "Olá, canarinho!", "outra nota sobre canarinho", "Um e-mail de canarinho"} <= texts
    assert any("comentário sobre canarinho" in line for line in lines["timeline.jsonl"])
    assert any("fechado com canarinho" in line for line in lines["chat_events.jsonl"])
    (led,) = (json.loads(line) for line in lines["executions.jsonl"])
    assert (led["variables"], led["state"], led["trace"][0]["input"]) == (
        {"word": "canarinho"}, "aborted", "É canarinho?",
    )  # fmt: skip
    assert (len(lines["chats.jsonl"]), len(lines["merges.jsonl"])) == (4, 1)
    assert sum(b"canarinho" in one for one in files) == 4


def test_nothing_is_left_of_one_and_all_of_the_other(world: ErasureWorld, dynamodb: Any) -> None:
    contact, other_id = world.person(CANARY), world.bystander(OTHER)
    world.kept_raw(CANARY, beside=OTHER)
    world.meant(CANARY, contact.id)
    export = world.product.contact_data_exports.create(world.admin, contact.id)
    assert (export["state"], export["url"], export["total"]) == ("queued", None, None)
    world.product.contact_export_service.create(world.admin, None, None, "csv")
    world.run_exports()
    assert_all_is_exported(world, contact, export["id"])
    going = world.product.contact_export_service.create(world.admin, None, None, "csv")["id"]
    world.tell()
    items, objects = world.items(dynamodb), world.objects()
    spoken_of = {item for item, text in items.items() if any(word in f"{item}{text}" for word in CANARY.words)}
    kinds = {(table, pk.split("#")[1], sk.split("#")[0].split("_")[0]) for table, pk, sk in spoken_of}
    assert len(kinds) > 20, kinds

    counts = world.erase(contact.id)

    after, objects_after = world.items(dynamodb), world.objects()
    found = left_of(CANARY, after, objects_after)
    assert found == [], "\n".join(found)
    tokens = tokens_of(contact)
    assert tokens >= {"silva", "6677", "987606677", "canarinho@cliente.example"}
    other = ContactStore().get(world.a, other_id)
    assert other is not None
    named = tokens - tokens_of(other)
    assert [item for item in after if item[2].startswith("TOK#") and item[2].split("#")[1] in named] == []
    ended = world.product.contact_export_service.get(world.admin, going)
    assert (ended["state"], ended["reason"]) == ("failed", "contact_erased")
    assert all(counts.values()), {name: count for name, count in counts.items() if not count}

    own = ids_of(contact, items, spoken_of)
    changed = {item for item, text in items.items() if after.get(item) != text} - spoken_of
    unspoken = {item for item in changed if not own & {*IDS.findall(f"{item}{items[item]}")}}
    exports = {item[2][3:] for item in items if item[1].endswith("#EXPORTS")}
    assert {item for item in unspoken if item[2] != "SEQ" and not any(one in f"{item}" for one in exports)} == set()
    assert len(left_of(OTHER, after, objects_after)) > 40
    bodies = {key: body for key, body in objects.items() if not left_of(CANARY, {}, {key: body})}
    assert {key: objects_after.get(key) for key in bodies} == bodies


class Killed(BaseException):
    """The process dies: nothing of the product catches it."""


WRITES = {"TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem", "DeleteObject", "DeleteObjects", "PutObject"}


def test_whoever_dies_at_any_write_counts_nothing_twice(
    world: ErasureWorld, dynamodb: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every write is tried twice: once the process dies before it, once when it was carried out."""
    world.says(CANARY, f"Oi, sou {CANARY.word}", "tudo bem?")
    contact_id = world.contact_id(CANARY)
    world.known_as(CANARY, contact_id)
    world.writes_mail(CANARY)
    world.kept_raw(CANARY, beside=OTHER)
    items = world.items(dynamodb)
    asked = world.product.contact_erasures.request(world.admin, contact_id, "requested", close_chats=True)
    call, service = BaseClient._make_api_call, world.erasing()  # type: ignore[attr-defined]
    tries = Counter[str]()

    def dying(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if operation not in WRITES:
            return call(client, operation, parameters)
        told = {name: value for name, value in parameters.items() if name != "ClientRequestToken"}
        write = EVENT_IDS.sub("ev", f"{operation} {told}")
        tries[write] += 1
        if tries[write] == 1:
            raise Killed
        answer = call(client, operation, parameters)
        if tries[write] == 2:
            raise Killed
        return answer

    monkeypatch.setattr(BaseClient, "_make_api_call", dying)
    for _ in range(400):
        try:
            service.look(world.a, asked.id)
        except Killed:
            continue
        if service._store.work(world.a, asked.id) is None:
            break
        clock.move(300)
    monkeypatch.undo()
    ended = service._store.get(world.a, asked.id)
    assert ended is not None
    assert ended.state == "done"
    assert len(tries) > 20
    assert left_of(CANARY, world.items(dynamodb), world.objects()) == []

    def held(*parts: str) -> int:
        return sum(all(part in f"{pk} {sk}" for part in parts) for _, pk, sk in items)

    assert (ended.erased["messages"], ended.erased["chats"]) == (held("#T#", "MSG#"), held("#CHAT#", " CHAT"))
    assert ended.erased["chat_events"] == held("#CHAT#", "EVT#") + ended.erased["chats"], "each chat was closed first"
    assert ended.erased["timeline_entries"] == held("#E#", "EVT#")
    assert ended.erased["files"] == held("#FILES#", " FILE")
    assert (ended.erased["mails"], ended.erased["raw_bodies"]) == (1, 4)


def test_who_writes_again_is_a_new_contact_with_nothing_of_the_old_one(world: ErasureWorld, dynamodb: Any) -> None:
    world.says(CANARY, "Oi", user_id=True)
    before = world.contact_id(CANARY)
    asked = world.product.contact_erasures.request(world.admin, before, "requested", close_chats=True)
    world.says(CANARY, "o chat estava aberto", user_id=True)
    service = world.erasing()
    service.look(world.a, asked.id)
    world.says(CANARY, "sou eu de novo", user_id=True)
    after = world.contact_id(CANARY)
    assert after != before
    world.finish(service)
    messages = [one.message() for one in MessageRecord.scan(MessageRecord.sk.startswith("MSG#"))]
    assert [(one.text, one.contact_id) for one in messages] == [("sou eu de novo", after)]
    chats = [one.chat() for one in ChatRecord.scan(ChatRecord.sk == "CHAT")]
    assert [(one.contact_id, one.situation, one.preferred_agent_id) for one in chats] == [(after, "queued", None)]
    world.says(CANARY, "e mais", user_id=True)
    assert len(world.product.message_search.page(world.admin, after, None, 10, None)[0]) == 2
    assert not [item for item, text in world.items(dynamodb).items() if before in text and item[1].endswith("THREAD")]


def test_what_comes_again_or_late_brings_nothing_back(world: ErasureWorld) -> None:
    """A webhook that the provider repeats, and a fact that was held up on its way to the feed."""
    world.says(CANARY, "Oi")
    contact_id = world.contact_id(CANARY)
    late = [event_view(one.event()) for one in ContactEventRecord.scan(ContactEventRecord.sk.startswith("EVT#"))]
    world.erase(contact_id)
    world._count = 0
    world.says(CANARY, "Oi")
    assert list(MessageRecord.scan(MessageRecord.sk.startswith("MSG#"))) == []
    assert world.product.feed.feed(world.a, late) == len(late)
    told, _ = world.product.feed.page(world.a, 0, 200)
    assert [one["data"] for one in told if one["type"] == "contact.created"] == [{"id": contact_id, "erased": True}]


def test_what_a_deleted_contact_left_is_erased(world: ErasureWorld, dynamodb: Any) -> None:
    world.says(CANARY, f"Oi, sou {CANARY.word}")
    contact_id = world.contact_id(CANARY)
    world.serve(CANARY, world.chat_of(contact_id, "whatsapp"))
    world.product.contact_service.delete(world.admin, contact_id)
    assert left_of(CANARY, world.items(dynamodb), {}) != []
    world.erase(contact_id)
    assert left_of(CANARY, world.items(dynamodb), world.objects()) == []


def test_csv_files_of_imports_go_once_no_import_reads_them(world: ErasureWorld, dynamodb: Any) -> None:
    """A person's row would lie in the bucket for ever, and every admin may fetch the file."""
    world.says(CANARY, f"Oi, sou {CANARY.word}")
    product, imports, clock = world.product, DynamoImports(), world.product.clock
    ended, running = (
        ContactImport(
            world.new("im"),
            world.file_of(CANARY, "import", world.admin.id),
            "pessoas.csv",
            {},
            False,
            "us",
            clock.now(),
        )
        for _ in range(2)
    )
    results = world.file_of(CANARY, "import", world.admin.id)
    ended = replace(ended, state="done", stage=None, result_file_id=results)
    running = replace(running, state="running", stage="rows")
    for one in (ended, running):
        imports.create(world.a, one, clock.now())
    asked = product.contact_erasures.request(world.admin, world.contact_id(CANARY), "requested", close_chats=True)
    clock.move(1)  # type: ignore[attr-defined]
    later = world.file_of(OTHER, "import", world.admin.id)
    imports.create(
        world.a, replace(ended, id=world.new("im"), file_id=later, result_file_id=None), clock.now()
    )  # fmt: skip
    service = world.erasing()
    for _ in range(8):
        service.look(world.a, asked.id)
        clock.move(300)  # type: ignore[attr-defined]
    work = service._store.work(world.a, asked.id)
    assert work is not None
    assert work.step == "imports", "it waits for the import that runs"
    assert DynamoFiles().get(world.a, running.file_id) is not None
    assert imports.change(world.a, running, replace(running, state="done", stage=None), None)
    world.finish(service)
    assert left_of(CANARY, world.items(dynamodb), world.objects()) == []
    done = service._store.get(world.a, asked.id)
    assert done is not None
    assert (done.state, done.erased["files"]) == ("done", 3)
    assert DynamoFiles().get(world.a, later) is not None, "it came after the person was gone"


def test_no_erasure_waits_for_ever_for_an_import(world: ErasureWorld) -> None:
    world.says(CANARY, "Oi")
    clock = world.product.clock
    stuck = ContactImport(
        world.new("im"), world.file_of(CANARY, "import", world.admin.id), "p.csv", {}, False, "us", clock.now()
    )
    DynamoImports().create(world.a, stuck, clock.now())
    asked = world.product.contact_erasures.request(world.admin, world.contact_id(CANARY), "requested", close_chats=True)
    service = world.erasing()
    for minutes in (1, 1, 5, 1, 1, 60 * 12, 1):
        service.look(world.a, asked.id)
        clock.move(60 * minutes)  # type: ignore[attr-defined]
    world.finish(service)
    assert DynamoFiles().get(world.a, stuck.file_id) is None
