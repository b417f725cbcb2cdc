"""Access tokens of Meta's channels: what Graph says of them, and how they are renewed.

A token of a system user or of a page does not end (`expires_at` 0); one of a person lives 60 days, and with the app's
id and secret Graph gives a longer one for it. One of Instagram's own login lives 60 days too and is renewed by itself,
when it is a day old and still holds; nothing tells when it ends.
Sources: developers.facebook.com/docs/facebook-login/guides/access-tokens (debugging, get-long-lived),
developers.facebook.com/docs/instagram-platform/reference/refresh_access_token.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from recado.channels.base import HttpRequest, Secrets
from recado.channels.graph_codes import error_code
from recado.channels.tokens import Probed
from recado.channels.untrusted import Unreadable, decode, mapping, text
from recado.domain.messages import Failure, Rejected, Renewed
from recado.ports.core import HttpResponse

LIFE = timedelta(days=60)
INSTAGRAM_MIN_AGE = timedelta(hours=24)
TIMEOUT_S = 4.0
"""And as long for the connection: the minute's sweep waits for it."""
_MAX_SECONDS = 10 * 366 * 86_400
_TOKEN_CODE = 190


def of_instagram_login(secrets: Secrets) -> bool:
    """Whether the token is one of Instagram's own login."""
    return (token_of(secrets) or "").startswith("IG")


def token_of(secrets: Secrets) -> str | None:
    """The newest access token."""
    return next(iter(secrets.get("access_token", ())), None)


def debug_request(base_url: str, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest | None:
    """`debug_token`, asked by the app where its id is known, else by the token itself."""
    token = token_of(secrets)
    if token is None:
        return None
    app_id, app_secret = settings.get("app_id"), next(iter(secrets.get("app_secret", ())), "")
    bearer = f"{app_id}|{app_secret}" if app_id else token
    return _get(f"{base_url}/debug_token", {"input_token": token}, bearer)


def me_request(base_url: str, secrets: Secrets) -> HttpRequest | None:
    """Whose token it is: for those of Instagram's login, which `debug_token` does not know."""
    token = token_of(secrets)
    return None if token is None else _get(f"{base_url}/me", {"fields": "user_id"}, token)


def exchange_request(base_url: str, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest | None:
    """A longer token for one that still holds; it takes the app's id and secret."""
    token, app_secret = token_of(secrets), next(iter(secrets.get("app_secret", ())), None)
    if token is None or app_secret is None or not settings.get("app_id"):
        return None
    query = {
        "grant_type": "fb_exchange_token",
        "client_id": str(settings["app_id"]),
        "client_secret": app_secret,
        "fb_exchange_token": token,
    }
    return _get(f"{base_url}/oauth/access_token", query, None)


def refresh_request(base_url: str, secrets: Secrets) -> HttpRequest | None:
    """The same token of Instagram's login for 60 days more."""
    token = token_of(secrets)
    if token is None:
        return None
    query = {"grant_type": "ig_refresh_token", "access_token": token}
    return _get(f"{base_url}/refresh_access_token", query, None)


def probed(response: HttpResponse) -> Probed:
    """From an answer to `debug_request` or `me_request`. Never raises."""
    body, code = _read(response)
    if code == _TOKEN_CODE:
        return Probed(False, "The access token has expired or was withdrawn.", told=True)
    if response.status >= 400 or code is not None:
        return Probed(False, f"Meta refused to say anything of the token (HTTP {response.status}).")
    if "data" not in body:
        return Probed(True, "Meta knows the access token.")
    data = mapping(body["data"])
    if data.get("is_valid") is not True:
        return Probed(False, "The access token is not valid.", told=True)
    ends = data.get("expires_at")
    told = isinstance(ends, int) and not isinstance(ends, bool)
    return Probed(True, "The access token is valid.", told, _moment(ends), _moment(data.get("issued_at")))


def renewed(response: HttpResponse) -> Renewed | Rejected:
    """From an answer to `exchange_request` or `refresh_request`. Never raises."""
    body, code = _read(response)
    token = text(body.get("access_token"))
    if response.status < 400 and code is None and token:
        seconds = body.get("expires_in")
        told = isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds <= _MAX_SECONDS
        return Renewed(token, float(seconds) if told and seconds is not None else None)
    if code == _TOKEN_CODE:
        return Rejected(Failure("190", "The access token has expired or was withdrawn.", "pause_channel"))
    return Rejected(Failure(f"http_{response.status}", "Meta did not renew the token.", "retry"))


def refused(failure: Failure) -> bool:
    """Whether a send failed because the token does not hold."""
    return failure.code.partition("/")[0] == str(_TOKEN_CODE)


def _get(url: str, query: Mapping[str, str], bearer: str | None) -> HttpRequest:
    headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
    return HttpRequest("GET", f"{url}?{urlencode(query)}", headers, b"", TIMEOUT_S)


def _read(response: HttpResponse) -> tuple[dict[str, Any], int | None]:
    """The body, and the code of the error it tells of: -1 for one that cannot be read."""
    try:
        body = mapping(decode(response.body))
    except Unreadable:
        return {}, -1
    error = mapping(body.get("error"))
    if not error:
        return body, None
    code = error_code(error.get("code"))
    return body, -1 if code is None else code


def _moment(value: Any) -> datetime | None:
    """Seconds since 1970; 0 and what is no time are None."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 253_402_300_000:
        return None
    return datetime.fromtimestamp(value, UTC)
