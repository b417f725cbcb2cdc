"""Buttons by which visitors of a site write to the company on a channel, and the clicks on them (PRODUCT C4). Pure.

Each click has a tag, which stands in the text that the visitor is given to send. The first message that brings it back
ties the visitor to the click; who takes it out of the text stays unattributed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

from recado.domain.moments import rfc3339

ButtonKind = Literal["floating", "cta"]
MAX_BUTTONS = 200
MAX_TEXT, MAX_LABEL = 1_000, 60
CLICK_HOLDS = timedelta(days=30)
"""How long a message can still bring a click's tag back."""
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
CLICK_IDS = ("gclid", "fbclid")
_MAX_VALUE, _MAX_REFERRER = 200, 500
_MAX_TAGS = 3
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: none is mistaken for another."""
_TAG = re.compile(r"\[#([0-9A-HJKMNP-TV-Z]{8})\]")
_CODE = re.compile(r"[0-9a-hjkmnp-tv-z]{10}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_MACHINES = re.compile(r"bot[/;)-]|crawl|spider|slurp|externalhit|preview|prerender", re.IGNORECASE)


@dataclass(frozen=True)
class Button:
    """A button of a channel: `text` is what the visitor is given to send, `label` what stands on it; `code` leads to
    it. `version` moves by one with each change."""

    id: str
    kind: ButtonKind
    channel_id: str
    text: str
    label: str
    code: str
    created_at: datetime
    version: int = 1


@dataclass(frozen=True)
class Click:
    """One click. `details`: what the link and the browser told of where it came from; nothing of who it was.
    `used_by`: the message that brought the tag back."""

    tag: str
    button_id: str
    channel_id: str
    at: datetime
    details: Mapping[str, str] = field(default_factory=dict)
    used_by: str | None = None


@dataclass(frozen=True)
class Visit:
    """What a browser asks a button's link. Names of headers are in lower case."""

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


def new_code(secret: str) -> str:
    """The code of a button's link, from randomness."""
    return _spelled(secret, 10).lower()


def is_code(text: str) -> bool:
    """Whether a text may be a code at all."""
    return _CODE.fullmatch(text) is not None


def new_tag(secret: str) -> str:
    """The tag of a click, from randomness: 40 bits."""
    return _spelled(secret, 8)


def tagged(text: str, tag: str | None) -> str:
    """The text that the visitor is given to send."""
    return text if tag is None else f"{text} [#{tag}]".strip()


def tags_in(text: str) -> list[str]:
    """The tags in a message, each once; of more than three those behind are nothing that we wrote."""
    return list(dict.fromkeys(match[1] for match in _TAG.finditer(text[:20_000])))[:_MAX_TAGS]


def is_click(visit: Visit, machines: Iterable[str] = ()) -> bool:
    """Whether a person followed the link: not a look at the headers, nor a page fetched ahead, nor a robot. `machines`
    begin the names by which the channel's own preview of links calls itself."""
    if visit.method != "GET":
        return False
    purpose = " ".join(visit.headers.get(name, "") for name in ("purpose", "sec-purpose", "x-purpose", "x-moz"))
    if "prefetch" in purpose.lower() or "preview" in purpose.lower():
        return False
    agent = visit.headers.get("user-agent", "")
    return _MACHINES.search(agent[:1_000]) is None and not agent.startswith(tuple(machines))


def details_of(visit: Visit) -> dict[str, str]:
    """What is kept of a click: the campaign's parameters, the advertisement's click id, the page that it came from
    without its query, which may hold what concerns the visitor alone."""
    kept = {name: _short(visit.query.get(name, ""), _MAX_VALUE) for name in (*UTM, *CLICK_IDS)}
    referrer = visit.headers.get("referer", "")
    if referrer.lower().startswith(("https://", "http://")):
        kept["referrer"] = _short(re.split(r"[?#]", referrer, maxsplit=1)[0], _MAX_REFERRER)
    return {name: value for name, value in kept.items() if value}


def holds(click: Click, channel_id: str, now: datetime) -> bool:
    """Whether a message of the channel can be tied to the click."""
    return click.used_by is None and click.channel_id == channel_id and click.at <= now < click.at + CLICK_HOLDS


def touch_of(click: Click) -> dict[str, Any]:
    """The attribution of who sent the click's tag."""
    return {
        "source_type": "button",
        "button_id": click.button_id,
        "tag": click.tag,
        "clicked_at": rfc3339(click.at),
        **click.details,
    }


def changed(button: Button, fields: Mapping[str, Any]) -> Button:
    """The button with other fields."""
    return replace(button, version=button.version + 1, **fields)


def clicks_to_look_up(texts: Sequence[str]) -> list[str]:
    """The tags in several messages, in their order."""
    return list(dict.fromkeys(tag for text in texts for tag in tags_in(text)))


def _short(value: str, limit: int) -> str:
    return _CONTROLS.sub("", value[: limit * 2]).strip()[:limit]


def _spelled(secret: str, length: int) -> str:
    number = int.from_bytes(sha256(secret.encode()).digest())
    return "".join(_DIGITS[number >> 5 * place & 31] for place in range(length))
