"""Templates on DynamoDB: what is written comes back, lists, what is offered; and what it may cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from recado.domain.chats import Author, Event
from recado.ports.templates import TemplateFilter
from recado.storage.templates import DynamoTemplates
from tests.recording import record
from tests.storage.scenarios.templates import CHANNEL, A, template


@pytest.fixture
def store(dynamodb: Any) -> DynamoTemplates:
    return DynamoTemplates()


def fact(clock: Any, ids: Any) -> Event:
    return Event(ids.new("ev", A), "template.status_changed", clock.now(), Author("system"), {"id": "tm_1"})


def test_every_field_comes_back(store: DynamoTemplates, clock: Any, ids: Any) -> None:
    now = clock.now()
    full = template(
        clock, ids, department_ids=("dp_1",), status="REJECTED", provider_status="FLAGGED", provider_id="5",
        quality="RED", rejected_reason="SCAM", submission="unknown", submitted_at=now,
        submission_error={"code": "1", "title": "no"}, draft={"category": "UTILITY", "components": []}, status_at=now,
        status_words=("FLAGGED",), quality_at=now, category_at=now, due=now, version=3,
    )  # fmt: skip
    assert store.create(A, full)
    assert store.get(A, full.id) == full
    assert store.named(A, CHANNEL, full.name, full.language) == full
    assert store.get("accountb", full.id) is None


def test_lists_are_filtered_and_go_on(store: DynamoTemplates, clock: Any, ids: Any) -> None:
    made = [
        template(clock, ids, name=name, status=status, channel_id=channel)
        for name, status, channel in (
            ("a_one", "APPROVED", CHANNEL), ("b_two", "PENDING", CHANNEL), ("c_one", "APPROVED", "ch_2"),
            ("d_one", "APPROVED", CHANNEL),
        )
    ]  # fmt: skip
    for one in made:
        assert store.create(A, one)
    page, after = store.page(A, TemplateFilter(), 3, None)
    assert (page, after) == (made[:3], made[2].id)
    assert store.page(A, TemplateFilter(), 3, after) == (made[3:], None)
    assert store.page(A, TemplateFilter(CHANNEL, "APPROVED", "one"), 50, None) == ([made[0], made[3]], None)


def test_what_is_offered_is_approved_and_of_the_department(store: DynamoTemplates, clock: Any, ids: Any) -> None:
    for name, status, departments in (
        ("b", "APPROVED", ()), ("a", "APPROVED", ("dp_1",)), ("c", "APPROVED", ("dp_2",)), ("d", "PAUSED", ()),
    ):  # fmt: skip
        store.create(A, template(clock, ids, name=name, status=status, department_ids=departments))
    assert [one.name for one in store.sendable(A, CHANNEL, "dp_1", 50)] == ["a", "b"]
    assert len(store.sendable(A, CHANNEL, "dp_1", 1)) == 1
    (paused,) = store.page(A, TemplateFilter(status="PAUSED"), 9, None)[0]
    store.change(A, paused, replace(paused, status="APPROVED", version=2), None)
    assert [one.name for one in store.sendable(A, CHANNEL, "dp_1", 50)] == ["a", "b", "d"]


def test_a_deleted_one_gives_its_name_back(store: DynamoTemplates, clock: Any, ids: Any) -> None:
    first = template(clock, ids)
    assert store.create(A, first)
    assert not store.create(A, template(clock, ids))
    assert store.delete(A, first, fact(clock, ids))
    assert store.get(A, first.id) is None
    assert store.create(A, template(clock, ids))


def test_submissions_are_due_at_their_time(store: DynamoTemplates, clock: Any, ids: Any) -> None:
    one = template(clock, ids, submission="sending", due=clock.now() + timedelta(seconds=60))
    store.create(A, one)
    assert store.due(clock.now() + timedelta(seconds=59), 160).found == []
    assert store.due(clock.now() + timedelta(seconds=60), 160).found == [(A, one.id)]
    store.change(A, one, replace(one, due=None, submission="taken", version=2), None)
    assert store.due(clock.now() + timedelta(days=1), 160).found == []


def test_budgets(store: DynamoTemplates, clock: Any, ids: Any) -> None:
    """docs/data-model.md §3, J3."""
    one = template(clock, ids)
    with record() as calls:
        store.create(A, one)
    assert (calls.count(), calls.wru) == (1, 4)
    with record() as calls:
        store.named(A, CHANNEL, one.name, one.language)
    assert (calls.count(), calls.rru) == (2, 2)
    with record() as calls:
        store.change(A, one, replace(one, status="APPROVED", version=2), fact(clock, ids))
    assert (calls.count(), calls.wru) == (1, 6)
    with record() as calls:
        store.sendable(A, CHANNEL, "dp_1", 50)
    assert (calls.count(), calls.rru) == (2, 1)
