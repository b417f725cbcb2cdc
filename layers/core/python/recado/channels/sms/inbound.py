"""Twilio's webhooks as normal forms: a customer's message, or what became of one of ours.

Both come to the same URL, as forms. A message has ``SmsStatus`` received and a ``Body``; any other status is of a
message of ours. Neither has a time. Source: twilio.com/docs/messaging/guides/webhook-request,
twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks, twilio.com/docs/messaging/tutorials/
advanced-opt-out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from re import ASCII
from re import compile as pattern
from typing import Any, Literal

from recado.channels.base import Part, unreadable
from recado.channels.sms.errors import OPTED_OUT, status_failure
from recado.channels.untrusted import bounded_text, epoch_seconds, identifier, label, mapping, text
from recado.domain.identity import canonical_phone, e164
from recado.domain.messages import DeliveryStatus, InboundMessage, Kind, Media, Parsed, Sender, StatusUpdate

MAX_FILES = 10
SIDS = ("MessageSid", "SmsMessageSid", "SmsSid")
"""The names of a message's id, the present one first."""
STATUSES: dict[str, DeliveryStatus] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}
UNDER_WAY = frozenset({"queued", "accepted", "scheduled", "sending"})
"""What tells nothing new: Twilio has taken the message."""
RECEIVED = frozenset({"received", "receiving"})
OPT_OUTS = {"STOP": "opted_out", "START": "opted_in", "HELP": "asked_for_help"}
_STOPS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
_STARTS = frozenset({"START", "UNSTOP", "YES"})
"""By which words alone Twilio takes a number out and in again, where it says nothing more of it."""
_CONSENTS: Mapping[str, Literal["withdrawn", "given"]] = {
    **dict.fromkeys(_STOPS, "withdrawn"),
    **dict.fromkeys(_STARTS, "given"),
}
"""What a word that Twilio itself answers (Advanced Opt-Out) did."""
_SHORT_CODE = pattern(r"\d{3,8}", ASCII)
_NAME = pattern(r"[\x20-\x7e]{1,64}")
_FILE_URL = pattern(r"https?://[\x21-\x7e]{1,2000}")
_KINDS: dict[str, Kind] = {"image": "image", "audio": "audio", "video": "video"}

Json = dict[str, Any]


def our_number(value: str) -> str | None:
    """A number of the account as Twilio writes it: E.164, or a short code; None when it is neither."""
    if _SHORT_CODE.fullmatch(value):
        return value
    return e164(value) if value.startswith("+") else None


def customer_key(address: str) -> str:
    """The one form of a telephone number; ``u:`` and what it is called of anything else: a short code, a sender's name.
    Raises ValueError."""
    if e164(address) and (address.startswith("+") or not _SHORT_CODE.fullmatch(address)):
        return canonical_phone(address)
    if not _NAME.fullmatch(address) or ":" in address or not address.strip():
        raise ValueError("no number and no sender's name")
    return "u:" + address.strip()


def split(fields: Sequence[tuple[str, str]], now: datetime) -> list[Part]:
    """The part of a form; a field that is repeated counts as it first came."""
    form: dict[str, str] = {}
    for name, value in fields:
        form.setdefault(_clean(name), _clean(value))
    if not form:
        return []
    payload: Json = {"at": int(now.timestamp()), "form": form}
    status = form.get("MessageStatus") or form.get("SmsStatus") or ""
    if status and status not in RECEIVED:
        return [_part("statuses", None, form.get("To", ""), payload)]
    if form.get("From") and ("Body" in form or "NumMedia" in form):
        address = form.get("To", "")
        return [_part("messages", our_number(address) or address or None, form["From"], payload)]
    return [Part("other", None, None, {"kept": [{"reason": "neither message nor status", "item": form}]})]


def _part(kind: Any, address: str | None, customer: str, payload: Json) -> Part:
    try:
        return Part(kind, address, customer_key(customer), payload)
    except ValueError:
        reason = "of a sender that is no number and no name"
        return unreadable(address, [{"reason": reason, "item": payload["form"]}])


