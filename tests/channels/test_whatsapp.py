"""WhatsApp beyond the common contract: the handshake, batches, and who a message is from."""

from __future__ import annotations

import hmac
import json
from typing import Any

import pytest

from recado.channels.base import BadSignature
from recado.channels.whatsapp import WhatsApp
from recado.channels.whatsapp.errors import ERRORS, RANGES
from tests.channels.kit import NOW, URL, Bench, outbound, recipient

BENCH = Bench("whatsapp")


def value(**lists: Any) -> bytes:
    body = {"metadata": {"phone_number_id": "107000000000001"}, **lists}
    return json.dumps({"object": "x", "entry": [{"changes": [{"field": "messages", "value": body}]}]}).encode()


def text(number: int, **fields: Any) -> dict[str, Any]:
    at = "1749416383"
    return {"id": f"wamid.{number}", "timestamp": at, "type": "text", "text": {"body": f"t{number}"}, **fields}


def handshake(**query: str) -> tuple[int, str, str]:
    answer = BENCH.adapter.handshake(
        {name.replace("_", ".", 1): given for name, given in query.items()}, {}, BENCH.secrets
    )
    assert answer is not None
    return answer.status, answer.body, answer.content_type


def test_the_handshake_gives_the_bare_challenge() -> None:
    assert handshake(hub_mode="subscribe", hub_verify_token="verify-me", hub_challenge="1158201444") == (
        200,
        "1158201444",
        "text/plain",
    )


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"hub_mode": "subscribe", "hub_challenge": "1"},
        {"hub_mode": "subscribe", "hub_verify_token": "verify-ME", "hub_challenge": "1"},
        {"hub_mode": "subscribe", "hub_verify_token": "\ud800", "hub_challenge": "1"},
        {"hub_mode": "unsubscribe", "hub_verify_token": "verify-me", "hub_challenge": "1"},
        {"hub_mode": "subscribe", "hub_verify_token": "verify-me"},
        {"hub_mode": "subscribe", "hub_verify_token": "verify-me", "hub_challenge": "<script>alert(1)</script>"},
    ],
)
def test_any_other_handshake_is_forbidden(query: dict[str, str]) -> None:
    assert handshake(**query)[0] == 403


def test_an_empty_verify_token_opens_nothing() -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1"}
    for secrets in ({}, {"verify_token": ("",)}):
        answer = BENCH.adapter.handshake(query, {}, secrets)
        assert answer is not None
        assert answer.status == 403


def test_a_batch_loses_nothing_and_keeps_each_customers_order() -> None:
    received = BENCH.receive(json.dumps(BENCH.read("batch.json")).encode())
    messages = [message for _, parsed in received for message in parsed.messages]
    assert sorted(message.text or "" for message in messages) == sorted(
        f"mensagem {number}" for number in range(1, 31) if number not in (3, 26)
    )
    assert sum(len(parsed.statuses) for _, parsed in received) == 6
    assert sorted(reason for _, parsed in received for reason in parsed.kept_raw) == [
        "messages: a file without an id",
        "not an object in messages",
    ]
    for _, parsed in received:
        assert [message.sent_at for message in parsed.messages] == sorted(
            message.sent_at for message in parsed.messages
        )
    groups = [(part.address, part.sender) for part, _ in received if part.sender]
    assert len(groups) == len(set(groups)) == 6, "one part for each number of ours and customer"


def test_the_parts_of_a_batch_with_one_broken_list_are_kept() -> None:
    raw = value(messages="none", statuses={"a": 1}, message_echoes=[text(1, to="5511987650001")])
    kinds = [(part.kind, len(parsed.echoes), parsed.kept_raw) for part, parsed in BENCH.receive(raw)]
    assert kinds == [("messages", 1, ()), ("unreadable", 0, ("messages is not a list", "statuses is not a list"))]


def test_a_broken_entry_and_a_broken_change_lose_no_sibling() -> None:
    good = json.loads(value(messages=[text(1, **{"from": "5511987650001"})]))["entry"][0]
    raw = json.dumps({"entry": [None, {"changes": 5}, {"changes": [None, {"value": 7}, *good["changes"]]}]}).encode()
    received = BENCH.receive(raw)
    assert [message.provider_id for _, parsed in received for message in parsed.messages] == ["wamid.1"]
    assert sum(len(parsed.kept_raw) for _, parsed in received) == 4


def test_a_message_of_any_age_of_the_api_finds_its_contact() -> None:
    contact = {"profile": {"name": "Ana"}, "wa_id": "551187650001", "user_id": "BR.77"}
    froms = [{"from": "5511987650001"}, {"from_user_id": "BR.77"}, {"from": "BR.77"}, {"from": "+551187650001"}]
    messages = [text(number, **by) for number, by in enumerate(froms)]
    ((part, parsed),) = BENCH.receive(value(contacts=[contact], messages=messages))
    assert part.sender == "+5511987650001"
    assert [message.sender.name for message in parsed.messages] == ["Ana"] * 4
    assert {message.sender.user_id for message in parsed.messages} == {"BR.77"}
    assert {message.sender.aliases for message in parsed.messages} == {("u:BR.77",)}


