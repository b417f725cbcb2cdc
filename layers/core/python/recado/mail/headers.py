"""What stands above a mail and its parts, read field by field: one that cannot be read as it should be is read as the
older library reads it, and at last kept as it stands."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.header import decode_header
from email.message import Message
from email.utils import collapse_rfc2231_value, getaddresses, parsedate_to_datetime
from re import compile as pattern
from typing import TypeVar

from recado.domain.mail import MAX_MESSAGE_ID, Person, is_ses_id, mail_address, message_key

Fields = tuple[tuple[str, str], ...]
"""Names in lower case, values unfolded but not decoded, in the order they came."""
Read = TypeVar("Read")

MAX_FIELDS = 1_000
MAX_VALUE = 8_192
MAX_PEOPLE = 50
MAX_REFERENCES = 50
MAX_NAME = 255
_FOLD = pattern(r"\r?\n[ \t]+")
_NAME = pattern(r"[!-9;-~]{1,100}")
_TYPE = pattern(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_IDS = pattern(r"<([^<>\s]{1,1000})>")
_UNREADABLE = pattern("[\ud800-\udfff]")
_CONTROLS = pattern("[\x00-\x08\x0b-\x1f\x7f]+")
_SLOW_CODECS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def fields_of(head: bytes) -> Fields:
    """The fields of a header block. Lines that are none are passed over."""
    found = []
    for line in _FOLD.sub(" ", readable(head)).splitlines()[: 4 * MAX_FIELDS]:
        name, colon, value = line.partition(":")
        if colon and _NAME.fullmatch(name.rstrip()):
            found.append((name.rstrip().lower(), value.strip()[:MAX_VALUE]))
            if len(found) == MAX_FIELDS:
                break
    return tuple(found)


def readable(raw: bytes) -> str:
    """Bytes without a charset: UTF-8 (RFC 6532), else what old programs wrote."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def decoded(raw: bytes, charset: str | None) -> str:
    """Text in its charset; of one that nobody knows, or that is wrong, as `readable` takes it. Clean."""
    name = (charset or "utf-8").strip().strip("\"'").lower()
    try:
        codec = codecs.lookup(name).name.replace("-", "_")
        text = readable(raw) if codec in _SLOW_CODECS or codec == "ascii" else raw.decode(codec)
    except (LookupError, ValueError, UnicodeError):  # ValueError: a name with a NUL
        text = readable(raw)
    return clean(text)


def clean(text: str) -> str:
    """Without lone surrogates and NUL."""
    return _UNREADABLE.sub("\ufffd", text).replace("\x00", "") if not text.isascii() or "\x00" in text else text


def values(fields: Fields, name: str) -> list[str]:
    """The values of all fields of a name, as they came."""
    return [value for field, value in fields if field == name]


def value(fields: Fields, name: str) -> str:
    """The first value of a field; empty when there is none."""
    return next((value for field, value in fields if field == name), "")


def guarded(read: Callable[[], Read], otherwise: Read) -> Read:
    """What the library reads, or the other thing where it stumbles."""
    try:
        return read()
    except Exception:  # the library raises what its parsers meet: IndexError, AttributeError, RecursionError …
        return otherwise


def words(value: str) -> str:
    """A text with its encoded words (RFC 2047) written out, in one line."""
    plain = guarded(lambda: "".join(_pieces(value)), value)
    return " ".join(_CONTROLS.sub(" ", clean(plain)).split())


def _pieces(value: str) -> Iterator[str]:
    for piece, charset in decode_header(value):
        if isinstance(piece, str):
            yield piece
        else:  # what stood between encoded words comes in this encoding of Python's own
            yield decoded(piece, charset) if charset else piece.decode("raw-unicode-escape", "replace")


def content_type(fields: Fields, default: str) -> str:
    """The type of a part in lower case, without parameters; one that cannot be read is text (RFC 2045 §5.2)."""
    given = value(fields, "content-type")
    kind = given.partition(";")[0].strip().lower()
    return kind if _TYPE.fullmatch(kind) else default if not given else "text/plain"


def transfer_encoding(fields: Fields) -> str:
    """How a body is encoded, in lower case; empty when nothing is said."""
    return value(fields, "content-transfer-encoding").partition(";")[0].strip().lower()


def parameter(fields: Fields, field: str, name: str) -> str | None:
    """A parameter of a field, in the forms of RFC 2231 and, as Outlook writes names, of RFC 2047."""
    given = value(fields, field)
    return guarded(lambda: _parameter(given, name), None) if given else None


def _parameter(given: str, name: str) -> str | None:
    holder = Message()
    holder["content-type"] = given if "/" in given.partition(";")[0] else f"x/{given}"
    found = holder.get_param(name)
    if not found:
        return None
    text = collapse_rfc2231_value(found)
    return words(text) if "=?" in text else clean(text)


def file_name(fields: Fields) -> str | None:
    """How a part wants to be called, without folders; None when it does not say."""
    name = parameter(fields, "content-disposition", "filename") or parameter(fields, "content-type", "name")
    bare = " ".join(_CONTROLS.sub(" ", name).split()).replace("\\", "/").rpartition("/")[2].strip(". ") if name else ""
    return bare[:MAX_NAME] or None


def people(fields: Fields, name: str) -> tuple[Person, ...]:
    """Everybody in the fields of a name, groups written out, each once; what is no address is left out."""
    given = values(fields, name)[:10]
    pairs: list[tuple[str, str]] = guarded(lambda: getaddresses(given), list[tuple[str, str]]())
    found: dict[str, Person] = {}
    for shown, raw in pairs[: 4 * MAX_PEOPLE]:
        address = mail_address(raw)
        if address and len(found) < MAX_PEOPLE:
            found.setdefault(address, Person(address, words(shown)[:MAX_NAME] or None))
    if not found:
        for raw in " ".join(given).replace("<", " ").replace(">", " ").split()[: 4 * MAX_PEOPLE]:
            if address := mail_address(raw.strip(",;\"'()")):
                found.setdefault(address, Person(address))
                break
    return tuple(found.values())


def message_ids(fields: Fields, name: str) -> tuple[str, ...]:
    """The message ids of a field in their order, the last ones when there are too many."""
    given = " ".join(values(fields, name)[:10])
    found = _IDS.findall(given) or [one for one in given.split() if _is_message_id(one)]
    keys = (message_key(one) for one in found[-MAX_REFERENCES:])
    return tuple(dict.fromkeys(key for key in keys if key))


def _is_message_id(word: str) -> bool:
    """Whether a word that has no brackets may be an id."""
    return len(word) <= MAX_MESSAGE_ID and ("@" in word or is_ses_id(word))


def date(fields: Fields) -> datetime | None:
    """When the sender says that it was written."""
    given = value(fields, "date")
    at = guarded(lambda: _in_utc(parsedate_to_datetime(given)), None) if given else None
    return at if at and _EARLIEST <= at < _LATEST else None


def _in_utc(at: datetime) -> datetime:
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
