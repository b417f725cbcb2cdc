"""Twilio's Programmable Messaging: the Messages resource, the files of messages, status callbacks.

Base of the product's calls: `{providers_url}/twilio`. A file is answered with a redirect to a store which refuses who
brings credentials along, as they are not for it. Shapes: twilio.com/docs/messaging/api/message-resource,
twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from infra.local.providers.base import Answer, Call, ChannelSettings, StatusRefused, StatusRequest, Webhook
from infra.local.providers.channel_settings import text
from infra.local.providers.media_files import media_file
from infra.local.providers.memory import Memory

STATUSES = ("queued", "sending", "sent", "delivered", "undelivered", "failed", "read")
NO_CODE = {"undelivered": "30003", "failed": "30008"}
"""The error of a status that names none."""
MAX_BODY, MAX_FILES = 1600, 10
ADDRESS = re.compile(r"\+[1-9]\d{6,14}|\d{3,8}", re.ASCII)
ACCOUNT = "/twilio/2010-04-01/Accounts/{account_sid}"


class Send(NamedTuple):
    """What a status callback repeats of the message it speaks of."""

    account_sid: str
    to: str
    sender: str
    callback: str | None


class TwilioMessaging:
    channel = "sms"
    routes = (
        ("POST", f"{ACCOUNT}/Messages.json"),
        ("GET", f"{ACCOUNT}/Messages/{{message_sid}}/Media/{{media_sid}}"),
        ("GET", "/twilio/stored-media/{media_sid}"),
    )

    def __init__(self) -> None:
        self._sends: Memory[Send] = Memory()

    def answer(self, call: Call) -> Answer:
        if call.path.startswith("/twilio/stored-media/"):
            return _stored(call)
        if not is_known(call):
            return refusal(401, 20003, "Authenticate")
        if "media_sid" in call.values:
            stored = f"http://{call.headers['host']}/twilio/stored-media/{call.values['media_sid']}"
            return Answer(307, b"", {"Location": stored})
        form = fields(call.raw)
        return _refused(form) or _accepted(call, form)

    def remember(self, call: Call, answer: Answer) -> str | None:
        sid = answer.object().get("sid")
        if call.method != "POST" or not isinstance(sid, str):
            return None
        form = fields(call.raw)
        sender = _one(form, "From") or _one(form, "MessagingServiceSid")
        callback = _one(form, "StatusCallback") or None
        self._sends.put(sid, Send(call.values["account_sid"], _one(form, "To"), sender, callback))
        return sid

    def status_webhook(self, wish: StatusRequest, settings: ChannelSettings, now: datetime) -> Webhook:
        if wish.status not in STATUSES:
            raise StatusRefused(f"status must be one of {', '.join(STATUSES)}")
        send = self._sends.get(wish.provider_id)
        channel = settings.find(self.channel, number=send.sender if send else None)
        told = {
            "SmsSid": wish.provider_id,
            "SmsStatus": wish.status,
            "MessageStatus": wish.status,
            "To": send.to if send else str(wish.details.get("to", "+5511900000000")),
            "MessageSid": wish.provider_id,
            "AccountSid": send.account_sid if send else "AC" + "0" * 32,
            "From": send.sender if send else text(channel, "number"),
            "ApiVersion": "2010-04-01",
        }
        if wish.status in NO_CODE:
            told["ErrorCode"] = str(_code(wish.details) or NO_CODE[wish.status])
        url = (send.callback if send else None) or text(channel, "webhook_url")
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": signature(text(channel, "auth_token"), url, told),
        }
        return Webhook(url, headers, urlencode(told).encode())


def signature(auth_token: str, url: str, form: Mapping[str, str]) -> str:
    """What Twilio signs a form with: base64 of SHA-1 over the URL and the fields by name."""
    signed = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    return base64.b64encode(hmac.new(auth_token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def fields(raw: bytes) -> dict[str, list[str]]:
    """A form's values by name."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(raw.decode(errors="replace"), keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return found


def refusal(status: int, code: int, message: str) -> Answer:
    """An error in Twilio's shape."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    return Answer.of_json(status, {"code": code, "message": message, "more_info": more, "status": status})


def is_known(call: Call) -> bool:
    """Whether the credentials are those of the account in the path, with any token."""
    scheme, _, given = call.headers.get("authorization", "").partition(" ")
    try:
        account_sid, _, auth_token = base64.b64decode(given).decode().partition(":")
    except ValueError:
        return False
    return scheme == "Basic" and account_sid == call.values["account_sid"] and bool(auth_token)


def _stored(call: Call) -> Answer:
    if "authorization" in call.headers:
        return Answer(400, b"<Error><Code>InvalidArgument</Code></Error>", {"Content-Type": "application/xml"})
    file = media_file(call.values["media_sid"])
    return Answer(200, file.content, {"Content-Type": file.mime_type})


def _refused(form: Mapping[str, list[str]]) -> Answer | None:
    """What Twilio says against a message's fields; None when it takes them."""
    to, files = _one(form, "To"), form.get("MediaUrl", [])
    if not to:
        return refusal(400, 21604, "A 'To' phone number is required.")
    if not ADDRESS.fullmatch(to):
        return refusal(400, 21211, f"Invalid 'To' Phone Number: {to[:4]}XXXX")
    if not _one(form, "From") and not _one(form, "MessagingServiceSid"):
        return refusal(400, 21603, "A 'From' phone number is required.")
    if not _one(form, "Body") and not files:
        return refusal(400, 21602, "Message body is required.")
    if len(_one(form, "Body")) > MAX_BODY:
        return refusal(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
    if len(files) > MAX_FILES:
        return refusal(400, 21623, "Number of media files exceeds allowed limit.")
    if any(not one.startswith(("http://", "https://")) for one in files):
        return refusal(400, 21620, "Invalid media URL(s)")
    return None


def _accepted(call: Call, form: Mapping[str, list[str]]) -> Answer:
    files, service = form.get("MediaUrl", []), _one(form, "MessagingServiceSid") or None
    sid = ("MM" if files else "SM") + secrets.token_hex(16)
    resource = f"/2010-04-01/Accounts/{call.values['account_sid']}/Messages/{sid}"
    moment = format_datetime(call.at.astimezone(UTC))
    message = {
        "account_sid": call.values["account_sid"],
        "api_version": "2010-04-01",
        "body": _one(form, "Body"),
        "date_created": moment,
        "date_sent": None,
        "date_updated": moment,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": _one(form, "From") or None,
        "messaging_service_sid": service,
        "num_media": str(len(files)),
        "num_segments": "0" if service else "1",
        "price": None,
        "price_unit": None,
        "sid": sid,
        "status": "accepted" if service else "queued",
        "subresource_uris": {"media": f"{resource}/Media.json"},
        "to": _one(form, "To"),
        "uri": f"{resource}.json",
    }
    return Answer.of_json(201, message)


def _one(form: Mapping[str, list[str]], name: str) -> str:
    return form.get(name, [""])[0]


def _code(details: Mapping[str, object]) -> object:
    """The code of a wish's error, given as {"error": {"code"}} or {"error_code"}."""
    error = details.get("error")
    return error.get("code") if isinstance(error, Mapping) else details.get("error_code")
