"""Telegram beyond the common contract: uploads, the token, files, pressed buttons, registration, whose chat it is."""

from __future__ import annotations

import json
import logging
from email import message_from_bytes
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recado.channels.base import BadSignature, HttpRequest, Part, RetryPolicy
from recado.channels.splitting import utf16_units
from recado.channels.telegram import Telegram, outbound
from recado.channels.telegram.outbound import MAX_TEXT
from recado.domain.chats import Thread, ThreadKey
from recado.domain.messages import CannotSend, Media, Rejected
from recado.domain.sending import recipient as recipient_of
from recado.outside.http import OutsideHttp
from recado.ports.core import HttpResponse, NoAnswer
from tests.channels.kit import NOW, URL, Bench, recipient
from tests.channels.kit import outbound as message_of
from tests.outside.servers import serving

BENCH = Bench("telegram")
TOKEN = BENCH.secrets["bot_token"][0]
ANA = {"user_id": "7012345678"}


def send(message: dict[str, Any], content: bytes | None = None, **media: Any) -> list[HttpRequest]:
    made = message_of(message)
    if content is not None:
        made = made._replace(media=Media(None, None, media.get("type"), media.get("name"), content=content))
    return BENCH.adapter.build_send(made, recipient(ANA), BENCH.settings, BENCH.secrets, NOW)


