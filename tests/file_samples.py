"""Small files of every type that is taken, and hostile ones, made here: nothing of them is anybody's."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

Read = Callable[[int, int], bytes]


def zipped(*names: str, content: bytes = b"<x/>", first: tuple[str, bytes] | None = None) -> bytes:
    """An archive of these entries; `first` is put in before them, not packed."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        if first is not None:
            archive.writestr(zipfile.ZipInfo(first[0]), first[1], zipfile.ZIP_STORED)
        for name in names:
            archive.writestr(name, content)
    return file.getvalue()


def png(size: int | None = None) -> bytes:
    """A picture of one point; with a size, as many bytes as that."""
    head = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">2I5B", 1, 1, 8, 2, 0, 0, 0))
    whole = head + _chunk(b"IDAT", zlib.compress(b"\0\0\0\0")) + _chunk(b"IEND", b"")
    return whole if size is None else whole + b"\0" * (size - len(whole))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def iso_media(brand: bytes) -> bytes:
    return struct.pack(">I", 24) + b"ftyp" + brand + b"\0\0\0\0isommp42" + b"\0\0\0\x08moov"


def ogg(codec: bytes) -> bytes:
    """One page whose first packet begins with the codec's name."""
    return b"OggS\0\x02" + b"\0" * 8 + b"\x01\0\0\0\0\0\0\0" + b"\0" * 4 + bytes((1, 19)) + codec.ljust(19, b"\0")


def compound(*streams: str) -> bytes:
    """A compound file whose directory names these streams."""
    head = bytearray(512)
    head[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    head[30:32] = (9).to_bytes(2, "little")
    entries = b""
    for name in ("Root Entry", *streams):
        text = name.encode("utf-16-le") + b"\0\0"
        entries += text.ljust(64, b"\0") + len(text).to_bytes(2, "little") + b"\0" * 62
    return bytes(head) + entries.ljust(2048, b"\0")


_OFFICE = "application/vnd.openxmlformats-officedocument"
GOOD: dict[str, bytes] = {
    "image/jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01",
    "image/png": png(),
    "image/gif": b"GIF89a\x01\0\x01\0\0\0\0;",
    "image/webp": b"RIFF\x1a\0\0\0WEBPVP8L\r\0\0\0/\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0",
    "image/heic": iso_media(b"heic"),
    "image/svg+xml": b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><circle r="1"/></svg>',
    "video/mp4": iso_media(b"isom"),
    "video/3gpp": iso_media(b"3gp5"),
    "video/quicktime": iso_media(b"qt  "),
    "video/webm": b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm",
    "audio/webm": b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm",
    "audio/aac": b"\xff\xf1\x50\x80\x00\x1f\xfc",
    "audio/amr": b"#!AMR\n\x3c\0\0",
    "audio/mpeg": b"\xff\xfb\x90\x64\0\0",
    "audio/mp4": iso_media(b"M4A "),
    "audio/ogg": ogg(b"OpusHead"),
    "audio/wav": b"RIFF\x24\0\0\0WAVEfmt ",
    "application/pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "application/rtf": b"{\\rtf1\\ansi Oi}",
    "application/zip": zipped("a.txt"),
    f"{_OFFICE}.wordprocessingml.document": zipped("[Content_Types].xml", "word/document.xml"),
    f"{_OFFICE}.spreadsheetml.sheet": zipped("[Content_Types].xml", "xl/workbook.xml"),
    f"{_OFFICE}.presentationml.presentation": zipped("[Content_Types].xml", "ppt/presentation.xml"),
    **{
        (kind := f"application/vnd.oasis.opendocument.{one}"): zipped("content.xml", first=("mimetype", kind.encode()))
        for one in ("text", "spreadsheet", "presentation")
    },
    "application/msword": compound("1Table", "WordDocument"),
    "application/vnd.ms-excel": compound("Workbook"),
    "application/vnd.ms-powerpoint": compound("Current User", "PowerPoint Document"),
    "application/json": b'{"a": [1]}',
    "application/xml": b'<?xml version="1.0"?><!-- nota --><nfeProc xmlns="http://www.portalfiscal.inf.br/nfe"/>',
    "text/plain": "Olá, João\r\n".encode("latin-1"),
    "text/csv": "\ufeffname;mobile\nJoão;11987654321\n".encode(),
    "text/vcard": b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Iara\r\nEND:VCARD\r\n",
    "text/calendar": b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
}


def bomb(times: int = 1_000) -> bytes:
    """A small archive that says it holds much more: one entry of zeros, its size a thousand of MB in the listing."""
    packed = bytearray(zipped("zeros.bin", content=b"\0" * 1_048_576))
    at = packed.rfind(b"PK\x01\x02")
    packed[at + 24 : at + 28] = (times * 1_048_576).to_bytes(4, "little")
    return bytes(packed)


def overlapping() -> bytes:
    """Twenty entries of one and the same packed bytes."""
    content = bytes(range(256)) * 8
    one = zipped("a.bin", content=content)
    at, end = one.rfind(b"PK\x01\x02"), one.rfind(b"PK\x05\x06")
    entry = one[at:end] * 20
    record = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 20, 20, len(entry), at, 0)
    return one[:at] + entry + record


