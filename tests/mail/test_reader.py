"""Mails as programs write them, and as nobody should: what each becomes."""

from __future__ import annotations

import json

import pytest

from recado.domain.mail import MailFile
from tests.mail.shapes_read import EXPECTED, NAMES, plain, read, shape

HEAD = b"From: ana@cliente.example\nMessage-ID: <a@b.example>\n"


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_mail_is_read(name: str) -> None:
    assert plain(read(shape(name))) == json.loads(EXPECTED.read_text())[name]


def test_each_expectation_has_its_mail() -> None:
    assert sorted(json.loads(EXPECTED.read_text())) == NAMES


def test_a_mail_is_the_same_by_whichever_way_it_came() -> None:
    raw = shape("gmail_reply")
    assert read(raw).digest == read(b"Received: from x\nX-SES-Spam-Verdict: PASS\n" + raw).digest
    assert read(raw).digest != read(raw.replace(b"obrigada", b"obrigado")).digest
    assert read(raw).digest != read(raw.replace(b"Pedido 42", b"Pedido 43")).digest


def test_of_html_beyond_the_bounds_the_words_are_kept_and_no_script() -> None:
    said = "<head><title>t</title></head>Oi <SCRIPT>a()</script >Ana<style>b<style>c</style> e <script>Bia"
    mail = read(HEAD + b"Content-Type: text/html\n\n" + said.encode() + b"<" * 40_001)
    assert (mail.html, mail.cut) == ("", ("html",))
    assert mail.text.rstrip("< ") == "Oi Ana e Bia"


def test_files_are_bounded_in_number_and_size() -> None:
    part = b"--b\nContent-Type: application/pdf\n\n%PDF-\n"
    mail = read(HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + part * 60 + b"--b--\n")
    assert (len(mail.files), mail.cut) == (50, ("files",))
    limit = 25 * 1024 * 1024
    large = HEAD + b"Content-Type: application/pdf\n\n"
    assert not read(large + b"x" * limit).files[0].too_large
    assert read(large + b"x" * (limit + 1)).files == (MailFile("anexo-1.pdf", "application/pdf", b"", None, True),)


def test_a_long_text_is_cut() -> None:
    mail = read(HEAD + b"\n" + b"palavra " * 200_000)
    assert mail.cut == ("text",)
    assert len(mail.full_text) <= 400_000


@pytest.mark.parametrize(
    "field",
    [
        b"Auto-Submitted: auto-generated",
        b"X-Auto-Response-Suppress: DR, OOF",
        b"Precedence: bulk",
        b"Precedence: junk",
        b"List-Id: <x>",
        b"List-Unsubscribe: <mailto:x@y>",
        b"Return-Path: <>",
        b"X-Autoreply: yes",
    ],
)
def test_what_a_machine_wrote_is_known(field: bytes) -> None:
    assert read(field + b"\n" + HEAD + b"\noi").automatic


def test_what_a_person_wrote_is_known() -> None:
    for field in (
        b"Auto-Submitted: no",
        b"X-Auto-Response-Suppress: none",
        b"Precedence: normal",
        b"Return-Path: <a@b.c>",
    ):
        assert not read(field + b"\n" + HEAD + b"\noi").automatic
