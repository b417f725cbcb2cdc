"""Every condition expression is needed: with its guard the scenario holds, without it the scenario fails. No guard is
without a scenario."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest

import recado.storage
from recado.storage import transaction
from tests.storage import scenarios

for package in (recado.storage, scenarios):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)


def test_every_guard_has_a_scenario() -> None:
    assert set(transaction.GUARDS) == set(scenarios.SCENARIOS)


@pytest.mark.parametrize("name", sorted(scenarios.SCENARIOS))
def test_with_the_guard_the_race_is_closed(name: str, dynamodb: Any, clock: Any, ids: Any) -> None:
    scenarios.SCENARIOS[name](clock, ids)


@pytest.mark.parametrize("name", sorted(scenarios.SCENARIOS))
def test_without_the_guard_the_race_is_open(name: str, dynamodb: Any, clock: Any, ids: Any) -> None:
    transaction.lift(name)
    with pytest.raises(AssertionError):
        scenarios.SCENARIOS[name](clock, ids)
