"""What is to be read of a mail: bytes as text, HTML as safe HTML and as text.

HTML is cleaned by nh3, which parses as browsers do. What makes such a parser slow (elements nested and left open by the
thousand) is counted before; HTML beyond the bounds is left out, and its words are kept.
"""

from __future__ import annotations

import json
from binascii import a2b_base64, a2b_qp, a2b_uu
from bisect import bisect
from collections import Counter
from collections.abc import Mapping
from html import escape, unescape
from re import IGNORECASE
from re import compile as pattern

import nh3

from recado.mail.headers import Fields, clean, guarded, transfer_encoding

MAX_HTML_CHARACTERS = 500_000
MAX_TAGS = 20_000
MAX_MARKS = 40_000
"""Of `<` and `&`, whether they begin something or not: each costs the parser some microseconds."""
MAX_OPEN = 120
MAX_OPEN_FORMATTING = 30
MAX_WRITTEN = 85_000
"""Of the HTML that is kept, in characters of ASCII JSON."""
MAX_PIECES = 1_000
_NOT_BASE64 = bytes(sorted(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")))
_TAG = pattern(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_NEVER_OPEN = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
     "p", "li", "dd", "dt", "tr", "td", "th", "option", "tbody", "thead", "tfoot", "html", "head", "body"}
)  # fmt: skip
_FORMATTING = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)  # fmt: skip
_BREAKS = frozenset(
    {"p", "div", "tr", "li", "ul", "ol", "table", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "dl",
     "dt", "dd", "center"}
)  # fmt: skip
_SHOWN = _BREAKS | _FORMATTING | {
    "abbr", "br", "caption", "col", "colgroup", "del", "img", "ins", "q", "span", "sub", "sup", "tbody", "td", "tfoot",
    "th", "thead",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"align", "dir", "lang", "title", "valign"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "font": {"color", "face", "size"},
    **{name: {"colspan", "rowspan", "width", "height"} for name in ("td", "th", "table", "col")},
}
_LEFT_OUT = {"script", "style", "head", "title", "template", "noscript", "iframe", "object"}
_BLOCK = pattern(r"</?(?:" + "|".join(sorted(_BREAKS, key=len, reverse=True)) + r")>")
_MARKUP = pattern(r"<[^<>]{0,2000}>")
_WORDLESS = pattern(r"<(/?)(script|style|head|title)\b\s*>?", IGNORECASE)
_CONTROLS = pattern(r"[\x00-\x08\x0e-\x1f\x7f]+")
_BLANKS = pattern(r"[ \t\f\v\xa0\u2000-\u200d\u3000\ufeff]+")


def body_bytes(raw: bytes, fields: Fields) -> bytes:
    """A body out of its transfer encoding; of one that is broken what can be read, of one not known as it came."""
    encoding = transfer_encoding(fields)
    if encoding == "base64":
        return from_base64(raw)
    if encoding == "quoted-printable":
        return guarded(lambda: a2b_qp(raw), raw)
    if encoding in ("x-uuencode", "uuencode", "x-uue"):
        return guarded(lambda: _from_uuencode(raw), raw)
    return raw


def from_base64(raw: bytes) -> bytes:
    """Base64 whatever stands between its signs. Some programs close it and go on; what is left at the end of a text
    cut short is dropped."""
    found = bytearray()
    for piece in raw.translate(None, _NOT_BASE64).split(b"=", MAX_PIECES):
        signs = piece.replace(b"=", b"")
        whole = len(signs) - (1 if len(signs) % 4 == 1 else 0)
        found += a2b_base64(signs[:whole] + b"=" * (-whole % 4))
    return bytes(found)


def _from_uuencode(raw: bytes) -> bytes:
    lines = raw.splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith(b"begin ")) + 1
    found = bytearray()
    for line in lines[first:]:
        if line.strip() in (b"end", b"`", b""):
            break
        found += a2b_uu(line)
    return bytes(found)


