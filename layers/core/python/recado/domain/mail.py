"""A mail as it was read: its people, words and files, bounded and clean. Pure shapes, and the names that mail has for
things: addresses, message ids, the tag by which an answer finds its chat."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from re import ASCII
from re import compile as pattern
from typing import NamedTuple

from recado.domain.ids import account_of
from recado.domain.messages import DeliveryStatus

MAX_ADDRESS = 254
MAX_LOCAL_PART = 64
"""RFC 5321 §4.5.3.1: octets of an address, and of what stands before its @."""
MAX_MESSAGE_ID = 300
_ADDRESS = pattern(r"[^\s@<>\"(),:;\\\[\]\x00-\x1f\x7f]{1,64}@[^\s@<>\"(),:;\\\[\]\x00-\x1f\x7f]{1,253}")
_MESSAGE_ID = pattern(r"[\x21-\x3b\x3d\x3f-\x7e]{1,300}", ASCII)
_SES_ID = pattern(r"([0-9a-f][0-9a-f-]{20,100})@(?:email|[a-z]{2,4}(?:-[a-z]+)+-\d)\.amazonses\.com", ASCII)
_BARE_SES_ID = pattern(r"[0-9a-f]{16}-[0-9a-f-]{20,40}-[0-9]{6}", ASCII)
_OWN_ID = pattern(r"<(ms_[a-z2-7]{8}_[0-9a-f]{27})@[^<>@]+>", ASCII)
_REPLY_TAG = pattern(r"r([0-9a-f]{27})", ASCII)


class Person(NamedTuple):
    """Somebody in a header: the address in lower case, and the name that stood beside it."""

    address: str
    name: str | None = None


class MailFile(NamedTuple):
    """A part that is a file. `content_id`: how the mail's HTML calls it; `too_large`: its bytes were left out."""

    name: str
    content_type: str
    content: bytes
    content_id: str | None = None
    too_large: bool = False


class Report(NamedTuple):
    """What another mail server, or a mail program, tells of a mail of ours (RFC 3464, RFC 8098)."""

    original_id: str
    status: DeliveryStatus
    code: str = ""


class Mail(NamedTuple):
    """message_id, in_reply_to, references: as `message_key` writes them. text: what the person wrote, without what
    they answer; full_text: all of it. html: safe to show, its pictures as `cid:<what the caller calls the file>`.
    automatic: a machine wrote it. reports: it is no message but tells of one. cut: what was left out, by names without
    contents. digest: of the whole mail as far as it does not change on its way."""

    message_id: str | None
    sender: Person | None
    reply_to: tuple[Person, ...]
    to: tuple[Person, ...]
    cc: tuple[Person, ...]
    subject: str
    date: datetime | None
    in_reply_to: str | None
    references: tuple[str, ...]
    text: str
    full_text: str
    html: str
    files: tuple[MailFile, ...]
    automatic: bool
    reports: tuple[Report, ...]
    is_report: bool
    cut: tuple[str, ...]
    digest: str


def mail_address(value: str) -> str | None:
    """An address in lower case; None for what is none. A tag (`+…`) stays: it may be another person's mailbox."""
    address = value.strip().lower()
    if len(address.encode("utf-8", "surrogatepass")) > MAX_ADDRESS or not _ADDRESS.fullmatch(address):
        return None
    return address if address.isprintable() and ".." not in address else None


def message_key(value: str) -> str | None:
    """A Message-ID as it is kept: in its angle brackets. SES gives each mail that it sends an id of its own with one of
    its domains, and answers the call with what stands before the @: of these that is kept alone, as it also is where it
    comes alone. One that is too long, or has blanks or foreign signs, goes by its digest. None of nothing."""
    bare = value.strip().strip("<>").strip()
    if not bare:
        return None
    if ours := _SES_ID.fullmatch(bare.lower()):
        return ours[1]
    if is_ses_id(bare):
        return bare.lower()
    if _MESSAGE_ID.fullmatch(bare):
        return f"<{bare}>"
    return "<" + sha256(bare.encode("utf-8", "surrogatepass")).hexdigest() + "@unreadable>"


def is_ses_id(text: str) -> bool:
    """Whether it is an id as SES answers with it, which no other Message-ID looks like."""
    return _BARE_SES_ID.fullmatch(text.lower()) is not None


def own_message(key: str, account: str) -> str | None:
    """The id of the message, under this account, that gave its mail this Message-ID. SES gives mails another one, so it
    is seen by those alone who got the mail another way."""
    found = _OWN_ID.fullmatch(key)
    return found[1] if found and account_of(found[1]) == account else None


def reply_tag(chat_id: str) -> str:
    """What stands behind the + of the address that a mail of a chat is answered to. It is the 108 bits of the chat's id
    of which 64 are chance: who has it was written to in that chat, or was given a mail of it."""
    return "r" + chat_id.rpartition("_")[2]


def chat_of_tag(tag: str, account: str) -> str | None:
    """The id, under this account, of the chat whose tag it is; None when it is none."""
    found = _REPLY_TAG.fullmatch(tag)
    return f"ca_{account}_{found[1]}" if found else None


def without_tag(address: str) -> tuple[str, str]:
    """An address without its tag, and the tag."""
    local, _, domain = address.rpartition("@")
    base, _, tag = local.partition("+")
    return f"{base}@{domain}", tag
