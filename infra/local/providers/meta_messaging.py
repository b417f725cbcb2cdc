"""Messenger and Instagram as Graph plays them: sends and their refusals, files, echoes, deliveries and reads.

Base of the product's calls: `{providers_url}/graph`, which WhatsApp has too: a send is told by its `recipient`. Files
lie under `{providers_url}/graph/{channel}-files/<name>`. Shapes: developers.facebook.com/docs/messenger-platform.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra.local.providers.base import Answer, Call, ChannelSettings, StatusRefused, StatusRequest, Webhook
from infra.local.providers.channel_settings import text
from infra.local.providers.media_files import media_file
from infra.local.providers.memory import Memory
from infra.local.providers.whatsapp import graph_error

STATUSES = ("sent", "delivered", "read")
MAX_METADATA = 1_000
MAX_QUICK_REPLIES, MAX_TITLE = 13, 20
ATTACHMENT_TYPES = ("image", "audio", "video", "file", "template")
_SEND = re.compile(r"/graph/v[\d.]+/(me|\d+)/messages")


class BadMessage(ValueError):
    """The Graph API would refuse the message with code 100; the text is its explanation."""


@dataclass(frozen=True)
class Send:
    """What a webhook repeats of the message it speaks of. `page_id` None: the token said whose it was."""

    recipient: str
    page_id: str | None
    message: Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """In what the two channels differ. `by_page`: sends name the page, and reads tell a time and not a message."""

    channel: str
    object: str
    max_text: int
    measure: Callable[[str], int]
    by_page: bool


class GraphForMessaging:
    """One of the two channels."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._sends: Memory[Send] = Memory()
        self.channel = kind.channel
        self.routes = (("GET", f"/graph/{kind.channel}-files/{{name}}"),)

    def takes(self, call: Call) -> bool:
        """A send to one of Graph's accounts is ours by its recipient, and by whether it names the page."""
        found = _SEND.fullmatch(call.path.partition("?")[0])
        if call.method != "POST" or found is None or (found[1] == "me") == self._kind.by_page:
            return False
        body = call.object()
        return isinstance(body.get("recipient"), dict) and "messaging_product" not in body

    def answer(self, call: Call) -> Answer:
        if call.method == "GET":
            file = media_file(call.values["name"])
            return Answer(200, file.content, {"Content-Type": file.mime_type})
        if not call.headers.get("authorization", "").startswith("Bearer "):
            return graph_error(401, 190, "Invalid OAuth access token - Cannot parse access token")
        body = call.object()
        try:
            self._check(body)
        except BadMessage as problem:
            return graph_error(400, 100, f"(#100) {problem}")
        answer = {"recipient_id": body["recipient"]["id"]}
        if "message" in body:
            answer["message_id"] = "m_" + secrets.token_urlsafe(48)
        return Answer.of_json(200, answer)

    def _check(self, body: Mapping[str, Any]) -> None:
        _need(isinstance(body["recipient"].get("id"), str) and body["recipient"]["id"], "recipient[id] is required")
        _need(("message" in body) != ("sender_action" in body), "exactly one of message and sender_action is required")
        if "sender_action" in body:
            _check_action(body)
            return
        _need(
            (body.get("messaging_type"), body.get("tag"))
            in (("RESPONSE", None), ("UPDATE", None), ("MESSAGE_TAG", "HUMAN_AGENT")),
            "messaging_type and tag do not fit",
        )
        message = body["message"] if isinstance(body["message"], dict) else {}
        _need(("text" in message) != ("attachment" in message), "exactly one of text and attachment is required")
        _need(len(str(message.get("metadata", ""))) <= MAX_METADATA, "metadata is too long")
        if "text" in message:
            written = message["text"]
            _need(isinstance(written, str) and written, "message[text] is empty")
            _need(self._kind.measure(written) <= self._kind.max_text, f"text is longer than {self._kind.max_text}")
        else:
            _check_attachment(message["attachment"])
        _check_quick_replies(message.get("quick_replies", []))

    def remember(self, call: Call, answer: Answer) -> str | None:
        body, mid = call.object(), answer.object().get("message_id")
        found = _SEND.fullmatch(call.path.partition("?")[0])
        if not isinstance(mid, str) or found is None:
            return None
        page_id = None if found[1] == "me" else found[1]
        self._sends.put(mid, Send(str(body["recipient"]["id"]), page_id, body.get("message") or {}))
        return mid

    def status_webhook(self, wish: StatusRequest, settings: ChannelSettings, now: datetime) -> Webhook:
        """`sent` is the echo; a channel has no webhook that says `failed`."""
        if wish.status not in STATUSES:
            raise StatusRefused(f"status must be one of {', '.join(STATUSES)}")
        send = self._sends.get(wish.provider_id)
        if send is None:
            recipient = wish.details.get("recipient_id")
            if not isinstance(recipient, str):
                raise StatusRefused("no such message was sent; tell recipient_id")
            send = Send(recipient, None, {})
        channel = settings.find(self.channel, page_id=send.page_id)
        page_id = text(channel, "page_id")
        at = wish.details.get("timestamp") or int(now.timestamp() * 1000)
        item = self._item(wish, send, page_id, at)
        body = {"object": self._kind.object, "entry": [{"id": page_id, "time": at, "messaging": [item]}]}
        raw = json.dumps(body).encode()
        signature = hmac.new(text(channel, "app_secret").encode(), raw, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": f"sha256={signature}",
        }
        return Webhook(text(channel, "webhook_url"), headers, raw)

    def _item(self, wish: StatusRequest, send: Send, page_id: str, at: object) -> dict[str, Any]:
        mid = wish.provider_id
        if wish.status == "sent":
            echo = {**send.message, "mid": mid, "is_echo": True, "app_id": 221122112211}
            return {"sender": {"id": page_id}, "recipient": {"id": send.recipient}, "timestamp": at, "message": echo}
        told: dict[str, Any]
        if wish.status == "delivered":
            told = {"delivery": {"mids": [mid], "watermark": at}}
        else:
            told = {"read": {"watermark": at} if self._kind.by_page else {"mid": mid}}
        return {"sender": {"id": send.recipient}, "recipient": {"id": page_id}, "timestamp": at, **told}


