"""Twilio Voice: recordings, and the requests about a call as a caller and an agent's telephone would set them off.

Base of the product's calls: `{providers_url}/twilio`. A call is played with `POST /status`: `provider_id` is its
CallSid, `status` its CallStatus, `fields` what a request says beside (Digits, DialCallStatus, RecordingSid …; an empty
text leaves a field out). The product's answer, the markup that the caller hears, comes back as `webhook.body`. Shapes:
twilio.com/docs/voice/twiml, twilio.com/docs/voice/api/recording.
"""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlencode

from infra.local.providers.base import Answer, Call, ChannelSettings, StatusRefused, StatusRequest, Webhook
from infra.local.providers.channel_settings import text
from infra.local.providers.media_files import media_file
from infra.local.providers.sms import ACCOUNT, is_known, refusal, signature

STATUSES = ("queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled")
OVER = STATUSES[3:]
ACCOUNT_SID = "AC" + "0" * 32
_RECORDING = re.compile(r"RE[0-9a-f]{32}\.mp3", re.ASCII)


class TwilioVoice:
    channel = "telephone"
    routes = (("GET", f"{ACCOUNT}/Recordings/{{recording}}"),)

    def answer(self, call: Call) -> Answer:
        if not is_known(call):
            return refusal(401, 20003, "Authenticate")
        if not _RECORDING.fullmatch(call.values["recording"]):
            return refusal(404, 20404, "The requested resource was not found")
        file = media_file("recording.mp3")
        return Answer(200, file.content, {"Content-Type": file.mime_type})

    def remember(self, call: Call, answer: Answer) -> str | None:
        return None

    def status_webhook(self, wish: StatusRequest, settings: ChannelSettings, now: datetime) -> Webhook:
        if wish.status not in STATUSES:
            raise StatusRefused(f"status must be one of {', '.join(STATUSES)}")
        given = wish.details.get("fields", {})
        if not isinstance(given, dict) or not all(isinstance(one, str) for one in given.values()):
            raise StatusRefused("fields must be an object of texts")
        number = wish.details.get("number")
        channel = settings.find(self.channel, number=number if isinstance(number, str) else None)
        told = {
            "AccountSid": ACCOUNT_SID,
            "ApiVersion": "2010-04-01",
            "CallSid": wish.provider_id,
            "CallStatus": wish.status,
            "Direction": "inbound",
            "From": "+5511900000000",
            "To": text(channel, "number"),
        }
        if wish.status in OVER:
            told |= {"CallbackSource": "call-progress-events", "SequenceNumber": "0", "CallDuration": "1"}
        form = {name: value for name, value in {**told, **given}.items() if value}
        url = text(channel, "webhook_url")
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": signature(text(channel, "auth_token"), url, form),
        }
        return Webhook(url, headers, urlencode(form).encode())
