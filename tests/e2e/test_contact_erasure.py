"""One contact's data over the running stack: exported into a file that can be fetched, then erased, and the person who
writes again is a new contact."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import httpx

from infra.local.deployment import client
from infra.local.stack import Stack
from tests.e2e.live import Customer, Live, eventually

SECRET = "canarinho-amarelo"


def told_of(stack: Stack, word: str) -> list[str]:
    """Where a word is, in tables and buckets."""
    dynamodb, s3 = client("dynamodb", stack.ministack_url), client("s3", stack.ministack_url)
    environment = stack.function_environment()
    found = []
    for name in ("CONTACTS_TABLE", "CHATS_TABLE", "WORKSPACE_TABLE"):
        for page in dynamodb.get_paginator("scan").paginate(TableName=environment[name]):
            found += [f"{name} {one['pk']['S']} {one['sk']['S']}" for one in page["Items"] if word in str(one)]
    for name in ("RAW_BUCKET", "FILES_BUCKET", "MAIL_BUCKET"):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=environment[name]):
            for one in page.get("Contents", []):
                body = s3.get_object(Bucket=environment[name], Key=one["Key"])["Body"].read()
                found += [f"{name} {one['Key']}"] if word.encode() in body else []
    return found


def ended(live: Live, path: str) -> Any:
    return eventually(lambda: got if (got := live.admin.get(path))["state"] == "done" else None, within_s=60)


def test_a_contact_is_exported_and_erased(stack: Stack) -> None:
    live, customer = Live(stack), Customer(name=f"{SECRET} Silva")
    chat = live.writes(customer, f"meu segredo é {SECRET}")
    contact_id = chat["contact_id"]
    live.admin.post(f"/v1/contacts/{contact_id}/comments", {"text": f"sobre {SECRET}"}, expect=201)

    asked = live.admin.post(f"/v1/contacts/{contact_id}/data-exports", {}, expect=202)
    export = ended(live, f"/v1/contacts/{contact_id}/data-exports/{asked['id']}")
    with zipfile.ZipFile(io.BytesIO(httpx.get(export["url"], timeout=30).content)) as file:
        messages = [json.loads(line) for line in file.read("messages.jsonl").splitlines()]
        assert file.testzip() is None
    assert [one["text"] for one in messages] == [f"meu segredo é {SECRET}"]

    why = {"reason": "requested"}
    live.admin.post(f"/v1/contacts/{contact_id}/erasure", why, expect=409)
    record = live.admin.post(f"/v1/contacts/{contact_id}/erasure", {**why, "close_chats": True}, expect=202)
    live.admin.call("GET", f"/v1/contacts/{contact_id}", expect=404)
    try:
        for offset_s in (0, 300, 600):
            live.product.put("/_local/clock", {"offset_s": offset_s})
            live.stack_tick()
        record = ended(live, f"/v1/contact-erasures/{record['id']}")
    finally:
        live.product.put("/_local/clock", {"offset_s": 0})
    assert (record["erased"]["messages"], record["erased"]["chats"], record["erased"]["exports"]) == (1, 1, 1)
    assert told_of(stack, SECRET) == []
    assert told_of(stack, customer.number[2:]) == []
    live.admin.call("GET", f"/v1/chats/{chat['id']}", expect=404)

    again = live.writes(Customer("Iara Monteiro", customer.number), "de novo")
    assert again["contact_id"] != contact_id
    assert [one["text"] for one in live.messages(again["id"])] == ["de novo"]
    live.close_all()