def _need(good: object, problem: str) -> None:
    if not good:
        raise BadMessage(problem)


def _check_action(body: Mapping[str, Any]) -> None:
    action, payload = body["sender_action"], body.get("payload")
    if action in ("mark_seen", "typing_on", "typing_off"):
        return
    _need(action in ("react", "unreact"), "sender_action is not known")
    _need(isinstance(payload, dict) and payload.get("message_id"), "payload[message_id] is required")
    _need(
        action == "unreact" or (isinstance(payload, dict) and payload.get("reaction")), "payload[reaction] is required"
    )


def _check_attachment(attachment: object) -> None:
    given = attachment if isinstance(attachment, dict) else {}
    payload = given.get("payload") if isinstance(given.get("payload"), dict) else {}
    _need(given.get("type") in ATTACHMENT_TYPES, f"attachment[type] must be one of {', '.join(ATTACHMENT_TYPES)}")
    needed = "template_type" if given.get("type") == "template" else "url"
    _need(payload and payload.get(needed), f"attachment[payload][{needed}] is required")


def _check_quick_replies(replies: object) -> None:
    _need(
        isinstance(replies, list) and len(replies) <= MAX_QUICK_REPLIES, f"more than {MAX_QUICK_REPLIES} quick_replies"
    )
    for reply in replies if isinstance(replies, list) else ():
        title = reply.get("title") if isinstance(reply, dict) else None
        _need(isinstance(title, str) and 0 < len(title) <= MAX_TITLE, f"a title has 1 to {MAX_TITLE} characters")
