"""Addresses of the web as people write them into the product: those that browsers read. Pure."""

from __future__ import annotations

import re

_LABEL = r"[^\s\x00-\x20\x7f/?#@\\\[\]<>^|%:\"`{}.]{1,63}"
_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_HOST = rf"(?:{_BYTE}(?:\.{_BYTE}){{3}}|(?:{_LABEL}\.)*(?!(?:[0-9]+|0[xX][0-9a-fA-F]*)\.?(?:[:/?#]|$)){_LABEL}\.?)"
"""A name, or an IPv4 address: what ends in a number is one to every browser. IPv6 is nobody's link."""
_PORT = r"(?::(?:[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9][0-9]|655[0-2][0-9]|6553[0-5]))?"
_WEB_ADDRESS = re.compile(rf"https?://{_HOST}{_PORT}(?:[/?#][^\s\x00-\x1f\x7f]*)?", re.IGNORECASE)


def is_web_address(text: str) -> bool:
    """Whether a text is an absolute address, http or https, without a name or password before its host, that browsers
    can read."""
    return _WEB_ADDRESS.fullmatch(text) is not None
