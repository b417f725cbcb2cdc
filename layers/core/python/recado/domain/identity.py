"""Which forms of a telephone number are one subscriber.

Three numbering plans changed while messaging services kept the old form, so that one person is seen under two numbers:

* Brazil put a ninth digit before mobile numbers (2012-2016): ``+55 DD XXXXXXXX`` became ``+55 DD 9XXXXXXXX`` where X
  began with 6-9. Numbers that begin with 2-5 are landlines and never had another form; a mobile number given out later,
  such as ``+55 11 95XXX-XXXX``, has no old form either, because its last eight digits are somebody else's landline.
* Argentina is called as ``+54 9 <ten digits>`` on a mobile and ``+54 <ten digits>`` otherwise.
* Mexico was called as ``+52 1 <ten digits>`` on a mobile until 2019 and is ``+52 <ten digits>`` now.

The canonical form is a key for claims and threads. The number to show and to call is the number as it was given.
"""

from __future__ import annotations

from functools import lru_cache
from re import ASCII
from re import compile as pattern

_NOT_DIGITS = pattern(r"\D+", ASCII)
_SEPARATORS = pattern(r"[\s().\-/\u00a0\u2010-\u2015]+")
_E164 = pattern(r"\+?([1-9]\d{6,14})", ASCII)
_BRAZIL = pattern(r"55([1-9][1-9])(9?)([6-9]\d{7})", ASCII)
_ARGENTINA = pattern(r"54(9?)([1-3]\d{9})", ASCII)
_MEXICO = pattern(r"52(1?)([2-9]\d{9})", ASCII)


def e164(number: str) -> str | None:
    """``+<digits>`` of a full international number with or without ``+`` and separators; None when it cannot be one.

    No country is guessed: a national number without its country code is taken for what its digits say.
    """
    match = _E164.fullmatch(number) or _E164.fullmatch(_SEPARATORS.sub("", number[:40]))
    return "+" + match[1] if match else None


def canonical_phone(number: str) -> str:
    """The one form, ``+<digits>``, under which all variants of an international number are known.

    Raises ValueError when the text holds no 7 to 15 digits. Idempotent.
    """
    return phone_variants(number)[0]


@lru_cache(maxsize=4096)
def phone_variants(number: str) -> tuple[str, ...]:
    """All forms under which the subscriber of an international number may be met, the canonical one first.

    The set is the same whichever of its members is asked for. Raises ValueError as canonical_phone does.
    """
    digits = _NOT_DIGITS.sub("", number)
    if not 7 <= len(digits) <= 15:
        raise ValueError("not an international telephone number")
    if match := _BRAZIL.fullmatch(digits):
        return f"+55{match[1]}9{match[3]}", f"+55{match[1]}{match[3]}"
    if match := _ARGENTINA.fullmatch(digits):
        # Without the 9 first: a landline, which has only that form, then keeps its number as its key.
        return f"+54{match[2]}", f"+549{match[2]}"
    if match := _MEXICO.fullmatch(digits):
        return f"+52{match[2]}", f"+521{match[2]}"
    return ("+" + digits,)


def is_older_form(number: str, held: str) -> bool:
    """Whether a number is how the subscriber of the number `held` was written before their plan changed, or is written
    by who leaves a digit out: in Brazil without the ninth digit, in Argentina without the 9 of mobiles, in Mexico with
    the 1 of old. The other way round it is not. Raises ValueError as canonical_phone does."""
    forms = phone_variants(number)
    if number == held or held not in forms:
        return False
    return held == (forms[1] if held.startswith("+54") else forms[0])
