"""What Messenger and Instagram share: one messaging interface of Meta's. ``inbound`` and ``contents`` read,
``outbound`` writes, ``errors`` is the table of error codes.

Sources: developers.facebook.com/docs/messenger-platform (webhooks, Send API), …/instagram-messaging.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from re import ASCII
from re import compile as pattern
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from recado.channels.base import (
    CannotSend,
    Field,
    Headers,
    HttpRequest,
    Part,
    RetryPolicy,
    Secrets,
    Window,
    unreadable_body,
)
from recado.channels.meta import GRAPH_VERSION, MetaAdapter, app_id, wrong_token
from recado.channels.meta_messaging import inbound, outbound
from recado.channels.meta_messaging.contents import FILE_HOSTS, is_file_host
from recado.channels.meta_messaging.errors import interpret
from recado.channels.splitting import split_text
from recado.channels.untrusted import Unreadable, decode, label, mapping
from recado.domain.errors import FieldError
from recado.domain.messages import Failure, Media, OutboundMessage, Parsed, Rejected, Sender, Sent
from recado.ports.core import HttpResponse

TIMEOUT_S = 20.0
PROFILE_TIMEOUT_S = 2.0
MAX_PARTS = 10

_DIGITS = pattern(r"\d{5,32}", ASCII)


def _account_id(value: str) -> str | None:
    return None if _DIGITS.fullmatch(value) else "It must be the account's id at Meta, digits only."


class MetaMessaging(MetaAdapter):
    """An account with Meta's messaging. One app, with one secret and one webhook, may serve many accounts."""

    fields = (
        Field("settings", "page_id", "always", _account_id),
        Field("secrets", "app_secret", "always", wrong_token, rotates=True),
        Field("secrets", "verify_token", "always", wrong_token),
        Field("secrets", "access_token", "to_send", wrong_token),
        Field("settings", "app_id", "never", app_id),
    )
    kinds = frozenset({*outbound.ATTACHMENT_TYPES, "text", "reaction", "interactive"})
    window = Window(seconds=24 * 3600, after=frozenset(), human_seconds=7 * 24 * 3600)
    retries = RetryPolicy(give_up_after_s=3_600)  # "temporary" is also said of people who blocked the account
    media_hosts = FILE_HOSTS
    names_apart = True
    part_limit: ClassVar[int]
    """How much text one request takes, as ``measure`` counts it."""
    cards: ClassVar[bool]
    """Whether buttons are shown as a card; else as quick replies."""
    reaction_names: ClassVar[Mapping[str, str]] = {}

    @staticmethod
    def measure(text: str) -> int:
        """The length of a text as the provider counts it."""
        return len(text)

    def send_url(self, settings: Mapping[str, Any], token: str) -> str:
        """Where messages are sent to."""
        return f"{self.base_url}/{GRAPH_VERSION}/{settings['page_id']}/messages"

    # -- the way in --------------------------------------------------------------------------------

    def split(self, raw: bytes, headers: Headers, now: datetime) -> list[Part]:
        """One part for each account of ours and customer; see ``inbound``."""
        try:
            body = decode(raw)
        except Unreadable as reason:
            return [unreadable_body(raw, str(reason))]
        return inbound.split(body)

    def read(self, part: Part) -> Parsed:
        """See ``inbound``."""
        return inbound.read(part.payload, part.sender or "")

    # -- the way out -------------------------------------------------------------------------------

    def check(self, message: OutboundMessage) -> tuple[FieldError, ...]:
        """The kind, the length of the text, and what the kind needs beside it."""
        return super().check(message) or self._check_length(message) or outbound.check(message)

    def _check_length(self, message: OutboundMessage) -> tuple[FieldError, ...]:
        if message.kind == "interactive":
            card = self.cards and message.payload.get("type") == "buttons"
            limit = min(self.part_limit, outbound.MAX_CARD_TEXT) if card else self.part_limit
            fits = self.measure(message.text or "") <= limit
            detail = f"With choices, at most {limit} characters."
        else:
            fits = len(self._parts(message)) <= MAX_PARTS
            detail = f"At most {MAX_PARTS} messages of {self.part_limit} characters each."
        return () if fits else (FieldError("/text", "text_too_long", detail),)

    def _parts(self, message: OutboundMessage) -> list[str]:
        return split_text(message.text, self.part_limit, self.measure) if message.text else []

    def build_send(
        self, message: OutboundMessage, to: Sender, settings: Mapping[str, Any], secrets: Secrets, now: datetime
    ) -> list[HttpRequest]:
        """A long text, and a file with a caption, in several requests."""
        errors = self.check(message)
        if errors:
            raise CannotSend(Failure(errors[0].code, errors[0].detail, "content"))
        token = next(iter(secrets.get("access_token", ())), None)
        if not token:
            raise CannotSend(Failure("no_access_token", "The channel has no access token.", "pause_channel"))
        if not to.user_id:
            raise CannotSend(Failure("no_address", "The contact is not known to this channel.", "recipient"))
        person = {"recipient": {"id": to.user_id.removeprefix("u:")}}
        url = self.send_url(settings, token)
        return [_request(url, token, person | body) for body in self._bodies(message)]

    def _bodies(self, message: OutboundMessage) -> list[dict[str, Any]]:
        if message.kind == "reaction":
            return [outbound.reaction(message, self.reaction_names)]
        reason = (
            {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
            if message.human_agent
            else {"messaging_type": "RESPONSE"}
        )
        bodies = [{**reason, "message": one} for one in outbound.messages(message, self._parts(message), self.cards)]
        if message.reply_to:
            bodies[0]["reply_to"] = {"mid": message.reply_to}
        return bodies

    def interpret(self, response: HttpResponse) -> Sent | Rejected:
        """By the error's code and subcode, not by the HTTP status; see ``errors``."""
        return interpret(response)

    # -- people ------------------------------------------------------------------------------------

    def profile(self, sender: str, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest | None:
        """Webhooks tell no names. Meta tells one only to who was written to, and not of everybody."""
        token = next(iter(secrets.get("access_token", ())), None)
        if not token or not sender.startswith("u:"):
            return None
        root = self.send_url(settings, token).removesuffix("/messages").rpartition("/")[0]
        url = f"{root}/{quote(sender[2:], safe='')}?fields=name"
        return HttpRequest("GET", url, {"authorization": f"Bearer {token}"}, b"", PROFILE_TIMEOUT_S)

    def profile_name(self, response: HttpResponse) -> str | None:
        """`{name}`."""
        try:
            body = mapping(decode(response.body)) if response.status < 400 else {}
        except Unreadable:
            return None
        return label(body.get("name"))

    # -- files -------------------------------------------------------------------------------------

    def download(self, media: Media, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest:
        """The bytes lie where the webhook said. A Graph that is not Meta's own, as the simulated one, has what Meta's
        file servers would have, by its name."""
        url = media.url or ""
        if self.base_url != self.public_base_url and is_file_host(url):
            name = urlsplit(url).path.rpartition("/")[2] or "file"
            url = f"{self.base_url}/{self.type}-files/{quote(name, safe='')}"
        return super().download(media._replace(url=url), settings, secrets)

    # -- the channel itself ------------------------------------------------------------------------

    def canonical(self, address: str) -> str:
        """``u:`` and the id that the person has for this account."""
        key = inbound.customer_key(address)
        if key is None:
            raise ValueError("no id of a person")
        return key

    def account_address(self, settings: Mapping[str, Any]) -> str | None:
        """The account's id, as each entry of a webhook has it."""
        value = settings.get("page_id")
        return value if isinstance(value, str) and value else None


def _request(url: str, token: str, body: dict[str, Any]) -> HttpRequest:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    return HttpRequest("POST", url, headers, json.dumps(body).encode("ascii"), TIMEOUT_S)
