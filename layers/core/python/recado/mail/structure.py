"""A mail taken apart: where each part begins and ends, in time that grows with its size alone.

The standard library's parser looks at every line once for each level of parts and makes an object for each: a mail of
0.9 MB with 100,000 parts takes it 8 s, one of nested messages its recursion limit. Here delimiters are searched in the
bytes as they lie, parts are places in them, and their number, their depth and the delimiters looked at are bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from re import IGNORECASE
from re import compile as pattern
from typing import NamedTuple

from recado.mail.headers import Fields, content_type, fields_of, parameter, transfer_encoding

MAX_PARTS = 200
MAX_DEPTH = 10
MAX_DELIMITERS = 5_000
"""Lines that begin as a delimiter does, whether they are one or not, over the whole mail."""
MAX_HEADER_BYTES = 128 * 1024
_BLANK_LINE = pattern(rb"\r?\n\r?\n")
_END_OF_DELIMITER = pattern(rb"(--)?[ \t]*(?:\r?\n|\Z)")
_NESTED = pattern(r"message/(?:rfc822|global)", IGNORECASE)


class Part(NamedTuple):
    """A part of a mail: its fields, its type, and where its body lies in the bytes of the mail. children: of a
    multipart, or the one message in a message."""

    fields: Fields
    type: str
    start: int
    end: int
    children: tuple[Part, ...] = ()

    @property
    def is_message(self) -> bool:
        """Whether it is a mail within the mail."""
        return _NESTED.fullmatch(self.type) is not None


class Structure:
    """The parts of one mail. `cut` names the bounds that it reached."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.cut: set[str] = set()
        self._parts = 0
        self._delimiters = 0
        self.root = self._part(0, len(raw), "text/plain", 0)

    def body(self, part: Part) -> bytes:
        """The bytes of a part as they came, still encoded."""
        return self.raw[part.start : part.end]

    def _part(self, start: int, end: int, default_type: str, depth: int) -> Part:
        self._parts += 1
        fields, body = self._head(start, end)
        kind = content_type(fields, default_type)
        children: tuple[Part, ...] = ()
        if kind.startswith("multipart/") or _NESTED.fullmatch(kind):
            if depth >= MAX_DEPTH:
                self.cut.add("depth")
            elif kind.startswith("multipart/"):
                children = self._children(kind, fields, body, end, depth)
            elif encoded_as_is(fields):
                children = (self._part(body, end, "text/plain", depth + 1),)
        return Part(fields, kind, body, end, children)

    def _head(self, start: int, end: int) -> tuple[Fields, int]:
        """The fields of a part, and where its body begins."""
        if self.raw[start : start + 1] in (b"\n", b"\r"):
            return (), min(end, start + (2 if self.raw[start : start + 2] == b"\r\n" else 1))
        blank = _BLANK_LINE.search(self.raw, start, end)
        head_end, body = (blank.start(), blank.end()) if blank else (end, end)
        if head_end - start > MAX_HEADER_BYTES:
            self.cut.add("headers")
        return fields_of(self.raw[start : min(head_end, start + MAX_HEADER_BYTES)]), body

    def _children(self, kind: str, fields: Fields, start: int, end: int, depth: int) -> tuple[Part, ...]:
        boundary = parameter(fields, "content-type", "boundary")
        if not boundary:
            return ()
        default_type = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        found = []
        for first, last in self._between(boundary.encode("utf-8", "surrogateescape"), start, end):
            if self._parts >= MAX_PARTS:
                self.cut.add("parts")
                break
            found.append(self._part(first, last, default_type, depth + 1))
        return tuple(found)

    def _between(self, boundary: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Where the parts between delimiters lie. One that is not closed ends with what surrounds it."""
        begun: int | None = None
        for at, after, closes in self._delimiter_lines(b"--" + boundary, start, end):
            if begun is not None:
                yield begun, at
            begun = None if closes else after
            if closes:
                return
        if begun is not None and begun <= end:
            yield begun, end

    def _delimiter_lines(self, delimiter: bytes, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
        """Where each delimiter's line begins (with the line break that belongs to it), what follows it, and whether it
        is the last."""
        at = self.raw.find(delimiter, start, end)
        while at >= 0:
            self._delimiters += 1
            if self._delimiters > MAX_DELIMITERS:
                self.cut.add("delimiters")
                return
            rest = _END_OF_DELIMITER.match(self.raw, at + len(delimiter), end)
            if rest and (at == start or self.raw[at - 1 : at] == b"\n"):
                line_break = 0 if at == start else 2 if self.raw[at - 2 : at] == b"\r\n" else 1
                yield max(start, at - line_break), rest.end(), rest[1] is not None
                at = self.raw.find(delimiter, rest.end(), end)
            else:
                at = self.raw.find(delimiter, at + 1, end)


def encoded_as_is(fields: Fields) -> bool:
    """Whether a body lies there in clear, so that parts may be looked for in it."""
    return transfer_encoding(fields) in ("", "7bit", "8bit", "binary")
