"""The simulator's SES and the mail door: what they take, what they tell."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.local.mail_door import BadMail, MailDoor
from infra.local.providers.base import Call, StatusRefused, StatusRequest
from infra.local.providers.ses import Ses

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MAIL = (
    b"From: s@mail.example\r\nTo: ana@cliente.example\r\nSubject: x\r\nDate: Mon, 02 Mar 2026 12:00:00 +0000\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\noi\r\n"
)
SIGNED = {"authorization": "AWS4-HMAC-SHA256 Credential=test/20260302/us-east-1/ses/aws4_request"}


def call(raw: bytes = MAIL, headers: Any = SIGNED, **body: Any) -> Call:
    given = {
        "FromEmailAddress": "s@mail.example",
        "Destination": {"ToAddresses": ["ana@cliente.example"]},
        "Content": {"Raw": {"Data": base64.b64encode(raw).decode()}},
        "EmailTags": [{"Name": "recado_message", "Value": "ms_1"}],
        **body,
    }
    return Call("email", NOW, "POST", "/email/v2/email/outbound-emails", headers, json.dumps(given).encode(), {})


class Settings:
    def find(self, channel: str, **matching: str | None) -> dict[str, str]:
        return {"webhook_url": "http://127.0.0.1:8080/webhooks/ch_1"}


def test_a_mail_is_taken_and_its_events_are_told() -> None:
    ses = Ses()
    answer = ses.answer(call())
    message_id = ses.remember(call(), answer)
    assert (answer.status, message_id) == (200, answer.object()["MessageId"])
    for status, kind in (("delivered", "Delivery"), ("bounce", "Bounce"), ("complaint", "Complaint")):
        wish = StatusRequest(f"<{message_id}@email.amazonses.com>", status, {})
        webhook = ses.status_webhook(wish, Settings(), NOW)
        told = json.loads(webhook.body)["notification"]
        assert webhook.url == "http://127.0.0.1:8080/_local/email"
        assert (told["eventType"], told["mail"]["messageId"]) == (kind, message_id)
        assert told["mail"]["tags"] == {"recado_message": ["ms_1"]}
    with pytest.raises(StatusRefused):
        ses.status_webhook(StatusRequest("nobody", "bounce", {}), Settings(), NOW)


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        (call(headers={}), 403),
        (call(b"no mail"), 400),
        (call(MAIL.replace(b"From: s@", b"From: other@")), 400),
        (call(MAIL.replace(b"Subject: x\r\n", b"")), 400),
        (call(Destination={"ToAddresses": ["joão@cliente.example"]}), 400),
        (call(Destination={}), 400),
        (call(Content={"Raw": {"Data": "%%"}}), 400),
    ],
)
def test_what_ses_would_refuse_is_refused(wrong: Call, status: int) -> None:
    answer = Ses().answer(wrong)
    assert answer.status == status
    assert answer.headers["x-amzn-ErrorType"]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"recipients": [], "raw_base64": "YQ=="}', b'{"recipients": ["a@b"], "raw_base64": "%"}'],
)
def test_the_door_takes_mails_alone(body: bytes) -> None:
    with pytest.raises(BadMail):
        MailDoor("http://127.0.0.1:9", "bucket", "queue").post(body, NOW)
