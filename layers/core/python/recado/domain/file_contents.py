"""What a file really is, by its own bytes, and whether it is what was announced.

Only the types of `file_types.TYPES` are known, and each by a rule of its own: a library that tells thousands of formats
apart by chance of their first bytes takes a presentation for a letter and a song for a film."""

from __future__ import annotations

import re
from html import unescape
from typing import Literal

from recado.domain.archives import HostileArchive, Read, names_in
from recado.domain.file_types import EXECUTABLE, HTML, SVG, TYPES

HEAD_BYTES = 65_536
MAX_MARKUP_BYTES = 2 * 1_048_576
"""Markup is read whole to find what it would run; longer drawings are refused."""
Reason = Literal["empty", "size_differs", "type_differs", "hostile_archive", "active_content"]

_OFFICE = "application/vnd.openxmlformats-officedocument"
_TEXTS = frozenset({"text/plain", "text/csv", "application/json", "text/vcard", "text/calendar"})
_OLD_OFFICE = {
    "worddocument": "application/msword",
    "workbook": "application/vnd.ms-excel",
    "book": "application/vnd.ms-excel",
    "powerpoint document": "application/vnd.ms-powerpoint",
}
_RUNS = (
    b"\x7fELF", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe", b"#!/", b"#! /", b"L\0\0\0\x01\x14\x02\0", b"\0asm", b"dex\n",
)  # fmt: skip
_BEGINNINGS: tuple[tuple[bytes, frozenset[str]], ...] = (
    (b"\xff\xd8\xff", frozenset({"image/jpeg"})),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", frozenset({"image/png"})),
    (b"GIF87a", frozenset({"image/gif"})),
    (b"GIF89a", frozenset({"image/gif"})),
    (b"%PDF-", frozenset({"application/pdf"})),
    (b"{\\rtf", frozenset({"application/rtf"})),
    (b"#!AMR\n", frozenset({"audio/amr"})),
    (b"#!AMR-WB\n", frozenset({"audio/amr"})),
    (b"ID3", frozenset({"audio/mpeg", "audio/aac"})),
)
_BRANDS = {
    b"M4A ": frozenset({"audio/mp4"}),
    b"M4B ": frozenset({"audio/mp4"}),
    b"qt  ": frozenset({"video/quicktime"}),
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"mif1", b"msf1"), frozenset({"image/heic"})),
}
# Any other brand may hold sound alone: only its tracks tell, and they lie anywhere in the file.
_FILM_OR_SOUND = frozenset({"video/mp4", "audio/mp4"})
_SOUNDS_IN_OGG = (b"OpusHead", b"\x01vorbis", b"Speex   ", b"\x7fFLAC")
_ELEMENT = re.compile(r"<([\w.:-]+)")
_PAGE = re.compile(r"<(?:head|body|script|iframe|object|embed|form|meta|link|style|img|svg|a|div|p|table)\b", re.I)
_XHTML = "http://www.w3.org/1999/xhtml"
_ACTIVE = re.compile(
    r"<\s*(?:[\w-]+:)?(?:script|foreignobject|iframe|object|embed|handler|set|animate)\b"
    r"|\bon\w+\s*=|javascript:|data:text/html|<!entity|<\?xml-stylesheet|@import"
    r"|(?:href|src)\s*=\s*[\"']?\s*(?:&|https?:|//)",
    re.I,
)


def refusal(declared: str, declared_size: int, size: int, read: Read) -> Reason | None:
    """Why a file of `size` bytes is not the one that was announced as of this type and size; None: it is."""
    if size == 0:
        return "empty"
    if size != declared_size:
        return "size_differs"
    try:
        found = real_types(read(0, HEAD_BYTES), size, read)
    except HostileArchive:
        return "hostile_archive"
    if declared not in found or declared not in TYPES:
        return "type_differs"
    if declared == SVG and runs_something(read, size):
        return "active_content"
    return None


def real_types(head: bytes, size: int, read: Read) -> frozenset[str]:
    """The types that a file may be by its bytes; empty for one that is nothing we know. Raises HostileArchive."""
    if head.startswith(_RUNS) or (head.startswith(b"MZ") and b"\0" in head[:64]):
        return frozenset({EXECUTABLE})
    for beginning, types in _BEGINNINGS:
        if head.startswith(beginning):
            return types
    for rule in (_in_riff, _in_iso_media, _in_ogg, _in_webm, _in_mpeg_audio):
        if types := rule(head):
            return types
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _in_zip(names_in(read, size), head)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _in_compound_file(head, read)
    return _in_text(head, read(max(0, size - HEAD_BYTES), HEAD_BYTES))


def _in_riff(head: bytes) -> frozenset[str]:
    kinds = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
    found = kinds.get(head[8:12]) if head.startswith(b"RIFF") else None
    return frozenset({found}) if found else frozenset()


def _in_iso_media(head: bytes) -> frozenset[str]:
    if head[4:8] != b"ftyp":
        return frozenset()
    brand = head[8:12]
    return frozenset({"video/3gpp"}) if brand.startswith((b"3gp", b"3g2")) else _BRANDS.get(brand, _FILM_OR_SOUND)


def _in_ogg(head: bytes) -> frozenset[str]:
    """The first page holds the head of one stream: its name follows the page's table of segments."""
    if not head.startswith(b"OggS") or len(head) < 28:
        return frozenset()
    first = 27 + head[26]
    return frozenset({"audio/ogg"}) if head[first:].startswith(_SOUNDS_IN_OGG) else frozenset()


