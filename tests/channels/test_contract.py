"""What every channel must hold to. A channel in the registry is tested here by its folder alone (see kit.py)."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from recado.channels import registry
from recado.channels.base import BadSignature, CannotSend, Part
from recado.domain.errors import NotFound
from recado.domain.messages import InboundMessage, Parsed, Rejected
from recado.ports.core import ConnectFailed, HttpResponse, NoAnswer
from tests.channels.kit import CHANNELS, NOW, URL, Bench, outbound, plain, plain_parts, plain_request, recipient

BENCHES = {channel_type: Bench(channel_type) for channel_type in CHANNELS}
MUTATIONS = 2_000


def cases(name: str) -> list[Any]:
    """One parameter for each channel and payload, send, refusal or answer."""
    found: list[Any] = []
    for channel_type, bench in BENCHES.items():
        if name == "payloads":
            named = [(payload, payload) for payload in bench.payloads()]
        elif name == "answers":
            named = [(answer["name"], answer) for answer in bench.read("contract/answers.json")]
        else:
            named = [(case["name"], case) for case in bench.read("contract/sends.json")[name]]
        found += [pytest.param(bench, case, id=f"{channel_type}-{title}") for title, case in named]
    return found


@pytest.fixture(params=list(BENCHES.values()), ids=list(BENCHES))
def bench(request: pytest.FixtureRequest) -> Bench:
    found: Bench = request.param
    return found


def a_body(bench: Bench) -> bytes:
    return bench.encode(bench.payload("text"))


def mutated(text: str, chance: random.Random) -> str:
    """The text with one character or piece changed, never the text itself."""
    at = chance.randrange(len(text))
    other = chance.choice("0123456789abcdefABCDEF+/=,._- \x00é²\ud800")
    ways = (
        text[:at] + other + text[at + 1 :],
        text[:at] + text[at + 1 :],
        text[:at] + other + text[at:],
        text[:at],
        text.swapcase() if chance.random() < 0.1 else text[:at] + text[at:].swapcase(),
        text[at:] + text[:at],
    )
    return chance.choice([way for way in ways if way != text] or [text + "0"])


# -- the way in: signatures ----------------------------------------------------------------------


def test_each_secret_in_rotation_is_good(bench: Bench) -> None:
    raw = a_body(bench)
    for nth in (0, 1):
        bench.verify(raw, bench.sign(raw, nth))


def test_only_the_secrets_that_hold_are_good(bench: Bench) -> None:
    raw = a_body(bench)
    old = bench.sign(raw, 1)
    current = {name: values[:1] for name, values in bench.secrets.items()}
    with pytest.raises(BadSignature):
        bench.adapter.verify(raw, old, URL, current, NOW)


@pytest.mark.parametrize("secrets", [{}, "none", "blank"])
def test_without_a_secret_nothing_is_good(bench: Bench, secrets: Any) -> None:
    raw = a_body(bench)
    held: Any = {"none": dict.fromkeys(bench.secrets, ()), "blank": dict.fromkeys(bench.secrets, ("",))}.get(
        str(secrets), {}
    )
    with pytest.raises(BadSignature):
        bench.adapter.verify(raw, bench.sign(raw), URL, held, NOW)


def test_a_missing_header_is_bad(bench: Bench) -> None:
    raw = a_body(bench)
    for name in bench.sign(raw):
        headers = bench.sign(raw)
        del headers[name]
        with pytest.raises(BadSignature):
            bench.verify(raw, headers)


@pytest.mark.parametrize(
    "value", ["", "sha256=", "v1,", "sha1=00", "v1,é", "\ud800", "=", ",", "v1", "²" * 64, "0" * 100_000]
)
def test_a_malformed_header_is_bad_and_no_error(bench: Bench, value: str) -> None:
    raw = a_body(bench)
    for name in bench.sign(raw):
        for header in (value, bench.signing.HEADER_PREFIX + value):
            with pytest.raises(BadSignature):
                bench.verify(raw, bench.sign(raw) | {name: header})


def test_no_mutation_of_a_signature_is_good(bench: Bench) -> None:
    raw, chance = a_body(bench), random.Random(1)
    headers = bench.sign(raw)
    name = bench.signing.SIGNATURE_HEADER
    for _ in range(MUTATIONS):
        with pytest.raises(BadSignature):
            bench.verify(raw, headers | {name: mutated(headers[name], chance)})


def test_no_truncation_of_a_signature_is_good(bench: Bench) -> None:
    raw = a_body(bench)
    headers = bench.sign(raw)
    name = bench.signing.SIGNATURE_HEADER
    for length in range(len(headers[name])):
        with pytest.raises(BadSignature):
            bench.verify(raw, headers | {name: headers[name][:length]})


def test_no_mutation_of_a_body_is_good(bench: Bench) -> None:
    if not getattr(bench.signing, "SIGNS_BODY", True):
        pytest.skip("the provider proves who it is, and does not sign what it says")
    raw, chance = a_body(bench), random.Random(2)
    headers = bench.sign(raw)
    says_the_same = getattr(bench.signing, "says_the_same", lambda one, other: False)
    refused = 0
    while refused < 200:
        at = chance.randrange(len(raw))
        changed = raw[:at] + bytes([raw[at] ^ (1 << chance.randrange(8))]) + raw[at + 1 :]
        if says_the_same(raw, changed):
            continue  # what is signed is what the form says, not how it is written
        with pytest.raises(BadSignature):
            bench.verify(changed, headers)
        refused += 1


def test_the_bytes_are_signed_as_they_came(bench: Bench) -> None:
    document = bench.payload("text")
    text = bench.encode(document).decode() if bench.own_form else json.dumps(document, ensure_ascii=False)
    for raw in (
        text.encode(),
        bench.encode(document),
        text.replace("/", "\\/").encode(),
        b"",
        b"\xff\x00",
    ):
        bench.verify(raw, bench.sign(raw))


# -- the way in: bodies --------------------------------------------------------------------------


@pytest.mark.parametrize(("bench", "name"), cases("payloads"))
def test_a_recorded_payload_becomes_its_normal_forms(bench: Bench, name: str) -> None:
    raw = bench.encode(bench.read(f"{name}.json"))
    assert plain_parts(bench.receive(raw)) == bench.read(f"expected/{name}.json")


def test_every_expectation_has_its_payload(bench: Bench) -> None:
    assert sorted(path.stem for path in (bench.folder / "expected").glob("*.json")) == bench.payloads()


@pytest.mark.parametrize(("bench", "name"), cases("payloads"))
def test_a_replay_gives_the_same(bench: Bench, name: str) -> None:
    document = bench.read(f"{name}.json")
    first = bench.receive(bench.encode(document))
    again = bench.receive(
        bench.encode(document) if bench.own_form else json.dumps(document, ensure_ascii=False, indent=1).encode()
    )
    assert plain(first) == plain(again)


@pytest.mark.parametrize(("bench", "name"), cases("payloads"))
def test_split_and_parse_agree_on_the_customer(bench: Bench, name: str) -> None:
    for part, parsed in bench.receive(bench.encode(bench.read(f"{name}.json"))):
        people = [message.sender for message in parsed.messages]
        people += [status.recipient for status in parsed.statuses if status.recipient]
        people += [echo.recipient for echo in parsed.echoes]
        people += [edit.customer for edit in parsed.edits]
        people += [revocation.customer for revocation in parsed.revocations]
        assert {person.canonical for person in people} <= {part.sender}
        assert part.sender is None or (part.sender.isascii() and len(part.sender) <= 160)


HOSTILE = {
    "empty": b"",
    "no JSON": b"{",
    "not UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "deep list": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"entry":' * 50_000 + b"1" + b"}" * 50_000,
    "deep, within what the parser takes": b"[" * 900 + b"]" * 900,
    "NaN": b'{"entry": NaN, "message": NaN, "status": NaN, "contact": {"external_id": NaN}}',
    "infinity": b'{"entry": 1e999, "message": -Infinity, "contact": {"external_id": "a"}, "external_id": 1e999}',
    "huge integer": b'{"entry": ' + b"9" * 10_000 + b', "message": {}, "external_id": ' + b"9" * 10_000 + b"}",
    "lone surrogate": b'{"entry": "\\ud800", "message": {"kind": "text", "text": "\\udfff"}, "\\ud800": 1}',
    "NUL": b'{"entry": "\\u0000", "message": {"kind": "\\u0000"}, "contact": {"external_id": "\\u0000"}}',
    "raw NUL": b'{"a": "\x00"}',
    "null": b"null",
    "number": b"1",
    "text": b'"entry"',
    "list": b"[1, 2]",
    "empty object": b"{}",
    "the same key a thousand times": b"{" + b",".join([b'"entry": [], "message": {}'] * 1000) + b"}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_well_signed_hostile_body_is_kept(bench: Bench, name: str) -> None:
    received = bench.receive(HOSTILE[name])
    assert all(part.kind in ("unreadable", "other") or parsed.kept_raw for part, parsed in received), received


def leaves(document: Any) -> list[tuple[Any, Any]]:
    """Each place in a document, as its container and key."""
    pairs = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [place for key, item in pairs for place in ((document, key), *leaves(item))]


@pytest.mark.parametrize(("bench", "name"), cases("payloads"))
def test_any_value_of_a_payload_may_be_anything(bench: Bench, name: str) -> None:
    """Each place in turn holds each wrong thing; forms stay storable: clean UTF-8, JSON, within an item's size."""
    text = json.dumps(bench.read(f"{name}.json"))
    chance = random.Random(name)
    places = range(len(leaves(json.loads(text))))
    wrong: list[Any] = [
        None,
        True,
        -1,
        10**30,
        0.5,
        "",
        "x" * 200_000,
        "\ud800\x00",
        [],
        {},
        [[]],
        {"type": "text"},
        [None, {"id": 5}],
    ]
    for at in chance.sample(places, min(len(places), 25)):
        for value in chance.sample(wrong, 5):
            document = json.loads(text)
            container, key = leaves(document)[at]
            container[key] = value
            for part, parsed in bench.receive(bench.encode(document)):
                assert part.sender is not None or not parsed.messages
                assert_storable(parsed)


