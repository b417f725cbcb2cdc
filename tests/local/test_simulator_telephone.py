"""Twilio Voice as the simulator plays it: recordings, and requests about a call."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from tests.channels.telephone import signing
from tests.local.conftest import Inbox, Serve

ACCOUNT = "AC" + "0" * 32
RECORDING = f"twilio/2010-04-01/Accounts/{ACCOUNT}/Recordings/RE{'1' * 32}"


def basic(account: str = ACCOUNT) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{account}:token".encode()).decode()}


def test_a_recording_is_given_to_its_account_alone(simulator: str, web_client: httpx.Client) -> None:
    given = web_client.get(f"{simulator}/{RECORDING}.mp3", headers=basic())
    assert (given.status_code, given.headers["content-type"]) == (200, "audio/mpeg")
    assert given.content.startswith(b"\xff\xfb")
    assert web_client.get(f"{simulator}/{RECORDING}.mp3", headers=basic("AC" + "1" * 32)).status_code == 401
    assert web_client.get(f"{simulator}/{RECORDING}.mp3").status_code == 401
    assert web_client.get(f"{simulator}/{RECORDING}.wav", headers=basic()).status_code == 404


def test_a_call_is_played_with_signed_requests(
    simulator: str, serve: Serve, web_client: httpx.Client, inbox: Inbox, write_demo: Callable[[dict[str, Any]], None]
) -> None:
    url = serve(inbox.app()) + "/webhooks/ch_1"
    write_demo({"channels": {"telephone": {"number": "+551140000000", "auth_token": "t", "webhook_url": url}}})
    asked = {"channel": "telephone", "provider_id": "CA1", "status": "in-progress", "fields": {"Digits": "2", "To": ""}}
    answer = web_client.post(f"{simulator}/status", json=asked).json()
    assert answer["webhook"] == {"status": 200, "body": "noted"}
    ((headers, raw),) = inbox.received
    form = parse_qs(raw.decode())
    assert (form["CallSid"], form["CallStatus"], form["Digits"]) == (["CA1"], ["in-progress"], ["2"])
    assert "To" not in form
    expected = signing.sign(raw, {"auth_token": ("t",)}, None, 0, url)  # type: ignore[arg-type]
    assert headers["x-twilio-signature"] == expected[signing.SIGNATURE_HEADER]


@pytest.mark.parametrize("wrong", [{"status": "gone"}, {"fields": []}, {"fields": {"Digits": 2}}])
def test_a_request_that_twilio_would_not_make_is_refused(
    simulator: str,
    web_client: httpx.Client,
    write_demo: Callable[[dict[str, Any]], None],
    wrong: dict[str, Any],
) -> None:
    channel = {"number": "+551140000000", "auth_token": "t", "webhook_url": "http://127.0.0.1:9"}
    write_demo({"channels": {"telephone": channel}})
    asked = {"channel": "telephone", "provider_id": "CA1", "status": "ringing", **wrong}
    answer = web_client.post(f"{simulator}/status", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (400, "status_refused")
