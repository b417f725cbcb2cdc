"""Channels and the addresses that route to them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from recado.domain.channels import Channel
from recado.domain.errors import Conflict
from recado.domain.tokens import fresh
from recado.storage.channels import ChannelRecord, ChannelStore
from recado.storage.mailboxes import DynamoMailboxes
from tests.storage.scenarios import scenario
from tests.storage.scenarios.people import A, an_account


def a_channel(clock: Any, ids: Any, address: str) -> Channel:
    _, department = an_account(clock, ids)
    return Channel(ids.new("ch", A), "whatsapp", "WhatsApp", department.id, clock.now(), {}, address)


@scenario("channel-address-free")
def two_channels_take_one_address(clock: Any, ids: Any) -> None:
    store = ChannelStore()
    first = a_channel(clock, ids, "551100000001")
    store.create(A, first, {})
    with suppress(Conflict):
        store.create(A, replace(first, id=ids.new("ch", A)), {})
    assert store.by_address(A, "whatsapp", "551100000001") == first.id, "the address leads to another channel"


@scenario("channel-unchanged")
def two_changes_of_one_channel(clock: Any, ids: Any) -> None:
    store = ChannelStore()
    seen = a_channel(clock, ids, "551100000001")
    store.create(A, seen, {})
    assert store.change(A, seen, replace(seen, name="First", version=2), None)
    store.change(A, seen, replace(seen, address="551100000002", version=2), None)
    found = store.get(A, seen.id)
    assert found is not None and found.name == "First", "the later change undid the earlier"


@scenario("directory-address-free")
def two_accounts_take_one_mail_address(clock: Any, ids: Any) -> None:
    """Addresses within an account are kept apart by their type here, so that only the directory stands between."""
    store = ChannelStore()
    first = replace(a_channel(clock, ids, "suporte@mail.example"), directory="mailbox")
    store.create(A, first, {})
    with suppress(Conflict):
        store.create(A, replace(first, id=ids.new("ch", A), type="custom"), {})
    found = DynamoMailboxes().find("suporte@mail.example")
    assert found is not None and found.channel_id == first.id, "the address leads to another channel"


@scenario("channel-is-there-to-look-at")
def a_channel_loses_its_token_while_it_is_put_off(clock: Any, ids: Any) -> None:
    store, now = ChannelStore(), clock.now()
    seen = replace(a_channel(clock, ids, "551100000001"), token=fresh(None, now), due_at=now)
    store.create(A, seen, {})
    assert store.due(now, 16).found == [(A, seen.id)]
    assert store.change(A, seen, replace(seen, token=None, due_at=None, version=2), None)
    store.look_again_at(A, seen.id, now)
    record = ChannelRecord.get(f"{A}#CHANNELS", seen.id, consistent_read=True)
    assert record.due_sk is None, "half a place in the index"
