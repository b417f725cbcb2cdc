"""How contacts are found: the search tokens of a contact, and what a search text asks of them.

Tokens have no kinds: a name's word, the start of a number and its last four digits lie in one order, so that every
search is one range of keys. A token that another token begins with is left out, for whatever finds it finds the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from unicodedata import category, normalize

from recado.domain.contacts import Contact
from recado.domain.identity import phone_variants

MAX_TOKENS = 25
"""Tokens of one contact: those of its phones (at most 12) and its e-mail come first, then the name's words in their
order. A change of all that a contact is, its groups too, has to fit one transaction of 100 operations."""
MAX_TOKEN_LENGTH = 64
MAX_QUERY_LENGTH = 200

_COMMON = frozenset({
    "maria", "jose", "ana", "joao", "antonio", "francisco", "carlos", "paulo", "pedro", "lucas", "luiz",
    "marcos", "luis", "gabriel", "rafael", "silva", "santos", "oliveira", "souza", "sousa", "pereira",
    "ferreira", "lima", "alves", "rodrigues", "costa", "ribeiro", "martins", "carvalho", "almeida", "gomes",
    "lopes", "gmail", "hotmail", "outlook", "yahoo", "icloud",
})  # fmt: skip
"""Words that very many contacts in Brazil have (IBGE's commonest names and surnames; providers of mail): looked up
after any other."""
_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"[\s+()./\-]*\d[\d\s+()./\-]*", re.ASCII)
_LAST_DIGITS = 4
_FULL_NUMBER = 12
"""From so many digits on a number without a plus is taken to begin with a country's calling code."""
_LONG_CALLING_CODES = re.compile(r"2[^07]|3[578]|42|5[09]|6[7-9]|8[^1246]|9[679]|0")
"""How the calling codes of three digits begin (ITU-T E.164); 1 and 7 are codes by themselves, all others have two
digits."""
_OTHERS = b"\0"
"""In place of signs that are folded by the long way."""
_ADDRESS_EDGES = "<>()[],;:\"'"


@dataclass(frozen=True)
class Query:
    """What a token item must meet: a token that begins with `prefix`, and for each of `others` some token that begins
    with it."""

    prefix: str
    others: tuple[str, ...] = ()

    def looked_up_by_each(self) -> tuple[Query, ...]:
        """The same query, looked up by each of its words; first by those that fewer contacts are likely to have."""
        terms = (self.prefix, *self.others)
        return tuple(Query(term, tuple(other for other in terms if other != term)) for term in terms)

    def met_by(self, token: str, tokens: Iterable[str]) -> bool:
        """Whether the contact with these tokens is to be reported at this one: it is the least that matches, and the
        others match."""
        known = tuple(tokens)
        if token != min((one for one in known if one.startswith(self.prefix)), default=token):
            return False
        return all(any(one.startswith(other) for one in known) for other in self.others)


def fold(text: str) -> str:
    """Text without case and accents."""
    if text.isascii():
        return text.lower()
    try:
        signs = text.encode("latin-1").translate(_latin_1())
    except UnicodeEncodeError:
        return _folded(text)
    return _folded(text) if _OTHERS in signs else signs.decode("latin-1")


def other_openings(folded: Iterable[str]) -> frozenset[str]:
    """Signs of Latin-1: a text that begins with one of them folds into none of these, nor into what begins with one of
    them. What follows a sign takes nothing from what it folds into: no sign of Latin-1 is a mark or folds into nothing.
    """
    wanted = {one[:1] for one in folded}
    return frozenset(chr(number) for number, one in enumerate(_each_of_latin_1()) if one[0] not in wanted)


@cache
def _latin_1() -> bytes:
    """What each sign of Latin-1 folds into, where that is one such sign: so it is with almost every name. Marks change
    nothing of their neighbours here, as there are none in Latin-1."""
    each = _each_of_latin_1()
    return b"".join(one.encode("latin-1") if len(one) == 1 and ord(one) < 256 else _OTHERS for one in each)


@cache
def _each_of_latin_1() -> tuple[str, ...]:
    return tuple(_folded(chr(number)) for number in range(256))


def _folded(text: str) -> str:
    decomposed = normalize("NFKD", normalize("NFKD", text).casefold())
    return "".join(sign for sign in decomposed if category(sign) != "Mn")


def search_tokens(contact: Contact) -> tuple[str, ...]:
    """The tokens by which a contact is found, at most MAX_TOKENS, each of at most MAX_TOKEN_LENGTH characters."""
    found = dict.fromkeys(token[:MAX_TOKEN_LENGTH] for token in _candidates(contact))
    covered = {token for token, following in pairwise(sorted(found)) if following.startswith(token)}
    return tuple(token for token in found if token not in covered)[:MAX_TOKENS]


def parse_query(text: str) -> Query | None:
    """What a search text asks for; None when it holds nothing to search by.

    A text of digits and the signs of a telephone number is one number, whatever its blanks; of any other text each word
    must match."""
    folded = fold(text).strip()
    if _NUMBER.fullmatch(folded):
        return _number_query(folded)
    terms = dict.fromkeys(term[:MAX_TOKEN_LENGTH] for chunk in folded.split() for term in _terms(chunk))
    implied = {term for term, following in pairwise(sorted(terms)) if following.startswith(term)}
    needed = sorted(
        (term for term in terms if term not in implied), key=lambda term: (term in _COMMON, -len(term), term)
    )
    return Query(needed[0], tuple(needed[1:])) if needed else None


def _candidates(contact: Contact) -> Iterator[str]:
    for number in (contact.mobile, contact.phone, *contact.more_phones):
        if number:
            yield from _phone_tokens(number)
    if contact.email:
        address = fold(contact.email)
        yield address
        local, _, domain = address.rpartition("@")
        yield from _WORD.findall(local)[:4]
        yield domain
        yield from _WORD.findall(domain.rpartition(".")[0])[1:2]
    yield from _WORD.findall(fold(contact.name or ""))
    yield from map(fold, contact.more_emails)


def _phone_tokens(number: str) -> Iterator[str]:
    """The whole number, each form's national and subscriber number, the last four digits."""
    import phonenumbers  # late: its metadata is for those who write contacts

    forms = phone_variants(number)
    yield forms[0].removeprefix("+")
    area = ""
    for form in forms:
        try:
            parsed = phonenumbers.parse(form)
        except phonenumbers.NumberParseException:
            continue
        national = phonenumbers.national_significant_number(parsed)
        yield national
        # An old form is no valid number of its plan and so of no area by itself: it has the area of the form before it.
        area = national[: phonenumbers.length_of_geographical_area_code(parsed)] or area
        if area and national.startswith(area):
            yield national.removeprefix(area)
    yield number[-_LAST_DIGITS:]


def _terms(chunk: str) -> list[str]:
    """A chunk with an `@` inside is the start of an address, one that begins with it that of a domain, any other is its
    words."""
    address = chunk.strip(_ADDRESS_EDGES)
    if "@" in address[1:]:
        return [address]
    return [address[1:]] if _WORD.match(address, 1) and address.startswith("@") else _WORD.findall(chunk)


def _number_query(text: str) -> Query:
    digits = "".join(sign for sign in text if sign.isdigit())
    if text.startswith("+"):
        code = _calling_code(digits)
        national = digits.removeprefix(code)
        return Query(national, (code,)) if national else Query(digits)
    if len(digits) > _LAST_DIGITS:
        digits = digits.lstrip("0") or digits
    if _FULL_NUMBER <= len(digits) <= 15:
        digits = phone_variants(digits)[0].removeprefix("+")
    return Query(digits[:MAX_TOKEN_LENGTH])


def _calling_code(digits: str) -> str:
    if digits[:1] in ("1", "7"):
        return digits[:1]
    return digits[:3] if _LONG_CALLING_CODES.match(digits) else digits[:2]
