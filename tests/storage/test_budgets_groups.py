"""What groups, organizations, custom fields and links may cost (docs/data-model.md §3, H3, H4, H10)."""

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


def test_a_group(product: Container) -> None:
    groups = product.group_service
    with record() as calls:
        vip = groups.create(A, "group", "VIP")
    assert (made(calls), calls.wru, calls.rru) == ({"TransactWriteItems": 1}, 4, 0)
    with record() as calls:
        groups.change(A, "group", vip.id, "VIPs")
    assert (made(calls), calls.wru, calls.rru) == ({"GetItem": 1, "TransactWriteItems": 1}, 6, 1)
    for number in range(9):
        groups.create(A, "group", f"Grupo {number}")
    with record() as calls:
        assert len(groups.page(A, "group", "gru", 5, None).items) == 5
    assert made(calls) == {"Query": 1, "BatchGetItem": 1} and calls.rru <= 1 + 5
    with record() as calls:
        groups.delete(A, "group", vip.id)
    assert made(calls) == {"Query": 3, "GetItem": 1, "TransactWriteItems": 1} and calls.wru <= 6 + 2


def test_contacts_of_a_group(product: Container) -> None:
    contacts, vip = product.contact_service, product.group_service.create(A, "group", "VIP")
    product.remembered_fields.checked(A, "contacts", lambda fields: ({}, []))
    with record() as alone:
        contacts.create(ADMIN, {"name": "Ana"})
    with record() as calls:
        contacts.create(ADMIN, {"name": "Ana", "group_ids": [vip.id]})
    assert calls.wru == alone.wru + 4
    assert calls.rru <= alone.rru + 0.5
    for number in range(20):
        contacts.create(ADMIN, {"name": f"Contato {number}", "group_ids": [vip.id]})
    with record() as calls:
        items, following = contacts.page(ADMIN, None, 10, None, ("group", vip.id))
    assert (len(items), following is None) == (10, False)
    assert made(calls) == {"Query": 16, "BatchGetItem": 1} and calls.rru <= 8 + 5
    product.group_service.delete(A, "group", vip.id)
    with record() as calls:
        product.tick.run(lambda: True)
    emptied = calls.operations
    assert contacts.page(ADMIN, None, 50, None, ("group", vip.id)) == ([], None)
    with record() as calls:
        product.tick.run(lambda: True)
    assert calls.operations["dynamodb:Query"] < emptied["dynamodb:Query"], "it is emptied once"


def test_a_link(product: Container) -> None:
    contacts = product.contact_service
    first, second, third = (contacts.create(ADMIN, {"name": f"Maria {number}"})["id"] for number in range(3))
    with record() as calls:
        contacts.link(ADMIN, second, first)
    assert (made(calls), calls.rru) == ({"GetItem": 2, "TransactWriteItems": 1}, 2)
    assert calls.wru <= 2 * 4
    with record() as calls:
        contacts.link(ADMIN, second, third)
    assert (made(calls), calls.rru) == ({"GetItem": 3, "TransactWriteItems": 1}, 3)
    assert calls.wru <= 3 * 4


def test_custom_fields_are_remembered(product: Container) -> None:
    product.custom_field_service.create(A, "contacts", "cor", "Cor", "text", False, [])
    product.remembered_fields._known.clear()
    with record() as calls:
        ana: Any = product.contact_service.create(ADMIN, {"name": "Ana", "custom_fields": {"cor": "azul"}})
        product.contact_service.change(ADMIN, ana["id"], {"custom_fields": {"cor": "verde"}})
    assert calls.operations["dynamodb:Query"] <= 2, "fields once, channels once"
