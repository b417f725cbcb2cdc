"""WhatsApp's webhooks: ``entry[].changes[].value`` with any of messages, statuses, message_echoes, calls, errors and
contacts.

A part's payload is a ``value`` narrowed to one customer: ``{"customer": {phone, user_id, name}, "messages"?,
"statuses"?, "message_echoes"?, "calls"?}``.
Statuses go with the customer they are about, so that the FIFO queue keeps them in line with that person's messages.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from re import ASCII
from re import compile as pattern
from typing import Any, NamedTuple

from recado.channels.base import Part, unreadable
from recado.channels.meta import error_code
from recado.channels.untrusted import (
    bounded_tree,
    epoch_seconds,
    identifier,
    label,
    mapping,
    objects,
    text,
)
from recado.channels.whatsapp import template_updates
from recado.channels.whatsapp.calls import call_message, is_of_company
from recado.channels.whatsapp.contents import Broken, content_of
from recado.channels.whatsapp.errors import failure
from recado.domain.identity import canonical_phone
from recado.domain.messages import (
    DeliveryStatus,
    Echo,
    Edit,
    Failure,
    InboundMessage,
    Parsed,
    Revocation,
    Sender,
    StatusUpdate,
)

MAX_KEY = 160
_NOTHING: dict[str, Any] = {}
_ADDRESSES = {
    "messages": ("from", "from_user_id"),
    "statuses": ("recipient_id", "recipient_user_id"),
    "message_echoes": ("to", "to_user_id"),
    "calls": ("from", "from_user_id"),
}
_PHONE = pattern(r"\+?[1-9]\d{6,14}", ASCII)
_USER_ID = pattern(r"[A-Z]{2}\.[A-Za-z0-9.]{1,150}", ASCII)
_STATUSES: dict[str, DeliveryStatus] = {
    "sent": "sent", "delivered": "delivered", "read": "read", "played": "read", "failed": "failed",
}  # fmt: skip

Json = dict[str, Any]


# -- which customer --------------------------------------------------------------------------------


class _Person(NamedTuple):
    key: str
    phone: str | None
    user_id: str | None


@lru_cache(maxsize=4096)
def _person(
    phone: str | None, user_id: str | None, contact_phone: str | None, contact_user_id: str | None
) -> _Person | None:
    """Who is meant by what an item says of the customer and, failing that, by what its contact says.

    The key is the canonical phone, else ``u:`` and the business-scoped user id. A user id may stand where a phone is
    expected, for people who show a user name only.
    """
    phones = (value for value in (phone, contact_phone) if value and _PHONE.fullmatch(value))
    user_ids = (value for value in (user_id, phone, contact_user_id) if value and _USER_ID.fullmatch(value))
    found_phone, found_user_id = next(phones, None), next(user_ids, None)
    if found_phone:
        return _Person(canonical_phone(found_phone), "+" + found_phone.removeprefix("+"), found_user_id)
    return _Person("u:" + found_user_id, None, found_user_id) if found_user_id else None


def _short(value: Any) -> str | None:
    return value if isinstance(value, str) and len(value) <= MAX_KEY else None  # so that the cache above stays small


def customer_key(phone: Any, user_id: Any = None) -> str | None:
    """The thread key of a customer's phone, or user id; None when neither is one."""
    person = _person(_short(phone), _short(user_id), None, None)
    return person.key if person else None


def _who(name: str, item: Json, contact: Json) -> _Person | None:
    """The customer whom an item of one of the lists is about."""
    of_company = name == "calls" and is_of_company(item)
    phone_field, user_id_field = _ADDRESSES["message_echoes" if of_company else name]
    phone, user_id = item.get(phone_field), item.get(user_id_field)
    if phone is None and user_id is None and item.get("type") == "system":
        system = mapping(item.get("system"))  # a change of user id names nobody else
        user_id = system.get("previous_user_id") or system.get("user_id")
    if not contact:
        return _person(_short(phone), _short(user_id), None, None)
    return _person(_short(phone), _short(user_id), _short(contact.get("wa_id")), _short(contact.get("user_id")))


def _contacts(value: Json) -> dict[str, Json]:
    """The value's contacts by every key they can be met under: they are joined by id, never by position."""
    found: dict[str, Json] = {}
    for contact in objects(value.get("contacts")):
        phone, user_id = contact.get("wa_id"), contact.get("user_id")
        for key in (customer_key(phone), customer_key(None, user_id) if user_id else None):
            if key:
                found[key] = contact
    return found


# -- split -----------------------------------------------------------------------------------------


