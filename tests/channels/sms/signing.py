"""How Twilio writes and signs a webhook: a form; SHA-1 over the URL and the fields in the order of their names."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlencode

from tests.channels import kit

SIGNATURE_HEADER = "x-twilio-signature"
HEADER_PREFIX = ""


def encode(document: dict[str, Any]) -> bytes:
    """The form of a recorded payload, which is written as an object; what is no text goes as its JSON."""
    fields = [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in document.items()]
    return urlencode(fields, errors="surrogatepass").encode()


def fields(raw: bytes) -> dict[str, list[str]]:
    return parse_qs(raw.decode(errors="replace"), keep_blank_values=True, errors="replace")


def says_the_same(raw: bytes, changed: bytes) -> bool:
    """Whether two bodies are the same form."""
    return fields(raw) == fields(changed)


def sign(raw: bytes, secrets: dict[str, tuple[str, ...]], now: datetime, nth: int = 0) -> dict[str, str]:
    """The header of a webhook signed with the nth of the tokens."""
    mac = hmac.new(secrets["auth_token"][nth].encode(), kit.URL.encode(), hashlib.sha1)
    for name, values in sorted(fields(raw).items()):
        for value in sorted(set(values)):
            mac.update(f"{name}{value}".encode("utf-8", "surrogatepass"))
    return {SIGNATURE_HEADER: base64.b64encode(mac.digest()).decode()}
