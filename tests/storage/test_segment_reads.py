"""What segments read in hundreds: DynamoDB may leave some out, again and again."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.errors import Busy
from recado.domain.groups import Group
from recado.domain.segment_fields import Thing
from recado.storage import segment_reads
from recado.storage.contact_records import ContactRecord
from recado.storage.groups import DynamoGroups
from recado.storage.segment_reads import DynamoSegmentReads
from tests.recording import record

PLACES = [(f"accounta#C#{number % 16:x}", f"CONTACT#{number}") for number in range(100)]


class Throttled:
    """Gives so many of what is asked for, and leaves out the rest."""

    def __init__(self, each: int) -> None:
        self.each, self.calls = each, 0

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:
        [(table, asked)] = RequestItems.items()
        self.calls += 1
        given, left = asked["Keys"][: self.each], asked["Keys"][self.each :]
        unread = {table: {**asked, "Keys": left}} if left else {}
        return {"Responses": {table: [{"id": key["sk"]} for key in given]}, "UnprocessedKeys": unread}


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr("recado.storage.segment_reads.time.sleep", waited.append)
    monkeypatch.setattr("recado.storage.segment_reads.random.uniform", lambda _, most: most)
    return waited


def test_what_was_left_out_is_read_again_after_longer_and_longer(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    client = Throttled(30)
    monkeypatch.setattr(segment_reads, "_client", lambda kind: client)
    found = segment_reads._got(ContactRecord, PLACES, ("id",))
    assert [one["id"]["S"] for one in found] == [sk for _, sk in PLACES]
    assert (client.calls, pauses) == (4, [0.05, 0.1, 0.2])


def test_who_is_never_served_is_told(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> None:
    client = Throttled(0)
    monkeypatch.setattr(segment_reads, "_client", lambda kind: client)
    with pytest.raises(Busy):
        segment_reads._got(ContactRecord, PLACES, ("id",))
    assert client.calls == 8 and sum(pauses) < 7


def test_what_a_filter_names_is_looked_up_at_once(dynamodb: Any, clock: Any) -> None:
    store, ids = DynamoGroups(), [f"gr_accounta_{number:027x}" for number in range(120)]
    for one in ids[:3]:
        store.create("accounta", Group(one, "group", one, clock.now(), clock.now()))
    store.create("accountb", Group(ids[5], "group", "theirs", clock.now(), clock.now()))
    named: set[tuple[Thing, str]] = {("group", one) for one in ids} | {("organization", ids[0])}
    with record() as calls:
        found = DynamoSegmentReads().existing("accounta", named)
    assert found == {("group", one) for one in ids[:3]}
    assert (calls.operations, calls.wru) == ({"dynamodb:BatchGetItem": 2}, 0) and calls.rru <= len(named)
    assert all(table["ConsistentRead"] for call in calls.log for table in call.parameters["RequestItems"].values())
