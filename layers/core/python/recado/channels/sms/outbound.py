"""Our messages as calls of Twilio's Messages resource: ``POST …/Accounts/{sid}/Messages.json``, a form.

A file goes by its link, with the text as its caption. Twilio cuts a text into segments of 153 or 67 characters by
itself, and takes 1,600 characters at most. ``payload`` holds nothing for any kind. Source:
twilio.com/docs/messaging/api/message-resource.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recado.channels.base import CannotSend, HttpRequest, Secrets
from recado.channels.sms.inbound import our_number
from recado.channels.splitting import split_text, utf16_units
from recado.channels.twilio import api_request, credentials
from recado.domain.errors import FieldError
from recado.domain.identity import e164
from recado.domain.messages import Failure, OutboundMessage, Sender

MAX_TEXT, MAX_PARTS = 1600, 10
TIMEOUT_S = 15.0


def check(message: OutboundMessage) -> tuple[FieldError, ...]:
    """A file's link, and texts that need too many parts."""
    if message.kind != "text" and not (message.media and message.media.url):
        return (FieldError("/file_id", "required", "A file is needed."),)
    if len(_texts(message)) > MAX_PARTS:
        return (FieldError("/text", "text_too_long", f"This text needs more than {MAX_PARTS} messages."),)
    return ()


def requests(
    base_url: str, message: OutboundMessage, to: Sender, settings: Mapping[str, Any], secrets: Secrets
) -> list[HttpRequest]:
    """The calls that send a message which `check` passed. Raises CannotSend without credentials, a number or somebody
    who can be written to."""
    account_sid, auth_token = credentials(secrets)
    number = our_number(str(settings.get("number") or ""))
    if number is None:
        raise CannotSend(Failure("no_number", "The channel has no number.", "pause_channel"))
    everywhere = [("To", _address(to)), ("From", number)]
    if settings.get("messaging_service_sid"):
        everywhere.append(("MessagingServiceSid", str(settings["messaging_service_sid"])))
    if message.webhook_url:
        everywhere.append(("StatusCallback", message.webhook_url))
    forms = [[*everywhere, ("Body", part)] for part in _texts(message)] or [[*everywhere]]
    if message.media and message.media.url:
        forms[0].append(("MediaUrl", message.media.url))
    return [api_request(base_url, "Messages.json", account_sid, auth_token, form, TIMEOUT_S) for form in forms]


def _texts(message: OutboundMessage) -> list[str]:
    return split_text(message.text, MAX_TEXT, utf16_units) if message.text else []


def _address(to: Sender) -> str:
    """The number; a short code that wrote can be answered, a name that is none cannot."""
    number = e164(to.phone) if to.phone else None
    given = number or our_number(to.user_id or to.external_id or "")
    if given is None:
        raise CannotSend(Failure("no_address", "The contact has no number to which a text can be sent.", "recipient"))
    return given
