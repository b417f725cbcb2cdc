"""What is particular to e-mail: the documents of the mail worker, its own addresses, and mail that cannot be misled."""

from __future__ import annotations

import json
import random
from base64 import b64decode
from email import message_from_bytes, policy
from typing import Any

import pytest

from recado.channels.base import BadSignature, CannotSend, Part
from recado.channels.email import Email
from recado.domain.mail import chat_of_tag, mail_address, message_key, reply_tag, without_tag
from recado.domain.messages import Media, OutboundMessage, Parsed
from tests.channels.kit import NOW, outbound, recipient
from tests.channels.test_contract import assert_storable, leaves

EMAIL = Email()
MAIL: dict[str, Any] = {
    "kind": "mail",
    "at": 1772452800,
    "provider_id": "<a@cliente.example>",
    "customer": {"address": "Ana@Cliente.example", "name": "Ana"},
    "author": None,
    "to": [{"address": "suporte@mail.example", "name": None}],
    "cc": [],
    "subject": "Pedido",
    "text": "Olá!",
    "full_text": "Olá!\n> oi",
    "html": "<p>Olá!</p>",
    "date": "2026-03-02T12:00:00.000Z",
    "message_id": "<a@cliente.example>",
    "in_reply_to": None,
    "references": ["<z@cliente.example>"],
    "reply_to": None,
    "automatic": False,
    "verdicts": {"spam": "PASS"},
    "files": [
        {"id": "fi_1", "name": "a.png", "content_type": "image/png", "size": 5, "state": "accepted", "reason": None},
        {
            "id": None,
            "name": "x.exe",
            "content_type": "application/x",
            "size": 5,
            "state": "rejected",
            "reason": "empty",
        },
    ],
    "cut": [],
    "digest": "d",
}
STATUSES = {
    "kind": "statuses",
    "statuses": [{"provider_id": "1", "status": "failed", "at": 1772452800, "code": "5.1.1"}],
}


def read(document: Any) -> list[tuple[Part, Parsed]]:
    parts = EMAIL.split(json.dumps(document).encode(), {}, NOW)
    return [(part, EMAIL.parse(Part.from_json(part.to_json()))) for part in parts]


def test_a_mail_is_a_message_and_one_for_each_file() -> None:
    ((part, parsed),) = read(MAIL)
    said, picture, refused = parsed.messages
    assert (part.sender, said.sender.email) == ("e:ana@cliente.example", "Ana@Cliente.example")
    assert (said.kind, said.text, said.payload["full_text"]) == ("text", "Olá!", "Olá!\n> oi")
    assert [one.provider_id for one in parsed.messages] == [
        "<a@cliente.example>",
        *(f"<a@cliente.example>#{n}" for n in (2, 3)),
    ]
    assert picture.media is not None and refused.media is not None
    assert picture.media.stored == MAIL["files"][0]
    assert (picture.kind, refused.kind, refused.media.stored and refused.media.stored["state"]) == (
        "image", "document", "rejected")  # fmt: skip
    assert parsed.kept_raw == ()


def test_a_mail_without_words_shows_its_subject() -> None:
    ((_, parsed),) = read({**MAIL, "text": "", "files": []})
    assert parsed.messages[0].text == "Pedido"


def test_statuses_name_a_message() -> None:
    ((part, parsed),) = read(STATUSES)
    (status,) = parsed.statuses
    assert (part.kind, status.status, status.error and status.error.code) == ("statuses", "failed", "5.1.1")


@pytest.mark.parametrize("document", [MAIL, STATUSES])
def test_any_value_of_a_document_may_be_anything(document: Any) -> None:
    chance, text = random.Random(3), json.dumps(document)
    wrong: list[Any] = [
        None,
        True,
        -1,
        10**30,
        0.5,
        "",
        "x" * 200_000,
        "é" * 90_000,
        "\ud800\x00",
        [],
        {},
        [[]],
        [None, {"a": 5}],
    ]
    for at in range(len(leaves(json.loads(text)))):
        for value in chance.sample(wrong, 6):
            changed = json.loads(text)
            container, key = leaves(changed)[at]
            container[key] = value
            for part, parsed in read(changed):
                assert part.sender is not None or not parsed.messages
                assert_storable(parsed)


