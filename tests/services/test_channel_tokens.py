"""Looking after access tokens, on moto: renewed once, told once, and what people ask for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.tick.handler import RESERVE_MS
from recado.channels.meta_tokens import TIMEOUT_S
from recado.channels.provider_tokens import AdapterTokens
from recado.domain.channels import Channel
from recado.domain.errors import Conflict, Unreachable
from recado.domain.tokens import fresh, next_look
from recado.ports.core import HttpResponse, NoAnswer
from recado.services.channel_tokens import ChannelTokens
from recado.services.people_views import channel_view
from recado.storage.channels import ChannelStore
from recado.storage.workspace_events import WorkspaceEventRecord
from tests.recording import record
from tests.storage.scenarios.channels import a_channel
from tests.storage.scenarios.people import A

DAY, SIXTY = timedelta(days=1), timedelta(days=60)
SECRETS = {"access_token": ("IGAAold",), "app_secret": ("s",)}


@dataclass
class Graph:
    """An Http that answers from a script, then renews."""

    script: list[Callable[[], HttpResponse]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> HttpResponse:
        self.asked.append(url.partition("?")[0].rpartition("/")[2])
        if self.script:
            return self.script.pop(0)()
        return answer(json.dumps({"access_token": f"IGAAnew{len(self.asked)}", "expires_in": 5_184_000}))


def answer(body: str, status: int = 200) -> HttpResponse:
    return HttpResponse(status, {}, body.encode())


def no_answer() -> HttpResponse:
    raise NoAnswer


class World:
    """A channel of Instagram's login, and who looks after its token."""

    def __init__(self, clock: Any, ids: Any, kind: str = "instagram", token: str = "IGAAold", **settings: Any) -> None:
        self.clock, self.graph, self.store = clock, Graph(), ChannelStore()
        provider = AdapterTokens(self.graph, {})
        self.tokens = ChannelTokens(self.store, self.store, provider, clock, ids, lambda one: "https://one.example")
        plain = a_channel(clock, ids, "17840000000000001")
        secrets = {**SECRETS, "access_token": (token,)}
        known = fresh(provider.life(kind, secrets), clock.now())
        due = next_look(known, provider.min_age(kind, settings, secrets), clock.now())
        self.store.create(A, Channel(**{**plain.__dict__, "type": kind, "settings": settings, "token": known,
                                        "due_at": due}), secrets)  # fmt: skip
        self.id, self.began = plain.id, clock.now()

    def go_to(self, at: datetime) -> None:
        self.clock.move((at - self.clock.now()).total_seconds())

    @property
    def channel(self) -> Channel:
        found = self.store.get(A, self.id)
        assert found
        return found

    @property
    def secret(self) -> str:
        return self.store.secrets(A, self.id)["access_token"][0]

    @property
    def seen(self) -> Any:
        return channel_view(self.channel, "", self.clock.now())

    @property
    def told(self) -> list[tuple[str, int | None]]:
        found = WorkspaceEventRecord.query(f"{A}#X#{self.id}")
        return [(one.type.rpartition(".")[2], one.data.get("days_left")) for one in found]

    def sweep(self) -> int:
        return self.tokens.look_due(160).done


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> World:
    return World(clock, ids)


def test_a_token_is_renewed_when_it_is_a_day_old_and_then_in_its_last_fifteen_days(world: World) -> None:
    world.go_to(world.began + DAY - timedelta(seconds=1))
    assert (world.sweep(), world.graph.asked) == (0, [])
    world.go_to(world.began + DAY)
    assert (world.sweep(), world.graph.asked, world.secret) == (1, ["refresh_access_token"], "IGAAnew1")
    assert world.seen["token"]["expires_at"] == (world.began + DAY + SIXTY).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    world.go_to(world.began + DAY + SIXTY - 15 * DAY)
    assert (world.sweep(), world.secret, world.told) == (1, "IGAAnew2", [])
    assert world.store.secrets(A, world.id)["app_secret"] == ("s",)
    assert world.sweep() == 0


