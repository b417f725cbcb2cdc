"""Scripted interleavings, one for each guard: what goes wrong when the condition is not there."""

from __future__ import annotations

from collections.abc import Callable

Scenario = Callable[..., None]
SCENARIOS: dict[str, Scenario] = {}


def scenario(guard_name: str) -> Callable[[Scenario], Scenario]:
    """Register the scenario of a guard. It is called with `clock` and `ids`, in empty tables, and fails by
    assertion."""

    def register(function: Scenario) -> Scenario:
        if guard_name in SCENARIOS:
            raise ValueError(f"two scenarios for guard {guard_name!r}")
        SCENARIOS[guard_name] = function
        return function

    return register
