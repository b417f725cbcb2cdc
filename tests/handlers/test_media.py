"""Files of messages: fetched from their providers within bounds, looked at, and shown by the message; on moto."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from recado.channels.registry import adapter
from recado.domain.fetching import Fetching
from recado.domain.file_limits import MB
from recado.ports.core import AddressRefused, ConnectFailed, HttpResponse, NoAnswer
from recado.ports.fetching import Place
from recado.services.received_files import Refused
from recado.storage import keys
from recado.storage.chat_records import MessageRecord
from tests.fetching_world import LOCATED, THREAD, A, FetchWorld, status
from tests.file_samples import GOOD, HOSTILE, png
from tests.handlers.stack import Stack

CUSTOM_URL = "https://their.example/nota.png"


@pytest.fixture
def world(stack: Stack, clock: Any) -> FetchWorld:
    return FetchWorld(stack, clock)


def of_provider(world: FetchWorld, *acts: Any) -> dict[str, Any]:
    """What the file of a new message comes to when the provider acts so."""
    world.provider.script = list(acts)
    return world.work(world.arrive())


def located(**fields: Any) -> HttpResponse:
    return HttpResponse(200, {}, json.dumps({"url": LOCATED, **fields}).encode())


def fed(stack: Stack) -> dict[str, Any]:
    """The one event on its way to the feed."""
    [record] = stack.receive("feed")
    stack.delete("feed", record)
    event: dict[str, Any] = json.loads(record["body"])["event"]
    return event


# -- what is fetched ---------------------------------------------------------------------------------------------------


def test_from_the_stream_over_the_queue_to_the_file(world: FetchWorld, stack: Stack) -> None:
    place = world.arrive(name="foto é.png")
    stack.invoke("events", {"Records": stack.stream_records()})
    assert stack.work("media", "media") == []
    world.assert_accepted(place, world.provider.content)
    assert world.file(place)["name"] == "foto é.png"
    told = fed(stack)
    assert (told["type"], told["data"]["file"]["state"]) == ("message.received", "pending")
    assert "media" not in told["data"]["payload"]
    stack.invoke("events", {"Records": stack.stream_records()})
    told = fed(stack)
    assert (told["type"], told["data"]["file"]) == ("message.file", world.file(place))
    assert stack.receive("media") == []


def test_a_file_is_what_its_bytes_say(world: FetchWorld) -> None:
    for content_type, content in GOOD.items():
        kind = content_type.partition("/")[0]
        world.provider.content = content
        file = world.work(
            world.arrive(kind=kind if kind in ("image", "video", "audio") else "document", content_type=content_type)
        )
        assert (file["state"], file["content_type"], file["size"]) == ("accepted", content_type, len(content))
    assert sorted(world.objects().values()) == sorted(GOOD.values())


def test_a_file_of_another_type_than_it_is_said_to_be_has_its_own(world: FetchWorld) -> None:
    file = world.work(world.arrive(kind="document", content_type="application/octet-stream", name="../../nota"))
    assert (file["state"], file["content_type"], file["name"]) == ("accepted", "image/png", "nota")


def test_a_file_without_a_name_gets_one(world: FetchWorld) -> None:
    assert world.work(world.arrive())["name"] == "image.png"


def test_a_hostile_file_is_rejected_or_served_as_what_it_is(world: FetchWorld) -> None:
    """A file of another type than was said is no harm by itself."""
    kept = 0
    for name, (declared, content, reason) in HOSTILE.items():
        world.provider.content = content
        file = world.work(world.arrive(kind="document", content_type=declared, name=name))
        if file["state"] == "accepted":
            assert (reason, file["content_type"] != declared) == ("type_differs", True), name
            kept += 1
        else:
            assert file["reason"] == (reason if reason != "type_differs" else "type_not_taken"), name
            assert file["id"] is None
    assert 0 < len(world.objects()) == kept < len(HOSTILE) / 2


def test_a_name_that_a_machine_runs_is_refused(world: FetchWorld) -> None:
    world.provider.content = b"echo hello"
    assert world.work(world.arrive(kind="document", name="run.bat"))["reason"] == "type_not_taken"


def test_an_empty_file(world: FetchWorld) -> None:
    world.provider.content = b""
    assert world.work(world.arrive())["reason"] == "empty"


def test_the_hash_is_held_to(world: FetchWorld) -> None:
    right, wrong = (hashlib.sha256(one).digest() for one in (world.provider.content, b"other"))
    for write in (base64.b64encode, lambda one: one.hex().encode()):
        told = {"provider_id": "media-1", "sha256": write(right).decode()}
        assert world.work(world.arrive(told))["state"] == "accepted"
        told["sha256"] = write(wrong).decode()
        assert world.work(world.arrive(told))["reason"] == "hash_differs"
        assert of_provider(world, located(sha256=told["sha256"]))["reason"] == "hash_differs"
    assert world.work(world.arrive({"provider_id": "media-1", "sha256": "none"}))["state"] == "accepted"


def test_a_file_at_our_limit(world: FetchWorld) -> None:
    """WhatsApp's documents may be larger; ours may not."""
    for size, reason in ((15 * MB - 1, None), (15 * MB, None), (15 * MB + 1, "too_large")):
        world.provider.content = png(size)
        assert world.work(world.arrive(kind="document"))["reason"] == reason
    assert set(world.provider.most) == {15 * MB}


