"""An address of the domain that all accounts share, after its channel left it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recado.domain.channel_removal import Closing
from recado.domain.chats import Author, Event
from recado.domain.errors import Conflict
from recado.ports.mail import Mailbox
from recado.storage import keys
from recado.storage.channel_removals import DynamoChannelRemovals
from recado.storage.channels import ChannelDirectoryRecord, ChannelStore
from recado.storage.mailboxes import DynamoMailboxes
from tests.storage.scenarios.channels import a_channel
from tests.storage.scenarios.people import A, an_account

LEFT, OTHER = "suporte@mail.example", "acctbbbb"


@pytest.mark.parametrize("way", ["changed", "removed"])
def test_what_customers_answer_is_no_other_companys_to_read(dynamodb: Any, clock: Any, ids: Any, way: str) -> None:
    store, now = ChannelStore(), clock.now()
    first = replace(a_channel(clock, ids, LEFT), type="email", directory="mailbox")
    store.create(A, first, {})
    if way == "changed":
        assert store.change(A, first, replace(first, address="ajuda@mail.example", version=2), None, now=now)
    else:
        event = Event(ids.new("ev", A), "channel.removed", now, Author("system"), {})
        gone = replace(first, state="removed", address="", version=2)
        assert DynamoChannelRemovals().remove(A, first, gone, event, Closing(first.id, now, now))
    assert DynamoMailboxes().find(LEFT) is None, "it leads to nobody"
    _, department = an_account(clock, ids, OTHER)
    theirs = replace(first, id=ids.new("ch", OTHER), department_id=department.id)
    with pytest.raises(Conflict):
        store.create(OTHER, theirs, {})
    record = ChannelDirectoryRecord.find(keys.directory_pk("mailbox", LEFT), "DIR")
    assert record is not None and (record.ttl - now.timestamp()) == 365 * 86_400
    again = replace(first, id=ids.new("ch", A))
    store.create(A, again, {})
    assert DynamoMailboxes().find(LEFT) == Mailbox(A, again.id), "its own account takes it again"
    with pytest.raises(Conflict):
        store.create(A, replace(first, id=ids.new("ch", A), type="custom"), {})
