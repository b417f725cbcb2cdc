"""Telegram's Bot API: methods with their parameters in JSON or a form, files, and its refusals.

Base of the product's calls: `{providers_url}/telegram`. Shapes: core.telegram.org/bots/api (making requests, Message,
File, ResponseParameters).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from datetime import datetime
from email import message_from_bytes
from typing import Any

from infra.local.providers.base import Answer, Call, ChannelSettings, StatusRefused, StatusRequest, Webhook
from infra.local.providers.media_files import media_file

MAX_TEXT, MAX_CAPTION, MAX_CALLBACK_DATA = 4096, 1024, 64
BOT = {"id": 5200000001, "is_bot": True, "first_name": "Recado Demo", "username": "recado_demo_bot"}
SENDS = {
    "sendMessage": ("text",),
    "sendPhoto": ("photo",),
    "sendVideo": ("video",),
    "sendAnimation": ("animation",),
    "sendAudio": ("audio",),
    "sendVoice": ("voice",),
    "sendDocument": ("document",),
    "sendSticker": ("sticker",),
    "sendLocation": ("latitude", "longitude"),
    "sendVenue": ("latitude", "longitude", "title", "address"),
    "sendContact": ("phone_number", "first_name"),
}
"""What makes a message, with the parameters it needs beside chat_id."""
SETS = {
    "setMessageReaction": ("chat_id", "message_id"),
    "answerCallbackQuery": ("callback_query_id",),
    "setWebhook": ("url",),
    "deleteWebhook": (),
}
"""What is answered with true."""


class BotApi:
    channel = "telegram"
    routes = (
        ("GET", "/telegram/file/bot{token}/{path:.+}"),
        ("GET", "/telegram/bot{token}/{method}"),
        ("POST", "/telegram/bot{token}/{method}"),
    )

    def __init__(self) -> None:
        self._numbers = itertools.count(1_000)

    def answer(self, call: Call) -> Answer:
        if "path" in call.values:
            file = media_file(call.values["path"])
            return Answer(200, file.content, {"Content-Type": "application/octet-stream"})
        if ":" not in call.values["token"]:
            return refusal(401, "Unauthorized")
        method, given = call.values["method"], parameters(call)
        if method == "getFile":
            return self._describe_file(given)
        if method == "getMe":
            return result(BOT)
        if method not in SENDS and method not in SETS:
            return refusal(404, "Not Found")
        wanted = SETS[method] if method in SETS else ("chat_id", *SENDS[method])
        missing = next((name for name in wanted if given.get(name) in (None, "")), None)
        wrong = f"{missing} is empty" if missing else _wrong(given)
        if wrong:
            return refusal(400, f"Bad Request: {wrong}")
        return result(True) if method in SETS else result(self._message(call, given))

    def _describe_file(self, given: Mapping[str, Any]) -> Answer:
        file_id = given.get("file_id")
        if not isinstance(file_id, str) or not file_id:
            return refusal(400, "Bad Request: invalid file_id")
        size = len(media_file(file_id).content)
        described = {"file_id": file_id, "file_unique_id": f"U{file_id[-12:]}", "file_size": size}
        return result({**described, "file_path": f"files/{file_id}"})

    def _message(self, call: Call, given: Mapping[str, Any]) -> dict[str, Any]:
        """The message as it stands in the chat, by its date and what was said in words."""
        chat = {"id": int(given["chat_id"]), "first_name": "Cliente", "type": "private"}
        said = {name: given[name] for name in ("text", "caption") if name in given}
        return {"message_id": next(self._numbers), "from": BOT, "chat": chat, "date": int(call.at.timestamp()), **said}

    def remember(self, call: Call, answer: Answer) -> str | None:
        """The chat's id and the message's make the id of a message."""
        message = answer.object().get("result")
        if not isinstance(message, dict) or "message_id" not in message:
            return None
        return f"{message['chat']['id']}:{message['message_id']}"

    def status_webhook(self, wish: StatusRequest, settings: ChannelSettings, now: datetime) -> Webhook:
        raise StatusRefused("Telegram tells no delivery statuses")


def parameters(call: Call) -> dict[str, Any]:
    """A call's parameters, from JSON or from a form; a file is its name."""
    content_type = call.headers.get("content-type", "")
    if not content_type.startswith("multipart/form-data"):
        return call.object()
    form = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + call.raw)
    found: dict[str, Any] = {}
    for part in form.get_payload() if form.is_multipart() else ():
        if isinstance(part, str):
            continue
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        written = content.decode(errors="replace") if isinstance(content, bytes) else ""
        found[name] = part.get_filename() or written
    return found


def _wrong(given: Mapping[str, Any]) -> str | None:
    """What Telegram would say of the parameters' values; None when it takes them."""
    if "chat_id" in given and not str(given["chat_id"]).removeprefix("-").isdigit():
        return "chat not found"
    if "text" in given and not str(given["text"]).strip():
        return "message text is empty"
    if len(str(given.get("text", ""))) > MAX_TEXT:
        return "message is too long"
    if len(str(given.get("caption", ""))) > MAX_CAPTION:
        return "message caption is too long"
    markup = given.get("reply_markup")
    keyboard = json.loads(markup) if isinstance(markup, str) else markup
    for row in keyboard.get("inline_keyboard", []) if isinstance(keyboard, dict) else ():
        for button in row:
            if not 1 <= len(str(button.get("callback_data", "")).encode()) <= MAX_CALLBACK_DATA:
                return "BUTTON_DATA_INVALID"
    return None


def result(value: object) -> Answer:
    return Answer.of_json(200, {"ok": True, "result": value})


def refusal(status: int, description: str) -> Answer:
    return Answer.of_json(status, {"ok": False, "error_code": status, "description": description})
