"""What a person wrote, without the mail that they answer and without what their telephone put under it.

First by rules of our own for what mail programs write in Portuguese, line by line; then by the library for the other
languages. Both only look for where the answer ends: nothing is taken out of its middle, and where nothing would be left
the text stays whole (an answer written between or under the quoted lines).
"""

from __future__ import annotations

from re import IGNORECASE
from re import compile as pattern

from mailparser_reply import EmailReplyParser

MAX_CHARACTERS = 2_000
"""The longest text that the library is given: some of its expressions take the cube of a text's length (8,000
characters of "On" take 2 s)."""
MAX_HEAD_LINES = 4
MAX_LINES = 5_000
"""In how many lines, from the first on, the end of an answer is looked for."""
_LANGUAGES = ["en", "es", "fr", "de"]
_WROTE = pattern(r"[>\s]*(?:em|no dia|a|on|el|le)\b.{3,300}\b(?:escreveu|escribió|wrote|a écrit)\s*:?\s*", IGNORECASE)
_WROTE_BEGINS = pattern(r"[>\s]*(?:em|no dia)\b.{3,200}", IGNORECASE)
_RULES = pattern(
    r"[>\s]*(?:"
    r"-{2,}\s*(?:mensagem original|mensagem encaminhada|original message|forwarded message|"
    r"reencaminhada|mensagem reencaminhada).{0,80}|"
    r"(?:in[ií]cio da mensagem encaminhada|begin forwarded message)\s*:?"
    r")\s*",
    IGNORECASE,
)
_HEAD = pattern(r"[>\s*]*(?:de|from)\s*:\*?\s*\S.{0,300}", IGNORECASE)
_HEAD_GOES_ON = pattern(
    r"[>\s*]*(?:enviad[ao](?: em)?|data|date|sent|para|to|cc|assunto|subject)\s*:\*?\s*.{0,500}", IGNORECASE
)
_LINE = pattern(r"\s*[_\u2500-]{20,}\s*")
_MOBILE = pattern(
    r"\s*(?:enviad[ao] (?:do|da|de|pelo|via|usando|com|a partir d)\b.{1,80}|"
    r"obter o? ?outlook para (?:ios|android).{0,80}|get outlook for .{1,80}|"
    r"sent from (?:my|the|outlook|yahoo|mail)\b.{0,80}|"
    r"enviado desde mi .{1,60})\s*",
    IGNORECASE,
)
_SIGNATURE = pattern(r"--\s?")


def reply_of(text: str) -> str:
    """The new part of a mail's text; the whole when there is no other, or nothing new."""
    lines = text.split("\n")
    end = next((at for at in range(min(len(lines), MAX_LINES)) if _is_quoted_head(lines, at)), len(lines))
    new = "\n".join(_without_tail(lines[:end])).strip()
    new = _by_library(new) if new else ""
    return new or text.strip()


def _is_quoted_head(lines: list[str], at: int) -> bool:
    """Whether what is answered begins with this line."""
    line = lines[at]
    if len(line) > 600:
        return False
    if _WROTE.fullmatch(line) or _RULES.fullmatch(line):
        return True
    if _HEAD.fullmatch(line):
        following = [one for one in lines[at + 1 : at + 6] if one.strip()][:3]
        return sum(1 for one in following if _HEAD_GOES_ON.fullmatch(one[:600])) >= 2
    if _WROTE_BEGINS.fullmatch(line):  # the program broke it in several lines
        joined = line
        for more in lines[at + 1 : at + MAX_HEAD_LINES]:
            joined = f"{joined.rstrip()} {more.strip()}"
            if len(joined) <= 400 and _WROTE.fullmatch(joined):
                return True
    return False


def _without_tail(lines: list[str]) -> list[str]:
    """Without quoted lines, signatures of programs, rules and blanks at the end. A signature under `--` goes too."""
    for at in range(len(lines) - 1, max(-1, len(lines) - 40), -1):
        if _SIGNATURE.fullmatch(lines[at]) and at > 0:
            lines = lines[:at]
            break
    end = len(lines)
    while end and _is_tail(lines[end - 1]):
        end -= 1
    return lines[:end]


def _is_tail(line: str) -> bool:
    short = line[:600]
    quoted = not line.strip() or line.lstrip().startswith(">")
    return quoted or _MOBILE.fullmatch(short) is not None or _LINE.fullmatch(short) is not None


def _by_library(text: str) -> str:
    """Where the library sees the answer end; a long text it is not given."""
    if len(text) > MAX_CHARACTERS:
        return text
    found = EmailReplyParser(languages=_LANGUAGES).parse_reply(text)
    new = (found or "").strip()
    return text if not new else text[: len(new)].rstrip() if text.startswith(new) else new
