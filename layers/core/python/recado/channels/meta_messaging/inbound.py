"""The webhooks of Messenger and Instagram: ``entry[]`` with any of ``messaging``, ``standby`` (another app has the
conversation in hand) and ``changes`` (the same items, as ``value``).

A part's payload is ``{"items": [item as it came]}`` of one customer. An echo of what we sent carries our message id in
``metadata``: it settles the send and is no message. Where one message goes out in several parts, the echo of the last
one does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from re import ASCII
from re import compile as pattern
from typing import Any, NamedTuple

from recado.channels.base import Part, unreadable
from recado.channels.meta_messaging.contents import MAX_FILES, Broken, Content, contents_of, present, put_tree
from recado.channels.untrusted import bounded_text, bounded_tree, epoch_seconds, identifier, label, mapping, text
from recado.domain.messages import (
    DeliveryStatus,
    Echo,
    Edit,
    InboundMessage,
    Parsed,
    Revocation,
    Sender,
    StatusUpdate,
)

_USER_ID = pattern(r"[A-Za-z0-9_.\-]{1,150}", ASCII)
_OURS = pattern(r"(ms_[a-z2-7]{8}_[0-9a-f]{27})(?:#(\d{1,2})/(\d{1,2}))?", ASCII)
_TEST_POST = ("12334", "23245")
"""Sender and recipient in the post by which Meta's dashboard tries a webhook."""
_FIRST_OF_MILLISECONDS = 100_000_000_000
_EMOJI = {
    "love": "❤️", "smile": "😆", "laugh": "😆", "wow": "😮", "sad": "😢", "angry": "😠", "like": "👍", "dislike": "👎",
}  # fmt: skip
"""Reactions that came by name alone."""

Json = dict[str, Any]


# -- split -----------------------------------------------------------------------------------------


def customer_key(user_id: Any) -> str | None:
    """The thread key of a customer's page- or account-scoped id; None when it is no such id."""
    given = identifier(user_id)
    return "u:" + given if given and _USER_ID.fullmatch(given) else None


class _Sorted:
    """The items of a body, sorted by account of ours and customer, and those that belong to nobody."""

    def __init__(self) -> None:
        self.fragments: dict[tuple[str | None, str], list[Json]] = {}
        self.others: dict[str | None, list[Json]] = {}
        self.broken: dict[str | None, list[Json]] = {}

    def keep(self, kept: dict[str | None, list[Json]], address: str | None, reason: str, item: Any) -> None:
        kept.setdefault(address, []).append({"reason": reason, "item": item})

    def entry(self, entry: Any) -> None:
        address = identifier(mapping(entry).get("id"))
        lists = {name: entry[name] for name in ("messaging", "standby", "changes") if name in mapping(entry)}
        if not lists:
            self.keep(self.broken, address, "an entry without messages", entry)
        for name, items in lists.items():
            if not isinstance(items, list):
                self.keep(self.broken, address, f"{name} is not a list", items)
                continue
            for item in items:
                if name == "changes":
                    self.change(item, address)
                else:
                    self.item(item, address)

    def change(self, change: Any, address: str | None) -> None:
        value = mapping(mapping(change).get("value"))
        if (_id(value, "sender"), _id(value, "recipient")) == _TEST_POST:
            return
        if "sender" in value and value.keys() & _READERS.keys():
            self.item(value, address)
        else:
            self.keep(self.others, address, f"event {(label(mapping(change).get('field')) or 'unknown')[:64]}", change)

    def item(self, item: Any, address: str | None) -> None:
        if not isinstance(item, dict):
            self.keep(self.broken, address, "not an object", item)
            return
        if not item.keys() & _READERS.keys():
            name = next((key for key in item if key not in ("sender", "recipient", "timestamp")), "unknown")
            self.keep(self.others, address, f"event {name[:64]}", item)
            return
        sender, recipient = _id(item, "sender"), _id(item, "recipient")
        echo = mapping(item.get("message")).get("is_echo") is True or (address is not None and sender == address)
        key = customer_key(recipient if echo else sender)
        if key is None:
            self.keep(self.broken, address, "no customer", item)
        elif sender == recipient:
            self.keep(self.others, address, "of the account to itself", item)
        else:
            self.fragments.setdefault((address, key), []).append(item)

    def parts(self) -> list[Part]:
        parts = [
            Part("messages" if any(map(_is_said, items)) else "statuses", address, key, {"items": items})
            for (address, key), items in self.fragments.items()
        ]
        parts += [Part("other", address, None, {"kept": kept}) for address, kept in self.others.items()]
        return parts + [unreadable(address, kept) for address, kept in self.broken.items()]


