"""Twilio's messaging as the simulator plays it: messages, refusals, files, signed status callbacks."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from tests.local.conftest import Inbox, Serve

ACCOUNT = "AC" + "5" * 32
TOKEN = "token-of-the-account"
MESSAGES = f"twilio/2010-04-01/Accounts/{ACCOUNT}/Messages"
TO, NUMBER = "+5511987650001", "+551140041234"


def send(client: httpx.Client, simulator: str, token: str = TOKEN, **form: Any) -> httpx.Response:
    data = {"To": TO, "From": NUMBER, "Body": "Olá", **form}
    given = {name: value for name, value in data.items() if value is not None}
    return client.post(f"{simulator}/{MESSAGES}.json", data=given, auth=(ACCOUNT, token))


def test_a_message_is_taken_with_a_fresh_sid(simulator: str, web_client: httpx.Client) -> None:
    text, picture = send(web_client, simulator), send(web_client, simulator, MediaUrl="https://a.example/a.jpg")
    assert (text.status_code, text.json()["status"], text.json()["sid"][:2]) == (201, "queued", "SM")
    assert (picture.json()["sid"][:2], picture.json()["num_media"]) == ("MM", "1")
    calls = web_client.get(f"{simulator}/calls?channel=sms").json()["items"]
    assert [one["provider_id"] for one in calls] == [text.json()["sid"], picture.json()["sid"]]
    assert parse_qs(calls[0]["body"])["Body"] == ["Olá"]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": None}, 21604),
        ({"To": "VIVO"}, 21211),
        ({"From": None}, 21603),
        ({"Body": None}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"MediaUrl": ["https://a.example/a"] * 11}, 21623),
        ({"MediaUrl": "file:///etc/passwd"}, 21620),
    ],
)
def test_what_twilio_refuses_is_refused_in_its_shape(
    simulator: str, web_client: httpx.Client, form: dict[str, Any], code: int
) -> None:
    answer = send(web_client, simulator, **form)
    assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (400, code, 400)


def test_other_credentials_are_refused(simulator: str, web_client: httpx.Client) -> None:
    assert send(web_client, simulator, token="").json()["code"] == 20003
    answer = web_client.post(f"{simulator}/{MESSAGES}.json", data={}, auth=("AC" + "6" * 32, TOKEN))
    assert answer.status_code == 401


def test_a_scripted_refusal_comes_once(simulator: str, web_client: httpx.Client) -> None:
    refused = {"status": 400, "body": {"code": 21610, "message": "opted out", "status": 400}}
    web_client.post(f"{simulator}/script", json={"channel": "sms", "responses": [refused]})
    assert [send(web_client, simulator).status_code for _ in range(2)] == [400, 201]


def test_a_file_is_behind_a_redirect_to_a_store_that_wants_no_credentials(
    simulator: str, web_client: httpx.Client
) -> None:
    url = f"{simulator}/{MESSAGES}/MM1/Media/my-png-1"
    assert web_client.get(url).status_code == 401
    found = web_client.get(url, auth=(ACCOUNT, TOKEN))
    assert found.status_code == 307
    assert web_client.get(found.headers["location"]).content[:4] == b"\x89PNG"
    assert web_client.get(found.headers["location"], auth=(ACCOUNT, TOKEN)).status_code == 400


def test_statuses_are_signed_and_go_where_the_message_said(
    simulator: str, web_client: httpx.Client, serve: Serve, inbox: Inbox
) -> None:
    url = serve(inbox.app()) + "/webhooks/ch_1"
    settings = {"webhook_url": "http://127.0.0.1:9/elsewhere", "auth_token": "s3", "number": NUMBER}
    web_client.put(f"{simulator}/channels/sms", json=settings)
    sid = send(web_client, simulator, StatusCallback=url).json()["sid"]
    for status, more in (("delivered", {}), ("undelivered", {}), ("failed", {"error": {"code": 21610}})):
        wish = {"channel": "sms", "provider_id": sid, "status": status, **more}
        assert web_client.post(f"{simulator}/status", json=wish).json()["webhook"]["status"] == 200
    forms = [parse_qs(raw.decode()) for _, raw in inbox.received]
    assert [(form["MessageStatus"], form.get("ErrorCode")) for form in forms] == [
        (["delivered"], None),
        (["undelivered"], ["30003"]),
        (["failed"], ["21610"]),
    ]
    for (headers, _), form in zip(inbox.received, forms, strict=True):
        assert (form["MessageSid"], form["To"], form["From"]) == ([sid], [TO], [NUMBER])
        signed = url + "".join(name + form[name][0] for name in sorted(form))
        mac = hmac.new(b"s3", signed.encode(), hashlib.sha1).digest()
        assert headers["x-twilio-signature"] == base64.b64encode(mac).decode()


def test_a_status_that_twilio_does_not_have_is_refused(simulator: str, web_client: httpx.Client) -> None:
    wish = {"channel": "sms", "provider_id": "SM1", "status": "teleported"}
    assert web_client.post(f"{simulator}/status", json=wish).status_code == 400
