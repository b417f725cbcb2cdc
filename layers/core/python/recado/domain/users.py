"""What a user, an account and a department must look like."""

from __future__ import annotations

import re

from recado.domain.credentials import MAX_PASSWORD, MIN_PASSWORD
from recado.domain.errors import Invalid
from recado.domain.identity import e164

_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f<>()\",;:\\]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
LOCALES = ("pt-BR", "en")
"""The languages of Recado."""
MAX_EMAIL = 254


def normal_email(email: str) -> str:
    """The form under which an e-mail is one: without blanks around it, in lower case."""
    return email.strip().lower()


def checked_email(email: str, pointer: str = "/email") -> str:
    """The normal form. Raises Invalid at the pointer."""
    normal = normal_email(email)
    if len(normal) > MAX_EMAIL or not normal.isascii() or not _EMAIL.fullmatch(normal):
        raise Invalid.field(pointer, "invalid_email", "This is not an e-mail address.")
    return normal


def checked_password(password: str, pointer: str = "/password") -> str:
    """The password as it is. Raises Invalid at the pointer."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        detail = f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters."
        raise Invalid.field(pointer, "password_length", detail)
    return password


def checked_phone(phone: str, pointer: str = "/phone") -> str:
    """The number in E.164 form, without separators. Raises Invalid at the pointer for one without its country."""
    number = e164(phone) if phone.startswith("+") else None
    if number is None:
        detail = "It must be a number with its country, such as +55 11 98765-4321."
        raise Invalid.field(pointer, "invalid_phone", detail)
    return number


def checked_locale(locale: str, pointer: str = "/locale") -> str:
    """One of the locales that are offered. Raises Invalid at the pointer."""
    if locale not in LOCALES:
        raise Invalid.field(pointer, "invalid_locale", f"Locales are {', '.join(LOCALES)}.")
    return locale
