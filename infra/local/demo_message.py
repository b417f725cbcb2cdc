"""The WhatsApp side of the demo: a customer's text as the Cloud API sends it, signed as Meta signs it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

NAMES = ("Helena Duarte", "Otávio Prado", "Luzia Farias", "Caetano Reis", "Iara Monteiro", "Benedito Luz")
# Statuses only climb; `failed` and `unknown` are ends of their own.
LADDER = ("queued", "sent", "delivered", "read")


@dataclass(frozen=True)
class Customer:
    """Somebody with a Brazilian mobile: 55, area 11, 9 and eight digits."""

    name: str
    number: str


def new_customer() -> Customer:
    return Customer(secrets.choice(NAMES), f"55119{secrets.randbelow(10**8):08d}")


def signed_text(
    channel: Mapping[str, Any], customer: Customer, text: str, at: datetime
) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a webhook with one text sent at `at`. `channel` gives phone_number_id and app_secret."""
    message = {
        "from": customer.number,
        "id": _inbound_wamid(customer.number),
        "timestamp": str(int(at.timestamp())),
        "type": "text",
        "text": {"body": text},
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "5511900000000", "phone_number_id": channel["phone_number_id"]},
        "contacts": [{"profile": {"name": customer.name}, "wa_id": customer.number}],
        "messages": [message],
    }
    entry = {"id": "100000000000001", "changes": [{"value": value, "field": "messages"}]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    signature = hmac.new(channel["app_secret"].encode(), body, hashlib.sha256).hexdigest()
    return body, {
        "Content-Type": "application/json",
        "User-Agent": "facebookexternalua",
        "X-Hub-Signature-256": f"sha256={signature}",
    }


def status_rank(status: str) -> int:
    """How far a message has come; -1 for what is not on the way."""
    return LADDER.index(status) if status in LADDER else -1


def _inbound_wamid(number: str) -> str:
    """A fresh id in the real layout: the sender and 20 hexadecimal digits."""
    record = b"\x1c\x18" + bytes([len(number)]) + number.encode() + b"\x15\x02\x00\x12\x18\x14"
    record += secrets.token_hex(10).upper().encode() + b"\x00"
    return "wamid." + base64.b64encode(record).decode()
