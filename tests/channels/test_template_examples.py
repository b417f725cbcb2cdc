"""Examples of templates as Graph takes them: the two requests of an upload, its answers, the handle in a submission."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from recado.channels.provider_templates import ProviderTemplates
from recado.channels.whatsapp.template_examples import MAX_HANDLE
from recado.domain.messages import Media
from recado.domain.templates import MessageTemplate, Refused, Taken, Unclear
from recado.ports.core import ConnectFailed, HttpResponse, NoAnswer
from recado.ports.reception import ConnectedChannel

GRAPH = "https://graph.example"
SESSION = "upload:MTphdHRhY2htZW50OjQyYjI5YzA=?sig=ARZqkGCA_uQMxC8nHKI"
HANDLE = "4::aW1hZ2UvcG5n:ARa1:e:1764413312:584544743160774:100:ARbs"
PICTURE = Media(None, None, "image/png", "Fatura de março.png", size=9, content=b"\x89PNG bits")
SETTINGS = {"waba_id": "200000000000001", "app_id": "584544743160774"}
SECRETS = {"access_token": ("EAAB1",)}


class Script:
    """An Http that answers in order and remembers what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, dict[str, str], bytes | None]] = []

    def request(self, method: str, url: str, headers: Any, body: bytes | None, timeout_s: float) -> HttpResponse:
        self.asked.append((method, url, dict(headers), body))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, HttpResponse) else HttpResponse(200, {}, json.dumps(answer).encode())


def channel(settings: dict[str, Any] = SETTINGS, secrets: Any = SECRETS) -> ConnectedChannel:
    return ConnectedChannel("ch_1", "whatsapp", None, "active", "1", settings, secrets)


def upload(script: Script, **fields: Any) -> Any:
    return ProviderTemplates(script, {"graph": GRAPH}).upload_example(channel(**fields), PICTURE)


def failed(status: int, **body: Any) -> HttpResponse:
    return HttpResponse(status, {}, json.dumps(body).encode())


def test_a_session_then_the_bytes() -> None:
    script = Script({"id": SESSION}, {"h": HANDLE})
    assert upload(script) == HANDLE
    (method, url, headers, body), (_, place, with_bytes, content) = script.asked
    parts = urlsplit(url)
    assert (method, f"{parts.scheme}://{parts.netloc}", parts.path) == ("POST", GRAPH, "/v24.0/584544743160774/uploads")
    wanted = {"file_name": ["example.png"], "file_length": ["9"], "file_type": ["image/png"]}
    assert (parse_qs(parts.query), headers, body) == (wanted, {"authorization": "Bearer EAAB1"}, b"")
    assert (place, content) == (f"{GRAPH}/v24.0/{SESSION}", b"\x89PNG bits")
    assert with_bytes == {"authorization": "OAuth EAAB1", "file_offset": "0", "content-type": "image/png"}
    assert "EAAB1" not in url + place


@pytest.mark.parametrize("fields", [{"settings": {"waba_id": "1"}}, {"settings": {**SETTINGS, "app_id": None}}])
def test_without_the_apps_id_nobody_is_asked(fields: Any) -> None:
    script = Script()
    refused = upload(script, **fields)
    assert (refused.code, "app_id" in refused.title, script.asked) == ("no_app_id", True, [])
    assert upload(script, secrets={}).code == "no_access_token"


OAUTH = {"message": "Invalid parameter", "type": "OAuthException", "code": 100, "fbtrace_id": "A"}
BROKEN = {
    "retriable": False,
    "type": "PartialRequestError",
    "message": "Partial request (did not match length of file)",
}


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ([failed(400, error=OAUTH)], Refused("100", "Invalid parameter")),
        ([failed(403, error={**OAUTH, "code": 200, "error_user_msg": "No role"})], Refused("200", "No role")),
        ([failed(400, h="x")], Refused("http_400", "No reason was given.")),
        ([HttpResponse(503, {}, b"<html>")], Unclear("http_503")),
        ([ConnectFailed("refused")], Refused("connect_failed", "The provider could not be reached.")),
        ([NoAnswer("time-out")], Unclear()),
        ([{"id": "https://elsewhere.example/"}], Unclear("unreadable_answer")),
        ([{"id": "upload:a/../../me"}], Unclear("unreadable_answer")),
        ([{"id": "upload:a#@b"}], Unclear("unreadable_answer")),
        ([{"id": ["upload:a"]}], Unclear("unreadable_answer")),
        ([{"id": SESSION}, failed(400, debug_info=BROKEN)], Refused("PartialRequestError", BROKEN["message"])),
        ([{"id": SESSION}, failed(400, debug_info="x")], Refused("http_400", "No reason was given.")),
        ([{"id": SESSION}, HttpResponse(400, {}, b"no")], Refused("http_400", "No reason was given.")),
        ([{"id": SESSION}, NoAnswer("reset")], Unclear()),
        ([{"id": SESSION}, {}], Unclear("unreadable_answer")),
        ([{"id": SESSION}, {"h": ""}], Unclear("unreadable_answer")),
        ([{"id": SESSION}, {"h": "x" * (MAX_HANDLE + 1)}], Unclear("unreadable_answer")),
        ([{"id": SESSION}, {"h": "4:a\n4:b"}], "4:a\n4:b"),
    ],
)
def test_every_answer_is_understood(answers: list[Any], outcome: Any) -> None:
    script = Script(*answers)
    assert upload(script) == outcome
    assert len(script.asked) == len(answers)


def test_the_handle_stands_for_the_file_in_a_submission() -> None:
    header = {"type": "HEADER", "format": "IMAGE", "example": {"file_id": "fi_1"}}
    body = {"type": "BODY", "text": "Oi {{1}}!", "example": {"body_text": [["Ana"]]}}
    now = datetime(2026, 11, 29, tzinfo=UTC)
    template = MessageTemplate("tm_1", "ch_1", "nota", "pt_BR", "UTILITY", (header, body), now, now)
    script = Script({"id": "9", "status": "PENDING", "category": "UTILITY"})
    calls = ProviderTemplates(script, {"graph": GRAPH})
    assert calls.submit(channel(), template, {"fi_1": HANDLE}) == Taken("9", "PENDING", "UTILITY")
    sent = json.loads(script.asked[0][3] or b"")
    assert sent["components"] == [{**header, "example": {"header_handle": [HANDLE]}}, body]
    assert template.components[0] == header, "what is stored stays as it was given"