def test_a_file_that_is_said_to_be_too_large_is_not_asked_for(world: FetchWorld) -> None:
    assert of_provider(world, located(file_size=15 * MB + 1))["reason"] == "too_large"
    assert world.provider.most == []


# -- where it is fetched -----------------------------------------------------------------------------------------------


def test_the_token_goes_to_the_provider_and_is_kept_nowhere(world: FetchWorld) -> None:
    place = world.arrive()
    world.work(place)
    assert [headers["authorization"] for _, headers in world.provider.asked] == ["Bearer canary-token"] * 2
    record = MessageRecord.find(keys.thread_pk(A, THREAD), keys.message_sk(place.seq))
    assert record is not None and "canary" not in json.dumps(record.serialize())


ELSEWHERE = [
    "http://lookaside.fbsbx.com/x",
    "https://lookaside.fbsbx.com.evil.example/x",
    "https://evil.example/lookaside.fbsbx.com",
    "https://user@lookaside.fbsbx.com/x",
    "https://lookaside.fbsbx.com:8443/x",
    "https://169.254.169.254/latest/meta-data",
    "https://xfbcdn.net/x",
    "file:///etc/passwd",
    "https://[::1/x",
]


def test_no_other_host_is_asked(world: FetchWorld) -> None:
    for url in ELSEWHERE:
        assert of_provider(world, located(url=url))["reason"] == "host_not_allowed"
        assert of_provider(world, located(), status(302, location=url))["reason"] == "host_not_allowed"
        assert url not in [asked for asked, _ in world.provider.asked]


def test_the_local_door_lets_its_origins_pass_and_no_other(world: FetchWorld) -> None:
    door = "http://127.0.0.1:8099"
    assert of_provider(world, located(url=f"{door}/a.png"))["reason"] == "host_not_allowed"
    world.local_origins = frozenset({door})
    for url in (
        f"{door}1/a.png",
        "http://127.0.0.1:80990/a.png",
        f"https://{door}/a.png",
        f"{door}@evil.example/a.png",
    ):
        assert of_provider(world, located(url=url))["reason"] == "host_not_allowed"
    assert of_provider(world, located(url=f"{door}/a.png"))["state"] == "accepted"


def test_a_redirect_to_another_host_goes_without_the_token(world: FetchWorld) -> None:
    there = "https://scontent.xx.fbcdn.net/v/1.png"
    file = of_provider(world, located(), status(307, location="/moved"), status(302, location=there))
    assert file["state"] == "accepted"
    _, first, second, third = world.provider.asked
    assert second == ("https://lookaside.fbsbx.com/moved", first[1])
    assert third == (there, {})


