"""The telephone: what each of Twilio's requests tells of a call, what a caller hears, settings, recordings."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest

from recado.channels.telephone import Telephone
from recado.channels.telephone.twiml import document
from recado.domain.calls import CallPlan, CallSignal, Dial, Goodbye, Greet, Hold, Menu, MenuOption, Voicemail
from recado.domain.messages import Media
from tests.channels.kit import NOW, Bench, plain

BENCH = Bench("telephone")
ADAPTER = Telephone()
CALL = "CA0123456789abcdef0123456789abcde1"
RECORDING = "REabcdef0123456789abcdef0123456789"
ACCOUNT = "AC0123456789abcdef0123456789abcdef"
URL = "https://recado.example/voice/ch_1"


def signal(name: str) -> CallSignal | None:
    (part,) = BENCH.split(BENCH.encode(BENCH.read(f"{name}.json")))
    return ADAPTER.call_signal(part)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("incoming", {"asks": True}),
        ("incoming_without_from", {"asks": True}),
        ("key", {"asks": True, "resumed": True, "digits": "2"}),
        ("waits_on", {"asks": True, "resumed": True}),
        ("agent_answered", {"answered": True}),
        ("agent_talked", {"asks": True, "resumed": True, "dialled": "talked", "talk_s": 42}),
        ("agent_busy", {"asks": True, "resumed": True, "dialled": "not_answered"}),
        ("agent_no_answer", {"asks": True, "resumed": True, "dialled": "not_answered"}),
        ("agent_failed", {"asks": True, "resumed": True, "dialled": "not_answered"}),
        ("caller_gone_while_it_rang", {"asks": True, "dialled": "not_answered", "ended": True}),
        ("ended", {"ended": True, "duration_s": 63}),
        ("ended_no_answer", {"ended": True, "duration_s": 0}),
        ("ended_canceled", {"ended": True, "duration_s": 0}),
        ("ended_failed", {"ended": True, "duration_s": 0}),
        ("ended_of_an_odd_length", {"ended": True}),
        ("voicemail_left", {"asks": True, "digits": "hangup", "ended": True, "spoke": True}),
        ("recording_absent", {}),
        ("recording_in_progress", {}),
        ("recording_of_another_scheme", {}),
    ],
)
def test_what_a_request_tells(name: str, told: dict[str, Any]) -> None:
    found = signal(name)
    assert found is not None
    given = {key: value for key, value in plain(found).items() if value is not False and key != "message"}
    assert given == {"call_id": CALL, **told}


@pytest.mark.parametrize(("name", "voicemail"), [("recording_of_voicemail", True), ("recording_of_call", False)])
def test_a_recording_that_is_ready(name: str, voicemail: bool) -> None:
    found = signal(name)
    assert found is not None
    assert found.recording is not None
    assert (found.asks, found.recording.id, found.recording.voicemail) == (False, RECORDING, voicemail)
    media = found.recording.message.media
    assert media is not None
    assert media.url == f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/{RECORDING}.mp3"


def test_what_is_of_no_call_tells_nothing() -> None:
    assert signal("without_call") is None


PLAN = CallPlan(
    "pt-BR", 'Olá & "bem-vindo" <Padaria>', (MenuOption("1", "pedidos", "dp_1"), MenuOption("#", "x", "dp_2"))
)


def test_a_menu_says_each_option_and_asks_again_where_no_key_comes() -> None:
    heard = fromstring(document([Menu(again=False)], PLAN, "+551140000000", URL))
    gather = heard[0]
    assert gather.attrib == {
        "input": "dtmf", "numDigits": "1", "timeout": "5", "finishOnKey": "", "action": URL, "method": "POST",
    }  # fmt: skip
    assert gather[0].attrib == {"language": "pt-BR"}
    expected = 'Olá & "bem-vindo" <Padaria> Para pedidos, digite 1. Para x, digite jogo da velha.'
    assert gather[0].text == expected
    assert (heard[1].tag, heard[1].text, heard[1].get("method")) == ("Redirect", URL, "POST")


@pytest.mark.parametrize("language", ["pt-BR", "en-US"])
def test_every_step_is_said_in_every_language(language: str) -> None:
    steps = [
        Menu(True),
        Greet(),
        Hold(3, True),
        Dial("+5511912340001", 20, True),
        Voicemail("x\x00\x0b\ud800", 300),
        Goodbye(),
    ]
    heard = fromstring(document(steps, PLAN._replace(language=language), "+551140000000", URL))
    assert {one.get("language") for one in heard.iter("Say")} == {language}
    (dial,) = heard.iter("Dial")
    assert (dial.get("callerId"), dial.get("timeout"), dial.get("action")) == ("+551140000000", "20", URL)
    assert dial.get("recordingStatusCallback") == URL
    assert dial[0].attrib == {
        "statusCallback": URL, "statusCallbackMethod": "POST", "statusCallbackEvent": "answered",
    }  # fmt: skip
    (record,) = heard.iter("Record")
    assert (record.get("maxLength"), record.get("action"), record.get("recordingStatusCallback")) == ("300", URL, URL)


@pytest.mark.parametrize(
    ("settings", "pointers"),
    [
        ({"wait_s": 9}, ["/settings/wait_s"]),
        ({"wait_s": 601}, ["/settings/wait_s"]),
        ({"wait_s": True}, ["/settings/wait_s"]),
        ({"wait_s": "60"}, ["/settings/wait_s"]),
        ({"record": "yes"}, ["/settings/record"]),
        ({"menu": []}, ["/settings/menu"]),
        ({"menu": {"extra~/": 1}}, ["/settings/menu/extra~0~1"]),
        ({"menu": {"greeting": " "}}, ["/settings/menu/greeting"]),
        ({"menu": {"greeting": "x" * 1001}}, ["/settings/menu/greeting"]),
        ({"menu": {"greeting": "a\x07"}}, ["/settings/menu/greeting"]),
        ({"menu": {"language": "xx"}}, ["/settings/menu/language"]),
        ({"menu": {"language": []}}, ["/settings/menu/language"]),
        ({"menu": {"options": {}}}, ["/settings/menu/options"]),
        ({"menu": {"options": [{}] * 13}}, ["/settings/menu/options"]),
        ({"menu": {"options": [5]}}, ["/settings/menu/options/0"]),
        (
            {"menu": {"options": [{}]}},
            [f"/settings/menu/options/0/{name}" for name in ("digit", "label", "department_id")],
        ),
        (
            {"menu": {"options": [{"digit": one, "label": "a", "department_id": "dp"} for one in ("1", "1", "12")]}},
            ["/settings/menu/options/1/digit", "/settings/menu/options/2/digit"],
        ),
        ({"wait_s": 10, "record": False, "menu": {}}, []),
        ({"wait_s": 600, "menu": {"options": []}}, []),
        ({"number": "551140000000"}, ["/settings/number"]),
    ],
)
def test_settings_are_checked_with_pointers(settings: dict[str, Any], pointers: list[str]) -> None:
    given = {"number": "+551140000000", **settings}
    found = ADAPTER.validate(given, {"auth_token": ("token",)})
    assert [error.pointer for error in found] == pointers


def test_a_recording_is_fetched_with_its_account_and_nobody_else_is_shown_the_token() -> None:
    secrets = {"auth_token": ("token", "old")}
    url = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/{RECORDING}.mp3"
    assert ADAPTER.locate_media(Media(RECORDING, url, None), {}, secrets) is None
    request = ADAPTER.download(Media(RECORDING, url, None), {}, secrets)
    assert request.headers == {"authorization": "Basic " + b64encode(f"{ACCOUNT}:token".encode()).decode()}
    for other in (
        url.replace("api.twilio.com", "api.twilio.com.evil.example"),
        url.replace("https://api.twilio.com", "https://evil.example/https://api.twilio.com"),
        url.replace("/Recordings/", "/Messages/"),
        url + "?a=1",
        "",
    ):
        assert ADAPTER.download(Media(RECORDING, other, None), {}, secrets).headers == {}, other


def test_the_same_caller_is_one_thread_in_every_form() -> None:
    assert ADAPTER.canonical("+551187650001") == ADAPTER.canonical("+5511987650001") == "+5511987650001"
    assert ADAPTER.canonical("+551132100001") == "+551132100001"
    assert ADAPTER.canonical("sip:ana@example.com") == "x:sip:ana@example.com"
    assert ADAPTER.canonical("ção").isascii()
    with pytest.raises(ValueError, match="nobody"):
        ADAPTER.canonical("")
    assert NOW
