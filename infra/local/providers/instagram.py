"""Instagram: `POST /graph/v24.0/me/messages`; the token says whose. A read names the message."""

from __future__ import annotations

from infra.local.providers.meta_messaging import GraphForMessaging, Kind


class GraphForInstagram(GraphForMessaging):
    """The direct messages of professional accounts."""

    def __init__(self) -> None:
        super().__init__(Kind("instagram", "instagram", 1_000, lambda text: len(text.encode()), by_page=False))