def _id(item: Json, name: str) -> str | None:
    return identifier(mapping(item.get(name)).get("id"))


def _is_said(item: Json) -> bool:
    return bool(item.keys() & (_READERS.keys() - {"delivery", "read"}))


def split(body: Any) -> list[Part]:
    """The parts of a decoded body; the dashboard's test post gives none."""
    found = _Sorted()
    entries = mapping(body).get("entry")
    if not isinstance(entries, list):
        found.keep(found.broken, None, "a body without entries", body)
        return found.parts()
    for entry in entries:
        found.entry(entry)
    return found.parts()


# -- read ------------------------------------------------------------------------------------------


class _Found(NamedTuple):
    messages: list[InboundMessage]
    statuses: list[StatusUpdate]
    echoes: list[Echo]
    edits: list[Edit]
    revocations: list[Revocation]


def read(payload: Json, key: str) -> Parsed:
    """The normal forms of a part's payload; each event that cannot be read is one reason in ``kept_raw``."""
    customer = Sender(key, user_id=key.removeprefix("u:"))
    found = _Found([], [], [], [], [])
    kept: list[str] = []
    for item in payload.get("items", ()):
        for name, reader in _READERS.items():
            if name in item:
                try:
                    reader(item, customer, found)
                except Broken as reason:
                    kept.append(f"{name}: {reason}")
    for said in [form.payload for form in found.messages] + [form.payload for form in found.echoes]:
        kept += [reason for mark, reason in _INCOMPLETE if mark in said]
    return Parsed(
        tuple(found.messages),
        tuple(found.statuses),
        tuple(found.echoes),
        tuple(found.edits),
        tuple(found.revocations),
        tuple(kept),
    )


_INCOMPLETE = (("truncated", "a message cut"), ("unknown_type", "a kind not known"))