def test_redirects_without_end(world: FetchWorld) -> None:
    place = world.arrive()
    world.provider.script = [located(), *[status(302, location=LOCATED)] * 4]
    world.provider.script += [status(410)] * 2
    world.work(place)
    assert world.told[0] == (1, "waits", "redirects")


def test_a_url_that_a_customer_chose(world: FetchWorld) -> None:
    """It goes through the guard, to any public host, and is redirected nowhere."""
    world.use("custom")
    assert world.work(world.arrive({"url": CUSTOM_URL}))["state"] == "accepted"
    assert world.provider.asked == [(CUSTOM_URL, {})]
    world.provider.script = [status(302, location="https://their.example/other")]
    assert world.work(world.arrive({"url": CUSTOM_URL}))["reason"] == "refused"
    world.provider.script = [AddressRefused("not a public address")]
    assert world.work(world.arrive({"url": CUSTOM_URL}))["reason"] == "host_not_allowed"


def test_the_real_way_to_a_customers_url_is_guarded(world: FetchWorld, stack: Stack) -> None:
    """As the container wires it: an address that is not public is refused before anything is asked of it."""
    world.use("custom")
    found = world.store.get(world.arrive({"url": "https://127.0.0.1:1/a.png"}))
    assert found is not None and world.channel is not None
    with pytest.raises(Refused) as refused:
        stack.container.provider_files.bytes_of(A, found.message, world.channel, adapter("custom"))
    assert refused.value.reason == "host_not_allowed"


# -- when it cannot be had ---------------------------------------------------------------------------------------------

GRAPH_GONE = HttpResponse(400, {}, b'{"error":{"code":100,"error_subcode":33}}')


def test_what_the_provider_has_no_longer(world: FetchWorld) -> None:
    for acts in ((GRAPH_GONE,), (located(), status(404)), (located(), status(410))):
        file = of_provider(world, *acts)
        assert (file["state"], file["reason"], file["id"]) == ("rejected", "expired", None)


def test_a_url_of_the_message_that_has_run_out(world: FetchWorld) -> None:
    world.use("messenger")
    world.provider.script = [status(403)]
    assert world.work(world.arrive({"url": "https://scontent.xx.fbcdn.net/1.png"}))["reason"] == "expired"


TROUBLES: list[tuple[Any, ...]] = [
    (status(500),),
    (NoAnswer("reset"),),
    (ConnectFailed("refused"),),
    (located(), status(503)),
    (located(), status(429)),
    (located(), status(401)),
    (located(), NoAnswer("too slow")),
]


def test_trouble_is_waited_out_and_the_file_is_located_anew(world: FetchWorld) -> None:
    for acts in TROUBLES:
        world.told, world.pauses, world.provider.asked = [], [], []
        assert of_provider(world, *acts)["state"] == "accepted"
        assert [one[1] for one in world.told] == ["waits", "accepted"]
        assert len(world.pauses) == 1 and world.pauses[0] <= 5
        assert len([url for url, _ in world.provider.asked if "graph.facebook.com" in url]) == 2


def test_a_provider_that_asks_for_a_longer_wait_is_left_to_the_sweep(world: FetchWorld, clock: Any) -> None:
    place = world.arrive()
    world.provider.script = [located(), status(429, retry_after="300")]
    assert world.work(place)["state"] == "pending"
    clock.move(279)
    assert world.service.sweep(100).done == 0
    assert world.work(place)["state"] == "pending", "nobody tries before its time"
    clock.move(21)
    assert world.service.sweep(100).done == 1
    assert [command.dedup.rpartition("-")[2] for command in world.sent] == ["2"]
    assert world.work(place)["state"] == "accepted"


def test_what_never_comes_is_given_up(world: FetchWorld, clock: Any) -> None:
    place = world.arrive()
    for _ in range(40):
        world.provider.script = [status(500)] * 20
        if world.work(place)["state"] != "pending":
            break
        clock.move(3_600)
    assert world.file(place)["reason"] == "not_fetched"
    assert world.told[-1][0] < 40, "later and later"
    assert world.service.sweep(100).seen == 0


