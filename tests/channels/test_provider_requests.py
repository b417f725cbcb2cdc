"""What is asked of providers beside sending: that a part was taken, that webhooks come here. Whoever does not answer
harms nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from recado.channels.registration import ProviderRegistration
from recado.channels.webhooks import AdapterWebhooks
from recado.domain.channels import Channel
from recado.ports.core import ConnectFailed, HttpResponse, NoAnswer
from recado.ports.reception import ConnectedChannel
from tests.channels.kit import Bench

BENCH = Bench("telegram")
BASE_URLS = {"bot_api": "http://127.0.0.1:9/telegram"}
ROOT = f"http://127.0.0.1:9/telegram/bot{BENCH.secrets['bot_token'][0]}"
CONNECTED = ConnectedChannel("ch_1", "telegram", "dp_1", "active", secrets=BENCH.secrets)


@dataclass
class Http:
    outcome: HttpResponse | Exception = field(default_factory=lambda: HttpResponse(200, {}, b"{}"))
    urls: list[str] = field(default_factory=list)
    bodies: list[object] = field(default_factory=list)

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> HttpResponse:
        self.urls.append(url)
        self.bodies.append(json.loads(body or b"null"))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def part_json(name: str) -> str:
    (part,) = BENCH.split(json.dumps(BENCH.read(f"{name}.json")).encode())
    return part.to_json()


def channel(kind: str) -> Channel:
    return Channel("ch_1", kind, kind, "dp_1", datetime(2026, 3, 10, tzinfo=UTC))


@pytest.mark.parametrize("outcome", [HttpResponse(400, {}, b""), ConnectFailed("x"), NoAnswer("x")])
def test_a_pressed_button_is_answered_once_whatever_comes_of_it(outcome: HttpResponse | Exception) -> None:
    http = Http(outcome)
    AdapterWebhooks(BASE_URLS, http).answer(CONNECTED, part_json("callback_query"))
    assert http.urls == [f"{ROOT}/answerCallbackQuery"]


def test_a_message_is_not_answered_and_nobody_is_without_a_way_out() -> None:
    http = Http()
    AdapterWebhooks(BASE_URLS, http).answer(CONNECTED, part_json("text"))
    AdapterWebhooks(BASE_URLS).answer(CONNECTED, part_json("callback_query"))
    assert http.urls == []


def test_webhooks_are_asked_for_at_the_channels_own_url() -> None:
    http = Http()
    register = ProviderRegistration(http, BASE_URLS, "https://recado.example.com").register
    assert register(channel("telegram"), BENCH.secrets) is None
    assert http.urls == [f"{ROOT}/setWebhook"]
    assert http.bodies[0]["url"] == "https://recado.example.com/webhooks/ch_1"  # type: ignore[index]


@pytest.mark.parametrize("kind", ["whatsapp", "custom"])
def test_where_people_set_that_up_nobody_is_asked(kind: str) -> None:
    http = Http()
    assert ProviderRegistration(http, BASE_URLS, "https://recado.example.com").register(channel(kind), {}) is None
    assert http.urls == []


@pytest.mark.parametrize(
    "outcome", [HttpResponse(401, {}, b'{"description": "no"}'), ConnectFailed("x"), NoAnswer("x")]
)
def test_a_refusal_is_told_without_the_token(outcome: HttpResponse | Exception) -> None:
    register = ProviderRegistration(Http(outcome), BASE_URLS, "https://recado.example.com").register
    wrong = register(channel("telegram"), BENCH.secrets)
    assert wrong
    assert BENCH.secrets["bot_token"][0] not in wrong
