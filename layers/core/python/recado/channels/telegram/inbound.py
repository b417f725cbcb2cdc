"""Telegram's webhooks: one update each, ``{"update_id", <kind>: {…}}``. A part is one update of one private chat.

A private chat's id is the person's user id, and their key is ``u:`` and it. What is of groups, channels and connected
business accounts is no customer's and kept raw.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from recado.channels.base import Part, unreadable
from recado.channels.telegram.contents import Broken, content_of, shared_phone
from recado.channels.untrusted import bounded_tree, epoch_seconds, identifier, label, mapping, objects, text
from recado.domain.identity import e164
from recado.domain.messages import Edit, InboundMessage, Parsed, Sender

Json = dict[str, Any]

BLOCKED = {"kicked": "blocked", "member": "unblocked"}
"""What the bot's new standing in a private chat says."""


def customer_key(chat_id: str) -> str:
    """The thread key of a private chat's id, which is digits; a minus is of groups. Raises ValueError."""
    if not chat_id.isascii() or not chat_id.isdigit() or len(chat_id) > 20:
        raise ValueError("no id of a person")
    return "u:" + chat_id


def message_key(chat_id: str, message_id: str) -> str:
    """A message's id, which is unique in its chat alone."""
    return f"{chat_id}:{message_id}"


# -- split -----------------------------------------------------------------------------------------


def split(body: Any, now: datetime) -> list[Part]:
    """The one part of a decoded update. A pressed button has no time of its own: it is pressed now."""
    if not isinstance(body, dict):
        return [unreadable(None, [{"reason": "not an object", "item": body}])]
    name = next((one for one in READERS if one in body), None)
    if name is None:
        kind = next((key for key in body if key != "update_id"), "nothing")
        return [_other(f"update {kind[:64]}", body)]
    item = mapping(body[name])
    chat = mapping(mapping(item.get("message")).get("chat") if name == "callback_query" else item.get("chat"))
    kind, chat_id = label(chat.get("type")), identifier(chat.get("id"))
    if kind in ("group", "supergroup", "channel"):
        return [_other(f"of a {kind}", body)]
    try:
        key = customer_key(chat_id or "")
    except ValueError:
        return [unreadable(None, [{"reason": f"no chat in {name}", "item": body}])]
    if identifier(_person(item).get("id")) is None:
        return [unreadable(None, [{"reason": f"no sender in {name}", "item": body}])]
    payload = {"update_id": body.get("update_id"), "chat_id": chat_id, name: item}
    if name == "callback_query":
        payload["pressed_at"] = int(now.timestamp())
    return [Part("messages", None, key, payload)]


def _other(reason: str, body: Json) -> Part:
    return Part("other", None, None, {"kept": [{"reason": reason, "item": body}]})


# -- read ------------------------------------------------------------------------------------------


def read(payload: Json, key: str) -> Parsed:
    """The normal form of a part's payload."""
    name = next((one for one in READERS if one in payload), "")
    update_id, chat_id = identifier(payload.get("update_id")), text(payload.get("chat_id")) or ""
    if name not in READERS or (update_id is None and name != "message"):  # a message has an id of its own
        return Parsed(kept_raw=("without an update_id",))
    item = mapping(payload[name])
    try:
        form = READERS[name](item, _customer(item, chat_id, key), f"update:{update_id}", payload)
    except Broken as reason:
        return Parsed(kept_raw=(f"{name}: {reason}",))
    if isinstance(form, Edit):
        return Parsed(edits=(form,))
    return Parsed(messages=(form,), kept_raw=tuple(_incomplete(form.payload)))


def _incomplete(payload: Json) -> list[str]:
    """Why a message that was read is to be kept raw all the same."""
    marks = (("truncated", "a message cut"), ("unknown_type", "a kind not known"))
    return [reason for mark, reason in marks if mark in payload]


def _person(item: Json) -> Json:
    """Who did it; a reaction names them otherwise."""
    return mapping(item.get("from") or item.get("user"))