def form(request: HttpRequest) -> dict[str, tuple[Any, str | None, str]]:
    """The fields of a multipart body, read by the standard library: contents, file name, content type."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    found: dict[str, tuple[Any, str | None, str]] = {}
    for part in message_from_bytes(head + request.body).get_payload():
        assert not isinstance(part, str)
        name = str(part.get_param("name", header="content-disposition"))
        found[name] = (part.get_payload(decode=True), part.get_filename(), part.get_content_type())
    return found


def part_of(name: str) -> Part:
    (part,) = BENCH.split(json.dumps(BENCH.read(f"{name}.json")).encode())
    return part


# -- uploads -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "content_type", "method", "field"),
    [
        ("image", "image/png", "sendPhoto", "photo"),
        ("image", "image/gif", "sendAnimation", "animation"),
        ("video", "video/mp4", "sendVideo", "video"),
        ("audio", "audio/ogg", "sendVoice", "voice"),
        ("audio", "audio/mpeg", "sendAudio", "audio"),
        ("document", "application/pdf", "sendDocument", "document"),
        ("sticker", "image/webp", "sendSticker", "sticker"),
    ],
)
def test_a_file_goes_as_its_bytes(kind: str, content_type: str, method: str, field: str) -> None:
    content = bytes(range(256)) * 3 + b"\r\n--recado\r\n"
    message = {"kind": kind, "reply_to": "7012345678:311"}
    (request,) = send(message, content, type=content_type, name="pedido ção.bin")
    assert request.url == f"https://api.telegram.org/bot{TOKEN}/{method}"
    fields = form(request)
    assert fields[field][0] == content
    assert fields[field][2] == content_type
    assert fields["chat_id"][0] == b"7012345678"
    assert json.loads(fields["reply_parameters"][0]) == {"message_id": 311, "allow_sending_without_reply": True}
    assert "pedido ção.bin".encode() in request.body


def test_a_caption_goes_with_the_file_and_a_long_one_after_it() -> None:
    (short,) = send({"kind": "image", "text": "é" * 1024}, b"x", type="image/jpeg")
    assert form(short)["caption"][0] == ("é" * 1024).encode()
    file, text = send({"kind": "image", "text": "é" * 1025}, b"x", type="image/jpeg")
    assert "caption" not in form(file)
    assert json.loads(text.body)["text"] == "é" * 1025


def test_a_second_try_sends_the_same_bytes() -> None:
    assert send({"kind": "image"}, b"x", type="image/jpeg") == send({"kind": "image"}, b"x", type="image/jpeg")


def test_a_name_cannot_add_headers() -> None:
    (request,) = send({"kind": "document"}, b"x", type="application/pdf", name='a"\r\nX-Evil: 1\r\n\r\nb.pdf')
    assert b"\r\nX-Evil" not in request.body


# -- long texts ----------------------------------------------------------------------------------


@given(st.text(st.sampled_from("a💙 \n"), max_size=9000))
def test_no_part_is_over_the_limit_and_no_letter_is_lost(text: str) -> None:
    if not text.strip():
        return
    bodies = [json.loads(request.body)["text"] for request in send({"kind": "text", "text": text})]
    assert all(0 < utf16_units(body) <= MAX_TEXT and body.strip() for body in bodies)
    assert "".join("".join(bodies).split()) == "".join(text.split())


# -- the token -----------------------------------------------------------------------------------


def test_the_token_is_in_urls_alone(caplog: pytest.LogCaptureFixture) -> None:
    """Neither what a refusal says, nor what an error or a log of the way out says, holds it."""
    caplog.set_level(logging.DEBUG)
    with serving(lambda connection: connection.close()) as (port, _):
        adapter = Telegram(f"http://127.0.0.1:{port}")
        (request,) = adapter.build_send(
            message_of({"kind": "text", "text": "x"}), recipient(ANA), {}, BENCH.secrets, NOW
        )
        assert TOKEN in request.url
        with pytest.raises(NoAnswer) as error:
            OutsideHttp().request(request.method, request.url, request.headers, request.body, 5)
    shown = f"{error.value!r} {error.value.__cause__!r} {caplog.text} {adapter.interpret_no_response(error.value)}"
    assert TOKEN not in shown
    assert TOKEN.encode() not in request.body
    assert not any(TOKEN in value for value in request.headers.values())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 429, 500])
def test_no_failure_repeats_what_the_provider_said(status: int) -> None:
    said = {"ok": False, "error_code": status, "description": f"wrong /bot{TOKEN}/sendMessage"}
    outcome = BENCH.adapter.interpret(HttpResponse(status, {}, json.dumps(said).encode()))
    assert isinstance(outcome, Rejected)
    assert TOKEN not in str(outcome)


# -- files of customers --------------------------------------------------------------------------


def located(result: dict[str, Any], size: int | None = None) -> Media | Rejected:
    answer = HttpResponse(200, {}, json.dumps({"ok": True, "result": result}).encode())
    return BENCH.adapter.located(Media("AgACx", None, "image/jpeg", size=size), answer)


def test_a_file_is_located_without_the_token_and_fetched_with_it() -> None:
    asked = BENCH.adapter.locate_media(Media("AgACx", None, None), {}, BENCH.secrets)
    assert asked is not None
    assert (asked.url, json.loads(asked.body)) == (
        f"https://api.telegram.org/bot{TOKEN}/getFile",
        {"file_id": "AgACx"},
    )
    found = located({"file_id": "AgACx", "file_size": 512, "file_path": "photos/file_7.jpg"})
    assert isinstance(found, Media)
    assert TOKEN not in str(found)
    assert (found.url, found.size) == ("https://api.telegram.org/file/photos/file_7.jpg", 512)
    request = BENCH.adapter.download(found, {}, BENCH.secrets)
    assert (request.method, request.url) == ("GET", f"https://api.telegram.org/file/bot{TOKEN}/photos/file_7.jpg")


@pytest.mark.parametrize("path", [None, "", 5, "../../etc", "a/../b", "photos/a?x=1", "photos/a b", "é.jpg", "a\n"])
def test_a_path_that_leads_elsewhere_is_refused(path: Any) -> None:
    assert isinstance(located({"file_path": path}), Rejected)


def test_a_file_over_20_megabytes_is_refused_by_telegram() -> None:
    body = b'{"ok": false, "error_code": 400, "description": "Bad Request: file is too big"}'
    outcome = BENCH.adapter.located(Media("AgACx", None, None), HttpResponse(400, {}, body))
    assert isinstance(outcome, Rejected)
    assert outcome.failure.klass == "content"


def test_without_a_token_nothing_is_fetched() -> None:
    for ask in (BENCH.adapter.locate_media, BENCH.adapter.download):
        with pytest.raises(CannotSend):
            ask(Media("AgACx", "https://api.telegram.org/file/a", None), {}, {})


# -- pressed buttons, registration ---------------------------------------------------------------


def test_a_pressed_button_is_answered() -> None:
    (request,) = BENCH.adapter.answers(part_of("callback_query"), BENCH.secrets)
    assert request.url == f"https://api.telegram.org/bot{TOKEN}/answerCallbackQuery"
    assert json.loads(request.body) == {"callback_query_id": "4382bfdwdsb323b2d9"}


@pytest.mark.parametrize("name", [name for name in BENCH.payloads() if not name.startswith("callback_query")])
def test_nothing_else_is_answered(name: str) -> None:
    assert BENCH.adapter.answers(part_of(name), BENCH.secrets) == []


def test_without_a_token_nothing_is_answered_nor_asked_for() -> None:
    secrets = {"secret_token": BENCH.secrets["secret_token"]}
    assert BENCH.adapter.answers(part_of("callback_query"), secrets) == []
    assert BENCH.adapter.registration("https://recado.example.com/webhooks/ch_1", secrets) is None


def test_the_webhook_is_set_with_the_newest_secret_and_what_is_read() -> None:
    request = BENCH.adapter.registration("https://recado.example.com/webhooks/ch_1", BENCH.secrets)
    assert request is not None
    assert request.url == f"https://api.telegram.org/bot{TOKEN}/setWebhook"
    assert json.loads(request.body) == {
        "url": "https://recado.example.com/webhooks/ch_1",
        "secret_token": "s3cret_Token-new",
        "allowed_updates": ["message", "edited_message", "callback_query", "message_reaction", "my_chat_member"],
    }


def test_a_blank_secret_does_not_let_in_who_sends_none() -> None:
    for headers in ({}, {BENCH.signing.SIGNATURE_HEADER: ""}):
        with pytest.raises(BadSignature):
            BENCH.adapter.verify(b"{}", headers, URL, {"secret_token": ("",)}, NOW)


# -- whose chat it is ----------------------------------------------------------------------------


def test_who_gave_their_number_is_still_written_to_by_their_id() -> None:
    """The thread's address is the number then."""
    thread = Thread(ThreadKey("ch_1", "u:7012345678"), "ct_1", 1, address="+5511987650001")
    message = message_of({"kind": "text", "text": "x"})
    (request,) = BENCH.adapter.build_send(message, recipient_of(thread), {}, BENCH.secrets, NOW)
    assert json.loads(request.body)["chat_id"] == 7012345678


