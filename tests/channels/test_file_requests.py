"""Where WhatsApp and the custom channel have their files, and how they are asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recado.channels.base import MEDIA_GONE, CannotSend
from recado.channels.registry import adapter
from recado.domain.messages import Media, Rejected
from recado.ports.core import HttpResponse

MEDIA = Media("1234567890", None, "image/jpeg", None, "hash")
TOKEN = {"access_token": ("token",)}
URL = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1"


def located(status: int, body: Any) -> Media | Rejected:
    return adapter("whatsapp").located(MEDIA, HttpResponse(status, {}, json.dumps(body).encode()))


def test_whatsapp_is_asked_where_a_file_is_and_for_its_bytes() -> None:
    whatsapp = adapter("whatsapp")
    request = whatsapp.locate_media(MEDIA._replace(provider_id="12/../34"), {}, TOKEN)
    assert request is not None
    assert (request.method, request.url) == ("GET", "https://graph.facebook.com/v24.0/12%2F..%2F34")
    assert request.headers == {"authorization": "Bearer token"}
    found = located(200, {"url": URL, "mime_type": "image/png", "sha256": "other", "file_size": 7, "id": "1"})
    assert found == Media("1234567890", URL, "image/png", None, "other", 7)
    assert located(200, {"url": URL}) == MEDIA._replace(url=URL)
    assert isinstance(found, Media)
    download = whatsapp.download(found, {}, TOKEN)
    assert (download.url, download.headers, download.customer_url) == (URL, {"authorization": "Bearer token"}, False)


@pytest.mark.parametrize(
    ("status", "body", "code", "klass"),
    [
        (400, {"error": {"code": 100, "error_subcode": 33}}, MEDIA_GONE, "content"),
        (404, "not found", MEDIA_GONE, "content"),
        (401, {"error": {"code": 190}}, "190", "pause_channel"),
        (400, {"error": {"code": 131000}}, "131000", "retry"),
        (500, "", "http_500", "unknown"),
        (200, {"url": 5}, "unreadable_answer", "unknown"),
        (200, [], "unreadable_answer", "unknown"),
    ],
)
def test_whatsapp_says_why_not(status: int, body: Any, code: str, klass: str) -> None:
    outcome = located(status, body)
    assert isinstance(outcome, Rejected)
    assert (outcome.failure.code, outcome.failure.klass) == (code, klass)


def test_whatsapp_without_a_token_or_an_id() -> None:
    for ask in (adapter("whatsapp").locate_media, adapter("whatsapp").download):
        with pytest.raises(CannotSend):
            ask(MEDIA, {}, {})
    with pytest.raises(CannotSend):
        adapter("whatsapp").locate_media(MEDIA._replace(provider_id=None), {}, TOKEN)


def test_where_a_provider_is_elsewhere_its_files_are_too() -> None:
    """As in the local run, where nothing of the internet is asked."""
    cdn = "https://scontent.xx.fbcdn.net/v/t1.15752-9/123_n.png?_nc_cat=1&oh=x"
    for kind in ("messenger", "instagram"):
        elsewhere = {"graph": "http://127.0.0.1:8090/graph"}
        request = adapter(kind, elsewhere).download(Media(None, cdn, None), {}, {})
        assert request.url == f"http://127.0.0.1:8090/graph/{kind}-files/123_n.png"
        nameless = "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=1"
        assert adapter(kind, elsewhere).download(Media(None, nameless, None), {}, {}).url.endswith(f"{kind}-files/file")
        assert adapter(kind).download(Media(None, cdn, None), {}, {}).url == cdn
    recording = f"/2010-04-01/Accounts/AC{'a' * 32}/Recordings/RE{'b' * 32}.mp3"
    token = {"auth_token": ("t",)}
    for base in (None, {"twilio": "http://127.0.0.1:8090/twilio"}):
        voice = adapter("telephone", base)
        told = voice.download(Media(None, f"https://api.twilio.com{recording}", None), {}, token)
        assert (told.url, list(told.headers)) == (voice.base_url + recording, ["authorization"])
    other = adapter("telephone").download(
        Media(None, f"https://api.twilio.com.evil.example{recording}", None), {}, token
    )
    assert other.headers == {}


def test_a_customers_url_goes_through_the_guard() -> None:
    request = adapter("custom").download(Media(None, "https://their.example/a.png", None), {}, {})
    assert (request.url, request.headers, request.customer_url) == ("https://their.example/a.png", {}, True)
