"""The listing of a ZIP archive, read within bounds and without unpacking anything, and what makes one hostile.

Source: APPNOTE.TXT 6.3.10 (end of central directory §4.3.16, central directory header §4.3.12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import Struct
from typing import NamedTuple

Read = Callable[[int, int], bytes]
"""Bytes of a file from an offset, at most so many; fewer at its end."""

MAX_ENTRIES = 10_000
MAX_LISTING_BYTES = 2 * 1_048_576
MAX_UNPACKED_BYTES = 1_024 * 1_048_576
MAX_RATIO = 100
HARMLESS_BYTES = 50 * 1_048_576
"""Below this, unpacking harms nobody whatever the ratio: spreadsheets pack 200 to 1."""
_NESTED = (".zip", ".jar", ".apk", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".zst")
_END = Struct("<4s4H2IH")
_ENTRY = Struct("<4s6H3I5H2I")
_MAX_COMMENT = 65_535


class HostileArchive(Exception):
    """Unpacking it would do harm, or nobody can tell what it would do."""


class Entry(NamedTuple):
    """A name as bytes were, decoded as far as it goes, and sizes in bytes."""

    name: str
    packed: int
    unpacked: int


def names_in(read: Read, size: int) -> frozenset[str]:
    """The names of all entries, in lower case. Raises HostileArchive for a bomb and for a listing that cannot be
    relied on."""
    entries = list(_entries(read, size))
    if not entries:
        raise HostileArchive("holds nothing")
    unpacked = sum(entry.unpacked for entry in entries)
    # Entries that share bytes are how a small archive says that it is a large one.
    if sum(entry.packed for entry in entries) > size:
        raise HostileArchive("entries overlap")
    if unpacked > MAX_UNPACKED_BYTES or unpacked > max(HARMLESS_BYTES, MAX_RATIO * size):
        raise HostileArchive("unpacks to too much")
    if any(entry.name.endswith(_NESTED) for entry in entries):
        raise HostileArchive("holds an archive")
    return frozenset(entry.name for entry in entries)


def _entries(read: Read, size: int) -> Iterator[Entry]:
    count, length, offset = _end(read, size)
    if count > MAX_ENTRIES or length > MAX_LISTING_BYTES or offset + length > size:
        raise HostileArchive("its listing is too long")
    listing, at = read(offset, length), 0
    for _ in range(count):
        if at + _ENTRY.size > len(listing):
            raise HostileArchive("its listing is broken")
        head = _ENTRY.unpack_from(listing, at)
        packed, unpacked, name_length, extra_length, comment_length = head[8:13]
        if head[0] != b"PK\x01\x02" or 0xFFFFFFFF in (packed, unpacked):
            raise HostileArchive("its listing is broken")
        name = listing[at + _ENTRY.size : at + _ENTRY.size + name_length]
        yield Entry(name.decode("utf-8", "replace").lower(), packed, unpacked)
        at += _ENTRY.size + name_length + extra_length + comment_length
    if at != len(listing):
        raise HostileArchive("its listing is longer than it says")


def _end(read: Read, size: int) -> tuple[int, int, int]:
    """(entries, bytes of the listing, where it begins) from the record at the end of the archive."""
    tail_at = max(0, size - _END.size - _MAX_COMMENT)
    tail = read(tail_at, size - tail_at)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        raise HostileArchive("has no end")
    _, disk, first_disk, here, count, length, offset, _ = _END.unpack_from(tail, at)
    if disk or first_disk or here != count or 0xFFFF in (here, count) or 0xFFFFFFFF in (length, offset):
        raise HostileArchive("is one of several, or too large to be listed")
    return count, length, offset
