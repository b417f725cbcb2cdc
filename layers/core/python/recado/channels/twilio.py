"""What Twilio's channels, SMS and telephone, have in common: the form of its webhooks, their signature, how its API is
called.

Sources: twilio.com/docs/usage/webhooks/webhooks-security, twilio.com/docs/usage/requests-to-twilio.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from hmac import digest
from re import ASCII
from re import compile as pattern
from urllib.parse import parse_qsl, urlencode

from recado.channels.base import BadSignature, ChannelAdapter, Headers, HttpRequest, Secrets, matches

MAX_FIELDS = 500
"""A message with ten files has some fifty fields."""
API_VERSION = "2010-04-01"
_ACCOUNT_SID = pattern(r"AC[0-9a-fA-F]{32}", ASCII)
_AUTH_TOKEN = pattern(r"[\x21-\x7e]{1,256}")


def wrong_account_sid(value: str) -> str | None:
    """What is wrong with an account's SID, or None."""
    return None if _ACCOUNT_SID.fullmatch(value) else "It must be AC and 32 hexadecimal digits."


def wrong_auth_token(value: str) -> str | None:
    """What is wrong with an auth token, or None."""
    return None if _AUTH_TOKEN.fullmatch(value) else "It must be printable characters without blanks."


def fields_of(raw: bytes) -> list[tuple[str, str]]:
    """The fields of a form in their order, repeated and empty ones too; of what is no form, what can be read as one.
    Raises ValueError when there are more than MAX_FIELDS."""
    text = raw.decode("utf-8", "replace")
    return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="replace")


def basic_auth(account_sid: str, auth_token: str) -> str:
    """The Authorization header of a call of the API, and of a file there; never to be sent elsewhere."""
    return "Basic " + b64encode(f"{account_sid}:{auth_token}".encode()).decode("ascii")


class TwilioAdapter(ChannelAdapter):
    """A channel whose webhooks come from Twilio: secret ``auth_token``."""

    provider = "telephony_api"
    public_base_url = "https://api.twilio.com"

    def verify(self, raw: bytes, headers: Headers, url: str, secrets: Secrets, now: datetime) -> None:
        """X-Twilio-Signature: base64 of the HMAC-SHA1, under one of the auth tokens, of the URL and behind it each
        field's name and value, in the order of the names, a repeated field's different values in order too."""
        given = headers.get("x-twilio-signature", "")
        try:
            signed = signed_text(raw, url).encode("utf-8", "surrogatepass")
        except ValueError:
            raise BadSignature from None
        for secret in secrets.get("auth_token", ()):
            if secret and matches(b64encode(digest(secret.encode(), signed, "sha1")).decode("ascii"), given):
                return
        raise BadSignature


def signed_text(raw: bytes, url: str) -> str:
    """What Twilio signs of a form that it posts to a URL. Raises ValueError as `fields_of` does."""
    values: dict[str, set[str]] = {}
    for name, value in fields_of(raw):
        values.setdefault(name, set()).add(value)
    return url + "".join(name + value for name in sorted(values) for value in sorted(values[name]))


def api_request(
    base_url: str, path: str, account_sid: str, auth_token: str, form: Sequence[tuple[str, str]], timeout_s: float
) -> HttpRequest:
    """A POST to the API: `path` lies below the account."""
    return HttpRequest(
        "POST",
        f"{base_url}/{API_VERSION}/Accounts/{account_sid}/{path}",
        {
            "authorization": basic_auth(account_sid, auth_token),
            "content-type": "application/x-www-form-urlencoded",
        },
        urlencode(form).encode("ascii"),
        timeout_s,
    )