def test_a_renewal_that_fails_is_tried_daily_and_the_account_is_told_in_time(world: World) -> None:
    for day in range(1, 62):
        world.go_to(world.began + day * DAY)
        world.graph.script = [no_answer] if day % 2 else [lambda: answer('{"error": {"code": 2}}', 500)]
        for _ in range(3):
            world.sweep()
    expiring = "token_expiring"
    assert world.told == [(expiring, 15), (expiring, 7), (expiring, 3), (expiring, 1), ("token_expired", None)]
    assert len(world.graph.asked) == 59, "once a day from the first to the last day but its end"
    assert (world.seen["token"]["state"], world.seen["problems"][0]["code"]) == ("expired", "token_expired")
    assert (world.secret, world.channel.due_at) == ("IGAAold", None)


def test_two_looks_at_once_renew_once(world: World) -> None:
    world.go_to(world.began + DAY)

    def while_the_other_looks() -> HttpResponse:
        assert world.tokens.look(A, world.id) is False
        return answer('{"access_token": "IGAAnew", "expires_in": 5184000}')

    world.graph.script = [while_the_other_looks]
    assert world.sweep() == 1
    assert (world.graph.asked, world.secret) == (["refresh_access_token"], "IGAAnew")


def test_a_token_that_is_given_meanwhile_stays(world: World) -> None:
    world.go_to(world.began + DAY)

    def while_an_admin_gives_another() -> HttpResponse:
        before = world.channel
        after = replace(before, token=fresh(SIXTY, world.clock.now()), version=before.version + 1)
        assert world.store.change(A, before, after, {**SECRETS, "access_token": ("IGAAtheirs",)})
        return answer('{"access_token": "IGAAnew", "expires_in": 5184000}')

    world.graph.script = [while_an_admin_gives_another]
    world.sweep()
    assert world.secret == "IGAAtheirs"


def test_who_dies_in_a_renewal_leaves_a_token_that_holds(world: World) -> None:
    world.go_to(world.began + DAY)
    world.graph.script = [lambda: 1 / 0]  # type: ignore[list-item, return-value]
    assert world.tokens.look_due(160).failed.keys() == {world.id}
    world.clock.move(61)
    world.sweep()
    assert (world.secret, len(world.graph.asked)) == ("IGAAold", 1), "not again on this day"
    world.go_to(world.began + 2 * DAY)
    world.sweep()
    assert world.secret == "IGAAnew2"


def test_a_provider_that_knows_the_end_is_asked_at_once(dynamodb: Any, clock: Any, ids: Any) -> None:
    world = World(clock, ids, "whatsapp", "EAA")
    ends = int((world.began + 10 * DAY).timestamp())
    world.graph.script = [no_answer, lambda: answer(json.dumps({"data": {"is_valid": True, "expires_at": ends}}))]
    world.sweep()
    assert (world.seen["token"], world.graph.asked) == ({"state": "active", "expires_at": None}, ["debug_token"])
    world.clock.move(3600)
    world.sweep()
    assert (world.seen["token"]["state"], world.told) == ("expiring", [("token_expiring", 15)])
    world.go_to(world.began + 10 * DAY)
    world.sweep()
    assert (world.told[1:], world.seen["token"]["state"]) == ([("token_expired", None)], "expired")
    with pytest.raises(Conflict) as refused:
        world.tokens.renew(A, world.id)
    assert refused.value.code == "not_renewable"


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ('{"data": {"is_valid": true, "expires_at": 0}}', "active"),
        ('{"data": {"is_valid": false}}', "expired"),
        ('{"error": {"code": 190}}', "expired"),
        ('{"error": {"code": 100}}', "active"),
        ("<html>", "active"),
        ('{"data": {"is_valid": true, "expires_at": "soon"}}', "active"),
    ],
)
def test_what_the_provider_says(dynamodb: Any, clock: Any, ids: Any, body: str, state: str) -> None:
    world = World(clock, ids, "messenger", "EAA")
    world.graph.script = [lambda: answer(body)]
    world.sweep()
    assert world.seen["token"]["state"] == state
    assert world.sweep() == 0


