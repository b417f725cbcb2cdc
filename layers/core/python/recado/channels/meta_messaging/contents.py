"""The contents of a message of Messenger or Instagram. One message may hold several files: each becomes a message of
its own.

A shared reel, post or story is a file where its URL leads to Meta's file servers, else a link shown as text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from recado.channels.untrusted import bounded_text, bounded_tree, finite, identifier, label, mapping, objects, text
from recado.domain.messages import Kind, Media

FILE_HOSTS = frozenset({"fbcdn.net", "fbsbx.com", "cdninstagram.com"})
MAX_FILES = 30
MAX_URL = 4_096

_FILES: dict[str, Kind] = {
    "image": "image", "video": "video", "audio": "audio", "file": "document", "sticker": "sticker",
}  # fmt: skip
_SHARED: dict[str, Kind] = {
    "reel": "video", "ig_reel": "video", "share": "image", "post": "image", "ig_post": "image",
    "story_mention": "image", "ig_story": "image",
}  # fmt: skip

Json = dict[str, Any]


class Broken(Exception):
    """This one item cannot be read; its text is the reason, without contents."""


class Content(NamedTuple):
    """The parts of a normal form that depend on the kind."""

    kind: Kind
    text: str | None
    payload: Json
    media: Media | None = None


def contents_of(message: Json) -> list[Content]:
    """The contents in their order, at least one; the text of the message is that of the first."""
    written, cut = bounded_text(text(message.get("text")) or "")
    found = _unbounded(message, written or None)
    if cut:
        found[0].payload["truncated"] = True
    story = mapping(mapping(message.get("reply_to")).get("story"))
    if story:
        put_tree(found[0].payload, "story", story)
    return found


def _unbounded(message: Json, written: str | None) -> list[Content]:
    if message.get("is_unsupported") is True:
        return [Content("unsupported", None, {})]
    quick_reply = message.get("quick_reply")
    if isinstance(quick_reply, dict):
        return [Content("interactive", written, present(type="quick_reply", id=label(quick_reply.get("payload"))))]
    attachments = objects(message.get("attachments"))
    if not attachments:
        return [Content("text", written, {}) if written else Content("unsupported", None, {"unknown_type": "none"})]
    found = [_attachment(one) for one in attachments[:MAX_FILES]]
    if len(attachments) > MAX_FILES:
        found[0].payload["truncated"] = True
    if written:
        found[0] = found[0]._replace(text=written)
    return found


def present(**values: Any) -> Json:
    """The values that are there."""
    return {name: value for name, value in values.items() if value is not None}


def put_tree(payload: Json, name: str, value: Any) -> None:
    """Put a bounded copy of a nested value into the payload."""
    payload[name], cut = bounded_tree(value)
    if cut:
        payload["truncated"] = True


def _attachment(attachment: Json) -> Content:
    kind = text(attachment.get("type")) or ""
    payload = mapping(attachment.get("payload"))
    if kind in _FILES:
        return _file(kind, payload)
    if kind in _SHARED:
        return _shared(kind, attachment, payload)
    if kind in _OTHERS:
        return _OTHERS[kind](kind, attachment, payload)
    return Content("unsupported", None, {"unknown_type": kind[:64] or "none"})


def _file(kind: str, payload: Json) -> Content:
    """A sticker comes as an image with the sticker's id. A file without an address cannot be shown."""
    url = web_url(payload.get("url"))
    if url is None:
        return Content("unsupported", None, {"type": kind})
    sticker_id = identifier(payload.get("sticker_id"))
    shown: Kind = "sticker" if sticker_id else _FILES[kind]
    return Content(
        shown, None, present(sticker_id=sticker_id), Media(None, url, None, _name(url) if kind == "file" else None)
    )


def _name(url: str) -> str | None:
    """The file's name, which the address ends with."""
    return label(unquote(urlsplit(url).path.rpartition("/")[2]).replace("\x00", ""))


def _shared(kind: str, attachment: Json, payload: Json) -> Content:
    url = web_url(payload.get("url"))
    ids = {name: identifier(payload.get(name)) for name in ("id", "reel_video_id", "ig_post_media_id")}
    described = present(type=kind, title=label(payload.get("title")), url=url, **ids)
    if url and is_file_host(url):
        return Content(_SHARED[kind], None, described, Media(None, url, None))
    return _link(described)


def _fallback(kind: str, attachment: Json, payload: Json) -> Content:
    """The preview of a link: title and address stand beside the payload or in it."""
    title = label(attachment.get("title")) or label(payload.get("title"))
    url = web_url(attachment.get("url") or payload.get("url"))
    return _link(present(type=kind, title=title, url=url))


def _link(described: Json) -> Content:
    shown = described.get("title") or described.get("url")
    return Content("text", shown, described) if shown else Content("unsupported", None, described)


def _template(kind: str, attachment: Json, payload: Json) -> Content:
    """A card, for example of a shared product, or an echo of one."""
    cards = objects(payload.get("elements")) or objects(mapping(payload.get("product")).get("elements"))
    first = cards[0] if cards else {}
    shown = label(attachment.get("title")) or label(payload.get("text")) or label(first.get("title"))
    described: Json = {"type": kind}
    put_tree(described, "template", payload)
    return Content("text", shown, described) if shown else Content("unsupported", None, described)


def _location(kind: str, attachment: Json, payload: Json) -> Content:
    place = mapping(payload.get("coordinates"))
    latitude, longitude = finite(place.get("lat"), 90), finite(place.get("long"), 180)
    if latitude is None or longitude is None:
        return Content("unsupported", None, {"type": kind})
    named = present(name=label(attachment.get("title")), url=web_url(attachment.get("url")))
    return Content("location", None, {"latitude": latitude, "longitude": longitude, **named})


_OTHERS: dict[str, Callable[[str, Json, Json], Content]] = {
    "fallback": _fallback,
    "template": _template,
    "location": _location,
}


def web_url(value: Any) -> str | None:
    """A web address in printable ASCII, or None."""
    if not isinstance(value, str) or len(value) > MAX_URL or not value.isascii() or not value.isprintable():
        return None
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in value
    except ValueError:
        return None
    return value if good else None


def is_file_host(url: str) -> bool:
    """Whether a web address is of one of Meta's file servers."""
    host = urlsplit(url).hostname or ""
    return any(host == known or host.endswith("." + known) for known in FILE_HOSTS)
