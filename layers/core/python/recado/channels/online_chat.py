"""The online chat: a widget on the company's own site. Visitors write by the product's own door (`/widget/…`), and what
the company writes waits there for the page to fetch it: there is no provider to ask.

What ``payload`` holds: interactive ``{"type": "buttons", "buttons": [{id, title}]}`` or ``{"type": "list", "button",
"sections": [{title, rows: [{id, title}]}]}``; all other kinds nothing. A reaction's text is the emoji, empty to take it
back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from re import ASCII
from re import compile as pattern
from typing import Any, ClassVar

from recado.channels.base import CannotSend, Field, HttpRequest, Limits, MediaLimit, Secrets
from recado.channels.unhooked import Unhooked
from recado.channels.untrusted import objects
from recado.domain.errors import FieldError
from recado.domain.file_limits import MB
from recado.domain.messages import MEDIA_KINDS, Failure, OutboundMessage, Rejected, Sender, Sent
from recado.domain.widget_tokens import external_key, site_key_of
from recado.ports.core import HttpResponse

MAX_TEXT = 4_096
MAX_ORIGINS = 50
MAX_OPTIONS, MAX_TITLE, MAX_OPTION_ID = 20, 80, 256
MAX_FILE = 15 * MB

_ORIGIN = pattern(r"https?://(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:]{2,45}\])(?::[1-9]\d{0,4})?", ASCII)
_DEFAULT_PORTS = pattern(r"https://.*:443|http://.*:80")
_SITE_SECRET = pattern(r"[\x21-\x7e]{16,256}")


def _wrong_origins(value: Any) -> Sequence[FieldError]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_ORIGINS:
        return [FieldError("", "invalid", f"It must be a list of 1 to {MAX_ORIGINS} origins.")]
    return [
        FieldError(
            f"/{position}",
            "invalid",
            "An origin is written as browsers send it: https://shop.example, in small letters, without a path and "
            "without the port that goes by itself.",
        )
        for position, one in enumerate(value)
        if not isinstance(one, str) or not _ORIGIN.fullmatch(one) or _DEFAULT_PORTS.fullmatch(one)
    ]


def _wrong_flag(value: Any) -> Sequence[FieldError]:
    return [] if isinstance(value, bool) else [FieldError("", "invalid", "It must be true or false.")]


def _wrong_secret(value: str) -> str | None:
    return None if _SITE_SECRET.fullmatch(value) else "It must be 16 to 256 printable characters without blanks."


class OnlineChat(Unhooked):
    """`site_key` is the site's public name; `token_secret` signs what visitors hold and is known to nobody."""

    type = "online_chat"
    fields = (
        Field("settings", "allowed_origins", "to_send", faults=_wrong_origins),
        Field("settings", "identity_required", "never", faults=_wrong_flag),
        Field("secrets", "site_secret", "never", _wrong_secret),
    )
    limits = Limits(text=MAX_TEXT, caption=MAX_TEXT)
    kinds = frozenset({"text", "image", "audio", "video", "document", "interactive", "reaction"})
    media_limits: ClassVar[Mapping[str, MediaLimit]] = {
        kind: MediaLimit(MAX_FILE) for kind in ("image", "audio", "video", "document")
    }
    fetched = True

    def made(self, channel_id: str, secret: Callable[[], str]) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        """The site key follows from the channel's id."""
        return {"site_key": site_key_of(channel_id)}, {"token_secret": secret()}

    def validate(self, settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> tuple[FieldError, ...]:
        """Also: an identity cannot be required that nothing proves."""
        errors = super().validate(settings, secrets)
        if not errors and settings.get("identity_required") and not secrets.get("site_secret"):
            detail = "An identity can be required once there is a secret that proves it."
            return (FieldError("/secrets/site_secret", "required", detail),)
        return errors

    def check(self, message: OutboundMessage) -> tuple[FieldError, ...]:
        """Also: a file, the options, the message that is reacted to."""
        errors = super().check(message)
        if errors:
            return errors
        if message.kind in MEDIA_KINDS and message.media is None:
            return (FieldError("/file_id", "required", "A file is needed."),)
        if message.kind == "reaction" and not message.reply_to:
            return (FieldError("/reply_to", "required", "A reaction needs the message it is for."),)
        return _check_options(message) if message.kind == "interactive" else ()

    def build_send(
        self, message: OutboundMessage, to: Sender, settings: Mapping[str, Any], secrets: Secrets, now: datetime
    ) -> list[HttpRequest]:
        """None: the page fetches it."""
        errors = self.check(message)
        if errors:
            raise CannotSend(Failure(errors[0].code, errors[0].detail, "content"))
        return []

    def interpret(self, response: HttpResponse) -> Sent | Rejected:
        """Nobody is asked, so nobody answers."""
        return Rejected(Failure("no_request", "This channel asks nobody.", "unknown"))

    def canonical(self, address: str) -> str:
        """Of a visitor whom the site knows by this id."""
        return external_key(address)


def _check_options(message: OutboundMessage) -> tuple[FieldError, ...]:
    if not message.text:
        return (FieldError("/text", "required", "An interactive message needs a text."),)
    payload = message.payload
    if payload.get("type") == "buttons":
        options = objects(payload.get("buttons"))
    elif payload.get("type") == "list":
        options = [row for section in objects(payload.get("sections")) for row in objects(section.get("rows"))]
    else:
        return (FieldError("/payload/type", "invalid", "The type is buttons or list."),)
    if not 1 <= len(options) <= MAX_OPTIONS or not all(map(_is_option, options)):
        detail = f"1 to {MAX_OPTIONS} options with an id and a title of at most {MAX_TITLE} characters."
        return (FieldError("/payload", "invalid", detail),)
    return ()


def _is_option(option: Mapping[str, Any]) -> bool:
    title, given = option.get("title"), option.get("id")
    named = isinstance(title, str) and 1 <= len(title) <= MAX_TITLE and bool(title.strip())
    return named and isinstance(given, str) and 1 <= len(given) <= MAX_OPTION_ID
