"""Hostile mail takes a time that its size explains: bombs, and thousands of mutations of the recorded ones."""

from __future__ import annotations

import random
import time

import pytest

from recado.domain.mail import Mail
from tests.mail.shapes_read import NAMES, read, shape

MOST_S = 2.0
"""Each of them takes a tenth of it at most on a machine that does nothing else; the library takes one of them 8 s."""
HEAD = b"From: a@b.example\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=a\n\n"
HTML = HEAD + b"Content-Type: text/html\n\n"
BOMBS = {
    "100,000 parts": MIXED + b"--a\n\nx\n" * 100_000 + b"--a--\n",
    "lines that begin as delimiters": MIXED + b"--ax\n" * 200_000,
    "mails in mails": HEAD + b"Content-Type: message/rfc822\n\n" * 30_000,
    "multiparts in multiparts": HEAD
    + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(20_000)),
    "the same boundary at each level": HEAD + b"Content-Type: multipart/mixed; boundary=a\n\n--a\n" * 20_000,
    "fields": b"X: y\n" * 400_000,
    "one long field": b"Subject: " + b"=?utf-8?q?a?= " * 100_000 + b"\n\nx",
    "brackets": b"To: " + b"(" * 100_000 + b"\n\nx",
    "quotes": b"From: " + b'"' * 100_000 + b"\n\nx",
    "recipients": b"To: " + b"<a@b>," * 100_000 + b"\n\nx",
    "folded for ever": b"To: a" + b"\n b" * 300_000,
    "parameters": b"Content-Type: text/plain; " + b"a*0*=x;" * 100_000 + b"\n\nx",
    "references": b"References: " + b"<a@b> " * 100_000 + b"\n\nx",
    "open elements": HTML + b"<div>" * 90_000,
    "formatting that is rebuilt": HTML + b"".join(b"<b a=%d>" % n for n in range(29)) + b"<p>" * 19_000,
    "tables in tables": HTML + b"<table><tr><td>" * 6_000,
    "angles": HTML + b"<" * 480_000,
    "ampersands": HTML + b"&" * 480_000,
    "scripts that are not closed": HTML + b"<script " * 49_000,
    "scripts in titles": HTML + b"<title><script>a</title>" * 16_000 + b"&" * 30_000,
    "comments": HTML + b"<!--" * 100_000,
    "attributes": HTML + b"<a " + b"x=y " * 100_000 + b">",
    "answers that begin": HEAD + b"\n" + b"On a " * 80_000,
    "lines of an answer": HEAD + b"\n" + b"Em dia 1\n" * 40_000,
    "quoted lines": HEAD + b"\n" + b"> a\n" * 90_000,
    "empty lines": HEAD + b"\n" + b"\n" * 400_000,
    "heads of answers": HEAD + b"\n" + b"De: a\n" * 60_000,
    "uuencoded lines": HEAD + b"Content-Transfer-Encoding: uuencode\n\nbegin 644 a\n" + b"#3VS#\n" * 100_000,
    "padding": HEAD + b"Content-Transfer-Encoding: base64\n\n" + b"YQ==" * 200_000,
    "idna": HEAD + b"Content-Type: text/plain; charset=idna\n\n" + b"xn--a." * 60_000,
    "punycode": HEAD + b"Content-Type: text/plain; charset=punycode\n\n" + b"a-" * 100_000,
}


def in_time(raw: bytes) -> Mail:
    begun = time.process_time()
    mail = read(raw)
    assert time.process_time() - begun < MOST_S
    return mail


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_bounded(name: str) -> None:
    mail = in_time(BOMBS[name])
    assert len(mail.full_text) <= 400_000
    assert len(mail.html) <= 100_000


def test_two_thousand_mutations() -> None:
    """None raises, none takes long, and none gives what cannot be stored."""
    chance = random.Random(7)
    shapes = [shape(name) for name in NAMES]
    worst = 0.0
    for _ in range(2_000):
        raw = bytearray(chance.choice(shapes))
        for _ in range(chance.randrange(1, 8)):
            mutate(raw, chance, shapes)
        begun = time.process_time()
        mail = read(bytes(raw))
        worst = max(worst, time.process_time() - begun)
        for text in (mail.text, mail.full_text, mail.html, mail.subject, mail.message_id or "", *mail.references):
            assert "\x00" not in text
            text.encode()
        assert all(one.address == one.address.lower() for one in (*mail.to, *mail.cc))
    assert worst < MOST_S


def mutate(raw: bytearray, chance: random.Random, shapes: list[bytes]) -> None:
    at = chance.randrange(len(raw) + 1)
    way = chance.randrange(6)
    if way == 0:
        raw[at : at + 1] = bytes([chance.randrange(256)])
    elif way == 1:
        del raw[at : at + chance.randrange(1, 40)]
    elif way == 2:
        raw[at:at] = chance.choice(
            (b"\n\n", b"\r\n", b"--b\n", b"=?utf-8?Q?", b"Content-Type: message/rfc822\n\n", b"<b>", b"\x00")
        )
    elif way == 3:
        other = chance.choice(shapes)
        begin = chance.randrange(len(other))
        raw[at:at] = other[begin : begin + chance.randrange(1, 300)]
    elif way == 4:
        raw[at:at] = raw[at : at + chance.randrange(1, 200)] * chance.randrange(1, 5)
    else:
        raw.reverse() if chance.random() < 0.05 else raw.insert(at, chance.randrange(128, 256))
