"""The filters of the streams let through all that the events function tells, and not the state beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cfn_flip import load_yaml

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"


def filters(table: str) -> list[dict[str, Any]]:
    sources = load_yaml(TEMPLATE.read_text())["Resources"]["EventsFunction"]["Properties"]["Events"]
    return [json.loads(one["Pattern"]) for one in sources[table]["Properties"]["FilterCriteria"]["Filters"]]


def matches(record: Any, pattern: Any) -> bool:
    """Lambda's rules as far as the filters use them: equality, prefix, exists."""
    if isinstance(pattern, dict):
        return isinstance(record, dict) and all(matches(record.get(name), below) for name, below in pattern.items())
    return any(_allows(record, rule) for rule in pattern)


def _allows(value: Any, rule: Any) -> bool:
    if not isinstance(rule, dict):
        return bool(value == rule)
    if "prefix" in rule:
        return isinstance(value, str) and value.startswith(rule["prefix"])
    return (value is not None) == rule["exists"]


def passes(table: str, name: str, sk: str, **image: dict[str, str]) -> bool:
    record = {"eventName": name, "dynamodb": {"Keys": {"sk": {"S": sk}}, "NewImage": image}}
    return any(matches(record, pattern) for pattern in filters(table))


PLACE = {"user_id": {"S": "us_1"}, "position": {"N": "1"}}


@pytest.mark.parametrize(
    ("table", "name", "sk", "image"),
    [
        ("Contacts", "INSERT", "EVT#ev_1", {}),
        ("Chats", "INSERT", "EVT#ev_1", {}),
        ("Chats", "INSERT", "MSG#0000000001", {}),
        ("Chats", "MODIFY", "MSG#0000000001", {}),
        ("Chats", "INSERT", "WAIT#2026-03-02T12:00:00.000Z#ca_1", {}),
        ("Chats", "INSERT", "OUT", {}),
        ("Chats", "INSERT", "EXEC", {}),
        ("Workspace", "INSERT", "00000001#us_1", PLACE),
        ("Workspace", "MODIFY", "dp_accounta_1", {}),
        ("Workspace", "INSERT", "EVT#ev_1", {}),
    ],
)
def test_what_is_told_passes(table: str, name: str, sk: str, image: dict[str, Any]) -> None:
    assert passes(table, name, sk, **image)


@pytest.mark.parametrize(
    ("table", "name", "sk", "image"),
    [
        ("Contacts", "MODIFY", "CONTACT#ct_1", {}),
        ("Contacts", "REMOVE", "EVT#ev_1", {}),
        ("Chats", "INSERT", "THREAD", {}),
        ("Chats", "MODIFY", "CHAT", {}),
        ("Chats", "MODIFY", "OUT", {}),
        ("Chats", "MODIFY", "EXEC", {}),
        ("Chats", "INSERT", "TRACE#0001", {}),
        ("Chats", "REMOVE", "WAIT#2026-03-02T12:00:00.000Z#ca_1", {}),
        ("Chats", "REMOVE", "MSG#0000000001", {}),
        ("Workspace", "REMOVE", "00000001#us_1", PLACE),
        ("Workspace", "MODIFY", "00000001#us_1", PLACE),
        ("Workspace", "MODIFY", "us_accounta_1", {}),
        ("Workspace", "INSERT", "000000000001", {"event": {"S": "{}"}, "ttl": {"N": "1"}}),
        ("Workspace", "INSERT", "SESSION", {"user_id": {"S": "us_1"}}),
    ],
)
def test_what_is_not_told_costs_no_invocation(table: str, name: str, sk: str, image: dict[str, Any]) -> None:
    assert not passes(table, name, sk, **image)
