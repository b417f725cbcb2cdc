"""Messenger and Instagram beyond the common contract: bytes and words, ids, times, two products, two windows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recado.channels.base import MediaLimit
from recado.channels.meta_messaging.errors import ERRORS, SUBCODES
from recado.channels.meta_messaging.inbound import moment_of
from recado.channels.registry import adapter
from recado.channels.splitting import split_text
from tests.channels.kit import NOW, Bench, outbound, recipient

BENCHES = [Bench("messenger"), Bench("instagram")]
MB = 1024 * 1024


@pytest.fixture(params=BENCHES, ids=["messenger", "instagram"])
def bench(request: pytest.FixtureRequest) -> Bench:
    found: Bench = request.param
    return found


def item(**event: Any) -> dict[str, Any]:
    return {"sender": {"id": "71000"}, "recipient": {"id": "10400"}, "timestamp": 1773144000123, **event}


def received(bench: Bench, *items: Any, page: str = "10400") -> Any:
    raw = json.dumps({"entry": [{"id": page, "messaging": list(items)}]}).encode()
    return bench.receive(raw)


def texts_of(bench: Bench, text: str) -> list[str]:
    message = outbound({"kind": "text", "text": text})
    requests = bench.adapter.build_send(message, recipient({"user_id": "71"}), bench.settings, bench.secrets, NOW)
    return [json.loads(request.body)["message"]["text"] for request in requests]


# -- long texts ----------------------------------------------------------------------------------


def utf8(text: str) -> int:
    return len(text.encode())


@given(st.text(alphabet="ab é💙\n", max_size=200), st.integers(4, 30))
def test_parts_fit_and_lose_nothing_but_blanks(text: str, limit: int) -> None:
    for size in (len, utf8):
        parts = split_text(text, limit, size)
        assert all(size(part) <= limit for part in parts)
        assert "".join("".join(parts).split()) == "".join(text.split())
        if size(text) <= limit:
            assert parts == [text]
        else:
            assert all(part and part == part.strip() for part in parts)


@given(st.lists(st.text(alphabet="ab", min_size=1, max_size=5), min_size=1, max_size=60))
def test_no_word_is_cut_that_fits(words: list[str]) -> None:
    parts = split_text(" ".join(words), 8)
    assert [word for part in parts for word in part.split()] == words


def test_a_part_is_as_long_as_it_can_be() -> None:
    assert split_text("aa bb cc dd", 5) == ["aa bb", "cc dd"]
    assert split_text("aaaaaaa bb", 3) == ["aaa", "aaa", "a", "bb"]
    assert split_text("a  b\n\nc", 4) == ["a  b", "c"]


@pytest.mark.parametrize(("name", "longest", "character"), [("messenger", 2000, "é"), ("instagram", 1000, "a")])
def test_at_the_limit_one_and_beyond_it_two(name: str, longest: int, character: str) -> None:
    bench = Bench(name)
    assert len(texts_of(bench, character * (longest - 1))) == 1
    assert len(texts_of(bench, character * longest)) == 1
    assert len(texts_of(bench, character * (longest + 1))) == 2


def test_instagram_counts_bytes_and_never_cuts_a_character() -> None:
    bench = Bench("instagram")
    assert len(texts_of(bench, "💙" * 250)) == 1
    parts = texts_of(bench, "💙" * 251)
    assert [utf8(part) for part in parts] == [1000, 4]
    odd = texts_of(bench, "a" + "💙" * 250)
    assert [utf8(part) for part in odd] == [997, 4]


def test_each_part_says_which_it_is_and_only_the_first_answers(bench: Bench) -> None:
    message = outbound({"kind": "text", "text": "palavra " * 600, "reply_to": "m_1"})
    requests = bench.adapter.build_send(message, recipient({"user_id": "71"}), bench.settings, bench.secrets, NOW)
    bodies = [json.loads(request.body) for request in requests]
    count = len(bodies)
    assert count > 1
    assert [body["message"]["metadata"] for body in bodies] == [
        f"ms_abcdefgh_1#{number}/{count}" for number in range(1, count + 1)
    ]
    assert ["reply_to" in body for body in bodies] == [True] + [False] * (count - 1)


# -- who, when, which ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (1773144000123, 1773144000.123),
        (1773144000, 1773144000),
        ("1773144000123", 1773144000.123),
        ("1773144000", 1773144000),
        (1_262_304_000_000, 1_262_304_000),
    ],
)
def test_times_are_milliseconds_and_sometimes_seconds(value: Any, seconds: float) -> None:
    assert moment_of(value) == datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize("value", [None, True, 0, -1, 1.5, "x", "", "-1773144000", 10**15, "1" * 20, [], {}])
def test_times_that_are_none(value: Any) -> None:
    assert moment_of(value) is None


def test_one_webhook_serves_several_accounts(bench: Bench) -> None:
    entries = [{"id": page, "messaging": [item(message={"mid": page, "text": "a"})]} for page in ("10400", "10500")]
    parts = bench.split(json.dumps({"entry": entries}).encode())
    assert [part.address for part in parts] == ["10400", "10500"]
    assert bench.adapter.account_address({"page_id": "10400"}) == "10400"
    assert bench.adapter.account_address({}) is None


def test_the_customer_of_an_echo_is_its_recipient(bench: Bench) -> None:
    echo = {"sender": {"id": "10400"}, "recipient": {"id": "71000"}, "timestamp": 1773144000123}
    ((part, parsed),) = received(bench, {**echo, "message": {"mid": "m", "text": "oi", "is_echo": True}})
    assert part.sender == "u:71000"
    assert parsed.echoes[0].recipient.user_id == "71000"
    assert bench.adapter.given_id(parsed.echoes[0].recipient) == "71000"


def test_ids_as_numbers_are_the_same_person(bench: Bench) -> None:
    ((part, _),) = received(bench, {**item(message={"mid": "m", "text": "oi"}), "sender": {"id": 71000}})
    assert part.sender == bench.adapter.canonical("71000") == "u:71000"


@pytest.mark.parametrize("address", ["", "a b", "é", "x" * 151, "+5511987650001"])
def test_what_is_no_id_of_a_person(bench: Bench, address: str) -> None:
    with pytest.raises(ValueError):
        bench.adapter.canonical(address)


def test_nobody_can_be_written_to_first(bench: Bench) -> None:
    assert bench.adapter.starts_by == frozenset()


def test_an_event_without_an_id_has_the_same_one_each_time_and_no_other_has_it(bench: Bench) -> None:
    def id_of(**changes: Any) -> str:
        event = item(postback={"title": "Oi", "payload": "a"})
        ((_, parsed),) = received(bench, event | changes)
        return str(parsed.messages[0].provider_id)

    assert id_of() == id_of()
    others = [
        id_of(timestamp=1773144000124),
        id_of(sender={"id": "71001"}),
        id_of(postback={"title": "Oi", "payload": "b"}),
    ]
    assert len({id_of(), *others}) == 4


def test_a_reaction_taken_back_and_given_again_is_three_events(bench: Bench) -> None:
    reactions = [
        item(reaction={"mid": "m", "action": action, "emoji": "❤️"}) | {"timestamp": 1773144000000 + number}
        for number, action in enumerate(("react", "unreact", "react"))
    ]
    ((_, parsed),) = received(bench, *reactions)
    assert [message.text for message in parsed.messages] == ["❤️", "", "❤️"]
    assert len({message.provider_id for message in parsed.messages}) == 3


def test_an_album_is_a_message_for_each_file_and_deleted_as_one(bench: Bench) -> None:
    files = [{"type": "image", "payload": {"url": f"https://x.fbcdn.net/{number}"}} for number in range(31)]
    ((_, parsed),) = received(bench, item(message={"mid": "m", "attachments": files}))
    ids = [message.provider_id for message in parsed.messages]
    assert ids[:3] == ["m", "m#2", "m#3"]
    assert len(set(ids)) == 30
    assert parsed.kept_raw == ("a message cut",)
    ((_, gone),) = received(bench, item(message={"mid": "m", "is_deleted": True}))
    assert [one.original_id for one in gone.revocations] == ids


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://scontent.xx.fbcdn.net/a", "image"),
        ("https://fbcdn.net/a", "image"),
        ("https://lookaside.fbsbx.com/a", "image"),
        ("https://scontent.cdninstagram.com/a", "image"),
        ("https://evilfbcdn.net/a", "text"),
        ("https://fbcdn.net.evil.example/a", "text"),
        ("javascript:alert(1)", "unsupported"),
        ("https://a.example/ x", "unsupported"),
        ("https://[::1", "unsupported"),
        (None, "unsupported"),
    ],
)
def test_what_was_shared_is_a_file_only_where_meta_keeps_it(bench: Bench, url: Any, shown: str) -> None:
    ((_, parsed),) = received(
        bench, item(message={"mid": "m", "attachments": [{"type": "share", "payload": {"url": url}}]})
    )
    assert parsed.messages[0].kind == shown
    assert (parsed.messages[0].media is not None) == (shown == "image")


def test_the_dashboards_test_is_dropped_and_nothing_like_it(bench: Bench) -> None:
    value = {
        "sender": {"id": "12334"},
        "recipient": {"id": "23245"},
        "timestamp": "1527459824",
        "message": {"mid": "m"},
    }
    change = {"field": "messages", "value": value}
    assert bench.split(json.dumps({"entry": [{"id": "0", "changes": [change]}]}).encode()) == []
    value["sender"] = {"id": "12335"}
    assert len(bench.split(json.dumps({"entry": [{"id": "0", "changes": [change]}]}).encode())) == 1


# -- the handshake, the two products, limits -----------------------------------------------------


def test_the_handshake(bench: Bench) -> None:
    good = {"hub.mode": "subscribe", "hub.verify_token": "verify-me", "hub.challenge": "1158201444"}
    answer = bench.adapter.handshake(good, bench.settings, bench.secrets)
    assert answer and (answer.status, answer.body, answer.content_type) == (200, "1158201444", "text/plain")
    for wrong in ({"hub.verify_token": "x"}, {"hub.mode": "unsubscribe"}, {"hub.challenge": "<b>"}):
        refused = bench.adapter.handshake(good | wrong, bench.settings, bench.secrets)
        assert refused and refused.status == 403


@pytest.mark.parametrize(
    ("base_url", "token", "url"),
    [
        (None, "EAAtoken", "https://graph.facebook.com/v24.0/me/messages"),
        (None, "IGAAtoken", "https://graph.instagram.com/v24.0/me/messages"),
        ("http://127.0.0.1:8090/graph/", "IGAAtoken", "http://127.0.0.1:8090/graph/v24.0/me/messages"),
    ],
)
def test_instagrams_own_login_has_its_own_host(base_url: str | None, token: str, url: str) -> None:
    instagram = adapter("instagram", {"graph": base_url} if base_url else None)
    (request,) = instagram.build_send(
        outbound({"kind": "text", "text": "a"}),
        recipient({"user_id": "71"}),
        {"page_id": "10400"},
        {"access_token": (token,)},
        NOW,
    )
    assert request.url == url


def test_limits_of_files() -> None:
    sizes = {kind: limit.max_bytes for kind, limit in Bench("messenger").adapter.media_limits.items()}
    assert sizes == {"image": 8 * MB, "audio": 25 * MB, "video": 25 * MB, "document": 25 * MB}
    limits = Bench("instagram").adapter.media_limits
    assert {kind: limit.max_bytes for kind, limit in limits.items()} == sizes
    assert limits["document"] == MediaLimit(25 * MB, frozenset({"application/pdf"}))


def test_the_window_is_a_day_and_a_week_for_people(bench: Bench) -> None:
    assert bench.adapter.window == (86_400, frozenset(), 604_800)


def test_every_code_of_the_tables_is_answered_in_the_contract(bench: Bench) -> None:
    errors = [case["body"]["error"] for case in bench.read("contract/answers.json") if "error" in case["body"]]
    shown = {(error.get("code"), error.get("error_subcode")) for error in errors}
    assert {(code, None) for code in ERRORS} | SUBCODES.keys() <= shown
