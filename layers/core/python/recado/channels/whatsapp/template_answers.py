"""Graph's answers to what is asked about templates: the body, or what went wrong."""

from __future__ import annotations

from typing import Any

from recado.channels.meta import error_code
from recado.channels.untrusted import Unreadable, decode, label, mapping
from recado.domain.templates import Refused, Unclear
from recado.ports.core import HttpResponse


def error_of(response: HttpResponse) -> dict[str, Any]:
    try:
        return mapping(mapping(decode(response.body)).get("error"))
    except Unreadable:
        return {}


def answered(response: HttpResponse) -> tuple[dict[str, Any], Refused | Unclear | None]:
    """The body, or what went wrong. An error that Graph wrote was not processed; a bare 5xx may have been."""
    error = error_of(response)
    code = error_code(error.get("error_subcode")) or error_code(error.get("code"))
    if code is not None:
        title = (
            label(error.get("error_user_msg")) or label(error.get("error_user_title")) or label(error.get("message"))
        )
        return {}, Refused(str(code), title or "No reason was given.")
    if response.status >= 500:
        return {}, Unclear(f"http_{response.status}")
    if response.status >= 400 or error:
        return {}, Refused(f"http_{response.status}", "No reason was given.")
    try:
        return mapping(decode(response.body)), None
    except Unreadable:
        return {}, Unclear("unreadable_answer")
