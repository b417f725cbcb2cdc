"""The custom channel beyond the common contract: Standard Webhooks against its own library, time, ids, URLs."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from recado.channels.base import BadSignature, HttpRequest
from recado.channels.custom import TOLERANCE_S, signature
from tests.channels.kit import NOW, URL, Bench, outbound, recipient

BENCH = Bench("custom")
SECRET = BENCH.secrets["secret"][0]


def send(now: datetime = NOW, **changes: Any) -> HttpRequest:
    message = outbound({"kind": "text", "text": "olá"} | changes)
    (request,) = BENCH.adapter.build_send(message, recipient({"external_id": "a"}), BENCH.settings, BENCH.secrets, now)
    return request


@given(st.binary(min_size=24, max_size=64), st.text("abc_.0", min_size=1), st.integers(1, 2**31), st.text())
def test_the_signature_is_that_of_the_standards_library(key: bytes, webhook_id: str, at: int, body: str) -> None:
    if any(0xD800 <= ord(character) < 0xE000 for character in body):
        return
    secret = "whsec_" + base64.b64encode(key).decode()
    expected = Webhook(secret).sign(webhook_id, datetime.fromtimestamp(at, UTC), body)
    assert signature(secret, webhook_id, str(at), body.encode()) == expected


@pytest.mark.parametrize("nth", [0, 1])
def test_what_we_send_is_taken_by_the_standards_library_with_either_secret(nth: int) -> None:
    request = send(now=datetime.now(UTC))
    Webhook(BENCH.secrets["secret"][nth]).verify(request.body, request.headers)


def test_a_second_try_has_the_same_id_and_body_and_a_new_time() -> None:
    first, second = send(), send(now=NOW + timedelta(hours=3))
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


@pytest.mark.parametrize(("skew", "good"), [(0, True), (TOLERANCE_S, True), (TOLERANCE_S + 1, False)])
@pytest.mark.parametrize("sign", [1, -1])
def test_five_minutes_either_way(skew: int, good: bool, sign: int) -> None:
    headers = BENCH.sign(b"{}")
    now = NOW + timedelta(seconds=sign * skew)
    if good:
        BENCH.adapter.verify(b"{}", headers, URL, BENCH.secrets, now)
    else:
        with pytest.raises(BadSignature):
            BENCH.adapter.verify(b"{}", headers, URL, BENCH.secrets, now)


@pytest.mark.parametrize(
    "timestamp", ["", "now", "-1", "1e9", "1_773_144_000", "+1773144000", " 1773144000", "٣", "9" * 11]
)
def test_a_time_that_is_none(timestamp: str) -> None:
    headers = BENCH.sign(b"{}") | {"webhook-timestamp": timestamp}
    headers["webhook-signature"] = signature(SECRET, headers["webhook-id"], timestamp, b"{}")
    with pytest.raises(BadSignature):
        BENCH.verify(b"{}", headers)


def test_one_good_signature_among_several() -> None:
    headers = BENCH.sign(b"{}")
    good = headers["webhook-signature"]
    BENCH.verify(b"{}", headers | {"webhook-signature": f"v1a,AAAA v1,AAAA {good}"})
    with pytest.raises(BadSignature):
        BENCH.verify(b"{}", headers | {"webhook-signature": good.replace("v1,", "v1a,")})
    with pytest.raises(BadSignature):
        BENCH.verify(b"{}", headers | {"webhook-signature": "v1,AAAA " * 1000 + good})


@pytest.mark.parametrize(
    "signatures", ["{good} ", " {good}", "{good}  v1,AAAA", "{good} v1", "{good} junk", "{good}\n"]
)
def test_a_list_of_signatures_of_another_form(signatures: str) -> None:
    headers = BENCH.sign(b"{}")
    given_signatures = signatures.format(good=headers["webhook-signature"])
    with pytest.raises(BadSignature):
        BENCH.verify(b"{}", headers | {"webhook-signature": given_signatures})


def test_a_secret_without_bytes_opens_nothing() -> None:
    headers = BENCH.sign(b"{}")
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{{}}".encode()
    headers["webhook-signature"] = "v1," + base64.b64encode(hmac.digest(b"", signed, "sha256")).decode()
    with pytest.raises(BadSignature):
        BENCH.adapter.verify(b"{}", headers, URL, {"secret": ("whsec_",)}, NOW)


def test_the_id_and_the_time_are_signed_too() -> None:
    headers = BENCH.sign(b"{}")
    for changed in ({"webhook-id": "msg_2"}, {"webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}):
        with pytest.raises(BadSignature):
            BENCH.verify(b"{}", headers | changed)


def digest_of(body: dict[str, Any]) -> str | None:
    ((_, parsed),) = BENCH.receive(json.dumps(body).encode())
    return parsed.messages[0].digest


def test_the_digest_tells_an_id_used_for_other_contents() -> None:
    body = BENCH.read("text.json")
    same = {
        "message": dict(reversed(body["message"].items())),
        "contact": body["contact"],
        "external_id": "m-1",
        "note": 1,
    }
    assert digest_of(body) == digest_of(same)
    assert digest_of(body) != digest_of(body | {"message": body["message"] | {"text": "outra coisa"}})
    assert digest_of(body) != digest_of(body | {"contact": {"external_id": "cliente-43"}})


@given(st.lists(st.text(min_size=1), min_size=2, max_size=2, unique=True))
def test_two_external_ids_never_share_a_key(ids: list[str]) -> None:
    one, other = map(BENCH.adapter.canonical, ids)
    assert one != other
    assert one.isascii()
    assert len(one) <= 160


def test_an_external_id_cannot_pose_as_another_by_its_hash() -> None:
    hashed = BENCH.adapter.canonical("José")
    assert BENCH.adapter.canonical(hashed.removeprefix("x")) != hashed
    assert BENCH.adapter.canonical(hashed.removeprefix("xh:")) != hashed


@pytest.mark.parametrize(
    "url",
    ["ftp://a.com", "//a.com", "https://", "https://u:p@a.com", "https://a.com:0", "https://a.com:99999", "https://[::1",
     "javascript:alert(1)", "https://a.com/ x", "https://a.com/\n", "https://é.com", "https://a.com/" + "x" * 3000],
)  # fmt: skip
def test_a_callback_url_of_a_wrong_form(url: str) -> None:
    errors = BENCH.adapter.validate({"callback_url": url}, BENCH.secrets)
    assert [error.pointer for error in errors] == ["/settings/callback_url"]


@pytest.mark.parametrize("size", [0, 23, 24, 64, 65])
def test_a_secret_is_24_to_64_bytes(size: int) -> None:
    secret = "whsec_" + base64.b64encode(b"x" * size).decode()
    assert bool(BENCH.adapter.validate(BENCH.settings, {"secret": secret})) == (size not in (24, 64))


@pytest.mark.parametrize("secret", ["plain", "whsec_é", "whsec_*", "WHSEC_" + "A" * 40])
def test_a_secret_of_a_wrong_form(secret: str) -> None:
    assert [error.code for error in BENCH.adapter.validate(BENCH.settings, {"secret": secret})] == ["invalid"]
