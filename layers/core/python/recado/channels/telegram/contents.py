"""The contents of a Telegram message: it has no type, but one field that says what it is.

A reader takes that field's value and the whole message, and raises Broken. What is in a private chat alone is read; an
animation comes as a document too and a venue as a location too, so that the order of the readers counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from recado.channels.untrusted import (
    bounded_text,
    bounded_tree,
    finite,
    identifier,
    label,
    mapping,
    objects,
    text,
)
from recado.domain.messages import Kind, Media

Json = dict[str, Any]

SERVICE_FIELDS = (
    "new_chat_members", "left_chat_member", "new_chat_title", "new_chat_photo", "delete_chat_photo",
    "group_chat_created", "supergroup_chat_created", "channel_chat_created", "message_auto_delete_timer_changed",
    "migrate_to_chat_id", "migrate_from_chat_id", "pinned_message", "successful_payment", "refunded_payment",
    "users_shared", "chat_shared", "connected_website", "write_access_allowed", "passport_data",
    "proximity_alert_triggered", "boost_added", "chat_background_set",
)  # fmt: skip
"""What Telegram itself says in a chat."""
NOT_SHOWN_FIELDS = ("story", "paid_media", "checklist", "game", "giveaway", "giveaway_winners", "invoice", "gift")
"""What a person may send that has no counterpart here."""


class Broken(Exception):
    """This message cannot be read; its text is the reason, without contents."""


class Content(NamedTuple):
    """The parts of a normal form that depend on what the message is."""

    kind: Kind
    text: str | None
    payload: Json
    media: Media | None = None


def content_of(message: Json) -> Content:
    """Kind, text, payload and media of a message; entities, album and origin are kept in the payload. Raises
    Broken."""
    content = _by_field(message)
    payload = {**content.payload, **_about(message)}
    for name in ("entities", "caption_entities"):
        if message.get(name):
            payload = _tree(payload, "entities", objects(message[name]))
    shown, cut = bounded_text(content.text or "")
    if cut:
        payload["truncated"] = True
    return content._replace(text=shown or None, payload=payload)


def shared_phone(message: Json, customer_id: str) -> str | None:
    """The telephone number of a contact card by which its sender gives their own: one with their own user id."""
    card = mapping(message.get("contact"))
    return label(card.get("phone_number")) if identifier(card.get("user_id")) == customer_id else None


def _by_field(message: Json) -> Content:
    for name, reader in _CONTENTS.items():
        if message.get(name) is not None:
            return reader(message[name], message)
    for name in SERVICE_FIELDS:
        if name in message:
            return Content("system", None, _tree({"type": name}, "data", message[name]))
    known = next((name for name in NOT_SHOWN_FIELDS if name in message), None)
    return Content("unsupported", None, {"type": known} if known else {"unknown_type": "none of the known"})


def _about(message: Json) -> Json:
    """What is said of a message of any kind."""
    about: Json = {}
    album = identifier(message.get("media_group_id"))
    if album:
        about["media_group_id"] = album
    origin = mapping(message.get("forward_origin"))
    if origin:
        about |= {"forwarded": True, "forward_origin": label(origin.get("type"))}
    quoted = label(mapping(message.get("quote")).get("text"))
    if quoted:
        about["quote"] = quoted
    return about


def _present(**values: Any) -> Json:
    return {name: value for name, value in values.items() if value is not None}


def _tree(payload: Json, name: str, value: Any) -> Json:
    """The payload with a bounded copy of a nested value."""
    copied, cut = bounded_tree(value)
    return {**payload, name: copied, **({"truncated": True} if cut else {})}


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _media(body: Any, content_type: str | None = None) -> Media:
    """A file by its file_id. Telegram gives no content type for photos and stickers, and no hash for any."""
    file = mapping(body)
    provider_id = identifier(file.get("file_id"))
    if provider_id is None:
        raise Broken("a file without an id")
    given = label(file.get("mime_type")) or content_type
    return Media(provider_id, None, given, label(file.get("file_name")), None, _whole(file.get("file_size")))


def _plain(body: Any, message: Json) -> Content:
    if not isinstance(body, str) or not body:
        raise Broken("a text without a text")
    return Content("text", body, {})


def _file(kind: Kind, content_type: str | None = None, **marks: Any) -> Callable[[Any, Json], Content]:
    def read(body: Any, message: Json) -> Content:
        told = {name: label(mapping(body).get(name)) for name in ("performer", "title")} if kind == "audio" else {}
        payload = marks | _present(duration=_whole(mapping(body).get("duration")), **told)
        return Content(kind, text(message.get("caption")), payload, _media(body, content_type))

    return read


def _photo(body: Any, message: Json) -> Content:
    """Telegram lists a photo in several sizes; the largest is the photo."""
    sizes = objects(body)
    if not sizes:
        raise Broken("a photo without sizes")
    largest = max(sizes, key=lambda one: (_whole(one.get("width")) or 0) * (_whole(one.get("height")) or 0))
    return Content("image", text(message.get("caption")), {}, _media(largest, "image/jpeg"))


def _sticker(body: Any, message: Json) -> Content:
    """Static ones are WebP, animated ones Lottie in gzip, videos WebM."""
    sticker = mapping(body)
    animated, video = sticker.get("is_animated") is True, sticker.get("is_video") is True
    content_type = "application/x-tgsticker" if animated else "video/webm" if video else "image/webp"
    payload = _present(emoji=label(sticker.get("emoji")), set_name=label(sticker.get("set_name")))
    payload |= {"animated": True} if animated or video else {}
    return Content("sticker", None, payload, _media(sticker, content_type))


def _contact(body: Any, message: Json) -> Content:
    """In the shape that contacts have everywhere."""
    card = mapping(body)
    phone = label(card.get("phone_number"))
    if phone is None:
        raise Broken("a contact without a number")
    first, last = label(card.get("first_name")), label(card.get("last_name"))
    name = _present(formatted_name=" ".join(filter(None, (first, last))), first_name=first, last_name=last)
    contact = {"name": name, "phones": [{"phone": phone}]}
    payload = {"contacts": [contact], **_present(user_id=identifier(card.get("user_id")))}
    return Content("contacts", None, payload | _present(vcard=label(card.get("vcard"))))


def _location(body: Any, message: Json) -> Content:
    place = mapping(body)
    latitude, longitude = finite(place.get("latitude"), 90), finite(place.get("longitude"), 180)
    if latitude is None or longitude is None:
        raise Broken("a location without coordinates")
    live = {"live": True} if place.get("live_period") else {}
    return Content("location", None, {"latitude": latitude, "longitude": longitude, **live})


def _venue(body: Any, message: Json) -> Content:
    venue = mapping(body)
    content = _location(venue.get("location"), message)
    named = _present(name=label(venue.get("title")), address=label(venue.get("address")))
    return content._replace(payload=content.payload | named)


def _poll(body: Any, message: Json) -> Content:
    """Shown by its question; nobody can vote here."""
    poll = mapping(body)
    return Content("text", text(poll.get("question")), _tree({"type": "poll"}, "poll", poll))


def _dice(body: Any, message: Json) -> Content:
    dice = mapping(body)
    payload = {"type": "dice"} | _present(value=_whole(dice.get("value")))
    return Content("text", label(dice.get("emoji")), payload)


def _web_app(body: Any, message: Json) -> Content:
    answer = mapping(body)
    payload = _present(type="web_app_data", data=label(answer.get("data")))
    return Content("interactive", label(answer.get("button_text")), payload)


_CONTENTS: dict[str, Callable[[Any, Json], Content]] = {
    "text": _plain,
    "animation": _file("video", "video/mp4", animation=True),
    "audio": _file("audio"),
    "document": _file("document"),
    "photo": _photo,
    "sticker": _sticker,
    "video": _file("video", "video/mp4"),
    "video_note": _file("video", "video/mp4", video_note=True),
    "voice": _file("audio", "audio/ogg", voice=True),
    "contact": _contact,
    "venue": _venue,
    "location": _location,
    "poll": _poll,
    "dice": _dice,
    "web_app_data": _web_app,
}