def _in_webm(head: bytes) -> frozenset[str]:
    webm = head.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in head[:64]
    return frozenset({"video/webm", "audio/webm"}) if webm else frozenset()


def _in_mpeg_audio(head: bytes) -> frozenset[str]:
    """A frame of MPEG audio begins with eleven set bits; the two bits of its layer are zero in ADTS (AAC) alone."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return frozenset()
    if head[1] & 0xF6 == 0xF0:
        return frozenset({"audio/aac"})
    version, layer, rate, frequency = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    real = version != 1 and layer != 0 and rate not in (0, 15) and frequency != 3
    return frozenset({"audio/mpeg"}) if real else frozenset()


def _in_zip(names: frozenset[str], head: bytes) -> frozenset[str]:
    """Office files are archives with certain names in them; programs too."""
    if names & {"meta-inf/manifest.mf", "androidmanifest.xml"} or any(name.endswith(".class") for name in names):
        return frozenset({EXECUTABLE})
    if any(name.rpartition("/")[2] == "vbaproject.bin" for name in names):
        return frozenset({"application/vnd.ms-office.macro-enabled"})
    if "[content_types].xml" in names:
        for name, kind in (
            ("word/document.xml", "wordprocessingml.document"),
            ("xl/workbook.xml", "spreadsheetml.sheet"),
            ("ppt/presentation.xml", "presentationml.presentation"),
        ):
            if name in names:
                return frozenset({f"{_OFFICE}.{kind}"})
    # OpenDocument: the first entry is its type, not packed (ODF 1.3, part 2, §3.3).
    if head[30:38] == b"mimetype":
        start = 38 + int.from_bytes(head[28:30], "little")
        length = int.from_bytes(head[18:22], "little")
        return frozenset({head[start : start + length].decode("ascii", "replace")})
    return frozenset({"application/zip"})


def _in_compound_file(head: bytes, read: Read) -> frozenset[str]:
    """The first sector of the directory names the streams ([MS-CFB] §2.2, §2.6); an installer has none of Office's."""
    sector_bytes = 1 << min(int.from_bytes(head[30:32], "little"), 12)
    first = int.from_bytes(head[48:52], "little")
    directory = read((first + 1) * sector_bytes, 4 * sector_bytes)
    found: set[str] = set()
    for at in range(0, len(directory) - 127, 128):
        length = int.from_bytes(directory[at + 64 : at + 66], "little")
        name = directory[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace").lower()
        if name in _OLD_OFFICE:
            found.add(_OLD_OFFICE[name])
    return frozenset(found) if len(found) == 1 else frozenset()


def _in_text(head: bytes, tail: bytes) -> frozenset[str]:
    """Text has no NUL and no control signs but those of lines; markup is told by its first element."""
    text = _text(head)
    if text is None or _text(tail, middle=True) is None:
        return frozenset()
    element = _first_element(text)
    if element == "svg":
        return frozenset({SVG})
    if element == "html" or _XHTML in text or _PAGE.match(text.lstrip()):
        return frozenset({HTML})
    return _TEXTS if element is None else _TEXTS | {"application/xml"}


def _first_element(text: str) -> str | None:
    """The name of the first element in lower case and without its prefix, `html` where a doctype says so; None when the
    text does not begin as markup. A prolog that does not end here counts as a page: nobody can tell what follows."""
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if text.startswith("<?", at):
            end = text.find("?>", at)
        elif text.startswith("<!--", at):
            end = text.find("-->", at)
        elif text[at : at + 9].lower() == "<!doctype":
            if text[at + 9 : at + 64].split(">")[0].strip().lower().startswith("html"):
                return "html"
            end = text.find(">", at)
            end = text.find("]>", at) if 0 <= text.find("[", at) < end else end
        else:
            element = _ELEMENT.match(text, at)
            return element[1].lower().rpartition(":")[2] if element else None
        if end < 0:
            return "html"
        at = text.index(">", end) + 1


def _text(part: bytes, middle: bool = False) -> str | None:
    """A part of a text file as text, without its byte order mark; None when it is no text. UTF-16 has its mark, all
    else that is not UTF-8 is read as Latin-1."""
    if part.startswith((b"\xff\xfe", b"\xfe\xff")) and not middle:
        text = part[: len(part) // 2 * 2].decode("utf-16", "replace")
        return None if _unprintable(text) else text
    if middle and b"\0" in part:
        # The end of a UTF-16 text has no mark: every other byte of what is Western is zero.
        return "" if part.count(b"\0") * 3 > len(part) else None
    text = part.decode("utf-8-sig", "replace") if _is_utf8(part) else part.decode("latin-1")
    return None if _unprintable(text) else text


def _is_utf8(part: bytes) -> bool:
    """Whether the part is UTF-8, but for a sign that its border cuts."""
    try:
        part.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(part) - 3 or error.end <= 3
    return True


def _unprintable(text: str) -> bool:
    return any(sign < " " and sign not in "\t\n\r\f\v\x1a" for sign in text)


def runs_something(read: Read, size: int) -> bool:
    """Whether a drawing holds what a browser would run, follow or fetch; what cannot be read whole counts as such."""
    if size > MAX_MARKUP_BYTES:
        return True
    text = _text(read(0, size))
    return text is None or _ACTIVE.search(unescape(text)) is not None
