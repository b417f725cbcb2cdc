"""The event feed (K2): every fact of the account in one order, to be read from any seq on."""

from __future__ import annotations

from typing import Any

import msgspec

from recado.api.bodies import Annotated, Meta, Query
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, may

events = Resource("events")


class FeedQuery(Query, frozen=True):
    """`after`: the seq of the last event that is known; without it the feed begins at the oldest event kept (30
    days)."""

    after: Annotated[str, Meta(pattern=r"^[0-9]{0,15}$")] = ""
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class ActorShape(msgspec.Struct):
    """Who caused an event; `id` null for the system."""

    type: str
    id: str | None


class EventShape(msgspec.Struct):
    """One fact. `data` is the resource as it was then."""

    id: str
    seq: int
    type: str
    timestamp: str
    actor: ActorShape
    data: dict[str, Any]


class FeedPage(msgspec.Struct):
    """Events by seq. `next`: the `after` of the next page, null when nothing follows yet; then go on from the last
    seq later."""

    items: list[EventShape]
    next: str | None


@events.get("/v1/events", may("integration:read", *ADMINS), query=FeedQuery, answers=FeedPage)
def list_events(call: Call) -> Any:
    """The events of the account after a seq, oldest first."""
    items, following = call.services.feed.page(call.caller.account, int(call.query.after or 0), call.query.limit)
    return {"items": items, "next": None if following is None else str(following)}
