"""What flows may cost (docs/data-model.md §3, F1)."""

from __future__ import annotations

from typing import Any

import pytest

from recado.bootstrap import Container
from recado.domain.access import Caller
from tests.handlers.conftest import stack as stack
from tests.handlers.stack import Stack
from tests.recording import Calls, record

A = "accounta"
ADMIN = Caller(A, "admin", user_id="us_accounta_1")


def made(calls: Calls) -> dict[str, int]:
    return {name.removeprefix("dynamodb:"): times for name, times in calls.operations.items()}


@pytest.fixture
def product(stack: Stack) -> Container:
    return stack.container


def steps(texts: int) -> dict[str, Any]:
    return {"a": {"type": "queue"}, **{f"s{n}": {"type": "send_text", "text": "x" * 4_000} for n in range(texts)}}


def test_a_list_of_flows_reads_none_of_their_steps(product: Container) -> None:
    project, flows = product.project_service.create(A, "Vendas"), product.flow_service
    for number in range(10):
        flows.create(A, project.id, f"Fluxo {number}", "a", steps(20))
    with record() as calls:
        listed = flows.all(A, project.id)
    assert len(listed) == 10 and not any(flow.steps for flow in listed)
    assert made(calls) == {"Query": 1} and calls.rru <= 1


def test_one_flow_is_drawn_and_published(product: Container) -> None:
    project, flows = product.project_service.create(A, "Vendas"), product.flow_service
    with record() as calls:
        flow = flows.create(A, project.id, "Boas-vindas", "a", steps(5))  # 20 KB
    assert made(calls) == {"Query": 1, "GetItem": 1, "TransactWriteItems": 1} and calls.wru <= 2 * (21 + 1 + 1)
    with record() as calls:
        assert flows.get(A, flow.id) == flow
    assert made(calls) == {"GetItem": 2} and calls.rru <= 1 + 6
    with record() as calls:
        flows.change(A, flow.id, {"name": "Olá"})
    assert made(calls)["TransactWriteItems"] == 1 and calls.wru <= 2
    with record() as calls:
        flows.change(A, flow.id, {"steps": steps(4)})
    assert made(calls) == {"GetItem": 2, "TransactWriteItems": 1} and calls.wru <= 2 * (21 + 1)
    with record() as calls:
        flows.publish(ADMIN, flow.id)
    assert made(calls) == {"GetItem": 2, "TransactWriteItems": 1} and calls.wru <= 2 * (17 + 1)
    with record() as calls:
        assert [one.number for one in flows.versions(A, flow.id, None, 50)[0]] == [1]
    assert made(calls) == {"GetItem": 2, "Query": 1} and calls.rru <= 1 + 5 + 5
    with record() as calls:
        assert flows.version(A, flow.id, 1).steps == steps(4)
    assert made(calls) == {"GetItem": 3} and calls.rru <= 1 + 5 + 5
    with record() as calls:
        flows.delete(A, flow.id)
    of_others = {"Query": 5, "BatchGetItem": 1}
    assert made(calls) == {**of_others, "GetItem": 2, "TransactWriteItems": 1}, (
        "channels, flows, tasks, triggers, executions may need it"
    )


def test_what_flows_name_is_looked_for(product: Container) -> None:
    project, flows = product.project_service.create(A, "Vendas"), product.flow_service
    for number in range(120):
        flow = flows.create(A, project.id, f"Fluxo {number}", "a", steps(1))  # 4 KB
        flows.publish(ADMIN, flow.id)
    with record() as calls:
        product.references.refuse(A, [f"dp_{A}_1"], "The department")
    assert made(calls) == {"Query": 3, "BatchGetItem": 2} and calls.rru <= 10 + 120 * 2 + 1.5


def test_a_flow_that_runs_others_is_published(product: Container) -> None:
    project, flows = product.project_service.create(A, "Vendas"), product.flow_service
    inner = flows.create(A, project.id, "Dentro", "a", {"a": {"type": "queue"}})
    flows.publish(ADMIN, inner.id)
    outer = flows.create(A, project.id, "Fora", "a", {"a": {"type": "run_flow", "flow_id": inner.id}})
    with record() as calls:
        flows.publish(ADMIN, outer.id)
    assert made(calls) == {"GetItem": 2 + 2 + 2, "TransactWriteItems": 1}, "its own, the named one, where that leads"
    assert calls.wru <= 2 * 3 and calls.rru <= 8


def test_secrets_of_flows(product: Container) -> None:
    secrets = product.flow_secret_service
    for name in ("a", "b", "c"):
        secrets.put(A, name, "x" * 1_500)
    with record() as calls:
        secrets.put(A, "b", "y" * 1_500)
    assert made(calls) == {"Query": 1, "PutItem": 1} and (calls.wru, calls.rru) == (2, 2)
    with record() as calls:
        assert [one.name for one in secrets.all(A)] == ["a", "b", "c"]
    assert made(calls) == {"Query": 1} and calls.rru <= 2
    with record() as calls:
        assert product.flow_secrets.values(A, ["b", "c", "d"]) == {"b": "y" * 1_500, "c": "x" * 1_500}
    assert made(calls) == {"BatchGetItem": 1} and calls.rru <= 3