def test_a_card_of_somebody_else_is_not_the_senders_number() -> None:
    for name, phone in (("contact_own", "+5511987650001"), ("contact", None)):
        assert BENCH.adapter.parse(part_of(name)).messages[0].sender.phone == phone


@pytest.mark.parametrize("address", ["", "-1001999888777", "+5511987650001", "abc", "²", "1" * 21])
def test_what_is_no_user_id_has_no_key(address: str) -> None:
    with pytest.raises(ValueError):
        BENCH.adapter.canonical(address)


def test_the_wait_that_telegram_asks_for_is_kept_exactly() -> None:
    assert BENCH.adapter.retries.wait_s(9, 0.9, asked_s=3.0) == 3.0
    assert RetryPolicy().wait_s(9, 0.9, asked_s=3.0) > 3.0


def test_a_migrated_chat_is_named_in_the_title() -> None:
    said = {"ok": False, "error_code": 400, "description": "x", "parameters": {"migrate_to_chat_id": -1001999888777}}
    outcome = BENCH.adapter.interpret(HttpResponse(400, {}, json.dumps(said).encode()))
    assert isinstance(outcome, Rejected)
    assert "-1001999888777" in outcome.failure.title


def test_every_audio_that_is_played_is_an_audio() -> None:
    assert outbound.method_of("audio", None, {}) == ("sendAudio", "audio")
    assert outbound.method_of("document", "audio/ogg", {}) == ("sendDocument", "document")
