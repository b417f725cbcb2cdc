"""Mail that machines write: what servers and mail programs tell of mails of ours (RFC 3464, RFC 8098), and how mail
that nobody wrote is known (RFC 3834), so that nothing is ever answered to it by itself."""

from __future__ import annotations

from re import ASCII
from re import compile as pattern

from recado.domain.mail import Report, message_key
from recado.domain.messages import DeliveryStatus
from recado.mail.headers import Fields, fields_of, message_ids, parameter, value
from recado.mail.structure import Part, Structure

MAX_REPORT_BYTES = 64 * 1024
_CODE = pattern(r"[245]\.\d{1,3}\.\d{1,3}", ASCII)
_REPORTED = {
    "message/delivery-status": "delivery-status",
    "message/global-delivery-status": "delivery-status",
    "message/disposition-notification": "disposition-notification",
    "message/global-disposition-notification": "disposition-notification",
}
_ORIGINALS = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")
_ACTIONS: dict[str, DeliveryStatus] = {
    "failed": "failed",
    "delivered": "delivered",
    "relayed": "delivered",
    "expanded": "delivered",
}
_MACHINES = ("mailer-daemon", "postmaster", "no-reply", "noreply", "nao-responda", "naoresponda")


def is_report(root: Part) -> bool:
    """Whether a mail tells of another one."""
    return root.type == "multipart/report"


def reports_of(structure: Structure) -> tuple[Report, ...]:
    """What it tells, so far as it names a mail that may be ours."""
    parts = structure.root.children
    told = next((one for one in parts if one.type in _REPORTED), None)
    if told is None:
        return ()
    groups = [fields_of(block.encode()) for block in _blocks(structure, told)]
    if _REPORTED[told.type] == "disposition-notification":
        return _read_receipt(groups)
    original = _original_id(structure, parts)
    if original is None:
        return ()
    found = []
    for fields in groups:
        status = _ACTIONS.get(value(fields, "action").partition(" ")[0].strip().lower())
        if status is not None:
            code = _CODE.search(value(fields, "status"))
            found.append(Report(original, status, code[0] if code else ""))
    return tuple(dict.fromkeys(found))[:20]


def _blocks(structure: Structure, part: Part) -> list[str]:
    text = structure.raw[part.start : min(part.end, part.start + MAX_REPORT_BYTES)].decode("utf-8", "replace")
    return text.replace("\r\n", "\n").split("\n\n")[:100]


def _original_id(structure: Structure, parts: tuple[Part, ...]) -> str | None:
    part = next((one for one in parts if one.type in _ORIGINALS), None)
    if part is None:
        return None
    if part.children:
        fields = part.children[0].fields
    else:
        fields = fields_of(structure.raw[part.start : min(part.end, part.start + MAX_REPORT_BYTES)])
    found = message_ids(fields, "message-id")
    return found[0] if found else None


def _read_receipt(groups: list[Fields]) -> tuple[Report, ...]:
    for fields in groups:
        original = message_key(value(fields, "original-message-id")[:1_000])
        if original and "displayed" in value(fields, "disposition").lower():
            return (Report(original, "read"),)
    return ()


def is_automatic(root: Part, sender: str | None) -> bool:
    """Whether a machine wrote it, or a list passed it on."""
    fields = root.fields
    submitted = value(fields, "auto-submitted").partition(";")[0].strip().lower()
    suppressed = value(fields, "x-auto-response-suppress").strip().lower()
    precedence = value(fields, "precedence").strip().lower()
    local = (sender or "").partition("@")[0]
    return (
        is_report(root)
        or submitted not in ("", "no")
        or suppressed not in ("", "none")
        or precedence in ("bulk", "list", "junk", "auto_reply")
        or any(name in ("list-id", "list-unsubscribe", "x-autoreply", "x-autorespond", "x-loop") for name, _ in fields)
        or value(fields, "return-path").strip() == "<>"
        or local.startswith(_MACHINES)
        or parameter(fields, "content-type", "report-type") is not None
    )
