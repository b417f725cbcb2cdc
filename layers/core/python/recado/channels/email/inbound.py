"""From the documents of the mail worker to normal forms.

A mail is {kind: "mail", at, provider_id, customer {address, name}, author?, to, cc, subject, text, full_text, html,
date, message_id, in_reply_to, references, reply_to, automatic, verdicts, files, cut, digest}: `customer` is whose
thread it is, `author` who wrote it when that is somebody else who had the chat's tag, `reply_to` the id of the message
that it answers, `files` the `file` of each attachment as it lies in our store. What became of a mail of ours is
{kind: "statuses", statuses: [{provider_id, message_id, status, at, code, title}], problems: [code]}.

A mail is a message of kind text; each of its files one more: `<id>`, `<id>#2` ….
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from recado.channels.base import Part, unreadable
from recado.channels.untrusted import (
    bounded_text,
    epoch_seconds,
    finite,
    identifier,
    label,
    mapping,
    objects,
    text,
)
from recado.domain.file_types import TYPES
from recado.domain.messages import (
    DeliveryStatus,
    Failure,
    InboundMessage,
    Kind,
    Media,
    Parsed,
    Sender,
    StatusUpdate,
)

MAX_FILES = 50
MAX_LISTED = 50
MAX_WRITTEN = 90_000
"""Of the full text and of the HTML, in characters of ASCII JSON: with the rest, a message fits its item."""
_STATUSES: dict[str, DeliveryStatus] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "failed": "failed",
}
_PROBLEMS = {
    "complaint": "A customer called a mail of this channel spam. SES writes no more to who did that, and pauses an "
    "installation when many do."
}
_MAX_BYTES = 1e12

Json = dict[str, Any]


def split(document: Any, canonical: Callable[[str], str]) -> list[Part]:
    """One part."""
    kind = document.get("kind") if isinstance(document, dict) else None
    if kind == "mail":
        address = text(mapping(document.get("customer")).get("address")) or ""
        try:
            return [Part("messages", None, canonical(address), document)]
        except ValueError:
            return [unreadable(None, [{"reason": "a mail without a sender", "item": document}])]
    if kind == "statuses":
        return [Part("statuses", None, None, document)]
    return [Part("other", None, None, {"kept": [{"reason": "neither mail nor statuses", "item": document}]})]


def read(document: Json, key: str) -> Parsed:
    """A mail with its files, or statuses."""
    if document.get("kind") == "statuses":
        return _statuses(document)
    at, provider_id = epoch_seconds(document.get("at")), identifier(document.get("provider_id"))
    if at is None or provider_id is None or len(provider_id) > 500:
        return Parsed(kept_raw=("a mail without a valid time or id",))
    customer = mapping(document.get("customer"))
    sender = Sender(key, email=label(customer.get("address")), name=label(customer.get("name")))
    shown, cut = bounded_text(text(document.get("text")) or label(document.get("subject")) or "")
    payload, payload_cut = _payload(document)
    if cut or payload_cut:
        payload["truncated"] = True
    message = InboundMessage(
        provider_id,
        sender,
        "text",
        shown or None,
        payload,
        None,
        identifier(document.get("reply_to")),
        at,
        digest=label(document.get("digest")),
        automatic=True if document.get("automatic") is True else None,
    )
    files = objects(document.get("files"))
    attached = [_attached(message, number, file) for number, file in enumerate(files[:MAX_FILES], start=2)]
    lost = ("cut",) if cut or payload_cut or len(files) > MAX_FILES else ()
    return Parsed(messages=(message, *attached), kept_raw=lost)


def _payload(document: Json) -> tuple[Json, bool]:
    """What the mail says beside its text, and whether some of it was cut."""
    payload: Json = {
        "subject": label(document.get("subject")) or "",
        "from": _person(document.get("author") or document.get("customer")),
        "sent_by": _person(document.get("sent_by")),
        "to": _people(document.get("to")),
        "cc": _people(document.get("cc")),
        "message_id": label(document.get("message_id")),
        "in_reply_to": label(document.get("in_reply_to")),
        "references": _labels(document.get("references")),
        "date": label(document.get("date")),
        "automatic": document.get("automatic") is True or None,
        "verdicts": {
            name: value for name, value in list(mapping(document.get("verdicts")).items())[:10] if label(value)
        },
        "left_out": _labels(document.get("cut")),
    }
    payload["verdicts"] = {name[:50]: label(value) for name, value in payload["verdicts"].items()}
    cut = False
    for name in ("full_text", "html"):
        payload[name], too_long = _written(text(document.get(name)) or "")
        cut = cut or too_long
    kept = {name: value for name, value in payload.items() if value not in (None, "", [], {})}
    return kept, cut or bool(payload["left_out"])


def _written(value: str) -> tuple[str, bool]:
    """A text within MAX_WRITTEN characters of ASCII JSON."""
    if len(json.dumps(value)) <= MAX_WRITTEN:
        return value, False
    low, high = 0, min(len(value), MAX_WRITTEN)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if len(json.dumps(value[:middle])) <= MAX_WRITTEN else (low, middle - 1)
    return value[:low], True


def _person(value: Any) -> Json | None:
    person = mapping(value)
    address = label(person.get("address"))
    return {"address": address[:254], "name": (label(person.get("name")) or "")[:255]} if address else None


def _people(value: Any) -> list[Json]:
    return [one for one in map(_person, objects(value)[:MAX_LISTED]) if one]


def _labels(value: Any) -> list[str]:
    given = value[:MAX_LISTED] if isinstance(value, list) else []
    return [one[:500] for one in map(label, given) if one]


def _attached(mail: InboundMessage, number: int, file: Json) -> InboundMessage:
    """A file of the mail as a message of its own, in the order of the mail."""
    content_type = label(file.get("content_type"))
    size = finite(file.get("size"), _MAX_BYTES)
    known = TYPES.get(content_type or "")
    kind: Kind = known.kind if known else "document"
    name = label(file.get("name"))
    stored = {
        "id": identifier(file.get("id")),
        "name": name,
        "content_type": content_type,
        "size": None if size is None else int(size),
        "state": "accepted" if file.get("state") == "accepted" else "rejected",
        "reason": label(file.get("reason")),
    }
    return mail._replace(
        provider_id=f"{mail.provider_id}#{number}",
        kind=kind,
        text=None,
        payload={
            "mail": mail.provider_id,
            **{name: mail.payload[name] for name in ("subject", "references") if name in mail.payload},
        },
        media=Media(None, None, content_type, name, stored=stored),
        reply_to=None,
    )


def _statuses(document: Json) -> Parsed:
    found = tuple(one for one in map(_status, objects(document.get("statuses"))[:MAX_LISTED]) if one)
    noted = tuple(
        (code, _PROBLEMS[code]) for code in dict.fromkeys(_labels(document.get("problems"))) if code in _PROBLEMS
    )
    kept = () if found or noted else ("statuses of nothing",)
    return Parsed(statuses=found, problems=noted, kept_raw=kept)


def _status(item: Json) -> StatusUpdate | None:
    provider_id, message_id = identifier(item.get("provider_id")), identifier(item.get("message_id"))
    status, at = _STATUSES.get(text(item.get("status")) or ""), epoch_seconds(item.get("at"))
    if status is None or at is None or (provider_id is None and message_id is None):
        return None
    return StatusUpdate(provider_id, message_id, status, at, _failure(item) if status == "failed" else None)


def _failure(item: Json) -> Failure:
    title = label(item.get("title")) or "The mail was not delivered."
    return Failure(label(item.get("code")) or "bounce", title, "recipient")
