"""Races about projects and flows."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from recado.domain.flows import Flow, FlowVersion, Project
from recado.ports.flows import ProjectGone
from recado.storage.flows import DynamoFlows, DynamoProjects
from tests.storage.scenarios import scenario

A = "accounta"


def project(clock: Any, ids: Any) -> Project:
    made = Project(ids.new("pj", A), "Vendas", clock.now())
    DynamoProjects().create(A, made)
    return made


def flow(clock: Any, ids: Any, project_id: str) -> Flow:
    return Flow(ids.new("fl", A), project_id, "Olá", "a", {"a": {"type": "queue"}}, clock.now(), clock.now())


@scenario("project-from-seen-version")
def a_project_is_renamed_while_it_is_deleted(clock: Any, ids: Any) -> None:
    store, seen = DynamoProjects(), project(clock, ids)
    assert store.delete(A, seen)
    store.change(A, seen, replace(seen, name="Outro", version=2))
    assert store.all(A) == []


@scenario("project-stands")
def a_flow_is_made_in_a_project_that_is_deleted(clock: Any, ids: Any) -> None:
    seen = project(clock, ids)
    DynamoProjects().delete(A, seen)
    with suppress(ProjectGone):
        DynamoFlows().create(A, flow(clock, ids, seen.id))
    assert DynamoFlows().all(A) == []


@scenario("flow-from-seen-version")
def two_people_publish_at_once(clock: Any, ids: Any) -> None:
    store, seen = DynamoFlows(), flow(clock, ids, project(clock, ids).id)
    store.create(A, seen)
    redrawn = replace(seen, steps={"a": {"type": "close"}}, version=2)
    assert store.change(A, seen, redrawn)
    version = FlowVersion(seen.id, 1, seen.start, seen.steps, clock.now())
    store.publish(A, seen, replace(seen, published=1, published_at=clock.now(), version=2), version, {})
    assert store.get(A, seen.id) == redrawn, "what was drawn meanwhile is lost, and something older is published"


@scenario("run-flow-from-seen-version")
def two_flows_that_run_each_other_are_published_at_once(clock: Any, ids: Any) -> None:
    store, kept = DynamoFlows(), project(clock, ids).id
    one, other = flow(clock, ids, kept), flow(clock, ids, kept)
    for seen in (one, other):
        store.create(A, seen)
        first = FlowVersion(seen.id, 1, seen.start, seen.steps, clock.now())
        assert store.publish(A, seen, published(seen, 1, clock), first, {})

    def publish(seen: Flow, runs: Flow) -> bool:
        before = published(seen, 1, clock)
        version = FlowVersion(seen.id, 2, "a", {"a": {"type": "run_flow", "flow_id": runs.id}}, clock.now())
        return store.publish(A, before, published(before, 2, clock), version, {runs.id: 1})

    assert publish(one, runs=other)
    publish(other, runs=one)
    assert store.published(A, other.id) == 1, "it was checked against a version that leads no further"


def published(seen: Flow, number: int, clock: Any) -> Flow:
    return replace(seen, published=number, published_at=clock.now(), version=seen.version + 1)
