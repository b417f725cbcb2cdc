"""Where a button's link leads, and what is kept of who follows it; what it costs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from recado.channels.registry import adapter
from recado.domain.buttons import Button, Visit, tags_in
from recado.domain.channels import Channel
from recado.services.clicks import ClickService
from recado.storage.buttons import ClickRecord, DynamoButtons, DynamoClicks
from recado.storage.channels import ChannelRecord
from tests.lost_answers import LostAnswers
from tests.recording import record

A = "accounta"
BROWSER = {"user-agent": "Mozilla/5.0", "referer": "https://shop.example/p?secret=1", "x-forwarded-for": "203.0.113.9"}
VISIT = Visit("GET", {"utm_source": "news", "gclid": "G1"}, BROWSER)


@dataclass
class Journal:
    lost: list[str] = field(default_factory=list)

    def not_kept(self, button_id: str, error: Exception) -> None:
        self.lost.append(button_id)


class World:
    def __init__(self, clock: Any, ids: Any) -> None:
        self.channel = Channel(
            ids.new("ch", A), "whatsapp", "Vendas", "dp", clock.now(), {"display_phone_number": "+551140000000"}
        )
        self.keep()
        self.button = Button(
            ids.new("bt", A), "cta", self.channel.id, "Olá!", "Fale conosco", "0123456789", clock.now()
        )
        self.buttons, self.journal = DynamoButtons(), Journal()
        assert self.buttons.create(A, self.button)
        self.clicks = ClickService(self.buttons, DynamoClicks(), adapter, clock, ids, self.journal)

    def keep(self, **fields: Any) -> None:
        self.channel = replace(self.channel, **fields)
        ChannelRecord.of_channel(A, self.channel).save()

    def follow(self, visit: Visit = VISIT) -> tuple[str, list[str]]:
        redirect = self.clicks.follow(self.button.code, visit)
        assert redirect.status == 302
        assert redirect.url
        url = urlsplit(redirect.url)
        assert f"{url.scheme}://{url.netloc}{url.path}" == "https://wa.me/551140000000"
        [text] = parse_qs(url.query)["text"]
        return text, tags_in(text)

    def kept(self) -> list[ClickRecord]:
        return list(ClickRecord.scan(ClickRecord.sk == "CLICK"))


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> World:
    return World(clock, ids)


def test_a_click_is_kept_and_its_tag_goes_into_the_text(world: World) -> None:
    text, [tag] = world.follow()
    assert text == f"Olá! [#{tag}]"
    [kept] = world.kept()
    assert kept.click().details == {"utm_source": "news", "gclid": "G1", "referrer": "https://shop.example/p"}
    assert (kept.tag, kept.button_id, kept.channel_id) == (tag, world.button.id, world.channel.id)
    assert "203.0.113.9" not in str(kept.serialize())
    assert world.follow()[1] != [tag]


@pytest.mark.parametrize(
    "visit",
    [
        replace(VISIT, method="HEAD"),
        replace(VISIT, headers={"user-agent": "Mozilla/5.0", "sec-purpose": "prefetch"}),
        replace(VISIT, headers={"user-agent": "Googlebot/2.1"}),
    ],
)
def test_machines_go_on_without_a_click(world: World, visit: Visit) -> None:
    assert world.follow(visit) == ("Olá!", [])
    assert world.kept() == []


@pytest.mark.parametrize("code", ["9876543210", "", "x", "0123456789/../", "%00"])
def test_an_unknown_code_leads_nowhere(world: World, code: str) -> None:
    assert world.clicks.follow(code, VISIT) == (404, None)


def test_a_channel_that_is_gone_and_a_button_that_is(world: World) -> None:
    world.keep(settings={})
    assert world.clicks.follow(world.button.code, VISIT).status == 410
    world.keep(state="removed", settings={"display_phone_number": "+551140000000"})
    assert world.clicks.follow(world.button.code, VISIT).status == 410
    world.buttons.delete(A, world.button)
    assert world.clicks.follow(world.button.code, VISIT).status == 404
    assert world.clicks.follow(world.button.code, VISIT).url is None


def test_a_paused_channel_receives_still(world: World) -> None:
    world.keep(state="paused")
    assert world.follow()[1]


def test_the_visitor_goes_on_though_nothing_can_be_kept(world: World, lost_answers: LostAnswers) -> None:
    lost_answers.drop("PutItem")
    assert world.follow() == ("Olá!", [])
    assert world.journal.lost == [world.button.id]


def test_a_tag_that_is_taken_is_not_given_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    tags = iter(["A1B2C3D4", "A1B2C3D4", "00000001"])
    monkeypatch.setattr("recado.services.clicks.new_tag", lambda secret: next(tags))
    assert [world.follow()[1], world.follow()[1]] == [["A1B2C3D4"], ["00000001"]]


def test_what_a_click_costs(world: World) -> None:
    with record() as calls:
        world.follow()
    assert calls.operations == {"dynamodb:GetItem": 1, "dynamodb:BatchGetItem": 1, "dynamodb:PutItem": 1}
    assert (calls.wru, calls.rru) == (1, 3)