def _customer(item: Json, chat_id: str, key: str) -> Sender:
    person = _person(item)
    names = (label(person.get("first_name")), label(person.get("last_name")))
    return Sender(key, None, chat_id, None, None, label(" ".join(filter(None, names))))


def _time(value: Any) -> datetime:
    at = epoch_seconds(value)
    if at is None:
        raise Broken("without a valid time")
    return at


def _id_of(message: Json, customer: Sender) -> str:
    message_id = identifier(message.get("message_id"))
    if message_id is None:
        raise Broken("without an id")
    return message_key(customer.user_id or "", message_id)


def _message(item: Json, customer: Sender, update: str, payload: Json) -> InboundMessage:
    """A card of the sender's own is how they tell their number."""
    provider_id, at = _id_of(item, customer), _time(item.get("date"))
    kind, written, about, media = content_of(item)
    phone = shared_phone(item, customer.user_id or "")
    customer = customer._replace(phone=e164(phone) if phone else None)
    return InboundMessage(provider_id, customer, kind, written, about, media, _answered(item, customer), at)


def _answered(item: Json, customer: Sender) -> str | None:
    message_id = identifier(mapping(item.get("reply_to_message")).get("message_id"))
    return message_key(customer.user_id or "", message_id) if message_id else None


def _edited(item: Json, customer: Sender, update: str, payload: Json) -> Edit:
    """An edit has the id of its message. A live location that moves is told as one, too."""
    if "location" in item:
        raise Broken("a location that moved")
    original, at = _id_of(item, customer), _time(item.get("edit_date"))
    content = content_of(item)
    return Edit(update, original, customer, True, content.kind, content.text, at)


def _pressed(item: Json, customer: Sender, update: str, payload: Json) -> InboundMessage:
    """A button of ours: its data is what we gave it as its id, its title stands in the message it is of, unless that is
    too old to be told."""
    message = mapping(item.get("message"))
    data = label(item.get("data"))
    about: Json = {"type": "button_reply", **({"id": data} if data else {})}
    reply_to = _id_of(message, customer)
    at = _time(payload.get("pressed_at"))
    return InboundMessage(update, customer, "interactive", _title(message, data), about, None, reply_to, at)


def _title(message: Json, data: str | None) -> str | None:
    keyboard = mapping(message.get("reply_markup")).get("inline_keyboard")
    rows = [objects(row) for row in keyboard] if isinstance(keyboard, list) else []
    titles = (label(one.get("text")) for row in rows for one in row if data and one.get("callback_data") == data)
    return next(titles, data)


def _reaction(item: Json, customer: Sender, update: str, payload: Json) -> InboundMessage:
    """The emoji is the text; none left takes the reaction back. A custom emoji has an id in place of a character."""
    target, at = _id_of(item, customer), _time(item.get("date"))
    left = objects(item.get("new_reaction"))
    chosen = left[-1] if left else {}
    emoji = "⭐" if chosen.get("type") == "paid" else (text(chosen.get("emoji")) or "")[:64]
    about: Json = {"message_id": target, "removed": not left}
    custom = label(chosen.get("custom_emoji_id"))
    if custom:
        about["custom_emoji_id"] = custom
    if len(left) > 1:
        about["reactions"], _ = bounded_tree(left)
    return InboundMessage(update, customer, "reaction", emoji, about, None, target, at)


def _standing(item: Json, customer: Sender, update: str, payload: Json) -> InboundMessage:
    """The person blocked the bot, or let it in again."""
    status = label(mapping(item.get("new_chat_member")).get("status"))
    if status not in BLOCKED:
        raise Broken("a standing not known")
    return InboundMessage(
        update, customer, "system", None, {"type": BLOCKED[status]}, None, None, _time(item.get("date"))
    )


READERS: dict[str, Callable[[Json, Sender, str, Json], InboundMessage | Edit]] = {
    "message": _message,
    "edited_message": _edited,
    "callback_query": _pressed,
    "message_reaction": _reaction,
    "my_chat_member": _standing,
}
"""The kinds of updates that are read; they are what the webhook asks for, too."""