class _Sorted:
    """The items of a body, sorted by number of ours and customer, and those that belong to nobody."""

    def __init__(self) -> None:
        self.fragments: dict[tuple[str | None, str], Json] = {}
        self.others: dict[str | None, list[Json]] = {}
        self.accounts: list[Json] = []
        self.broken: dict[str | None, list[Json]] = {}

    def keep(self, kept: dict[str | None, list[Json]], address: str | None, reason: str, item: Any) -> None:
        kept.setdefault(address, []).append({"reason": reason, "item": item})

    def change(self, change: Any) -> None:
        value = mapping(mapping(change).get("value"))
        address = identifier(mapping(value.get("metadata")).get("phone_number_id"))
        if not value:
            self.keep(self.broken, address, "a change without a value", change)
            return
        contacts = _contacts(value)
        understood = False
        for name in _ADDRESSES:
            if name in value:
                understood = True
                self.items(name, value[name], address, contacts)
        if value.get("errors"):
            self.keep(self.others, address, "errors of the account", value["errors"])
        elif not understood:
            self.keep(self.others, address, f"event {(label(mapping(change).get('field')) or 'unknown')[:64]}", change)

    def items(self, name: str, items: Any, address: str | None, contacts: dict[str, Json]) -> None:
        if not isinstance(items, list):
            self.keep(self.broken, address, f"{name} is not a list", items)
            return
        for item in items:
            if not isinstance(item, dict):
                self.keep(self.broken, address, f"not an object in {name}", item)
            elif item.get("group_id") or item.get("recipient_type") == "group":
                self.keep(self.others, address, "of a group", item)
            else:
                self.item(name, item, address, contacts)

    def item(self, name: str, item: Json, address: str | None, contacts: dict[str, Json]) -> None:
        person = _who(name, item, _NOTHING)
        if person is None:
            self.keep(self.broken, address, f"no customer in {name}", item)
            return
        contact = contacts.get(person.key)
        if contact and ((person.phone is None) or (person.user_id is None and "user_id" in contact)):
            person = _who(name, item, contact) or person  # the contact tells what the item does not
        place = (address, person.key)
        fragment = self.fragments.get(place)
        if fragment is None:
            customer = {"phone": person.phone, "user_id": person.user_id, "name": _name(contact)}
            self.fragments[place] = {"customer": customer, name: [item]}
            return
        customer = fragment["customer"]
        customer["user_id"] = customer["user_id"] or person.user_id
        customer["name"] = customer["name"] or _name(contact)
        if name in fragment:
            fragment[name].append(item)
        else:
            fragment[name] = [item]

    def parts(self) -> list[Part]:
        parts = [
            Part("messages" if fragment.keys() - {"customer", "statuses"} else "statuses", address, key, fragment)
            for (address, key), fragment in self.fragments.items()
        ]
        parts += [Part("account", None, None, told) for told in self.accounts]
        parts += [Part("other", address, None, {"kept": kept}) for address, kept in self.others.items()]
        return parts + [unreadable(address, kept) for address, kept in self.broken.items()]


def _name(contact: Json | None) -> str | None:
    return label(mapping(contact.get("profile")).get("name")) if contact else None


def split(body: Any, now: datetime) -> list[Part]:
    """The parts of a decoded body; `now` is the time of what bears none. What is of no customer is gathered in one
    part ``other`` and one ``unreadable`` per number, what is of the account in one ``account`` per entry."""
    found = _Sorted()
    entries = mapping(body).get("entry")
    if not isinstance(entries, list):
        found.keep(found.broken, None, "a body without entries", body)
        return found.parts()
    for entry in entries:
        changes = mapping(entry).get("changes")
        if not isinstance(changes, list):
            found.keep(found.broken, None, "an entry without changes", entry)
            continue
        of_account = [change for change in changes if mapping(change).get("field") in template_updates.FIELDS]
        if of_account:
            told = {"account": entry.get("id"), "time": entry.get("time", int(now.timestamp())), "changes": of_account}
            found.accounts.append(told)
        for change in changes:
            if mapping(change).get("field") not in template_updates.FIELDS:
                found.change(change)
    return found.parts()


# -- read ------------------------------------------------------------------------------------------


class _Found(NamedTuple):
    messages: list[InboundMessage]
    statuses: list[StatusUpdate]
    echoes: list[Echo]
    edits: list[Edit]
    revocations: list[Revocation]


