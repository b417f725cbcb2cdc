"""The Graph API as the WhatsApp Cloud API documents it: sends, media and status webhooks.

Base of the product's calls: `{providers_url}/graph`. Shapes: developers.facebook.com/docs/whatsapp/cloud-api
(messages reference, webhooks components, error codes).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from infra.local.providers import whatsapp_templates
from infra.local.providers.base import Answer, Call, ChannelSettings, StatusRefused, StatusRequest, Webhook
from infra.local.providers.channel_settings import text
from infra.local.providers.media_files import media_file
from infra.local.providers.memory import Memory
from infra.local.providers.whatsapp_messages import BadMessage, check_message

STATUSES = ("sent", "delivered", "read", "played", "failed")
WAMID_START = "wamid."
DEFAULT_ERROR = {
    "code": 131026,
    "title": "Message undeliverable",
    "message": "Message undeliverable",
    "error_data": {"details": "Message Undeliverable."},
    "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
}


@dataclass(frozen=True)
class Send:
    """What a status webhook repeats of the message it speaks of."""

    recipient: str
    phone_number_id: str | None = None
    callback_data: str | None = None
    category: str = "service"


class GraphForWhatsApp:
    channel = "whatsapp"
    routes = (
        ("POST", r"/graph/v{version:[\d.]+}/{phone_number_id}/messages"),
        ("GET", r"/graph/v{version:[\d.]+}/{media_id}"),
        ("GET", "/graph/media/{media_id}"),
        *whatsapp_templates.ROUTES,
    )

    def __init__(self) -> None:
        self._sends: Memory[Send] = Memory()
        self._templates = whatsapp_templates.TemplateShelf()

    def keep_in(self, folder: Path) -> None:
        self._templates.keep_in(folder / "providers_templates.json")

    def answer(self, call: Call) -> Answer:
        if "session" not in call.values and not call.headers.get("authorization", "").startswith("Bearer "):
            return graph_error(401, 190, "Invalid OAuth access token - Cannot parse access token")
        if self._templates.takes(call):
            planned = self._templates.answer(call)
            return graph_error(400, 100, planned, details=planned) if isinstance(planned, str) else planned
        if "phone_number_id" in call.values:
            return self._take_message(call.body())
        if call.path.startswith("/graph/media/"):
            file = media_file(call.values["media_id"])
            return Answer(200, file.content, {"Content-Type": file.mime_type})
        return self._describe_media(call)

    def _take_message(self, body: object) -> Answer:
        """Answers as for a message sent: the id is fresh each time. A read receipt gets {success}."""
        try:
            message = check_message(body)
        except BadMessage as problem:
            return graph_error(400, 100, f"(#100) {problem}", details=str(problem))
        if message.get("status") == "read":
            return Answer.of_json(200, {"success": True})
        recipient = _recipient(message)
        sent = {"id": new_wamid(recipient)}
        if message["type"] == "template":
            sent["message_status"] = "accepted"
        contacts = [{"input": str(message.get("to") or message.get("recipient")), "wa_id": recipient}]
        return Answer.of_json(200, {"messaging_product": "whatsapp", "contacts": contacts, "messages": [sent]})

    def _describe_media(self, call: Call) -> Answer:
        media_id = call.values["media_id"]
        file = media_file(media_id)
        described = {
            "messaging_product": "whatsapp",
            "url": f"http://{call.headers['host']}/graph/media/{media_id}",
            "mime_type": file.mime_type,
            "sha256": hashlib.sha256(file.content).hexdigest(),
            "file_size": len(file.content),
            "id": media_id,
        }
        return Answer.of_json(200, described)

    def remember(self, call: Call, answer: Answer) -> str | None:
        if self._templates.takes(call):
            return self._templates.remember(call, answer)
        message, sent = call.object(), answer.object().get("messages")
        if "phone_number_id" not in call.values or not isinstance(sent, list) or not sent:
            return None
        wamid = sent[0].get("id") if isinstance(sent[0], dict) else None
        if not isinstance(wamid, str):
            return None
        category = (
            self._templates.category_of(message.get("template")) if message.get("type") == "template" else "service"
        )
        callback_data = message.get("biz_opaque_callback_data")
        self._sends.put(wamid, Send(_recipient(message), call.values["phone_number_id"], callback_data, category))
        return wamid

    def status_webhook(self, wish: StatusRequest, settings: ChannelSettings, now: datetime) -> Webhook:
        told = None if wish.provider_id.startswith(WAMID_START) else self._templates.webhook(wish, now)
        if told is not None:
            waba_id, payload = told
            return _signed(settings.find(self.channel, waba_id=waba_id), payload)
        if wish.status not in STATUSES:
            raise StatusRefused(f"status must be one of {', '.join(STATUSES)}")
        send = self._sends.get(wish.provider_id) or Send(recipient_of(wish.provider_id))
        if "recipient_id" in wish.details:
            send = replace(send, recipient=str(wish.details["recipient_id"]))
        channel = settings.find(self.channel, phone_number_id=send.phone_number_id)
        number_id = send.phone_number_id or text(channel, "phone_number_id")
        return _signed(channel, status_payload(wish, send, number_id, now))


def _signed(channel: Mapping[str, Any], payload: Mapping[str, Any]) -> Webhook:
    """The webhook of a body, as Meta signs it."""
    body = json.dumps(payload, ensure_ascii=False).encode()
    signature = hmac.new(text(channel, "app_secret").encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "facebookexternalua",
        "X-Hub-Signature-256": f"sha256={signature}",
    }
    return Webhook(text(channel, "webhook_url"), headers, body)


def status_payload(wish: StatusRequest, send: Send, number_id: str, now: datetime) -> dict[str, Any]:
    """A webhook body with one status: conversation and pricing come with sent and delivered, errors with failed."""
    status: dict[str, Any] = {
        "id": wish.provider_id,
        "status": wish.status,
        "timestamp": str(wish.details.get("timestamp") or int(now.timestamp())),
        "recipient_id": send.recipient,
    }
    if wish.status in ("sent", "delivered"):
        status |= _billing(wish.provider_id, send.category, wish.status, now)
    if wish.status == "failed":
        status["errors"] = [_error(wish.details.get("error"))]
    if send.callback_data is not None:
        status["biz_opaque_callback_data"] = send.callback_data
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "5511900000000", "phone_number_id": number_id},
        "statuses": [status],
    }
    changes = [{"value": value, "field": "messages"}]
    return {"object": "whatsapp_business_account", "entry": [{"id": "100000000000001", "changes": changes}]}


def _billing(wamid: str, category: str, status: str, now: datetime) -> dict[str, Any]:
    """Per-message pricing: inside the service window a reply is free. Only `sent` says when the window ends."""
    conversation: dict[str, Any] = {
        "id": hashlib.sha256(wamid.encode()).hexdigest()[:32],
        "origin": {"type": category},
    }
    if status == "sent":
        conversation["expiration_timestamp"] = str(int((now + timedelta(hours=24)).timestamp()))
    free = category == "service"
    pricing = {
        "billable": not free,
        "pricing_model": "PMP",
        "category": category,
        "type": "free_customer_service" if free else "regular",
    }
    return {"conversation": conversation, "pricing": pricing}


def _error(wanted: object) -> dict[str, Any]:
    """The error of a failed status: what was asked for, over the usual one."""
    if not isinstance(wanted, Mapping):
        return DEFAULT_ERROR
    title = str(wanted.get("title", DEFAULT_ERROR["title"]))
    return {**DEFAULT_ERROR, "title": title, "message": title, "error_data": {"details": title}, **wanted}


def graph_error(status: int, code: int, message: str, details: str | None = None) -> Answer:
    """An error in the Graph API's shape."""
    error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code}
    if details is not None:
        error["error_data"] = {"messaging_product": "whatsapp", "details": details}
    return Answer.of_json(status, {"error": {**error, "fbtrace_id": "A" + secrets.token_hex(11)}})


def _recipient(message: Mapping[str, Any]) -> str:
    """The WhatsApp id: the digits of the number, or a business-scoped user id as it is."""
    to = str(message.get("to") or "")
    return "".join(filter(str.isdigit, to)) if to else str(message.get("recipient") or "")


def new_wamid(recipient: str) -> str:
    """A fresh id in the real layout: base64 of a record holding the recipient and 18 hexadecimal digits."""
    name = recipient.encode()[:64]
    record = b"\x1c\x18" + bytes([len(name)]) + name + b"\x15\x02\x00\x11\x18\x12"
    record += secrets.token_hex(9).upper().encode() + b"\x00"
    return WAMID_START + base64.b64encode(record).decode()


def recipient_of(wamid: str) -> str:
    """The recipient inside an id of `new_wamid`, which outlives the simulator's memory; empty if there is none."""
    try:
        record = base64.b64decode(wamid.removeprefix(WAMID_START), validate=True)
        return record[3 : 3 + record[2]].decode() if record[:2] == b"\x1c\x18" else ""
    except (ValueError, IndexError):
        return ""
