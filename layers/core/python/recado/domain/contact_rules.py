"""What may be written into a contact, and the contact that comes of it. Types and lengths are the request's own matter
(`api.contacts`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from recado.domain.contact_claims import (
    MAX_EMAIL,
    MAX_NAME,
    claims_of,
    contact_claims,
    email_claims,
    phone_claims,
)
from recado.domain.contacts import Claim, Contact
from recado.domain.errors import FieldError, Invalid
from recado.domain.identity import phone_variants

DEFAULT_REGION = "BR"
"""Whose national numbers are meant when the account's country is not known."""
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
PHONES = ("mobile", "phone")
REFERENCES = frozenset({"organization_id", "group_ids", "custom_fields", "photo_file_id", "principal_id"})
"""What points at something else of the account: whether it is there is not decided here."""
MAX_LINE, MAX_PHONE, MAX_ADDRESS, MAX_NOTES = 200, 40, 500, 10_000
_LENGTHS = {"name": MAX_NAME, "email": MAX_EMAIL, "address": MAX_ADDRESS, "notes": MAX_NOTES} | dict.fromkeys(
    PHONES, MAX_PHONE
)
_SEVERAL_LINES = frozenset({"address", "notes"})
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_SOME_OF = ("name", "mobile", "phone", "email")
_NOBODY = FieldError("/name", "required", "A contact needs a name or one of mobile, phone and email.")


def region_of(locale: str) -> str:
    """The country (ISO 3166, two letters) of an account's locale such as `pt-BR`; Brazil when it names none."""
    country = locale.replace("_", "-").rpartition("-")[2]
    return country if re.fullmatch("[A-Z]{2}", country) else DEFAULT_REGION


@lru_cache(maxsize=1024)
def e164_of(text: str, region: str) -> str | None:
    """The E.164 form of a telephone number as somebody typed it; None when it is none.

    With its country code (`+…`) a number counts by its length: ranges are opened faster than tables of them age. A
    national number is completed by `region` (ISO 3166, two letters) and must be valid there, for a number without its
    area code has the length of others."""
    import phonenumbers  # late: its metadata is for those who write contacts

    given = text.strip()
    abroad = ("+" + given.removeprefix("00"),) if given.startswith("00") else ()
    for attempt in (given, "+" + given, *abroad):
        try:
            parsed = phonenumbers.parse(attempt, region)
        except phonenumbers.NumberParseException:
            continue
        number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        if phonenumbers.is_possible_number_with_reason(parsed) != phonenumbers.ValidationResult.IS_POSSIBLE:
            continue
        forms = (phonenumbers.parse(form) for form in phone_variants(number))
        if given.startswith("+") or any(phonenumbers.is_valid_number(form) for form in forms):
            return number
    return None


def too_much(given: Mapping[str, Any]) -> list[FieldError]:
    """An error with a pointer for each text that is longer than its field takes, or has signs that it does not take.
    Requests are held to the same by their types (`api.contacts`); this is for texts that come otherwise."""
    errors = []
    for name, text in given.items():
        if name in REFERENCES or not text:
            continue
        most = _LENGTHS.get(name, MAX_LINE)
        if len(text) > most:
            errors.append(FieldError(f"/{name}", "too_long", f"At most {most:,} characters."))
        elif text.isprintable():
            continue
        elif "\0" in text or (name not in _SEVERAL_LINES and _CONTROLS.search(text)):
            errors.append(FieldError(f"/{name}", "not_one_line", "This is to be one line without control characters."))
    return errors


def cleaned(given: Mapping[str, Any], region: str) -> tuple[dict[str, Any], list[FieldError]]:
    """The fields of a request as a contact has them, but for its references, and an error with a pointer for each that
    is wrong: blanks around texts are cut, an empty text is None, phones are E.164 beside the number as given."""
    values: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, value in given.items():
        if name in REFERENCES:
            continue
        text = (value or "").strip() or None
        if name in PHONES:
            number = e164_of(text, region) if text else None
            values |= {name: number, f"{name}_given": text}
            if text and not number:
                detail = "This is no telephone number. Give it with its area code, or with + and its country code."
                errors.append(FieldError(f"/{name}", "invalid_phone", detail))
            continue
        if name == "email" and text and not _EMAIL.fullmatch(text):
            errors.append(FieldError("/email", "invalid_email", "This is no e-mail address."))
        if name == "birthday" and text and not _is_date(text):
            errors.append(FieldError("/birthday", "invalid_date", "A date is written YYYY-MM-DD."))
        values[name] = text
    return values, errors


def nobody(given: Mapping[str, Any]) -> list[FieldError]:
    """An error where the fields of a new contact have nothing that it would be known by."""
    return [] if any((given.get(name) or "").strip() for name in _SOME_OF) else [_NOBODY]


def created(contact_id: str, values: Mapping[str, Any], now: datetime) -> Contact:
    """The contact of cleaned values, with all its claims. Raises Invalid when it would have nothing to be known by."""
    claims = claims_of(phones=[values.get(name) for name in PHONES], email=values.get("email"))
    return _known(Contact(id=contact_id, created_at=now, updated_at=now, claims=claims, **values))


def changed(contact: Contact, values: Mapping[str, Any], now: datetime) -> Contact:
    """The contact with cleaned values written over its own; the very same object when that changes nothing.

    It takes the claims of what is new, gives those up that nothing of it makes any more, and leaves those alone that it
    did not hold though its data made them: another contact holds them."""
    if all(getattr(contact, name) == value for name, value in values.items()):
        return contact
    after = _known(replace(contact, **values, updated_at=now, version=contact.version + 1))
    made = contact_claims(contact)
    held = tuple(claim for claim in contact_claims(after) if claim in contact.claims or claim not in made)
    return replace(after, claims=held)


def field_of(claim: Claim, contact: Contact) -> str:
    """The field of the contact that makes a claim: for pointing at it."""
    if claim in email_claims(contact.email):
        return "email"
    return "mobile" if claim in phone_claims(contact.mobile) else "phone"


def _known(contact: Contact) -> Contact:
    if any(getattr(contact, name) for name in _SOME_OF) or contact.identities:
        return contact
    raise Invalid(_NOBODY.detail, errors=[_NOBODY])


def _is_date(text: str) -> bool:
    try:
        return bool(_DATE.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False