def read(payload: Json, key: str) -> Parsed:
    """The normal forms of a part's payload; each item that cannot be read is one reason in ``kept_raw``."""
    customer = mapping(payload.get("customer"))
    phone, user_id = customer.get("phone"), customer.get("user_id")
    aliases = ("u:" + user_id,) if phone and user_id else ()
    sender = Sender(key, phone, user_id, None, None, customer.get("name"), aliases)
    found = _Found([], [], [], [], [])
    kept: list[str] = []
    for name, reader in _READERS.items():
        for item in payload.get(name, ()):
            try:
                reader(item, sender, found)
            except Broken as reason:
                kept.append(f"{name}: {reason}")
    for message in found.messages:
        kept += _incomplete(message.payload)
    for echo in found.echoes:
        kept += _incomplete(echo.payload)
    return Parsed(
        tuple(found.messages),
        tuple(found.statuses),
        tuple(found.echoes),
        tuple(found.edits),
        tuple(found.revocations),
        tuple(kept),
    )


_INCOMPLETE = (("truncated", "a message cut"), ("unknown_type", "a kind not known"))


def _incomplete(payload: Json) -> list[str]:
    """Why a message that was read is to be kept raw all the same."""
    return [reason for mark, reason in _INCOMPLETE if mark in payload] if payload else []


def _also_known_as(customer: Sender, item: Json) -> Sender:
    """The customer of a system message with the number or user id they changed to."""
    system = mapping(item.get("system"))
    changed = (customer_key(system.get("wa_id")), customer_key(None, system.get("user_id")))
    known = (customer.canonical, *customer.aliases)
    return customer._replace(aliases=customer.aliases + tuple(key for key in changed if key and key not in known))


def _id_and_time(item: Json) -> tuple[str, datetime]:
    provider_id = identifier(item.get("id"))
    if provider_id is None:
        raise Broken("without an id")
    at = epoch_seconds(item.get("timestamp"))
    if at is None:
        raise Broken("without a valid time")
    return provider_id, at


def _original(item: Json, name: str) -> str:
    original = identifier(mapping(item.get(name)).get("original_message_id"))
    if original is None:
        raise Broken(f"{name} of no message")
    return original


def _message(item: Json, customer: Sender, found: _Found) -> None:
    if item.get("type") in ("edit", "revoke"):
        _change(item, customer, True, found)
        return
    provider_id, at = _id_and_time(item)
    content = content_of(item)
    if content.kind == "system":
        customer = _also_known_as(customer, item)
    referral = item.get("referral")
    if referral is not None:
        referral, _ = bounded_tree(mapping(referral))
    kind, written, payload, media, reply_to = content
    found.messages.append(
        InboundMessage(provider_id, customer, kind, written, payload, media, reply_to, at, referral or None)
    )


def _call(item: Json, customer: Sender, found: _Found) -> None:
    provider_id, at = _id_and_time(item)
    found.messages.append(call_message(item, provider_id, at, customer))


def _echo(item: Json, customer: Sender, found: _Found) -> None:
    if item.get("type") in ("edit", "revoke"):
        _change(item, customer, False, found)
        return
    provider_id, at = _id_and_time(item)
    kind, written, payload, media, reply_to = content_of(item)
    found.echoes.append(Echo(provider_id, customer, kind, written, payload, media, reply_to, at))


def _change(item: Json, customer: Sender, by_customer: bool, found: _Found) -> None:
    provider_id, at = _id_and_time(item)
    if item["type"] == "revoke":
        found.revocations.append(Revocation(provider_id, _original(item, "revoke"), customer, by_customer, at))
        return
    original = _original(item, "edit")
    message = mapping(mapping(item["edit"]).get("message"))
    if not message:
        raise Broken("an edit without the new message")
    content = content_of(message)
    found.edits.append(Edit(provider_id, original, customer, by_customer, content.kind, content.text, at))


def _status(item: Json, recipient: Sender, found: _Found) -> None:
    provider_id, at = _id_and_time(item)
    status = _STATUSES.get(text(item.get("status")) or "")
    if status is None:
        raise Broken("status not known")
    error = _status_error(item) if status == "failed" else None
    pricing = item.get("pricing")
    if pricing is not None:
        pricing, _ = bounded_tree(mapping(pricing))
    ours = identifier(item.get("biz_opaque_callback_data"))
    found.statuses.append(StatusUpdate(provider_id, ours, status, at, error, recipient, pricing or None))


def _status_error(item: Json) -> Failure:
    for error in objects(item.get("errors")):
        code = error_code(error.get("code"))
        if code is not None:
            return failure(code, label(error.get("title")) or label(error.get("message")), "content")
    return Failure("unknown", "WhatsApp gave no reason.", "content")


_READERS: dict[str, Callable[[Json, Sender, _Found], None]] = {
    "messages": _message,
    "statuses": _status,
    "message_echoes": _echo,
    "calls": _call,
}