HOSTILE: dict[str, tuple[str, bytes, str]] = {
    "an .exe named .jpg": ("image/jpeg", b"MZ\x90\0\x03\0\0\0\x04\0PE\0\0", "type_differs"),
    "an ELF named .pdf": ("application/pdf", b"\x7fELF\x02\x01\x01", "type_differs"),
    "a shell script named .txt": ("text/plain", b"#!/bin/sh\nrm -r x\n", "type_differs"),
    "an HTML named .png": ("image/png", b"<html><script>alert(1)</script></html>", "type_differs"),
    "an HTML with a long beginning": ("text/plain", b"\n\n <!-- x -->\n<!DOCTYPE  HTML><p>", "type_differs"),
    "an HTML named .txt": ("text/plain", b"  <BODY onload=alert(1)>", "type_differs"),
    "an XHTML named .xml": ("application/xml", b'<x:html xmlns:x="http://www.w3.org/1999/xhtml"/>', "type_differs"),
    "an XML with XHTML": ("application/xml", b'<a1><b xmlns="http://www.w3.org/1999/xhtml"/></a1>', "type_differs"),
    "an SVG named .png": ("image/png", GOOD["image/svg+xml"], "type_differs"),
    "an SVG named .xml": ("application/xml", GOOD["image/svg+xml"], "type_differs"),
    "an SVG with a script": ("image/svg+xml", b"<svg><script>alert(1)</script></svg>", "active_content"),
    "an SVG with a handler": ("image/svg+xml", b'<svg><g onload = "alert(1)"/></svg>', "active_content"),
    "an SVG with a hidden link": ("image/svg+xml", b'<svg><a href="java&#115;cript:x"/></svg>', "active_content"),
    "an SVG that fetches": ("image/svg+xml", b'<svg><image href="https://a.example/x"/></svg>', "active_content"),
    "an SVG with an entity": ("image/svg+xml", b'<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>', "active_content"),
    "an SVG in UTF-16": ("image/svg+xml", "<svg><script/></svg>".encode("utf-16"), "active_content"),
    "a JPEG named .png": ("image/png", GOOD["image/jpeg"], "type_differs"),
    "a film named as sound": ("audio/mpeg", GOOD["video/mp4"], "type_differs"),
    "a film in Ogg": ("audio/ogg", ogg(b"\x80theora"), "type_differs"),
    "a presentation named .docx": (
        f"{_OFFICE}.wordprocessingml.document", GOOD[f"{_OFFICE}.presentationml.presentation"], "type_differs",
    ),
    "a letter with macros": (
        f"{_OFFICE}.wordprocessingml.document",
        zipped("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
        "type_differs",
    ),
    "a Java program named .zip": ("application/zip", zipped("META-INF/MANIFEST.MF", "A.class"), "type_differs"),
    "an installer named .doc": ("application/msword", compound("!_StringPool"), "type_differs"),
    "a binary named .csv": ("text/csv", b"a,b\n\0\x01\x02\x03", "type_differs"),
    "a bomb": ("application/zip", bomb(), "hostile_archive"),
    "a bomb named .docx": (f"{_OFFICE}.wordprocessingml.document", bomb(), "hostile_archive"),
    "a bomb of one's own bytes": ("application/zip", overlapping(), "hostile_archive"),
    "an archive in an archive": ("application/zip", zipped("lib 0.zip"), "hostile_archive"),
    "an archive of nothing": ("application/zip", b"PK\x05\x06" + b"\0" * 18, "hostile_archive"),
    "an archive without its end": ("application/zip", zipped("a.txt")[:-30], "hostile_archive"),
}  # fmt: skip
"""By name: declared type, bytes, the reason they are refused for."""