def test_with_the_apps_id_a_persons_token_is_exchanged(dynamodb: Any, clock: Any, ids: Any) -> None:
    world = World(clock, ids, "messenger", "EAA", app_id="123456")
    ends = int((world.began + 14 * DAY).timestamp())
    world.graph.script = [
        lambda: answer(json.dumps({"data": {"is_valid": True, "expires_at": ends}})),
        lambda: answer('{"access_token": "EAAnew"}'),
        lambda: answer('{"data": {"is_valid": true, "expires_at": 0}}'),
    ]
    for _ in range(3):
        world.sweep()
        world.clock.move(1)
    assert world.graph.asked == ["debug_token", "access_token", "debug_token"]
    assert (world.secret, world.seen["token"]) == ("EAAnew", {"state": "active", "expires_at": None})


def test_renewing_by_hand_says_why_not(world: World) -> None:
    with pytest.raises(Conflict) as early:
        world.tokens.renew(A, world.id)
    assert (early.value.code, early.value.extra["renewable_at"][:10]) == ("too_early", "2026-03-03")
    world.clock.move(86_400)
    world.graph.script = [no_answer, lambda: answer('{"error": {"code": 1}}', 400)]
    with pytest.raises(Unreachable):
        world.tokens.renew(A, world.id)
    with pytest.raises(Conflict) as running:
        world.tokens.renew(A, world.id)
    world.clock.move(60)
    with pytest.raises(Conflict) as refused:
        world.tokens.renew(A, world.id)
    assert (running.value.code, refused.value.code) == ("renewal_in_progress", "renewal_refused")
    world.clock.move(60)
    assert world.tokens.renew(A, world.id).token.assumed is False  # type: ignore[union-attr]
    world.go_to(world.channel.token.expires_at)  # type: ignore[union-attr, arg-type]
    with pytest.raises(Conflict) as over:
        world.tokens.renew(A, world.id)
    assert over.value.code == "token_expired"


def test_a_refused_send_ends_the_token_once_and_not_a_newer_one(world: World) -> None:
    world.tokens.refused(A, world.id, {"access_token": ("IGAAolder",)})
    assert world.seen["token"]["state"] == "active"
    for _ in range(2):
        world.tokens.refused(A, world.id, SECRETS)
    assert (world.seen["token"]["state"], world.told) == ("expired", [("token_expired", None)])


def test_testing_asks_and_changes_nothing(world: World) -> None:
    before = world.channel
    world.graph.script = [
        lambda: answer('{"user_id": "1"}'),
        lambda: answer('{"error": {"code": 190}}', 400),
        no_answer,
    ]
    assert [world.tokens.test(A, world.id).ok for _ in range(3)] == [True, False, False]
    assert (world.graph.asked, world.channel) == (["me"] * 3, before)


def test_what_it_costs(world: World) -> None:
    with record() as idle:
        world.sweep()
    assert (dict(idle.operations), idle.wru, idle.rru) == ({"dynamodb:Query": 16}, 0, 8)
    world.go_to(world.began + DAY)
    with record() as calls:
        assert world.sweep() == 1
    assert calls.operations["dynamodb:TransactWriteItems"] == 2
    assert (calls.wru, calls.rru) == (6, 11), "the claim; the channel with its secrets"


def test_a_provider_that_hangs_holds_up_no_tick(world: World, ids: Any) -> None:
    """Each look waits as long as a request may: a page of sixteen would take longer than the function runs."""
    for number in range(12):
        other = replace(world.channel, id=ids.new("ch", A), address=f"278400000000{number:05}")
        world.store.create(A, other, SECRETS)
    world.go_to(world.began + DAY)

    def hangs() -> HttpResponse:
        world.clock.move(2 * TIMEOUT_S)
        raise NoAnswer

    world.graph.script = [hangs] * 20
    begun = world.clock.now()
    page = world.tokens.look_due(160)
    assert (world.clock.now() - begun).total_seconds() * 1000 <= RESERVE_MS
    assert page.more and page.seen == page.done == 1
    for _ in range(12):
        page = world.tokens.look_due(160)
    assert (len(world.graph.asked), page.more) == (13, False), "the others' turn comes"
