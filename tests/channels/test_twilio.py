"""What Twilio's channels share: the signature against vectors made without this code, files, what a refusal means."""

from __future__ import annotations

import subprocess
from base64 import b64decode, b64encode
from urllib.parse import urlencode

import pytest

from recado.channels.base import BadSignature, CannotSend
from recado.channels.twilio import MAX_FIELDS, TwilioAdapter
from recado.domain.messages import Media, Rejected
from recado.ports.core import HttpResponse
from tests.channels.kit import NOW, URL, Bench

BENCH = Bench("sms")
TWILIO = BENCH.adapter
assert isinstance(TWILIO, TwilioAdapter)
SID, TOKEN = BENCH.secrets["account_sid"][0], BENCH.secrets["auth_token"][0]
AUTH = "Basic " + b64encode(f"{SID}:{TOKEN}".encode()).decode()
FILE = f"https://api.twilio.com/2010-04-01/Accounts/{SID}/Messages/MM{'7' * 32}/Media/ME{'8' * 32}"
STORE = "https://mms.twiliocdn.com/AC1/abc?Expires=1&Signature=x"


def verify(raw: bytes, signature: str, url: str = URL, token: str = TOKEN) -> None:
    TWILIO.verify(raw, {"x-twilio-signature": signature}, url, {"auth_token": (token,)}, NOW)


def openssl(signed: str, token: str = TOKEN) -> str:
    """The signature as another program makes it."""
    command = ["openssl", "dgst", "-sha1", "-hmac", token, "-binary"]
    return b64encode(subprocess.run(command, input=signed.encode(), capture_output=True, check=True).stdout).decode()


# -- the signature -------------------------------------------------------------------------------


def test_the_example_of_twilios_documentation() -> None:
    form = {
        "Digits": "1234",
        "To": "+18005551212",
        "From": "+14158675309",
        "Caller": "+14158675309",
        "CallSid": "CA1234567890ABCDE",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    verify(urlencode(form).encode(), "RSOYDt4T1cUTdK1PDd93/VVr8B8=", url, "12345")


@pytest.mark.parametrize(
    ("raw", "signed"),
    [
        (b"", ""),
        (b"Body=&From=%2B1", "BodyFrom+1"),
        (b"b=2&a=1&B=3", "B3a1b2"),
        (b"Body=a+b%20c%2Bd", "Bodya b c+d"),
        ("Body=ol%C3%A1%20🙂".encode(), "Bodyolá 🙂"),
        (b"Media=2&Media=1&Media=2", "Media1Media2"),
        (b"a=1&a=", "aa1"),
        (b"flag&x=1", "flagx1"),
        (b"x=a%3Db%26c", "xa=b&c"),
    ],
)
def test_what_is_signed_of_a_form(raw: bytes, signed: str) -> None:
    verify(raw, openssl(URL + signed))
    with pytest.raises(BadSignature):
        verify(raw, openssl(signed))


@pytest.mark.parametrize(
    "url", [URL + "/", URL + "?a=1", URL.replace("https", "http"), URL.replace("ch_1", "ch_2"), URL.upper()]
)
def test_a_signature_for_another_url_is_bad(url: str) -> None:
    with pytest.raises(BadSignature):
        verify(b"Body=1", openssl(url + "Body1"))


def test_other_spellings_of_a_signature_are_bad() -> None:
    good = openssl(URL + "Body1")
    verify(b"Body=1", good)
    for other in (good.rstrip("="), good + "=", good.lower(), " " + good, b64decode(good).hex(), "sha1=" + good):
        with pytest.raises(BadSignature):
            verify(b"Body=1", other)


def test_a_body_in_json_is_not_taken_for_a_form() -> None:
    """Twilio signs the URL alone for those, and tells the body's hash in the query, which our URLs do not have."""
    with pytest.raises(BadSignature):
        verify(b'{"Body": "1"}', openssl(URL))


def test_more_fields_than_any_message_has() -> None:
    raw = b"&".join(b"f%d=1" % number for number in range(MAX_FIELDS + 1))
    signed = "".join(sorted(f"f{number}1" for number in range(MAX_FIELDS + 1)))
    with pytest.raises(BadSignature):
        verify(raw, openssl(URL + signed))


# -- files ---------------------------------------------------------------------------------------


def media(url: str | None = FILE) -> Media:
    return Media(None, url, "image/jpeg")


def test_a_file_is_looked_for_with_the_credentials_and_fetched_without_them() -> None:
    asked = TWILIO.locate_media(media(), {}, BENCH.secrets)
    assert asked is not None
    assert (asked.method, asked.url, asked.headers["authorization"]) == ("GET", FILE, AUTH)
    found = TWILIO.located(media(), HttpResponse(307, {"location": STORE}, b""))
    assert isinstance(found, Media)
    request = TWILIO.download(found, {}, BENCH.secrets)
    assert (request.url, request.headers) == (STORE, {})


def test_a_file_that_the_api_gives_itself_is_fetched_with_the_credentials() -> None:
    found = TWILIO.located(media(), HttpResponse(206, {}, b"\xff"))
    assert found == media()
    request = TWILIO.download(found, {}, BENCH.secrets)
    assert (request.url, request.headers) == (FILE, {"authorization": AUTH})


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/2010-04-01/Accounts/" + SID + "/Messages/MM1/Media/ME1",
        FILE.replace("https://", "http://"),
        FILE.replace("api.twilio.com", "api.twilio.com.evil.example"),
        FILE.replace("api.twilio.com", "api.twilio.com@evil.example"),
        FILE.replace("/Messages/", "/../"),
        FILE + "?x=1",
        FILE.replace(SID, "AC1"),
        "https://api.twilio.com/",
        STORE,
        "",
        None,
    ],
)
def test_the_credentials_go_nowhere_else(url: str | None) -> None:
    assert TWILIO.locate_media(media(url), {}, BENCH.secrets) is None
    assert TWILIO.download(media(url), {}, BENCH.secrets).headers == {}


def test_a_file_is_looked_for_at_the_api_that_is_set() -> None:
    local = type(TWILIO)("http://127.0.0.1:8090/twilio")
    asked = local.locate_media(media(), {}, BENCH.secrets)
    assert asked is not None
    assert asked.url == FILE.replace("https://api.twilio.com", "http://127.0.0.1:8090/twilio")


@pytest.mark.parametrize(
    ("status", "headers", "body", "code", "klass"),
    [
        (404, {}, b'{"code": 20404}', "media_gone", "content"),
        (401, {}, b'{"code": 20003}', "20003", "pause_channel"),
        (429, {"retry-after": "3"}, b"", "http_429", "retry"),
        (500, {}, b"", "http_500", "unknown"),
        (302, {}, b"", "unreadable_answer", "content"),
        (302, {"location": "file:///etc/passwd"}, b"", "unreadable_answer", "content"),
    ],
)
def test_a_file_that_is_not_given(status: int, headers: dict[str, str], body: bytes, code: str, klass: str) -> None:
    outcome = TWILIO.located(media(), HttpResponse(status, headers, body))
    assert isinstance(outcome, Rejected)
    assert (outcome.failure.code, outcome.failure.klass) == (code, klass)


@pytest.mark.parametrize("missing", ["account_sid", "auth_token"])
def test_without_credentials_nothing_is_asked_for(missing: str) -> None:
    held = {name: values for name, values in BENCH.secrets.items() if name != missing}
    with pytest.raises(CannotSend):
        TWILIO.locate_media(media(), {}, held)
