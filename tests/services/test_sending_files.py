"""Messages with files: which may be sent by whom and as what, and how the channel gets them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recado.channels.registry import adapter_class, types
from recado.channels.telegram import Telegram
from recado.domain.errors import Conflict, DomainError, Invalid, NotFound, TooLarge, WrongType
from recado.domain.file_limits import FEATURES, MB, sent_as
from recado.ports.core import HttpResponse
from tests.sending_world import ANA, BRUNO, CHANNELS, A, World, agent, refuses


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> World:
    return World(clock, ids)


def body(world: World, position: int = -1) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(world.provider.sent[position])
    return sent


def test_a_picture_goes_by_a_link_of_an_hour(world: World) -> None:
    file_id = world.has_file(name="foto.png")
    message = world.write(file_id=file_id, text="olha", kind=None)
    assert (message.kind, message.text, message.status) == ("image", "olha", "queued")
    assert message.file == {
        "id": file_id, "name": "foto.png", "content_type": "image/png", "size": 10, "state": "accepted", "reason": None,
    }  # fmt: skip
    world.work()
    image = body(world)["image"]
    assert image["caption"] == "olha"
    assert image["link"].startswith(f"https://recado.example/files/{A}/{file_id}/etag?expires=3600&n=")
    assert world.message(message.id).status == "sent"


def test_each_try_has_a_link_of_its_own(world: World) -> None:
    world.write(file_id=world.has_file(), kind=None)
    world.provider.script = [refuses(131000, 500)]
    world.work()
    first, second = (body(world, position)["image"]["link"] for position in (0, 1))
    assert first != second


def test_a_channel_that_takes_bytes_gets_them(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHANNELS, "telegram", CHANNELS["custom"]._replace(type="telegram", secrets=BOT))
    world = World(world.clock, world.ids, "telegram")
    message = world.write(file_id=world.has_file("application/pdf", 42, name="nota.pdf"), text="segue", kind=None)
    assert message.kind == "document"
    world.provider.script = [HttpResponse(200, {}, b'{"ok":true,"result":{"message_id":5,"chat":{"id":77}}}')]
    world.work()
    [form] = world.provider.sent
    assert b"x" * 42 in form and b'filename="nota.pdf"' in form and b"segue" in form
    assert world.message(message.id).provider_id == "77:5"


BOT = {"bot_token": ("1:canary",), "secret_token": ("s",)}


def test_a_file_that_is_gone_fails_its_message(world: World) -> None:
    message = world.write(file_id=world.has_file(), kind=None)
    world.sent_files._files = Nothing()  # type: ignore[assignment]
    world.work()
    failed = world.message(message.id)
    assert failed.status == "failed" and failed.error is not None and failed.error.code == "file_missing"
    assert world.provider.sent == []


class Nothing:
    """No file at all."""

    def get(self, a: str, file_id: str) -> None:
        return None


def test_everybody_who_sees_the_chat_may_read_what_was_sent_in_it(world: World) -> None:
    file_id = world.has_file(by=ANA)
    assert world.files.chats_with(A, file_id, 25) == []
    world.write(file_id=file_id, kind=None)
    world.write(file_id=file_id, kind=None)
    assert world.files.chats_with(A, file_id, 25) == [world.chat.id]


def test_a_shortcuts_file_may_be_sent_by_all(world: World) -> None:
    file_id = world.has_file(by=BRUNO, feature="shortcut")
    assert world.write(file_id=file_id, kind=None).kind == "image"


@pytest.mark.parametrize(
    ("told", "asked", "kind"),
    [
        ("image/jpeg", None, "image"),
        ("image/jpeg", "document", "document"),
        ("image/gif", None, "document"),
        ("image/webp", None, "sticker"),
        ("audio/ogg", None, "audio"),
        ("audio/wav", None, "document"),
        ("video/mp4", "video", "video"),
        ("text/csv", None, "document"),
    ],
)
def test_a_file_is_sent_as_the_channel_takes_it(world: World, told: str, asked: str | None, kind: str) -> None:
    assert world.write(file_id=world.has_file(told), kind=asked, text=None).kind == kind


@pytest.mark.parametrize(("size", "taken"), [(5 * MB - 1, True), (5 * MB, True), (5 * MB + 1, False)])
def test_a_picture_at_the_channels_limit(world: World, size: int, taken: bool) -> None:
    file_id = world.has_file(size=size)
    if taken:
        assert world.write(file_id=file_id, kind=None).kind == "image"
        return
    with pytest.raises(TooLarge) as raised:
        world.write(file_id=file_id, kind=None)
    assert (raised.value.errors[0].pointer, raised.value.extra) == ("/file_id", {"limit": 5 * MB})
    assert world.write(file_id=file_id, kind="document").kind == "document"


def test_every_channel_holds_to_its_own_feature() -> None:
    """PRODUCT I1: 25 MB by e-mail, 15 on every other channel."""
    for channel_type in types():
        adapter = adapter_class(channel_type)
        ours = FEATURES[adapter.file_feature].max_bytes
        assert ours == (25 * MB if channel_type == "email" else 15 * MB), channel_type
        limit = adapter.media_limits.get("document")
        if limit is not None and (not limit.types or "application/pdf" in limit.types):
            most = min(ours, limit.max_bytes)
            for size in (most - 1, most):
                assert sent_as(None, "application/pdf", size, adapter.media_limits, adapter.file_feature) == "document"
            with pytest.raises(TooLarge):
                sent_as(None, "application/pdf", most + 1, adapter.media_limits, adapter.file_feature)


def test_an_email_file_is_held_to_our_limit_on_other_channels() -> None:
    limits = CHANNEL_LIMITS
    assert sent_as(None, "application/pdf", 15 * MB, limits, "service") == "document"
    with pytest.raises(TooLarge):
        sent_as(None, "application/pdf", 15 * MB + 1, limits, "service")
    assert sent_as(None, "application/pdf", 25 * MB, limits, "email") == "document"
    with pytest.raises(TooLarge):
        sent_as(None, "application/pdf", 25 * MB + 1, limits, "email")


CHANNEL_LIMITS = Telegram.media_limits


REFUSED: list[tuple[dict[str, Any], dict[str, Any], type[DomainError], str]] = [
    ({"state": "pending"}, {}, Conflict, "/file_id"),
    ({"state": "rejected", "reason": "empty"}, {}, Conflict, "/file_id"),
    ({"by": BRUNO}, {}, NotFound, "/file_id"),
    ({"feature": "import", "content_type": "text/csv"}, {}, NotFound, "/file_id"),  # of many contacts: for admins
    ({"feature": "photo"}, {}, Invalid, "/file_id"),
    ({"feature": "trigger"}, {}, Invalid, "/file_id"),
    ({"content_type": "application/pdf"}, {"kind": "image"}, WrongType, "/file_id"),
    ({}, {"kind": "text"}, Invalid, "/kind"),
    ({}, {"kind": "interactive"}, Invalid, "/kind"),
    ({}, {"payload": {"voice": True}}, Invalid, "/payload/voice"),
    ({}, {"payload": {"other": True}}, Invalid, "/payload"),
    ({"content_type": "audio/ogg"}, {"text": "x"}, Invalid, "/text"),
]


@pytest.mark.parametrize(("file", "asked", "refusal", "pointer"), REFUSED)
def test_what_is_refused_changes_nothing(
    world: World, file: dict[str, Any], asked: dict[str, Any], refusal: type[DomainError], pointer: str
) -> None:
    before = world.thread
    with pytest.raises(refusal) as raised:
        world.write(file_id=world.has_file(**file), **{"kind": None, **asked})
    assert raised.value.errors[0].pointer == pointer
    assert world.thread == before and world.queue.sent == []


@pytest.mark.parametrize("file_id", ["fi", f"fi_{A}_{9:027x}", f"fi_accountb_{1:027x}"])
def test_a_file_that_is_unknown_or_of_another_account(world: World, file_id: str) -> None:
    with pytest.raises(NotFound) as raised:
        world.write(file_id=file_id, kind=None)
    assert raised.value.errors[0].pointer == "/file_id"


def test_voice_messages_are_what_the_channel_has(world: World) -> None:
    for told, voice in (("audio/ogg", {"voice": True}), ("audio/mpeg", {})):
        file_id = world.has_file(told)
        world.write(file_id=file_id, kind="audio", text=None, payload={"voice": True})
        world.work()
        assert {name: value for name, value in body(world)["audio"].items() if name != "link"} == voice


def test_a_note_may_have_a_file_and_goes_nowhere(world: World) -> None:
    file_id = world.has_file("image/heic", 15 * MB)
    note = world.write(file_id=file_id, kind=None, text=None, internal=True)
    assert (note.kind, note.status, note.internal) == ("document", "sent", True)
    assert world.queue.sent == []
    assert world.files.chats_with(A, file_id, 25) == [world.chat.id]
    with pytest.raises(Invalid):
        world.write(file_id=file_id, kind="image", internal=True)


def test_a_file_waits_for_the_window_like_all_else(world: World) -> None:
    world.customer_was_silent(25)
    with pytest.raises(Conflict) as raised:
        world.write(agent(ANA), file_id=world.has_file(), kind=None)
    assert raised.value.code == "outside_window"
