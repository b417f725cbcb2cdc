"""Profiles of people who write to a page or an Instagram account: `GET /graph/v24.0/{person}?fields=name`. Everybody
has a name, made of their id."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from infra.local.providers.base import Answer, Call, ChannelSettings, StatusRefused, StatusRequest, Webhook
from infra.local.providers.whatsapp import graph_error

NAMES = ("Ana", "Bruno", "Clara", "Davi", "Elisa", "Fábio", "Gabriela", "Hugo", "Iara", "João")


class GraphProfiles:
    """Calls are kept under `meta_profiles`: no channel's script is used up by them."""

    channel = "meta_profiles"
    routes: tuple[tuple[str, str], ...] = ()

    def takes(self, call: Call) -> bool:
        """A read of Graph that asks for a name and for nothing else."""
        parts = urlsplit(call.path)
        return call.method == "GET" and "/graph/" in parts.path and parse_qs(parts.query).get("fields") == ["name"]

    def answer(self, call: Call) -> Answer:
        if not call.headers.get("authorization", "").startswith("Bearer "):
            return graph_error(401, 190, "Invalid OAuth access token - Cannot parse access token")
        person = urlsplit(call.path).path.rpartition("/")[2]
        if not person.isdigit():
            return graph_error(400, 100, "Unsupported get request.")
        return Answer.of_json(200, {"name": f"{NAMES[int(person[-1])]} {person[-4:]}", "id": person})

    def remember(self, call: Call, answer: Answer) -> str | None:
        return None

    def status_webhook(self, wish: StatusRequest, settings: ChannelSettings, now: datetime) -> Webhook:
        raise StatusRefused("profiles have no statuses")
