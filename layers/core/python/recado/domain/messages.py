"""Normal forms: what every channel's traffic becomes before the rest of the product sees it.

They are named tuples and not frozen dataclasses: immutable too, five times cheaper to make (0.3 against 1.5
microseconds for ten fields) and eight times cheaper to define at import, and ingress and the parsing of batches pay for
both.

Strings are clean (no lone surrogates, no NUL) and bounded, so that one message always fits a DynamoDB item of 400 KB:
text by MAX_TEXT_BYTES, payload and referral by the readers of the channel layer. What was cut is said in
``payload["truncated"]`` and in ``Parsed.kept_raw``, upon which the caller keeps the whole fragment raw.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

MAX_TEXT_BYTES = 100_000

_PICTURE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d"
    "\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001faff]"
)
_DRAWN = f"(?:{_PICTURE}\ufe0f?[\U0001f3fb-\U0001f3ff]?|[0-9#*]\ufe0f?\u20e3|[\U0001f1e6-\U0001f1ff]{{2}})"
_ONE_EMOJI = re.compile(f"{_DRAWN}[\U000e0020-\U000e007f]*(?:\u200d{_DRAWN}){{0,8}}")
"""A picture with its presentation and skin tone, a key, a flag of two letters or of tags, or several joined to one
(Unicode TR51, by the blocks that hold emoji)."""

Kind = Literal[
    "text", "image", "audio", "video", "document", "sticker", "location", "contacts", "interactive", "button", "order",
    "reaction", "system", "call", "unsupported",
]  # fmt: skip
MEDIA_KINDS = frozenset({"image", "audio", "video", "document", "sticker"})

DeliveryStatus = Literal["sent", "delivered", "read", "failed"]

FailureClass = Literal["retry", "needs_template", "recipient", "pause_channel", "content", "unknown"]
"""retry: not sent, may be sent again, after retry_after_s if given · needs_template: the window is shut · recipient:
this person cannot be reached · pause_channel: nothing can be sent until somebody mends the channel · content: this
message is refused · unknown: it may have been sent and must never be sent again by itself."""


def is_one_emoji(text: str) -> bool:
    """Whether a text is one emoji as people see it, and nothing else."""
    return len(text) <= 64 and _ONE_EMOJI.fullmatch(text) is not None


class Sender(NamedTuple):
    """The customer at the other end, of an inbound message or of an outbound one."""

    canonical: str
    """The key of the thread: ASCII, at most 160 characters."""
    phone: str | None = None
    """E.164 as the provider gave it, not canonical: the address to answer to."""
    user_id: str | None = None
    """The provider's own id of the person for this business."""
    external_id: str | None = None
    """The id that a customer's own system gave the person."""
    email: str | None = None
    name: str | None = None
    aliases: tuple[str, ...] = ()
    """Other canonical keys the same person is or was known by, for the caller to join."""


class Media(NamedTuple):
    """A file still at the provider: its id there, or a URL. Its bytes come later."""

    provider_id: str | None
    url: str | None
    content_type: str | None
    name: str | None = None
    sha256: str | None = None
    """As the provider writes it: base64 or hexadecimal."""
    size: int | None = None
    """Bytes, as far as the provider told."""
    content: bytes | None = None
    """Of a file to be sent on a channel that takes the bytes themselves (`ChannelAdapter.uploads`)."""
    stored: Mapping[str, Any] | None = None
    """The `file` of the message, where there is nothing to fetch: it lies in our own store already (a widget's upload,
    a mail's attachment), or was refused when it was announced."""


class Failure(NamedTuple):
    """Why a message was not sent: the provider's code as text, a title without message contents, what it means for
    us."""

    code: str
    title: str
    klass: FailureClass
    retry_after_s: float | None = None


class InboundMessage(NamedTuple):
    provider_id: str
    sender: Sender
    kind: Kind
    text: str | None
    payload: dict[str, Any]
    media: Media | None
    reply_to: str | None
    """Provider id of the message answered or reacted to."""
    sent_at: datetime
    referral: dict[str, Any] | None = None
    digest: str | None = None
    """Hash of the contents where the sender chooses the ids, so that an id used twice for different contents is
    seen."""
    automatic: Literal[True] | None = None
    """A machine wrote it: nothing is ever answered to it by itself."""
    consent: Literal["withdrawn", "given"] | None = None
    """Whether the customer wants no more messages on this channel, or wants them again: their provider holds to it."""


class Echo(NamedTuple):
    """A message to the customer made in the provider's own app and told to us afterwards."""

    provider_id: str
    recipient: Sender
    kind: Kind
    text: str | None
    payload: dict[str, Any]
    media: Media | None
    reply_to: str | None
    sent_at: datetime