def moment_of(value: Any) -> datetime | None:
    """The time of a count of milliseconds, or of seconds, given as number or text; both are met."""
    if isinstance(value, str) and len(value) <= 13 and value.isascii() and value.isdigit():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < _FIRST_OF_MILLISECONDS:
        return epoch_seconds(value)
    whole = epoch_seconds(value // 1000)
    return whole + timedelta(milliseconds=value % 1000) if whole else None


def _time(item: Json) -> datetime:
    at = moment_of(item.get("timestamp"))
    if at is None:
        raise Broken("without a valid time")
    return at


def _mid(event: Json) -> str:
    mid = identifier(event.get("mid"))
    if mid is None:
        raise Broken("without an id")
    return mid


def _made_id(name: str, item: Json, *contents: Any) -> str:
    """The id of an event that has none: the same for the same event, however often it comes."""
    told = "\x1f".join(map(str, (_id(item, "sender"), item.get("timestamp"), *contents)))
    return f"{name}:{sha256(told.encode()).hexdigest()[:40]}"


def _of_file(mid: str, number: int) -> str:
    """The id of the message's n-th file: the message's own for the first."""
    made = mid if number == 1 else f"{mid}#{number}"
    if identifier(made) is None:
        raise Broken("an id too long")
    return made


def _referral(value: Any) -> Json | None:
    kept, _ = bounded_tree(mapping(value))
    return kept or None


def _from_customer(item: Json, customer: Sender) -> bool:
    return customer_key(_id(item, "sender")) == customer.canonical


def _message(item: Json, customer: Sender, found: _Found) -> None:
    message = mapping(item["message"])
    mid, at = _mid(message), _time(item)
    by_customer = _from_customer(item, customer)
    if message.get("is_deleted") is True:
        ids = [_of_file(mid, number) for number in range(1, MAX_FILES + 1)]  # how many there were is not told
        found.revocations.extend(Revocation(one, one, customer, by_customer, at) for one in ids)
        return
    ours = None if by_customer else _OURS.fullmatch(text(message.get("metadata")) or "")
    if ours:
        if ours[2] == ours[3]:
            found.statuses.append(StatusUpdate(mid, ours[1], "sent", at, None, customer))
        return
    reply_to = identifier(mapping(message.get("reply_to")).get("mid"))
    contents = contents_of(message)
    made = [(_of_file(mid, number), content) for number, content in enumerate(contents, 1)]
    if by_customer:
        referral = _referral(message.get("referral"))
        found.messages.extend(_inbound(one, customer, content, reply_to, at, referral) for one, content in made)
        return
    app_id = identifier(message.get("app_id"))
    for one, (kind, written, payload, media) in made:
        payload |= present(app_id=app_id)
        found.echoes.append(Echo(one, customer, kind, written, payload, media, reply_to, at))


def _inbound(
    provider_id: str,
    customer: Sender,
    content: Content,
    reply_to: str | None,
    at: datetime,
    referral: Json | None = None,
) -> InboundMessage:
    kind, written, payload, media = content
    return InboundMessage(provider_id, customer, kind, written, payload, media, reply_to, at, referral)


def _reaction(item: Json, customer: Sender, found: _Found) -> None:
    """The emoji is the text; empty, it takes the reaction back. A reaction has no id of its own."""
    reaction = mapping(item["reaction"])
    target, at = _mid(reaction), _time(item)
    if not _from_customer(item, customer):
        raise Broken("of the account itself")
    removed = reaction.get("action") == "unreact"
    named = _EMOJI.get(text(reaction.get("reaction")) or "")
    emoji = "" if removed else (text(reaction.get("emoji")) or named or "")[:64]
    if not emoji and not removed:
        raise Broken("without an emoji")
    content = Content("reaction", emoji, {"message_id": target, "removed": removed})
    found.messages.append(_inbound(_made_id("reaction", item, target, removed, emoji), customer, content, target, at))


def _postback(item: Json, customer: Sender, found: _Found) -> None:
    """A button, an entry of the menu or a first question that was tapped."""
    postback = mapping(item["postback"])
    at, chosen = _time(item), label(postback.get("payload"))
    mid = identifier(postback.get("mid")) or _made_id("postback", item, chosen)
    content = Content("interactive", label(postback.get("title")), present(type="postback", id=chosen))
    found.messages.append(_inbound(mid, customer, content, None, at, _referral(postback.get("referral"))))


def _came_by_link(item: Json, customer: Sender, found: _Found) -> None:
    """Somebody whom we know came by a link or an advertisement, and said nothing yet."""
    referral = _referral(item["referral"])
    if referral is None:
        raise Broken("a referral of nothing")
    content = Content("system", None, {"type": "referral"})
    made = _made_id("referral", item, *(referral.get(name) for name in ("ref", "source", "ad_id")))
    found.messages.append(_inbound(made, customer, content, None, _time(item), referral))


def _optin(item: Json, customer: Sender, found: _Found) -> None:
    optin = mapping(item["optin"])
    payload: Json = {"type": "optin"}
    put_tree(payload, "optin", optin)
    made = _made_id("optin", item, *(label(optin.get(name)) for name in ("type", "ref", "payload")))
    found.messages.append(_inbound(made, customer, Content("system", None, payload), None, _time(item)))


def _edit(item: Json, customer: Sender, found: _Found) -> None:
    edit = mapping(item["message_edit"])
    mid, at, written = _mid(edit), _time(item), text(edit.get("text"))
    if not written:
        raise Broken("without the new text")
    made = _made_id("edit", item, mid, label(edit.get("num_edit")) or identifier(edit.get("num_edit")))
    shown, _ = bounded_text(written)
    found.edits.append(Edit(made, mid, customer, _from_customer(item, customer), "text", shown, at))


def _delivery(item: Json, customer: Sender, found: _Found) -> None:
    _status(item, mapping(item["delivery"]), "delivered", customer, found)


def _read(item: Json, customer: Sender, found: _Found) -> None:
    _status(item, mapping(item["read"]), "read", customer, found)


def _status(item: Json, told: Json, status: DeliveryStatus, customer: Sender, found: _Found) -> None:
    """Of the messages that are named, else of all until a time."""
    until = moment_of(told.get("watermark"))
    at = moment_of(item.get("timestamp")) or until
    named = told.get("mids") if isinstance(told.get("mids"), list) else [told.get("mid")]
    mids = [mid for mid in map(identifier, named or ()) if mid]
    if at is None or not (mids or until):
        raise Broken("without a message or a time")
    found.statuses.extend(StatusUpdate(mid, None, status, at, None, customer) for mid in mids)
    if not mids:
        found.statuses.append(StatusUpdate(None, None, status, at, None, customer, None, until))


_READERS: dict[str, Callable[[Json, Sender, _Found], None]] = {
    "message": _message,
    "postback": _postback,
    "reaction": _reaction,
    "referral": _came_by_link,
    "optin": _optin,
    "message_edit": _edit,
    "delivery": _delivery,
    "read": _read,
}
