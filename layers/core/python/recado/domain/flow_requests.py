"""What the HTTP step of a flow may ask for (PRODUCT F1). Pure."""

from __future__ import annotations

import re

MAX_URL = 4_000
"""Characters of an address with its variables in place."""
ADDRESS = re.compile(r"https?://(?P<host>[^\s/?#{}@\\]{1,255})(?P<path>/[^\s?#]*)?(?P<query>\?[^\s#]*)?")
"""An address of a step, at most 2,000 characters: variables stand in its path and query alone, so that no customer says
which host is asked, and it has no name or password."""

_FORBIDDEN = frozenset(
    {
        "accept-encoding", "connection", "content-encoding", "content-length", "expect", "host", "keep-alive", "te",
        "trailer", "trailers", "transfer-encoding", "upgrade", "via",
    }
)  # fmt: skip
_FORBIDDEN_BEGINNINGS = ("proxy-",)


def is_forbidden(header: str) -> bool:
    """Whether a header is not for a flow to say: it belongs to the connection or to the host that is asked."""
    name = header.strip().lower()
    return name in _FORBIDDEN or name.startswith(_FORBIDDEN_BEGINNINGS)