def assert_storable(parsed: Parsed) -> None:
    for form in (*parsed.messages, *parsed.statuses, *parsed.echoes, *parsed.edits, *parsed.revocations):
        written = json.dumps(plain(form), ensure_ascii=False, allow_nan=False)
        assert "\\u0000" not in written.replace("\\\\", "")
        assert len(written.encode()) < 300_000
        assert nested(plain(form)) <= 20
        if isinstance(form, InboundMessage):
            assert 0 < len(form.provider_id) <= 512


def nested(value: Any) -> int:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((nested(item) for item in items), default=0)


def with_text(document: Any, text: str) -> Any:
    """The payload with another text in the place of its own, which begins with `Olá!`."""
    if isinstance(document, dict):
        return {key: with_text(item, text) for key, item in document.items()}
    if isinstance(document, list):
        return [with_text(item, text) for item in document]
    return document.replace("Olá!", text) if isinstance(document, str) else document


def test_a_body_of_three_megabytes(bench: Bench) -> None:
    big = bench.encode(with_text(bench.payload("text"), "x" * 3_000_000))
    assert len(big) > 3_000_000
    (part, parsed), *_ = bench.receive(big)
    message = parsed.messages[0]
    if getattr(bench.signing, "SAYS_WORDS", True):
        assert message.text is not None
        assert len(message.text.encode()) == 100_000
    assert message.payload["truncated"] is True
    assert parsed.kept_raw
    assert_storable(parsed)
    assert part.kind == "messages"


