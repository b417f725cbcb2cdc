"""What Twilio's requests about a call say."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from re import compile as pattern
from typing import Any

from recado.channels.base import Part, unreadable_body
from recado.channels.twilio import fields_of
from recado.channels.untrusted import MAX_LABEL, identifier, mapping
from recado.domain.calls import CallSignal, Recording
from recado.domain.identity import canonical_phone, e164
from recado.domain.messages import InboundMessage, Media, Sender

_FIELDS = frozenset(
    {
        "CallSid", "ParentCallSid", "CallStatus", "CallbackSource", "Direction", "From", "To", "CallerName", "Digits",
        "DialCallStatus", "DialCallDuration", "CallDuration", "RecordingSid", "RecordingUrl", "RecordingStatus",
        "RecordingDuration", "RecordingSource",
    }
)  # fmt: skip
_OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
_TALKED = frozenset({"completed", "answered"})
_UNNAMED = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})
"""What Twilio gives for a caller who withholds their number: ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN, UNAVAILABLE on a
telephone's keys."""
_UNNAMED_WORDS = frozenset({"", "anonymous", "restricted", "blocked", "unknown", "unavailable", "private"})
_READABLE = pattern(r"[\x21-\x7e]{1,128}")
_MAX_SECONDS = 8


def part_of(raw: bytes, now: datetime) -> Part:
    """The part of a request. What is about no call is `other`; so is what is about one and names no caller, which
    `signal_of` understands all the same."""
    try:
        given = fields_of(raw)
    except ValueError:
        return unreadable_body(raw, "more fields than a request has")
    form: dict[str, str] = {}
    for name, value in given:
        if name in _FIELDS and name not in form:
            form[name] = value.replace("\x00", "")[: MAX_LABEL + 1]
    call_id = _call_id(form)
    if call_id is None:
        return Part("other", None, None, {"kept": [{"reason": "of no call", "fields": sorted(form)}]})
    payload: dict[str, Any] = {"form": form, "at": now.isoformat()}
    if _is_of_caller(form):
        return Part("messages", _called(form), _sender(form, call_id).canonical, payload)
    return Part("other", None, None, {**payload, "kept": [{"reason": "of no customer"}]})


def signal_of(part: Part) -> CallSignal | None:
    """What the request of a part tells; None for one about no call."""
    form = {name: value for name, value in mapping(part.payload.get("form")).items() if isinstance(value, str)}
    call_id = _call_id(form)
    if call_id is None:
        return None
    at = datetime.fromisoformat(part.payload["at"])
    if "RecordingStatus" in form:
        return CallSignal(call_id, False, None, recording=_recording(form, call_id, at))
    if not _is_of_caller(form):
        return CallSignal(call_id, False, None, answered=form.get("CallStatus") == "in-progress")
    dialled, ended = form.get("DialCallStatus"), form.get("CallStatus") in _OVER
    spoke = "RecordingUrl" in form and dialled is None
    told = form.get("CallbackSource") == "call-progress-events" or (ended and dialled is None and not spoke)
    return CallSignal(
        call_id,
        asks=not told,
        message=_message(form, call_id, at),
        resumed=form.get("CallStatus") == "in-progress",
        digits=form.get("Digits") or None,
        dialled=None if dialled is None else "talked" if dialled in _TALKED else "not_answered",
        ended=ended,
        spoke=spoke,
        duration_s=_seconds(form.get("CallDuration")),
        talk_s=_seconds(form.get("DialCallDuration")) if dialled in _TALKED else None,
    )


def canonical_caller(address: str) -> str:
    """The thread key of a number, or of whatever else calls."""
    number = _number(address)
    if number is not None:
        return canonical_phone(number)
    if not address:
        raise ValueError("nobody")
    return f"x:{address}" if _READABLE.fullmatch(address) else f"x:{sha256(address.encode()).hexdigest()}"


def _call_id(form: dict[str, str]) -> str | None:
    """The caller's call, also in what is told of the agent's leg."""
    found = identifier(form.get("ParentCallSid") or form.get("CallSid"))
    return found if found and found.isascii() and len(found) <= 64 else None


def _is_of_caller(form: dict[str, str]) -> bool:
    return not form.get("ParentCallSid") and "RecordingStatus" not in form


def _called(form: dict[str, str]) -> str | None:
    """The number of ours that was called."""
    return _number(form.get("To", ""))


def _number(text: str) -> str | None:
    found = e164(text) if text[:1] == "+" else None
    return None if found in _UNNAMED else found


def _sender(form: dict[str, str], call_id: str) -> Sender:
    """The caller: a number, another address (SIP), or for one who withholds both this call alone."""
    given, name = form.get("From", ""), form.get("CallerName", "")[:MAX_LABEL] or None
    number = _number(given)
    if number is not None:
        return Sender(canonical_phone(number), phone=number, name=name)
    known = given if given.lower() not in _UNNAMED_WORDS and given not in _UNNAMED else call_id
    known = known.encode("utf-8", "replace").decode("utf-8")[:MAX_LABEL]
    return Sender(canonical_caller(known), external_id=known, name=name)


def _message(form: dict[str, str], call_id: str, at: datetime) -> InboundMessage:
    payload: dict[str, Any] = {"call_sid": call_id, "direction": "inbound"}
    if len(form.get("CallerName", "")) > MAX_LABEL:
        payload["truncated"] = True
    return InboundMessage(call_id, _sender(form, call_id), "call", None, payload, None, None, at)


def _recording(form: dict[str, str], call_id: str, at: datetime) -> Recording | None:
    """A recording that is ready; its file is the one that every browser plays."""
    found, url = identifier(form.get("RecordingSid")), form.get("RecordingUrl", "")
    if form["RecordingStatus"] != "completed" or found is None or not url.startswith(("https://", "http://")):
        return None
    voicemail = form.get("RecordingSource") != "DialVerb"
    payload: dict[str, Any] = {"call_sid": call_id, "recording": "voicemail" if voicemail else "call"}
    duration_s = _seconds(form.get("RecordingDuration"))
    if duration_s is not None:
        payload["duration_s"] = duration_s
    media = Media(found, url.removesuffix(".mp3") + ".mp3", "audio/mpeg", f"{found}.mp3")
    message = InboundMessage(found, Sender(""), "audio", None, payload, media, None, at)
    return Recording(found, voicemail, message)


def _seconds(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= _MAX_SECONDS else None