def is_bearable(html: str) -> bool:
    """Whether HTML can be parsed as browsers do in a time that its size explains."""
    if len(html) > MAX_HTML_CHARACTERS or html.count("<") + html.count("&") > MAX_MARKS:
        return False
    opened: Counter[str] = Counter()
    formatting = total = 0
    for number, tag in enumerate(_TAG.finditer(html)):
        name = tag[2].lower()
        if number >= MAX_TAGS:
            return False
        if name in _NEVER_OPEN:
            continue
        step = -1 if tag[1] and opened[name] else 0 if tag[1] else 1
        opened[name] += step
        total += step
        formatting += step if name in _FORMATTING else 0
        if total > MAX_OPEN or formatting > MAX_OPEN_FORMATTING:
            return False
    return True


def safe_html(html: str, pictures: Mapping[str, str]) -> tuple[str, bool]:
    """HTML that runs, fetches and tells nothing, and whether some of it was left out. Of its pictures those stay that
    came with the mail: `pictures` gives what each is called by its Content-ID."""
    if not is_bearable(html):
        return "", True

    def allowed(element: str, attribute: str, value: str) -> str | None:
        if element != "img" or attribute != "src":
            return value
        called = pictures.get(value[4:].strip()) if value[:4].lower() == "cid:" else None
        return None if called is None else f"cid:{called}"

    cut = False
    while True:
        cleaned = nh3.clean(
            html,
            tags=set(_SHOWN),
            clean_content_tags=_LEFT_OUT,
            attributes=_ATTRIBUTES,
            attribute_filter=allowed,
            url_schemes={"http", "https", "mailto", "tel", "cid"},
            link_rel="noopener noreferrer nofollow",
        )
        written = len(json.dumps(cleaned))
        if written <= MAX_WRITTEN:
            return cleaned, cut
        cut, html = True, html[: len(html) * MAX_WRITTEN * 9 // (written * 10)]


def text_of_html(html: str) -> str:
    """The words of HTML, blocks in lines of their own."""
    if is_bearable(html):
        plain = nh3.clean(html, tags={*_BREAKS, "br"}, clean_content_tags=_LEFT_OUT, attributes={}, link_rel=None)
        plain = plain.replace("\r", " ").replace("\n", " ")
        lined = _BLOCK.sub("\n", plain.replace("<br>", "\n"))
        return tidy(unescape(_MARKUP.sub("", lined)))
    return tidy(unescape(_MARKUP.sub(" ", _without_wordless(html[:MAX_HTML_CHARACTERS]))))


def _without_wordless(html: str) -> str:
    """HTML without elements that say nothing, such as scripts; one that is not closed is left as it is. In one pass, as
    there may be a beginning in every eight characters, each as far from its end as the text is long."""
    tags = list(_WORDLESS.finditer(html))
    ends: dict[str, list[tuple[int, int]]] = {}
    for tag in tags:
        if tag[1]:
            ends.setdefault(tag[2].lower(), []).append(tag.span())
    kept, at = list[str](), 0
    for tag in tags:
        closing = ends.get(tag[2].lower(), [])
        following = bisect(closing, tag.span())
        if not tag[1] and tag.start() >= at and following < len(closing):
            kept.append(html[at : tag.start()])
            at = closing[following][1]
    return " ".join([*kept, html[at:]])


def html_of_text(text: str) -> str:
    """A text as HTML, beside parts that are HTML."""
    return "<p>" + escape(text.strip()).replace("\n", "<br>") + "</p>" if text.strip() else ""


def tidy(text: str) -> str:
    """Without blanks at the ends of lines, and at most one empty line between two."""
    plain = _CONTROLS.sub("", clean(text)).replace("\r\n", "\n").replace("\r", "\n")
    lines = [_BLANKS.sub(" ", line).strip() for line in plain.split("\n")]
    kept = [line for at, line in enumerate(lines) if line or (at and lines[at - 1])]
    return "\n".join(kept).strip()
