"""A mail that we send, as sends.json writes it: its fields and what its parts say, however a version of the library
folds and encodes them."""

from __future__ import annotations

import base64
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any


def read(raw_base64: str) -> dict[str, Any]:
    """The fields of the whole, and each part with its type."""
    mail = message_from_bytes(base64.b64decode(raw_base64, validate=True), policy=policy.default)
    fields = {name: str(value) for name, value in mail.items() if not name.startswith("Content-")}
    return {"fields": fields, "defects": [str(one) for one in mail.defects], "parts": _parts(mail)}


def _parts(mail: EmailMessage) -> Any:
    if mail.is_multipart():
        return {mail.get_content_type(): [_parts(part) for part in mail.iter_parts()]}
    content = mail.get_content()
    said = base64.b64encode(content).decode() if isinstance(content, bytes) else content.replace("\r\n", "\n")
    name = mail.get_filename()
    return {"type": mail.get_content_type(), "says": said, **({"name": name} if name else {})}
