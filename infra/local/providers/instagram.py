"""Instagram: `POST /graph/v24.0/me/messages`; the token says whose. A read names the message.
Tokens of its own login are renewed at `/graph/refresh_access_token`."""

from __future__ import annotations

import secrets

from infra.local.providers.base import Answer, Call
from infra.local.providers.meta_messaging import GraphForMessaging, Kind

REFRESH, ME = "/graph/refresh_access_token", "/graph/me"
SIXTY_DAYS_S = 60 * 86_400


class GraphForInstagram(GraphForMessaging):
    """The direct messages of professional accounts."""

    def __init__(self) -> None:
        super().__init__(Kind("instagram", "instagram", 1_000, lambda text: len(text.encode()), by_page=False))
        self.routes = (*self.routes, ("GET", REFRESH), ("GET", ME))

    def answer(self, call: Call) -> Answer:
        path = call.path.partition("?")[0]
        if path == REFRESH:
            new = {"access_token": "IGAA" + secrets.token_hex(40), "token_type": "bearer", "expires_in": SIXTY_DAYS_S}
            return Answer.of_json(200, new)
        if path == ME:
            return Answer.of_json(200, {"user_id": "17841400000000001", "id": "17841400000000001"})
        return super().answer(call)