def test_a_part_that_cannot_be_written_is_kept_as_a_reason(bench: Bench) -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    part = Part.from_json(Part("messages", "1", "+5511987650001", {"messages": deep}).to_json())
    assert part.kind == "unreadable"
    assert bench.adapter.parse(part).kept_raw
    while deep:  # taken apart here, as the interpreter would by recursion
        deep = deep[0]


# -- the way out ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("bench", "case"), cases("sent"))
def test_a_message_becomes_its_requests(bench: Bench, case: dict[str, Any]) -> None:
    message = outbound(case["message"])
    assert bench.adapter.check(message) == ()
    requests = bench.adapter.build_send(message, recipient(case["to"]), bench.settings, bench.secrets, NOW)
    signature = bench.signing.SIGNATURE_HEADER if bench.adapter.webhooks else ""
    assert [plain_request(request, signature) for request in requests] == case["requests"]


def test_every_kind_that_can_be_sent_is_shown(bench: Bench) -> None:
    shown = {case["message"]["kind"] for case in bench.read("contract/sends.json")["sent"]}
    assert shown == bench.adapter.kinds


@pytest.mark.parametrize(("bench", "case"), cases("refused"))
def test_a_message_that_cannot_be_sent_is_refused_with_a_reason(bench: Bench, case: dict[str, Any]) -> None:
    message = outbound(case["message"])
    settings = {name: value for name, value in bench.settings.items() if name != case.get("without_setting")}
    secrets = {name: values for name, values in bench.secrets.items() if name != case.get("without_secret")}
    if "pointer" in case:
        assert [(error.code, error.pointer) for error in bench.adapter.check(message)] == [
            (case["code"], case["pointer"])
        ]
    to = recipient(case.get("to", {"phone": "+5511987650001"}))
    with pytest.raises(CannotSend) as refused:
        bench.adapter.build_send(message, to, settings, secrets, NOW)
    assert refused.value.failure.code == case["code"]


