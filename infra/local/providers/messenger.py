"""Messenger: `POST /graph/v24.0/{page_id}/messages`. A read tells a time, up to which all is read."""

from __future__ import annotations

from infra.local.providers.meta_messaging import GraphForMessaging, Kind


class GraphForMessenger(GraphForMessaging):
    """The messages of pages."""

    def __init__(self) -> None:
        super().__init__(Kind("messenger", "page", 2_000, len, by_page=True))
