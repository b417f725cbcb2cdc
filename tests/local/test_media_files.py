"""The simulator's media files are what they say they are, down to their checksums and offsets."""

from __future__ import annotations

import re
import struct
import zlib

from infra.local.providers import media_files


def test_png_chunks_have_their_checksums() -> None:
    content, kinds, at = media_files.png(), [], 8
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        chunk = content[at + 4 : at + 8 + length]
        kinds.append(chunk[:4])
        assert struct.unpack_from(">I", content, at + 8 + length) == (zlib.crc32(chunk),)
        at += 12 + length
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]


def test_ogg_pages_follow_each_other_to_the_end() -> None:
    content, at, sequence = media_files.ogg_opus(), 0, 0
    while at < len(content):
        magic, flags, number = content[at : at + 4], content[at + 5], struct.unpack_from("<I", content, at + 18)[0]
        assert (magic, number) == (b"OggS", sequence)
        at += 28 + content[at + 27]
        sequence += 1
    assert (at, sequence, flags) == (len(content), 3, 4)


def test_ogg_checksum_is_the_published_crc() -> None:
    # CRC-32/MPEG-2 of "123456789" with the initial value 0.
    assert media_files._ogg_checksum(b"123456789") == 0x89A1897F


def test_webp_and_mp4_lengths_cover_the_file() -> None:
    webp = media_files.webp()
    assert struct.unpack_from("<I", webp, 4) == (len(webp) - 8,)
    mp4, at = media_files.mp4(), 0
    while at < len(mp4):
        at += struct.unpack_from(">I", mp4, at)[0]
    assert at == len(mp4)
    assert len(mp4) - mp4.index(b"mvhd") + 4 == 108


def test_pdf_offsets_point_at_the_objects() -> None:
    content = media_files.pdf()
    (start,) = re.findall(rb"startxref\n(\d+)\n", content)
    assert content[int(start) :].startswith(b"xref")
    offsets = [int(offset) for offset in re.findall(rb"(\d{10}) 00000 n", content)]
    for number, offset in enumerate(offsets, start=1):
        assert content[offset:].startswith(b"%d 0 obj" % number)
    assert len(offsets) == 3
