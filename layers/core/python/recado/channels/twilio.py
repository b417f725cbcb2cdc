"""What Twilio's channels, SMS and telephone, have in common: the form of its webhooks, their signature, how its API is
called and what its refusals mean, where its files are.

Sources: twilio.com/docs/usage/webhooks/webhooks-security, twilio.com/docs/usage/requests-to-twilio,
twilio.com/docs/usage/twilios-response.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from hmac import digest
from re import ASCII
from re import compile as pattern
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from recado.channels.base import (
    MEDIA_GONE,
    BadSignature,
    ChannelAdapter,
    Headers,
    HttpRequest,
    Secrets,
    matches,
    retry_after_s,
)
from recado.channels.untrusted import Unreadable, decode, identifier, mapping
from recado.domain.messages import CannotSend, Failure, FailureClass, Media, Rejected
from recado.ports.core import HttpResponse

MAX_FIELDS = 500
"""A message with ten files has some fifty fields."""
API_VERSION = "2010-04-01"
ERRORS: dict[int, tuple[FailureClass, str]] = {
    20003: ("pause_channel", "Twilio does not know the account's SID and token."),
    20004: ("pause_channel", "Twilio does not allow the account to do this."),
    20005: ("pause_channel", "The Twilio account is not active."),
    20006: ("pause_channel", "Twilio does not allow the account to do this."),
    20008: ("pause_channel", "Twilio's test credentials cannot do this."),
    20403: ("pause_channel", "Twilio does not allow the account to do this."),
    20404: ("pause_channel", "Twilio does not know the account, or what it was asked for."),
    20429: ("retry", "Too many calls of Twilio at once."),
    20503: ("retry", "Twilio is temporarily unavailable."),
    10001: ("pause_channel", "The Twilio account is not active."),
    10002: ("pause_channel", "A trial account cannot do this."),
}
"""By code: what any of its resources may refuse."""
_MEDIA_TIMEOUT_S = 60.0
_ACCOUNT_SID = pattern(r"AC[0-9a-fA-F]{32}", ASCII)
_AUTH_TOKEN = pattern(r"[\x21-\x7e]{1,256}")
_ACCOUNT_PATH = pattern(
    rf"/{API_VERSION}/Accounts/AC[0-9a-fA-F]{{32}}(?:/[A-Za-z0-9_-]{{1,64}}){{1,6}}(?:\.\w{{1,4}})?", ASCII
)


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
    """A channel whose webhooks come from Twilio: secret ``auth_token``. Its API is called with ``account_sid`` too."""

    provider = "telephony_api"
    public_base_url = "https://api.twilio.com"
    media_hosts = frozenset({"api.twilio.com", "twiliocdn.com", "s3-external-1.amazonaws.com"})

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

    # -- files at Twilio: its API answers with a redirect to a store of files, which must not see the credentials ------

    def locate_media(self, media: Media, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest | None:
        """The file at Twilio's API, of which one byte is asked for: a redirect is what is wanted. Raises CannotSend
        without credentials."""
        url = self._api_url(media.url)
        if url is None:
            return None
        headers = {"authorization": basic_auth(*credentials(secrets)), "range": "bytes=0-0"}
        return HttpRequest("GET", url, headers, b"", _MEDIA_TIMEOUT_S)

    def located(self, media: Media, response: HttpResponse) -> Media | Rejected:
        """The file where the redirect leads; where there is none, at the API itself."""
        if 300 <= response.status < 400:
            found = response.headers.get("location", "")
            if urlsplit(found).scheme in ("http", "https"):
                return media._replace(url=found)
            return Rejected(Failure("unreadable_answer", "Twilio did not say where the file is.", "content"))
        if response.status == 404:
            return Rejected(Failure(MEDIA_GONE, "Twilio does not have the file.", "content"))
        return Rejected(failure_of(response, {})) if response.status >= 400 else media

    def download(self, media: Media, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest:
        """The bytes: with the credentials from the API, without them from anywhere else."""
        url = self._api_url(media.url)
        if url is None:
            return HttpRequest("GET", media.url or "", {}, b"", _MEDIA_TIMEOUT_S)
        return HttpRequest("GET", url, {"authorization": basic_auth(*credentials(secrets))}, b"", _MEDIA_TIMEOUT_S)

    def _api_url(self, url: str | None) -> str | None:
        """The URL of something below an account, at the API that this adapter calls; None when it is not there."""
        for root in (self.base_url, self.public_base_url):
            path = (url or "").removeprefix(root)
            if path != url and _ACCOUNT_PATH.fullmatch(path):
                return self.base_url + path
        return None


def credentials(secrets: Secrets) -> tuple[str, str]:
    """The account's SID and the newest token, for calls of the API. Raises CannotSend when one is missing."""
    account_sid = next(iter(secrets.get("account_sid", ())), "")
    auth_token = next(iter(secrets.get("auth_token", ())), "")
    if not account_sid or not auth_token:
        raise CannotSend(Failure("no_credentials", "The channel has no account_sid or no auth_token.", "pause_channel"))
    return account_sid, auth_token


def answer_of(response: HttpResponse) -> dict[str, Any]:
    """The answer's object; empty when it is none."""
    try:
        return mapping(decode(response.body))
    except Unreadable:
        return {}


def failure_of(response: HttpResponse, errors: Mapping[int, tuple[FailureClass, str]]) -> Failure:
    """Why Twilio refused: by its code, in `errors` or those of all resources; without one that is known by the HTTP
    status. Its messages may name numbers and are not shown. A 5xx that says nothing more may have been done."""
    given = answer_of(response).get("code")
    code = given if isinstance(given, int) and not isinstance(given, bool) and 0 < given < 10**8 else None
    known = errors.get(code or 0) or ERRORS.get(code or 0)
    if known is None:
        known = _by_status(response.status)
    klass, title = known
    wait_s = retry_after_s(response.headers) if klass == "retry" else None
    return Failure(identifier(code) or f"http_{response.status}", title, klass, wait_s)


def _by_status(status: int) -> tuple[FailureClass, str]:
    if status == 429:
        return "retry", "Too many calls of Twilio at once."
    if status in (401, 403):
        return "pause_channel", "Twilio does not allow the account to do this."
    if status >= 500:
        return "unknown", "Twilio gave no clear answer."
    return "content", "Twilio refused the message."


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