def test_what_a_later_change_tells_of_the_person_is_added() -> None:
    first = json.loads(value(messages=[text(1, **{"from": "5511987650001"})]))["entry"][0]["changes"]
    contact = {"profile": {"name": "Ana"}, "wa_id": "5511987650001", "user_id": "BR.77"}
    later = json.loads(value(contacts=[contact], messages=[text(2, **{"from": "5511987650001"})]))["entry"][0][
        "changes"
    ]
    ((_, parsed),) = BENCH.receive(json.dumps({"entry": [{"changes": first + later}]}).encode())
    assert {(message.sender.name, message.sender.user_id) for message in parsed.messages} == {("Ana", "BR.77")}


def test_a_blank_app_secret_opens_nothing() -> None:
    signature = "sha256=" + hmac.digest(b"", b"{}", "sha256").hex()
    with pytest.raises(BadSignature):
        BENCH.adapter.verify(b"{}", {"x-hub-signature-256": signature}, URL, {"app_secret": ("",)}, NOW)


def test_statuses_wait_in_line_with_the_messages_of_the_same_person() -> None:
    status = {"id": "wamid.S", "status": "read", "timestamp": "1749416383", "recipient_id": "551187650001"}
    ((part, parsed),) = BENCH.receive(value(messages=[text(1, **{"from": "5511987650001"})], statuses=[status]))
    assert part.kind == "messages"
    assert len(parsed.messages) == len(parsed.statuses) == 1


@pytest.mark.parametrize(
    "at", ["", "0", "-5", "1.5", "99999999999", "1749416383000", None, True, [], "１７４９４１６３８３"]
)
def test_a_bad_time_is_kept_raw(at: Any) -> None:
    ((_, parsed),) = BENCH.receive(value(messages=[text(1, **{"from": "5511987650001", "timestamp": at})]))
    assert parsed.messages == ()
    assert parsed.kept_raw == ("messages: without a valid time",)


def test_a_time_may_be_a_number() -> None:
    ((_, parsed),) = BENCH.receive(value(messages=[text(1, **{"from": "5511987650001", "timestamp": 1749416383})]))
    assert parsed.messages[0].sent_at.isoformat() == "2025-06-08T20:59:43+00:00"


def test_deep_junk_beside_a_message_does_not_lose_it() -> None:
    junk: Any = 1
    for _ in range(300):
        junk = {"a": [junk]}
    message = text(1, **{"from": "5511987650001", "junk": junk, "referral": {"ctwa_clid": "c", "deep": junk}})
    ((_, parsed),) = BENCH.receive(value(messages=[message]))
    assert parsed.messages[0].text == "t1"
    assert parsed.messages[0].referral is not None
    assert parsed.messages[0].referral["ctwa_clid"] == "c"


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("+551187654321", "+5511987654321"),
        ("5511987654321", "+5511987654321"),
        ("5511987654321", "+5511987654321"),
        ("BR.1000000000000001", "u:BR.1000000000000001"),
        ("US.ENT.11815799212886844830", "u:US.ENT.11815799212886844830"),
    ],
)
def test_the_canonical_key_of_an_address(address: str, key: str) -> None:
    assert BENCH.adapter.canonical(address) == key


@pytest.mark.parametrize("address", ["", "ana", "+55", "u:BR.1", "BR.", "BR.1 2", "BR." + "9" * 200])
def test_an_address_of_another_shape_has_no_key(address: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        BENCH.adapter.canonical(address)


def test_payloads_are_routed_by_the_numbers_id() -> None:
    assert BENCH.adapter.account_address({"phone_number_id": "107000000000001"}) == "107000000000001"
    assert BENCH.adapter.account_address({}) is None


def test_the_base_url_is_a_setting() -> None:
    local = WhatsApp("http://127.0.0.1:9000/graph/")
    message = outbound({"kind": "text", "text": "oi"})
    (request,) = local.build_send(message, recipient({"phone": "+5511987650001"}), BENCH.settings, BENCH.secrets, NOW)
    assert request.url == "http://127.0.0.1:9000/graph/v24.0/107000000000001/messages"


def test_each_code_has_one_meaning() -> None:
    assert not [code for codes, _, _ in RANGES for code in codes if code in ERRORS]


def test_a_new_token_is_used_before_the_old_one() -> None:
    secrets = BENCH.secrets | {"access_token": ("new", "old")}
    message = outbound({"kind": "text", "text": "oi"})
    (request,) = BENCH.adapter.build_send(message, recipient({"phone": "+5511987650001"}), BENCH.settings, secrets, NOW)
    assert request.headers["authorization"] == "Bearer new"