@pytest.mark.parametrize(("bench", "case"), cases("answers"))
def test_an_answer_means(bench: Bench, case: dict[str, Any]) -> None:
    body = case["body"] if isinstance(case["body"], str) else json.dumps(case["body"])
    outcome = bench.adapter.interpret(HttpResponse(case["status"], case["headers"], body.encode()))
    if isinstance(outcome, Rejected):
        failure = outcome.failure
        assert failure.title
        found = {"code": failure.code, "klass": failure.klass}
        if failure.retry_after_s is not None:
            found["retry_after_s"] = failure.retry_after_s  # type: ignore[assignment]
        assert found == case["outcome"]
    else:
        assert outcome._asdict() == case["outcome"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_is_no_error(bench: Bench, name: str) -> None:
    for status in (200, 400, 500):
        bench.adapter.interpret(HttpResponse(status, {}, HOSTILE[name]))


def test_no_answer_is_tried_again_only_where_that_is_safe(bench: Bench) -> None:
    assert bench.adapter.interpret_no_response(ConnectFailed()).failure.klass == "retry"
    expected = "retry" if bench.adapter.retries.after_no_answer else "unknown"
    assert bench.adapter.interpret_no_response(NoAnswer()).failure.klass == expected
    assert bench.adapter.retries.after_no_answer == (bench.type == "custom")


def test_waits_double_spread_and_stay_within_bounds(bench: Bench) -> None:
    policy = bench.adapter.retries
    assert policy.wait_s(1, 0.0) >= 1
    assert policy.wait_s(1, 0.999) <= 30
    assert policy.wait_s(3, 0.5) == 4 * policy.wait_s(1, 0.5)
    assert policy.wait_s(10_000, 0.999) <= policy.longest_wait_s
    assert policy.wait_s(1, 0.0, asked_s=120.0) == 120.0


# -- the channel itself --------------------------------------------------------------------------


FREE_WORDS = {"from_name"}
"""Settings that are words for people: several are good."""


def test_its_settings_are_good_and_complete(bench: Bench) -> None:
    assert bench.adapter.validate(bench.settings, bench.secrets) == ()
    assert bench.adapter.problems(bench.settings, bench.secrets) == ()
    assert {field.name for field in bench.adapter.fields} == {*bench.settings, *bench.secrets}


def test_what_signs_may_have_two_values(bench: Bench) -> None:
    """And nothing else: a token has one, and so has what proves a site's own visitors, whom no provider tells again."""
    signing = {name for name, values in bench.secrets.items() if len(values) > 1}
    assert bench.adapter.rotating == (signing if bench.adapter.webhooks else set())


def test_each_field_is_missed_and_checked(bench: Bench) -> None:
    for field in bench.adapter.fields:
        held = {"settings": dict(bench.settings), "secrets": dict(bench.secrets)}
        del held[field.place][field.name]
        missing = bench.adapter.validate(**held) if field.need == "always" else bench.adapter.problems(**held)
        required = [] if field.need == "never" else [(f"/{field.place}/{field.name}", "required")]
        assert [(error.pointer, error.code) for error in missing] == required
        for wrong in (5, {"a": 1}, "\x00", "é\ud800", *(() if field.name in FREE_WORDS else ("two words",))):
            held[field.place][field.name] = wrong
            assert [error.code for error in bench.adapter.validate(**held)] == ["invalid"], (field.name, wrong)


def test_the_window_and_the_answer_are_data(bench: Bench) -> None:
    assert bench.adapter.ack.status in (200, 202)
    assert bench.adapter.window is None or bench.adapter.window.after <= bench.adapter.kinds


def test_a_type_that_does_not_exist() -> None:
    with pytest.raises(NotFound):
        registry.adapter("pigeon")
