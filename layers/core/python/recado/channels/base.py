"""What a channel is: the contract that each adapter fulfils, and the shapes it speaks in.

An adapter turns a provider's requests into normal forms and our messages into a provider's requests. It does no input
or output, holds no state but a base URL, and never raises on what a provider sends: a signature is good or
BadSignature, a body becomes parts, a part becomes normal forms or is kept raw with a reason.

The way in: ``verify`` → ``split`` (ingress; one part per customer, as little parsing as that needs) → queue →
``parse``. The way out: ``check`` (API, before anything is stored) → ``build_send`` → port Http → ``interpret`` or
``interpret_no_response``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, ClassVar

from recado.channels.people import People
from recado.channels.shapes import Answer as Answer
from recado.channels.shapes import BadSignature as BadSignature
from recado.channels.shapes import Field as Field
from recado.channels.shapes import Headers as Headers
from recado.channels.shapes import HttpRequest as HttpRequest
from recado.channels.shapes import Limits as Limits
from recado.channels.shapes import Part as Part
from recado.channels.shapes import PartKind as PartKind
from recado.channels.shapes import RetryPolicy as RetryPolicy
from recado.channels.shapes import Secrets as Secrets
from recado.channels.shapes import Window as Window
from recado.channels.shapes import unreadable as unreadable
from recado.channels.shapes import unreadable_body as unreadable_body
from recado.channels.tokens import AccessTokens
from recado.channels.tokens import Probed as Probed
from recado.domain.errors import FieldError
from recado.domain.file_limits import Feature
from recado.domain.file_limits import MediaLimit as MediaLimit
from recado.domain.messages import CannotSend as CannotSend
from recado.domain.messages import Failure, Media, OutboundMessage, Parsed, Rejected, Sender, Sent
from recado.domain.speed import SETTING, wrong_speed
from recado.domain.speed import PairSpeed as PairSpeed
from recado.domain.speed import Speed as Speed
from recado.ports.core import ConnectFailed, HttpResponse, NoAnswer

if TYPE_CHECKING:
    from recado.channels.template_calls import TemplateCalls
    from recado.domain.billing import Billing

SETTINGS_OF_ALL = frozenset({"entry_flow_id"})
"""Settings that are not the adapters' business."""
_PLACES = ("settings", "secrets")
MEDIA_GONE, MEDIA_TOO_LARGE = "media_gone", "media_too_large"
"""Codes of failures: the provider no longer has a file, or does not give one so large."""
SPEED_FIELD = Field("settings", SETTING, "never", wrong_speed)
"""The setting of an adapter whose channels may be faster or slower than its ``speed`` says."""


