"""Races of removals: guesses at once, looks at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from recado.domain.channel_removal import MAX_TRIES, Closing, RemovalCode
from recado.domain.chats import Author, Event
from recado.storage.channel_removals import ClosingRecord, DynamoChannelRemovals
from recado.storage.channels import ChannelStore
from tests.storage.scenarios import scenario
from tests.storage.scenarios.channels import a_channel
from tests.storage.scenarios.people import A


@scenario("removal-code-moves-from-seen-version")
def two_guesses_at_once(clock: Any, ids: Any) -> None:
    store, channel_id = DynamoChannelRemovals(), ids.new("ch", A)
    code = RemovalCode("hash", clock.now() + timedelta(minutes=10), clock.now(), tries=MAX_TRIES - 1)
    assert store.move_code(A, channel_id, None, code)
    seen = [store.code(A, channel_id) for _ in range(2)]
    guesses = [one and store.move_code(A, channel_id, one, one.tried()) for one in seen]
    assert guesses == [True, False], "one guess more than there may be"
    assert not store.move_code(A, channel_id, None, code), "who knew of no code takes the tries back"


@scenario("removed-channel-is-there-to-look-at")
def a_look_finds_the_end_while_another_puts_it_off(clock: Any, ids: Any) -> None:
    channel = a_channel(clock, ids, "551100000001")
    ChannelStore().create(A, channel, {})
    store, now = DynamoChannelRemovals(), clock.now()
    event = Event(ids.new("ev", A), "channel.removed", now, Author("system"), {})
    assert store.remove(A, channel, channel, event, Closing(channel.id, now, now))
    seen = store.closing(A, channel.id)
    assert seen is not None
    store.end(A, channel.id)
    store.go_on(A, seen)
    assert ClosingRecord.count(f"{A}#REMOVED") == 0, "half an item that is looked at for ever"
