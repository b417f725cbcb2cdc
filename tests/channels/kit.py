"""What the contract suite knows of a channel: its folder ``tests/channels/<type>/``.

``*.json`` recorded-shape webhook bodies · ``expected/<the same name>.json`` their normal forms ·
``contract/channel.json`` settings and secrets · ``contract/sends.json`` our messages and the requests they become, or
why they are refused · ``contract/answers.json`` the provider's answers and what they mean · ``signing.py`` how the
provider signs, and writes its bodies (`encode`) where that is not JSON. The example of docs/channels.md is one of them.
"""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from recado.channels import registry
from recado.channels.base import ChannelAdapter, HttpRequest, Part
from recado.domain.messages import Media, OutboundMessage, Parsed, Sender, Template
from tests.channels.email import mails
from tests.pigeon import Pigeon

HERE = Path(__file__).resolve().parent
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
URL = "https://recado.example.com/webhooks/ch_1"
CHANNELS = (*registry.types(), Pigeon.type)


class Bench:
    """One channel under test."""

    def __init__(self, channel_type: str) -> None:
        self.type = channel_type
        self.folder = HERE / channel_type
        self.adapter: ChannelAdapter = Pigeon() if channel_type == Pigeon.type else registry.adapter(channel_type)
        channel = self.read("contract/channel.json")
        self.settings: dict[str, Any] = channel["settings"]
        self.secrets: dict[str, tuple[str, ...]] = {name: tuple(values) for name, values in channel["secrets"].items()}

    @cached_property
    def signing(self) -> Any:
        """How its webhooks are signed; the test ends here for a channel that has none."""
        if not self.adapter.webhooks:
            pytest.skip(f"{self.type} has no webhooks")
        return import_module(f"tests.channels.{self.type}.signing")

    @property
    def own_form(self) -> bool:
        """Whether the provider's bodies are not JSON."""
        return hasattr(self.signing, "encode")

    def read(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text())

    def payload(self, name: str) -> Any:
        """A recorded webhook body, which every channel with webhooks has."""
        return self.read(f"{name}.json") if self.signing else None

    def payloads(self) -> list[str]:
        return sorted(path.stem for path in self.folder.glob("*.json"))

    def encode(self, document: Any) -> bytes:
        """The body of a recorded payload: JSON, unless the provider writes another form (`signing.encode`)."""
        encode = getattr(self.signing, "encode", None)
        return encode(document) if encode else json.dumps(document).encode()

    def sign(self, raw: bytes, nth: int = 0) -> dict[str, str]:
        headers: dict[str, str] = self.signing.sign(raw, self.secrets, NOW, nth)
        return headers

    def verify(self, raw: bytes, headers: dict[str, str]) -> None:
        self.adapter.verify(raw, headers, URL, self.secrets, NOW)

    def split(self, raw: bytes) -> list[Part]:
        """Through the queue and back."""
        return [Part.from_json(part.to_json()) for part in self.adapter.split(raw, self.sign(raw), NOW)]

    def receive(self, raw: bytes) -> list[tuple[Part, Parsed]]:
        self.verify(raw, self.sign(raw))
        return [(part, self.adapter.parse(part)) for part in self.split(raw)]


def outbound(message: dict[str, Any]) -> OutboundMessage:
    """The message of a case in sends.json."""
    media, template = message.get("media"), message.get("template")
    if media and "content_base64" in media:
        content = b64decode(media["content_base64"])
        media = {name: value for name, value in media.items() if name != "content_base64"} | {"content": content}
    if template:
        variables = template.get("variables", [])
        template = template | {"variables": tuple(variables) if isinstance(variables, list) else variables}
    return OutboundMessage(
        "ms_abcdefgh_1",
        "ca_abcdefgh_1",
        message["kind"],
        message.get("text"),
        datetime(2026, 3, 10, 11, 59, 58, 250_000, tzinfo=UTC),
        message.get("payload", {}),
        Media(**{"provider_id": None, "url": None, "content_type": None, **media}) if media else None,
        Template(**template) if template else None,
        message.get("reply_to"),
        message.get("human_agent", False),
        URL,
        message.get("automatic", False),
        message.get("answered"),
    )


def recipient(to: dict[str, Any]) -> Sender:
    """The person of a case in sends.json."""
    return Sender("not used", **to)


def plain(value: Any) -> Any:
    """A normal form as JSON, without what is empty."""
    if isinstance(value, datetime):
        assert value.tzinfo is UTC
        return value.isoformat()
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items() if item not in (None, (), {}, [])}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def plain_parts(received: list[tuple[Part, Parsed]]) -> list[dict[str, Any]]:
    """What a body became, as written in expected/: each part without its payload, and its normal forms."""
    return [plain({"part": part._replace(payload={}), "parsed": parsed}) for part, parsed in received]


def plain_request(request: HttpRequest, signature_header: str) -> dict[str, Any]:
    """A request as written in sends.json; a signature, which has tests of its own, is left out."""
    headers = {name: value for name, value in request.headers.items() if name != signature_header}
    return {**request._asdict(), "headers": headers, "body": _readable(request.body)}


def _readable(body: bytes) -> Any:
    """A body as sends.json writes it: the JSON value, a mail in it as what it says; else the text."""
    try:
        value = json.loads(body)
    except ValueError:
        return body.decode()
    raw = value.get("Content", {}).get("Raw") if isinstance(value, dict) else None
    if raw:
        raw["Data"] = mails.read(raw["Data"])
    return value