class ChannelAdapter(AccessTokens, People, ABC):
    """One channel. Every member is pure; ``now`` is aware UTC."""

    type: ClassVar[str]
    webhooks: ClassVar[bool] = True
    """Whether it has a provider that posts to `/webhooks/{channel_id}`; else what customers say comes by a door of its
    own (`channels.unhooked`)."""
    fields: ClassVar[tuple[Field, ...]]
    limits: ClassVar[Limits]
    kinds: ClassVar[frozenset[str]]
    """What can be sent: kinds of message, and ``template``."""
    window: ClassVar[Window | None] = None
    starts_by: ClassVar[frozenset[str]] = frozenset()
    """The fields of a contact (``mobile``, ``phone``, ``email``) by any of which it can be written to before it ever
    wrote; empty: the customer writes first."""
    retries: ClassVar[RetryPolicy] = RetryPolicy()
    media_limits: ClassVar[Mapping[str, MediaLimit]] = {}
    """By kind of message, for sending; the largest bounds what is fetched."""
    media_hosts: ClassVar[frozenset[str]] = frozenset()
    """From where files are fetched, beside the provider's API itself: these hosts and what ends with a dot and one of
    them."""
    file_feature: ClassVar[Feature] = "service"
    """As what the files of messages are limited, both ways, where that is stricter than the channel."""
    media_retries: ClassVar[RetryPolicy] = RetryPolicy()
    """When a file is fetched again that could not be."""
    media_comes_later_s: ClassVar[float] = 0.0
    """For how long after its message a file that the provider does not have may still come there."""
    speed: ClassVar[Speed | None] = None
    """How fast the provider takes messages; None: as fast as they come."""
    uploads: ClassVar[bool] = False
    """Whether files are sent as bytes (`Media.content`); else by a link that holds for an hour (`Media.url`)."""
    fetched: ClassVar[bool] = False
    """Whether nobody is asked to take our messages, as the customer's page fetches them: one that is stored is sent."""
    ack: ClassVar[Answer] = Answer()
    """The answer to a webhook that was verified and put into the queue."""
    webhook_folder: ClassVar[str] = "webhooks"
    """The folder of the channel's public URL: ``voice`` where a caller waits for the answer."""
    address_directory: ClassVar[str | None] = None
    """The directory that leads from the channel's address to its account, where nothing but the address says whose it
    is; no two channels of any accounts have one address in it."""
    answers_last: ClassVar[bool] = False
    """Whether a message that answers none in particular answers the customer's last one (`OutboundMessage.reply_to`,
    `answered`)."""
    click_links: ClassVar[bool] = False
    """Whether a link can lead a visitor of a site into a conversation (`click_link`)."""
    link_previews: ClassVar[tuple[str, ...]] = ()
    """How the channel's own looks at links, to show what is behind them, call themselves (the beginning of it)."""
    provider: ClassVar[str | None] = None
    public_base_url: ClassVar[str] = ""

    def __init__(self, base_url: str | None = None) -> None:
        self.base_url = (base_url or self.public_base_url).rstrip("/")

    @property
    def writes(self) -> bool:
        """Whether a text can be sent, and so a flow can lead chats of such a channel."""
        return "text" in self.kinds

    # -- the way in --------------------------------------------------------------------------------

    def handshake(self, query: Mapping[str, str], settings: Mapping[str, Any], secrets: Secrets) -> Answer | None:
        """The answer to a provider's GET that asks whether the URL is ours; None when this channel has no such
        thing."""
        return None

    @abstractmethod
    def verify(self, raw: bytes, headers: Headers, url: str, secrets: Secrets, now: datetime) -> None:
        """Return only when the bytes as they came were signed with one of the secrets. Raises BadSignature, and nothing
        else.

        ``url`` is the channel's public webhook URL as configured, never built from the request.
        """

    @abstractmethod
    def split(self, raw: bytes, headers: Headers, now: datetime) -> list[Part]:
        """The verified body as parts, one for each customer, in the order of first appearance. Never raises, loses
        nothing."""

    def parse(self, part: Part) -> Parsed:
        """The normal forms of a part that ``split`` made. Never raises; what cannot be read is named in
        ``kept_raw``."""
        if part.kind in ("messages", "statuses", "account"):
            return self.read(part)
        kept = part.payload.get("kept")
        items = kept if isinstance(kept, list) else []
        return Parsed(
            kept_raw=tuple(str(item.get("reason")) for item in items if isinstance(item, dict)) or (part.kind,)
        )

    @abstractmethod
    def read(self, part: Part) -> Parsed:
        """``parse`` for a part of a customer, or of the account."""

    def answers(self, part: Part, secrets: Secrets) -> list[HttpRequest]:
        """The requests by which the provider is told at once that a part was taken, such as a button that shows it
        waits. They are made once, and nothing depends on what comes of them."""
        return []

    # -- the way out -------------------------------------------------------------------------------

    def check(self, message: OutboundMessage) -> tuple[FieldError, ...]:
        """What is wrong with a message for this channel, pointing into the body of POST messages; empty: it can be
        sent."""
        if message.kind not in self.kinds:
            return (
                FieldError("/kind", "kind_not_supported", f"This channel cannot send messages of kind {message.kind}."),
            )
        limit = self.limits.text if message.kind in ("text", "interactive") else self.limits.caption
        if len(message.text or "") > limit:
            return (FieldError("/text", "text_too_long", f"This channel takes at most {limit} characters here."),)
        if message.kind == "text" and not message.text:
            return (FieldError("/text", "required", "A text message needs a text."),)
        if message.kind in ("text", "interactive") and message.text and not message.text.strip():
            return (FieldError("/text", "blank", "The text holds nothing but blanks."),)
        return ()

    @abstractmethod
    def build_send(
        self, message: OutboundMessage, to: Sender, settings: Mapping[str, Any], secrets: Secrets, now: datetime
    ) -> list[HttpRequest]:
        """The requests that send the message, to be made one after the other until one is rejected; its provider id is
        that of the first. Raises CannotSend, also for whatever ``check`` refuses."""

    @abstractmethod
    def interpret(self, response: HttpResponse) -> Sent | Rejected:
        """What the provider's answer means. Never raises."""

    def interpret_no_response(self, error: ConnectFailed | NoAnswer) -> Rejected:
        """What it means that no answer came: try again if nothing can have been received, else leave it unknown."""
        if isinstance(error, ConnectFailed):
            return Rejected(Failure("connect_failed", "The provider could not be reached.", "retry"))
        again = self.retries.after_no_answer
        return Rejected(Failure("no_answer", "The provider did not answer.", "retry" if again else "unknown"))

    # -- files at the provider ---------------------------------------------------------------------

    def locate_media(self, media: Media, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest | None:
        """The request whose answer tells where the bytes of a file lie; None when `media.url` says it."""
        return None

    def located(self, media: Media, response: HttpResponse) -> Media | Rejected:
        """The file with its URL, from the answer to `locate_media`. Never raises. A failure of class ``content`` has
        the code MEDIA_GONE or MEDIA_TOO_LARGE where that is why."""
        return media

    def download(self, media: Media, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest:
        """The request for the bytes at `media.url`, which the caller holds against `media_hosts` first, but for
        ``customer_url``. Where it is redirected, its headers go no further than its own host."""
        return HttpRequest("GET", media.url or "", {}, b"", 60.0)

    # -- the channel itself ------------------------------------------------------------------------

    @abstractmethod
    def canonical(self, address: str) -> str:
        """The thread key of a customer's address (a phone or the provider's id), as ``split`` gives it. Raises
        ValueError."""

    def given_id(self, sender: Sender) -> str:
        """A customer's id as the other system writes it, to be shown; `canonical` is made of it."""
        return sender.external_id or sender.user_id or sender.phone or sender.email or sender.canonical

    def template_calls(self) -> TemplateCalls | None:
        """How templates are submitted and listed; None when the channel has none."""
        return None

    def click_link(self, settings: Mapping[str, Any], text: str) -> str | None:
        """The link by which somebody writes to the channel, with a text that they may send; None where its settings do
        not say its public address."""
        return None

    def billing(self) -> Billing | None:
        """By which rules the provider charges for messages; None: they cost nothing there."""
        return None

    def registration(self, webhook_url: str, secrets: Secrets) -> HttpRequest | None:
        """The request that has the provider send its webhooks to this URL; any answer below 400 is a yes. None when
        people set that up at the provider."""
        return None

    def deregistration(self, webhook_url: str, secrets: Secrets) -> HttpRequest | None:
        """The request that has the provider send its webhooks no more, for a channel that was removed. It is made once,
        and nothing depends on what comes of it."""
        return None

    def account_address(self, settings: Mapping[str, Any]) -> str | None:
        """What payloads for this channel carry to say so, unique among channels; None when the webhook's URL alone says
        it."""
        return None

    def departments(self, settings: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """The departments that valid settings name, each with the pointer to it."""
        return ()

    def made(self, channel_id: str, secret: Callable[[], str]) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        """Settings and secrets that nobody gives: they are made with the channel and stay. `secret` gives a random
        text."""
        return {}, {}

    def misplaced(self, settings: Mapping[str, Any], mail_domain: str) -> tuple[FieldError, ...]:
        """What of the settings lies outside of what this installation serves: `mail_domain` is where it has mail."""
        return ()

    def validate(self, settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> tuple[FieldError, ...]:
        """What is wrong with the settings and secrets (each a text, or a tuple of those that hold) a channel is to
        have."""
        return tuple(self._errors(settings, secrets, "always"))

    def place(
        self, settings: Mapping[str, Any], secrets: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any], tuple[FieldError, ...]]:
        """Settings and secrets as they were given, each where it belongs, and what is wrong with their names.

        A setting may come among the secrets, as it is public; a secret that came among the settings was meant to be
        shown."""
        placed, kept, errors = dict(settings), dict(secrets), list[FieldError]()
        names = {place: {field.name for field in self.fields if field.place == place} for place in _PLACES}
        for name in secrets:
            if name in names["settings"]:
                value = kept.pop(name)
                if placed.setdefault(name, value) != value:
                    errors.append(_name_error("secrets", name, "conflict", "It is a setting, and given there too."))
            elif name not in names["secrets"]:
                errors.append(
                    _name_error("secrets", name, "unknown_secret", "Such a channel has no secret of this name.")
                )
        for name in settings:
            if name in names["secrets"]:
                errors.append(_name_error("settings", name, "is_a_secret", "It is a secret: give it in secrets."))
            elif name not in names["settings"] | SETTINGS_OF_ALL:
                errors.append(
                    _name_error("settings", name, "unknown_setting", "Such a channel has no setting of this name.")
                )
        return placed, kept, tuple(errors)

    def problems(self, settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> tuple[FieldError, ...]:
        """What a valid channel still lacks before it can send."""
        return tuple(self._errors(settings, secrets, "to_send", only_missing=True))

    def _errors(
        self, settings: Mapping[str, Any], secrets: Mapping[str, Any], need: str, only_missing: bool = False
    ) -> list[FieldError]:
        errors: list[FieldError] = []
        for field in self.fields:
            given = (settings if field.place == "settings" else secrets).get(field.name)
            values = given if isinstance(given, tuple) else (given,) if given not in (None, "") else ()
            if not values and field.need == need:
                errors.append(field.error("required", f"{field.name} is needed."))
            elif not only_missing:
                errors += [error for value in values for error in field.errors(value)]
        return errors


def _name_error(place: str, name: str, code: str, detail: str) -> FieldError:
    step = name[:100].replace("~", "~0").replace("/", "~1")
    return FieldError(f"/{place}/{step}", code, detail)


def matches(expected: str, given: str) -> bool:
    """Whether two texts are the same, in a time that does not tell where they differ. Any text is allowed."""
    return compare_digest(expected.encode("utf-8", "surrogatepass"), given.encode("utf-8", "surrogatepass"))


def retry_after_s(headers: Headers) -> float | None:
    """The seconds of a Retry-After header, at most a week; its form as a date, which these providers do not use, counts
    as absent."""
    value = headers.get("retry-after", "").strip()
    return min(float(value), 604_800.0) if value.isascii() and value.isdigit() and len(value) <= 9 else None
