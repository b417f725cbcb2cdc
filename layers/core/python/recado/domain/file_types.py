"""Which types of files are taken at all, and what each of them is: a closed list. What is not in it is refused by name
(415), so that the check of the bytes has to know these alone."""

from __future__ import annotations

from typing import Literal, NamedTuple

FileKind = Literal["image", "video", "audio", "document"]
EXECUTABLE = "application/x-executable"
"""What bytes that a machine would run are called; taken by nobody, as is HTML."""
HTML = "text/html"
SVG = "image/svg+xml"
CSV = "text/csv"


class FileType(NamedTuple):
    """kind: the kind of message it is sent as · inline: whether browsers may show it where a link to it is opened."""

    kind: FileKind
    inline: bool = False


_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
TYPES: dict[str, FileType] = {
    **dict.fromkeys(("image/jpeg", "image/png", "image/gif", "image/webp"), FileType("image", inline=True)),
    **dict.fromkeys(("video/mp4", "video/3gpp", "video/quicktime", "video/webm"), FileType("video", inline=True)),
    **dict.fromkeys(
        ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/wav", "audio/webm"),
        FileType("audio", inline=True),
    ),
    "application/pdf": FileType("document", inline=True),
    # A page in the shape of a picture: never shown, whatever it holds.
    SVG: FileType("document"),
    **dict.fromkeys(
        (
            "image/heic",
            f"{_OFFICE}.wordprocessingml.document",
            f"{_OFFICE}.spreadsheetml.sheet",
            f"{_OFFICE}.presentationml.presentation",
            f"{_OPEN}.text",
            f"{_OPEN}.spreadsheet",
            f"{_OPEN}.presentation",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            "application/rtf",
            "application/zip",
            "application/json",
            "application/xml",
            "text/plain",
            CSV,
            "text/vcard",
            "text/calendar",
        ),
        FileType("document"),
    ),
}
_OTHER_NAMES = {
    "image/jpg": "image/jpeg",
    "image/heif": "image/heic",
    "audio/mp3": "audio/mpeg",
    "audio/x-m4a": "audio/mp4",
    "audio/m4a": "audio/mp4",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/opus": "audio/ogg",
    "audio/x-aac": "audio/aac",
    "application/ogg": "audio/ogg",
    "application/x-zip-compressed": "application/zip",
    "application/csv": CSV,
    "text/rtf": "application/rtf",
    "text/xml": "application/xml",
    "text/x-vcard": "text/vcard",
}
_EXTENSIONS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "video/mp4": ".mp4",
    "video/3gpp": ".3gp",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "audio/aac": ".aac",
    "audio/amr": ".amr",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "audio/webm": ".weba",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
}
"""Of what comes without a name: pictures, sounds and films, seldom anything else."""
_RUN_BY_NAME = (
    " app bat chm cmd com cpl dll dmg exe gadget hta htm html inf ins iso jar js jse jsp lnk msc msi msp mst pif ps1 "
    "reg scf scr sct sh shtml svgz sys url vb vbe vbs wsc wsf wsh xhtml xht "
)


def type_of(content_type: str) -> str:
    """A content type as the list writes it: without parameters, in lower case, by its own name."""
    bare = content_type.partition(";")[0].strip().lower()
    return _OTHER_NAMES.get(bare, bare)


def extension_of(content_type: str) -> str:
    """The end of a file's name for a type, with its dot; empty for types whose files come with names."""
    return _EXTENSIONS.get(content_type, "")


def is_run_by_name(name: str) -> bool:
    """Whether the end of a file's name makes a machine run or render it once it was saved."""
    _, dot, extension = name.rstrip(". ").rpartition(".")
    return bool(dot) and f" {extension.lower()} " in _RUN_BY_NAME


def is_inline(content_type: str) -> bool:
    """Whether a file of this type is shown where it is opened; everything else is saved."""
    known = TYPES.get(content_type)
    return known is not None and known.inline
