"""Small valid files of each kind, made here byte by byte, for providers that serve media."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class MediaFile:
    """A file's type and bytes."""

    mime_type: str
    content: bytes


@cache
def media_file(media_id: str) -> MediaFile:
    """The file of a media id: the kind named inside the id (`voice-1`, `pdf-7`, `my.png`), else a JPEG."""
    name = media_id.lower()
    for words, mime_type, make in _KINDS:
        if any(word in name for word in words):
            return MediaFile(mime_type, make())
    return MediaFile("image/jpeg", jpeg())


def jpeg() -> bytes:
    """One grey pixel, baseline: every coefficient is 0, so each Huffman table holds the single symbol 0."""
    huffman = bytes([1]) + bytes(15) + b"\x00"
    return (
        b"\xff\xd8"
        + _jpeg_segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")
        + _jpeg_segment(0xDB, b"\x00" + b"\x01" * 64)
        + _jpeg_segment(0xC0, b"\x08\x00\x01\x00\x01\x01\x01\x11\x00")
        + _jpeg_segment(0xC4, b"\x00" + huffman)
        + _jpeg_segment(0xC4, b"\x10" + huffman)
        + _jpeg_segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")
        + b"\x3f\xff\xd9"
    )


def _jpeg_segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def png() -> bytes:
    """One white pixel."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\x00\xff")
    chunks = _png_chunk(b"IHDR", header) + _png_chunk(b"IDAT", pixels) + _png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def webp() -> bytes:
    """One transparent pixel, lossless: size 1 × 1 with alpha, no transform, five codes of a single symbol 0."""
    bits = _Bits()
    bits.add(0, 14).add(0, 14).add(1, 1).add(0, 3)  # width-1, height-1, alpha used, version
    bits.add(0, 1).add(0, 1).add(0, 1)  # no transform, no colour cache, one group of codes
    for _ in range(5):
        bits.add(1, 1).add(0, 1).add(0, 1).add(0, 1)  # simple code, one symbol, of one bit, which is 0
    stream = b"\x2f" + bits.bytes()
    chunk = b"VP8L" + struct.pack("<I", len(stream)) + stream + b"\x00" * (len(stream) % 2)
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


class _Bits:
    """Bits written lowest first, as WebP's lossless format reads them."""

    def __init__(self) -> None:
        self._value = 0
        self._length = 0

    def add(self, value: int, width: int) -> _Bits:
        self._value |= value << self._length
        self._length += width
        return self

    def bytes(self) -> bytes:
        return self._value.to_bytes((self._length + 7) // 8, "little")


def ogg_opus() -> bytes:
    """20 ms of silence, mono, Opus in Ogg (RFC 7845): header page, comment page, one packet."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, 48_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 6) + b"Recado" + struct.pack("<I", 0)
    silence = b"\xf8\xff\xfe"
    return _ogg_page(0, 2, 0, head) + _ogg_page(1, 0, 0, tags) + _ogg_page(2, 4, 960, silence)


def _ogg_page(sequence: int, flags: int, granule: int, packet: bytes) -> bytes:
    """One packet of under 255 bytes as a page; the checksum is taken with its own field at 0."""
    before = b"OggS" + struct.pack("<BBqII", 0, flags, granule, 1, sequence)
    after = bytes([1, len(packet)]) + packet
    return before + struct.pack("<I", _ogg_checksum(before + bytes(4) + after)) + after


def _ogg_checksum(data: bytes) -> int:
    """CRC-32 with polynomial 0x04c11db7, neither reflected nor inverted."""
    value = 0
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value


def mp3() -> bytes:
    """Four silent frames, as many as readers want to see: MPEG-1 layer III, 128 kbit/s, 44.1 kHz, stereo."""
    return (b"\xff\xfb\x90\x00" + bytes(413)) * 4


def amr() -> bytes:
    """One frame without speech, narrow band."""
    return b"#!AMR\n" + b"\x7c"


def mp4() -> bytes:
    """A container with a movie header and no track."""
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    movie = struct.pack(">IIIIIIH10x", 0, 0, 0, 1000, 0, 0x10000, 0x100) + matrix + bytes(24) + struct.pack(">I", 1)
    return _mp4_box(b"ftyp", b"isom\x00\x00\x02\x00isommp42") + _mp4_box(b"moov", _mp4_box(b"mvhd", movie))


def _mp4_box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + kind + data


def pdf() -> bytes:
    """One empty page."""
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>",
    )
    document, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(document))
        document += b"%d 0 obj%sendobj\n" % (number, content)
    table = b"0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    tail = b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(document)
    return document + b"xref\n0 4\n" + table + tail


def plain_text() -> bytes:
    return b"Recado\n"


_KINDS: tuple[tuple[tuple[str, ...], str, Callable[[], bytes]], ...] = (
    (("png",), "image/png", png),
    (("webp", "sticker"), "image/webp", webp),
    (("mp3", "mpeg"), "audio/mpeg", mp3),
    (("amr",), "audio/amr", amr),
    (("ogg", "opus", "voice", "audio"), "audio/ogg; codecs=opus", ogg_opus),
    (("mp4", "video"), "video/mp4", mp4),
    (("pdf", "document"), "application/pdf", pdf),
    (("txt", "text"), "text/plain", plain_text),
)