class Edit(NamedTuple):
    """The author replaced the text or caption of an earlier message."""

    provider_id: str
    original_id: str
    customer: Sender
    by_customer: bool
    kind: Kind
    text: str | None
    at: datetime


class Revocation(NamedTuple):
    """The author deleted an earlier message."""

    provider_id: str
    original_id: str
    customer: Sender
    by_customer: bool
    at: datetime


class StatusUpdate(NamedTuple):
    """What became of a message of ours, by at least one of the two ids; or of all that were sent to the recipient until
    a time, for providers that tell no ids."""

    provider_id: str | None
    message_id: str | None
    status: DeliveryStatus
    at: datetime
    error: Failure | None = None
    recipient: Sender | None = None
    pricing: dict[str, Any] | None = None
    until: datetime | None = None
    consent: Literal["withdrawn"] | None = None
    """It failed because the customer wants no more messages on this channel."""


class TemplateUpdate(NamedTuple):
    """What a provider tells of a template by itself. `account`: of which of its accounts; `value`: a status to count as
    (None: it stays), a quality or a category; `word`: the provider's own."""

    account: str
    provider_id: str
    name: str
    language: str
    kind: Literal["status", "quality", "category"]
    value: str | None
    word: str
    at: datetime
    reason: str | None = None


class Parsed(NamedTuple):
    messages: tuple[InboundMessage, ...] = ()
    statuses: tuple[StatusUpdate, ...] = ()
    echoes: tuple[Echo, ...] = ()
    edits: tuple[Edit, ...] = ()
    revocations: tuple[Revocation, ...] = ()
    kept_raw: tuple[str, ...] = ()
    """Reasons, without contents, why the fragment is to be kept as it came; empty when nothing was lost."""
    problems: tuple[tuple[str, str], ...] = ()
    """What those who look after the channel can mend at its other end: codes with a sentence, without contents."""
    template_updates: tuple[TemplateUpdate, ...] = ()
    """Facts of the provider's account, of no customer."""


class TextValue(NamedTuple):
    """The value of a variable in a text; `name` None: its place tells which."""

    name: str | None
    text: str


class ButtonValue(NamedTuple):
    """The variable of a button, by its `number` among all buttons, from 0. `kind`: url (the end of its address) or
    copy_code."""

    number: int
    kind: str
    text: str


class TemplateParts(NamedTuple):
    """The values of a template, each where it belongs."""

    header: tuple[TextValue, ...] = ()
    body: tuple[TextValue, ...] = ()
    buttons: tuple[ButtonValue, ...] = ()
    location: tuple[TextValue, ...] = ()
    """The place that the header shows: latitude, longitude, name, address."""


class Renewed(NamedTuple):
    """An access token in the place of another, and for how long it holds, in seconds; None: the provider did not
    say."""

    token: str
    expires_in_s: float | None


class Template(NamedTuple):
    name: str
    language: str
    variables: tuple[str, ...] | Mapping[str, Any] = ()
    """A tuple for {{1}}, {{2}} …; a mapping for named ones, or for lists by `header`, `body` and `buttons`. A
    place in the header is four texts, or a mapping of them by `header`."""
    parts: TemplateParts | None = None
    """The variables as the template's definition places them; None: all are of the body."""
    category: str | None = None
    """That of the definition when it is sent, by which the provider charges."""
    header: str | None = None
    """As what the message's file stands in the header: `image`, `video` or `document`."""


class OutboundMessage(NamedTuple):
    """A message of ours as a channel needs it. ``kind`` is one of Kind or ``template``."""

    id: str
    chat_id: str
    kind: str
    text: str | None
    created_at: datetime
    payload: Mapping[str, Any]
    """What the kind needs beside its text; the adapter's docstring says what. Empty for a text."""
    media: Media | None = None
    template: Template | None = None
    reply_to: str | None = None
    """Provider id of the message answered; of the message reacted to when kind is reaction."""
    human_agent: bool = False
    """A person wrote it and the window is shut: it may be sent only because a person did (`Window.human_seconds`)."""
    webhook_url: str | None = None
    """Where the channel takes webhooks, for a provider that is told with each message where its statuses go."""
    automatic: bool = False
    """No person wrote it."""
    answered: Mapping[str, Any] | None = None
    """The payload of the message that `reply_to` names, and its `text`."""


class Sent(NamedTuple):
    """The provider took the message. provider_id is None where the provider gives none."""

    provider_id: str | None
    status: DeliveryStatus = "sent"


class Rejected(NamedTuple):
    failure: Failure


class CannotSend(Exception):
    """No request can be made of this message on this channel; ``failure`` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.title)
        self.failure = failure
