"""The spellings of situations that an older product used, on request (`?compat=huggy`, PRODUCT D1)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from recado.domain.chats import Situation
from recado.domain.errors import Invalid

Compat = Literal["huggy"]
AnySituation = Literal["automatic", "queued", "in_service", "closed", "auto", "wait_for_chat", "in_chat", "finishing"]
"""The last four in answers and queries with `?compat=huggy` alone."""
AskedSituation = Annotated[
    AnySituation | None,
    Meta(description="Only chats that are so. auto, wait_for_chat, in_chat and finishing with `compat=huggy` alone."),
]
AskedCompat = Annotated[
    Compat | None,
    Meta(description="huggy: situations are asked for and told as auto, wait_for_chat, in_chat, finishing."),
]

_HUGGY: dict[Situation, AnySituation] = {
    "automatic": "auto",
    "queued": "wait_for_chat",
    "in_service": "in_chat",
    "closed": "finishing",
}
_MEANT: dict[AnySituation, Situation] = {
    **{ours: ours for ours in _HUGGY},
    **{theirs: ours for ours, theirs in _HUGGY.items()},
}


def situation_meant(given: AnySituation | None, compat: Compat | None) -> Situation | None:
    """The situation of a query. Raises Invalid with the pointer `?situation` for an older spelling nobody asked for."""
    if given is None:
        return None
    meant = _MEANT[given]
    if meant != given and compat is None:
        raise Invalid.field("?situation", "invalid", "This spelling needs ?compat=huggy.")
    return meant


def spelled(view: dict[str, Any], compat: Compat | None) -> dict[str, Any]:
    """A chat's public shape in the spelling asked for."""
    return view if compat is None else {**view, "situation": _HUGGY[view["situation"]]}