@pytest.mark.parametrize("raw", [b"", b"{", b"null", b"[1]", b'{"kind": "mail"}', b"\xff", b"[" * 100_000])
def test_a_document_that_is_none_is_kept(raw: bytes) -> None:
    (part,) = EMAIL.split(raw, {}, NOW)
    assert part.kind in ("unreadable", "other") and EMAIL.parse(part).kept_raw


def test_nothing_that_is_posted_is_taken() -> None:
    with pytest.raises(BadSignature):
        EMAIL.verify(b"{}", {"authorization": "Bearer x"}, "https://recado.example", {"any": ("x",)}, NOW)


@pytest.mark.parametrize(
    "address", ["a+b@mail.example", "x" * 35 + "@mail.example", "é@mail.example", "a b@mail.example", "a@b@c", ""]
)
def test_an_address_that_cannot_be_a_channels(address: str) -> None:
    assert EMAIL.validate({"address": address}, {})


@pytest.mark.parametrize("name", ["Loja São José", 'Ana "Bia" <x@y>', "客服", "Loja, Ltda.", "a" * 100])
def test_the_name_beside_the_address(name: str) -> None:
    settings = {"address": "s@mail.example", "from_name": name}
    assert EMAIL.validate(settings, {}) == ()
    mail = mail_of({"kind": "text", "text": "x"}, settings)
    (sender,) = mail["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (name, "s@mail.example")
    assert fields_of({"kind": "text", "text": "x"}, settings) == fields_of({"kind": "text", "text": "x"})


@pytest.mark.parametrize(
    "name",
    [
        "  ",
        "=?utf-8?q?=0D=0ABcc:_x?=",
        "a\r\nBcc: eve@evil.example",
        "a\nb",
        "a\x00b",
        "a\u2028b",
        "a\u202eb",
        "\ud800",
        "a" * 101,
        7,
        ["a"],
    ],
)
def test_what_is_no_name(name: Any) -> None:
    """It is refused; where one is stored all the same it adds no field."""
    settings = {"address": "s@mail.example", "from_name": name}
    assert [one.pointer for one in EMAIL.validate(settings, {})] == ["/settings/from_name"]
    assert fields_of({"kind": "text", "text": "x"}, settings) == fields_of({"kind": "text", "text": "x"})


def test_a_channel_has_its_address_in_the_installations_domain() -> None:
    assert EMAIL.misplaced({"address": "Suporte@Mail.example"}, "mail.example") == ()
    for domain in ("", "ail.example", "example", "other.example"):
        assert [one.code for one in EMAIL.misplaced({"address": "suporte@mail.example"}, domain)] == [
            "domain_not_served"
        ]


def test_the_tagged_address_fits_and_leads_back() -> None:
    chat_id = "ca_abcdefgh_" + "0123456789abcdef0123456789a"
    local = "x" * 34 + "+" + reply_tag(chat_id)
    assert len(local) <= 64
    assert without_tag(f"{local}@mail.example") == ("x" * 34 + "@mail.example", reply_tag(chat_id))
    assert chat_of_tag(reply_tag(chat_id), "abcdefgh") == chat_id


def test_message_ids_are_keys() -> None:
    ours = "0100018f2b3c4d5e-0a0b0c0d-1e2f-3a4b5c6d7e8f-000000"
    for domain in ("email.amazonses.com", "us-east-2.amazonses.com", "sa-east-1.amazonses.com"):
        assert message_key(f"<{ours}@{domain}>") == ours
    assert message_key(" <A@b> ") == "<A@b>"
    assert message_key(f"<{ours}@evil.example>") == f"<{ours}@evil.example>"
    assert message_key("<>") is None
    long = message_key("<" + "x" * 400 + "@b>")
    assert long is not None and long.endswith("@unreadable>") and len(long) < 100


def test_addresses() -> None:
    assert mail_address(" Ana+x@B.example ") == "ana+x@b.example"
    for wrong in (
        "a",
        "a@",
        "@b",
        "a@b@c",
        "a b@c",
        "a\n@c",
        "a@c\r\nBcc: x",
        "<a@b>",
        "a..b@c",
        "a" * 65 + "@b",
        "a@" + "b" * 254,
    ):
        assert mail_address(wrong) is None


def test_no_text_of_a_message_adds_a_field() -> None:
    """Whatever stands in what goes into fields, the mail has the fields that it has without it."""
    chance = random.Random(4)
    signs = 'a\r\n:; \t\x00\x0b\x1c\u2028\u0085é<>"@=?'
    wanted = fields_of({"kind": "text", "text": "x", "reply_to": "<b@c>", "answered": {"subject": "s"}})
    for _ in range(100):
        evil = "".join(chance.choice(signs) for _ in range(30)) + "\r\nBcc: eve@evil.example"
        answered = {"subject": "s" + evil, "references": [f"<a{evil}@b>", evil]}
        assert fields_of({"kind": "text", "text": "x", "reply_to": "<b@c>", "answered": answered}) == wanted


ENCODED = "=?utf-8?q?a=0D=0ABcc:_eve@evil.example=0D=0A=0D=0Abody?="


@pytest.mark.parametrize(
    "message",
    [
        {"text": ENCODED},
        {"text": "x", "reply_to": "<b@c>", "answered": {"subject": ENCODED}},
        {"text": "x", "reply_to": "<b@c>", "answered": {"subject": f"a{ENCODED} {ENCODED}"}},
        {"text": "x", "reply_to": "<b@c>", "answered": {"subject": ENCODED.replace("=?", "=\x00?")}},
        {"text": "x", "reply_to": "<b@c>", "answered": {"subject": "=" + ENCODED + "?"}},
        {"text": "x", "reply_to": "<b@c>", "answered": {"text": ENCODED}},
        {"text": "x", "reply_to": "<b@c>", "answered": {"references": [f"<{ENCODED}>", f"<a{ENCODED}@b>"]}},
        {"text": "x", "reply_to": f"<{ENCODED.replace('_', '')}>", "answered": {}},
    ],
)
def test_no_encoded_word_adds_a_field(message: dict[str, Any]) -> None:
    """Words that mean line breaks once they are decoded: a customer may write a subject of them, encoded twice."""
    known = {"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References"}
    given = fields_of({"kind": "text", **message})
    assert set(given) - known == {"MIME-Version", "Content-Type"}
    assert len(given) == len(set(given))


def test_a_files_name_adds_no_field() -> None:
    media = Media(None, None, "application/pdf", ENCODED, content=b"x")
    raw = raw_mail({"kind": "document", "text": "x"}, media=media)
    assert b"\nBcc:" not in raw


def raw_mail(message: dict[str, Any], settings: Any = None, media: Media | None = None) -> bytes:
    made: OutboundMessage = outbound(message)
    made = made._replace(media=media) if media else made
    given = settings or {"address": "s@mail.example"}
    (request,) = EMAIL.build_send(made, recipient({"email": "ana@cliente.example"}), given, {}, NOW)
    return b64decode(json.loads(request.body)["Content"]["Raw"]["Data"])


def mail_of(message: dict[str, Any], settings: Any = None) -> Any:
    return message_from_bytes(raw_mail(message, settings), policy=policy.default)


def fields_of(message: dict[str, Any], settings: Any = None) -> list[str]:
    head = raw_mail(message, settings).partition(b"\r\n\r\n")[0]
    return [line.partition(b":")[0].decode() for line in head.split(b"\r\n") if line[:1] not in (b" ", b"\t")]


def test_an_address_never_adds_a_recipient() -> None:
    for evil in (
        "=?utf-8?q?=0d=0abcc=3ax@d.example?=@b.example",
        "=?utf-8?q?=0d=0abcc=3aeve=40d.example?=@b.example",
        "a@b.example, c@d.example",
        "a@b.example\r\nBcc: c@d.example",
        "a@b.example>",
        '"a"@b.example',
    ):
        with pytest.raises(CannotSend):
            EMAIL.build_send(
                outbound({"kind": "text", "text": "x"}), recipient({"email": evil}), {"address": "s@m.example"}, {}, NOW
            )