def test_a_channel_without_a_token_is_told_and_mended_in_time(world: FetchWorld, clock: Any) -> None:
    place = world.arrive()
    world.use("whatsapp", secrets={})
    assert world.work(place)["state"] == "pending"
    assert set(world.problems) == {"no_access_token"}
    world.use("whatsapp")
    clock.move(3_600)
    assert world.work(place)["state"] == "accepted"


def test_a_channel_that_was_removed(world: FetchWorld) -> None:
    world.use("whatsapp", state="removed")
    assert world.work(world.arrive())["reason"] == "channel_removed"
    world.channel = None
    assert world.work(world.arrive())["reason"] == "channel_removed"


def test_a_file_that_comes_to_the_provider_later(
    world: FetchWorld, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recado.channels.messenger import Messenger

    world.use("messenger")
    monkeypatch.setattr(Messenger, "media_comes_later_s", 300.0)
    told = {"url": "https://scontent.xx.fbcdn.net/1.png"}
    world.provider.script = [status(404)]
    assert world.work(world.arrive(told))["state"] == "accepted"
    place = world.arrive(told)
    clock.move(300)
    world.provider.script = [status(404)]
    assert world.work(place)["reason"] == "expired"


# -- commands that are lost, doubled, or come late ---------------------------------------------------------------------


def test_a_lost_command_is_found_by_the_sweep(world: FetchWorld, clock: Any) -> None:
    place = world.arrive()
    assert world.service.sweep(100).seen == 0
    clock.move(60)
    assert world.service.sweep(100).done == 1
    assert world.service.sweep(100).seen == 0, "it is looked at again in a minute"
    assert world.work(place)["state"] == "accepted"
    clock.move(3_600)
    assert world.service.sweep(100).seen == 0


def test_a_file_that_cannot_be_read_stands_before_no_other(
    world: FetchWorld, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = world.arrive(), world.arrive()
    get = world.store.get

    def breaks(place: Place) -> Fetching | None:
        if place == broken:
            raise ConnectionError
        return get(place)

    clock.move(60)
    with monkeypatch.context() as patch:
        patch.setattr(world.store, "get", breaks)
        swept = world.service.sweep(100)
        assert (swept.done, len(swept.failed)) == (1, 1)
        assert world.service.sweep(100).seen == 0, "it is looked at again at once, for ever"
    assert world.work(other)["state"] == "accepted"
    clock.move(60)
    assert world.service.sweep(100).done == 1
    assert world.work(broken)["state"] == "accepted"


def test_a_doubled_command_asks_nobody(world: FetchWorld) -> None:
    place = world.arrive()
    world.work(place)
    asked = len(world.provider.asked)
    world.work(place)
    assert len(world.provider.asked) == asked
    world.assert_accepted(place, world.provider.content)


def test_a_second_worker_leaves_what_the_first_has_begun(world: FetchWorld) -> None:
    place = world.arrive()

    def second_now() -> HttpResponse:
        world.provider.script = []
        world.service.fetch(place)
        return located()

    world.provider.script = [second_now]
    assert world.work(place)["state"] == "accepted"
    assert len(world.provider.asked) == 2


def test_an_attempt_that_was_taken_for_dead_settles_nothing_that_is_settled(world: FetchWorld, clock: Any) -> None:
    """The first one stands at its download for ever; the second finds the file gone; then the first goes on."""
    place = world.arrive()

    def second_meanwhile() -> HttpResponse:
        clock.move(200)
        world.provider.script = [located(), status(404)]
        world.service.fetch(place)
        return HttpResponse(200, {}, world.provider.content)

    world.provider.script = [located(), second_meanwhile]
    assert world.work(place)["reason"] == "expired"


def test_a_message_that_is_gone(world: FetchWorld) -> None:
    place = world.arrive()
    MessageRecord(keys.thread_pk(A, THREAD), keys.message_sk(place.seq)).delete()
    world.service.fetch(place)
    assert world.provider.asked == []