def _clean(value: str) -> str:
    return value.replace("\x00", "") if "\x00" in value else value


def read(payload: Json) -> Parsed:
    """A message as one normal form for each of its files, or a status."""
    form, at = mapping(payload.get("form")), epoch_seconds(payload.get("at"))
    sid = next((found for found in (identifier(form.get(name)) for name in SIDS) if found), None)
    if sid is None or at is None:
        return Parsed(kept_raw=("without a message's id or a time",))
    status = text(form.get("MessageStatus")) or text(form.get("SmsStatus")) or ""
    if status and status not in RECEIVED:
        return _status(form, sid, status, at)
    if "OptOutType" in form:
        return _opt_out(form, sid, at)
    return _message(form, sid, at)


def _person(address: str, name: str | None) -> Sender:
    key = customer_key(address)
    if key.startswith("+"):
        return Sender(key, e164(address), name=name)
    return Sender(key, user_id=address.strip(), name=name)


def _status(form: Json, sid: str, status: str, at: datetime) -> Parsed:
    if status in UNDER_WAY:
        return Parsed()
    known = STATUSES.get(status)
    if known is None:
        return Parsed(kept_raw=("a status not known",))
    error = status_failure(identifier(form.get("ErrorCode")), status) if known == "failed" else None
    consent: Literal["withdrawn"] | None = "withdrawn" if error and error.code == str(OPTED_OUT) else None
    person = _person(str(form.get("To")), None)
    return Parsed(statuses=(StatusUpdate(sid, None, known, at, error, person, consent=consent),))


def _opt_out(form: Json, sid: str, at: datetime) -> Parsed:
    """Twilio has answered the person already, and sends them nothing more, or again."""
    kind = label(form.get("OptOutType")) or ""
    payload: Json = {"type": OPT_OUTS.get(kind.upper(), "opt_out_not_known")}
    shown, _ = bounded_text(text(form.get("Body")) or "")
    person = _person(str(form.get("From")), label(form.get("ProfileName")))
    consent = _CONSENTS.get(kind.upper())
    note = InboundMessage(sid, person, "system", shown or None, payload, None, None, at, consent=consent)
    return Parsed(messages=(note,), kept_raw=() if kind.upper() in OPT_OUTS else ("an opt-out not known",))


def _message(form: Json, sid: str, at: datetime) -> Parsed:
    """The text is the first file's caption. What of the files cannot be read is named, and costs nothing else."""
    person = _person(str(form.get("From")), label(form.get("ProfileName")))
    shown, cut = bounded_text(text(form.get("Body")) or "")
    answered = identifier(form.get("OriginalRepliedMessageSid"))
    files, broken = _files(form)
    kept = (*(["cut"] if cut else []), *["a file without a valid URL"] * broken)
    marks: Json = {"truncated": True} if cut else {}
    if not files:
        marks |= {"files_missing": broken} if broken else {}
        consent = _CONSENTS.get(shown.strip().upper())
        alone = InboundMessage(sid, person, "text", shown or None, marks, None, answered, at, consent=consent)
        return Parsed((alone,), kept_raw=kept)
    first = InboundMessage(sid, person, _kind(files[0]), shown or None, marks, files[0], answered, at)
    others = (
        InboundMessage(f"{sid}#{number}", person, _kind(file), None, {}, file, answered, at)
        for number, file in enumerate(files[1:], start=2)
    )
    return Parsed((first, *others), kept_raw=kept)


def _files(form: Json) -> tuple[list[Media], int]:
    """The files, ten at most, and how many of those that were announced cannot be found."""
    given = text(form.get("NumMedia")) or "0"
    announced = int(given) if given.isascii() and given.isdigit() and len(given) < 4 else 0
    files = []
    for number in range(min(announced, MAX_FILES)):
        url = text(form.get(f"MediaUrl{number}")) or ""
        if _FILE_URL.fullmatch(url):
            files.append(Media(None, url, label(form.get(f"MediaContentType{number}"))))
    return files, announced - len(files)


def _kind(file: Media) -> Kind:
    return _KINDS.get((file.content_type or "").partition("/")[0].strip().lower(), "document")
