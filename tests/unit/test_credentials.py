"""Tokens, passwords, e-mails."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recado.domain.credentials import hash_of, proves, read_token, token_of
from recado.domain.errors import Invalid
from recado.domain.users import checked_email
from recado.passwords import Argon2Passwords
from tests.conftest import PRODUCTS_HASHER

TAIL = "0" * 26 + "a"
USER = f"us_acctaaaa_{TAIL[::-1]}"


def test_a_token_says_whose_it_is() -> None:
    for public_id, is_session in ((f"se_acctaaaa_{TAIL}", True), (f"tk_acctaaaa_{TAIL}", False)):
        presented = read_token(token_of(public_id, USER, "a_secret-with_signs"))
        assert presented is not None
        assert (presented.account, presented.id, presented.user_id, presented.is_session, presented.secret) == (
            "acctaaaa", public_id, USER, is_session, "a_secret-with_signs",
        )  # fmt: skip


@given(st.text(max_size=250) | st.from_regex(r"r[sk]_[a-z2-7]{7,9}_[0-9a-f]{26,28}_[0-9a-f]{26,28}_.*"))
def test_any_text_is_read_without_harm(text: str) -> None:
    presented = read_token(text)
    if presented is not None:
        assert token_of(presented.id, presented.user_id, presented.secret) == text
        assert proves(presented.secret, hash_of(presented.secret))


@pytest.mark.parametrize(
    "token",
    [
        f"rs_acctaaaa_{TAIL}_{TAIL}_",
        f"se_acctaaaa_{TAIL}_{TAIL}_x",
        f"rs_ACCTAAAA_{TAIL}_{TAIL}_x",
        f"rs_acct_{TAIL}_{TAIL}_x",
        f"rs_acctaaaa_{TAIL}_{TAIL}x",
        f"rs_acctaaaa_{TAIL}_x",
        f"rs_acctaaaa_{TAIL}_x_x",
    ],
)
def test_what_is_no_token(token: str) -> None:
    assert read_token(token) is None


def test_a_secret_is_proved_by_itself_alone() -> None:
    assert proves("secret", hash_of("secret"))
    assert not proves("secreT", hash_of("secret"))
    assert not proves("\ud800", hash_of("secret"))


def test_argon2_tells_right_from_wrong_and_nobody_from_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Argon2Passwords, "_hasher", PRODUCTS_HASHER)
    passwords = Argon2Passwords()
    hashed = passwords.hash("a long password")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$") and hashed != passwords.hash("a long password")
    assert passwords.matches(hashed, "a long password")
    assert not passwords.matches(hashed, "another password")
    assert not passwords.matches(None, "a long password")
    assert not passwords.matches(None, "the password of nobody")
    assert not passwords.matches("no hash", "a long password")


@pytest.mark.parametrize("email", ["ana@one.example", " Ana.Maria+tag@Sub.One-Two.example "])
def test_an_email(email: str) -> None:
    assert checked_email(email) == email.strip().lower()


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ana",
        "@one.example",
        "ana@",
        "ana@one",
        "a b@one.example",
        "ana@@one.example",
        "ana@one..example",
        "a" * 65 + "@one.example",
        "ana@-one.example",
        "ana\n@one.example",
        "aná@one.example",
    ],
)
def test_what_is_no_email(email: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_email(email)
    assert refused.value.errors[0].pointer == "/email"
