"""What a visitor of a site holds: an id by which the page comes back to their conversation, a token for some hours that
says whose it is, and a ticket for one socket. All are signed with a secret of the channel, so nothing of them is stored
but which tickets were used.

A visitor id leads to a thread by its digest alone: who reads the thread's key cannot come back as the visitor.
"""

from __future__ import annotations

import hmac
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from recado.domain.ids import account_of, sibling_id

TOKEN_LIFE = timedelta(hours=12)
TICKET_LIFE = timedelta(minutes=1)
MAX_TOKEN = 8_000
_VISITOR = re.compile(r"vi_([A-Za-z0-9_-]{43})([0-9a-f]{32})")
_SIGNED = re.compile(r"((?:wt|wk)_[a-z2-7]{8}_[0-9a-f]{27})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})")
_PURPOSES = {"wt": "token", "wk": "ticket"}
_READABLE = re.compile(r"[\x21-\x7e]{1,128}")


@dataclass(frozen=True)
class Visitor:
    """Who a token speaks for. `key` is the thread's; `external_id` the site's own id of a visitor that it proved, None
    of an anonymous one. Name, e-mail and phone are what the page told of them."""

    channel_id: str
    key: str
    external_id: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None

    @property
    def account(self) -> str:
        """The account's 8 characters."""
        return account_of(self.channel_id) or ""

    @property
    def shown_id(self) -> str:
        """By which the company sees them."""
        return self.external_id if self.external_id is not None else self.key


@dataclass(frozen=True)
class Ticket:
    """What opens one socket of a visitor's conversation. `mark` tells it from others."""

    channel_id: str
    key: str
    mark: str
    ends_at: datetime


def site_key_of(channel_id: str) -> str:
    """The public key of the channel's site: pages carry it, and it leads back to the channel."""
    return sibling_id("sk", channel_id)


def channel_of_site(site_key: str) -> str | None:
    """The channel of a site key, or None when the text is none."""
    return sibling_id("ch", site_key) if site_key.startswith("sk_") and account_of(site_key) else None


# -- visitors --------------------------------------------------------------------------------------


def new_visitor_id(channel_secret: str, randomness: str) -> str:
    """A visitor id of the channel. `randomness`: 43 URL-safe characters."""
    return f"vi_{randomness}{_visitor_mark(channel_secret, randomness)}"


def is_visitor_id(channel_secret: str, text: str) -> bool:
    """Whether the channel gave this id away."""
    found = _VISITOR.fullmatch(text)
    return found is not None and hmac.compare_digest(_visitor_mark(channel_secret, found[1]), found[2])


def anonymous_key(visitor_id: str) -> str:
    """The thread of an anonymous visitor."""
    return "v:" + sha256(visitor_id.encode()).hexdigest()[:40]


def external_key(external_id: str) -> str:
    """The thread of a visitor whom the site knows: `x:` and its id when that is short and printable ASCII, else `xh:`
    and its SHA-256. Raises ValueError for no id."""
    if not external_id:
        raise ValueError("an empty external id")
    if _READABLE.fullmatch(external_id):
        return "x:" + external_id
    return "xh:" + sha256(external_id.encode("utf-8", "surrogatepass")).hexdigest()


def identity_hash(site_secret: str, external_id: str) -> str:
    """What the site's server proves a visitor with: the hexadecimal HMAC-SHA256 of their id."""
    return hmac.digest(site_secret.encode(), external_id.encode(), "sha256").hex()


def proves_identity(site_secrets: tuple[str, ...], external_id: str, given: str) -> bool:
    """Whether one of the secrets made the hash, in a time that does not tell where it differs."""
    text = given.encode("utf-8", "surrogatepass")
    return any(hmac.compare_digest(identity_hash(one, external_id).encode(), text) for one in site_secrets)


def _visitor_mark(channel_secret: str, randomness: str) -> str:
    return _signature(channel_secret, "visitor", randomness).hex()[:32]


# -- tokens ----------------------------------------------------------------------------------------


def token_of(visitor: Visitor, channel_secret: str, expires_at: datetime) -> str:
    """The token of a visitor."""
    held = {"k": visitor.key, "i": visitor.external_id, "n": visitor.name, "e": visitor.email, "p": visitor.phone}
    payload = {name: value for name, value in held.items() if value is not None}
    return _signed("wt", visitor.channel_id, channel_secret, payload, expires_at)


def ticket_of(visitor: Visitor, channel_secret: str, randomness: str, expires_at: datetime) -> str:
    """A ticket for a socket. `randomness`: URL-safe characters, no two tickets alike."""
    return _signed("wk", visitor.channel_id, channel_secret, {"k": visitor.key, "r": randomness[-22:]}, expires_at)


def channel_of_token(text: str) -> str | None:
    """The channel that a token or ticket claims to be of; None when it is not of our form. Nothing is proved yet."""
    found = _SIGNED.fullmatch(text) if len(text) <= MAX_TOKEN else None
    return sibling_id("ch", found[1]) if found else None


def read_token(token: str, channel_secrets: tuple[str, ...], now: datetime) -> Visitor | None:
    """The visitor whom a token speaks for; None when the channel did not make it, or its time is over."""
    found = _verified("wt", token, channel_secrets, now)
    if found is None:
        return None
    channel_id, held = found
    return Visitor(channel_id, held["k"], held.get("i"), held.get("n"), held.get("e"), held.get("p"))


def read_ticket(text: str, channel_secrets: tuple[str, ...], now: datetime) -> Ticket | None:
    """A ticket that the channel made and whose time is not over; None else. Whether it was used is not said here."""
    found = _verified("wk", text, channel_secrets, now)
    if found is None:
        return None
    channel_id, held = found
    return Ticket(channel_id, held["k"], held["r"], datetime.fromtimestamp(held["x"], UTC))


def _signed(prefix: str, channel_id: str, channel_secret: str, payload: Mapping[str, Any], expires_at: datetime) -> str:
    text = json.dumps({**payload, "x": int(expires_at.timestamp())}, separators=(",", ":"))
    head = f"{sibling_id(prefix, channel_id)}.{_encoded(text.encode())}"
    return f"{head}.{_encoded(_signature(channel_secret, _PURPOSES[prefix], head))}"


def _verified(
    prefix: str, text: str, channel_secrets: tuple[str, ...], now: datetime
) -> tuple[str, dict[str, Any]] | None:
    channel_id, (head, _, signature) = channel_of_token(text), text.rpartition(".")
    made = [_encoded(_signature(one, _PURPOSES[prefix], head)) for one in channel_secrets]
    if channel_id is None or not any(hmac.compare_digest(one, signature) for one in made):
        return None
    held = _payload(head.partition(".")[2])
    if held is None or datetime.fromtimestamp(held["x"], UTC) <= now:
        return None
    return channel_id, held


def _payload(encoded: str) -> dict[str, Any] | None:
    try:
        held: dict[str, Any] = json.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (NotBase64, ValueError):
        return None
    return held


def _signature(channel_secret: str, what: str, text: str) -> bytes:
    return hmac.digest(channel_secret.encode(), f"{what}\n{text}".encode(), "sha256")


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode("ascii").rstrip("=")
