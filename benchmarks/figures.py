"""A measured figure with its target: every benchmark prints its own in the same way (QUALITY's names, P1…)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """`value` is a ratio or a count; `target` and `stretch` are the least it shall be, or the most with `at_most`."""

    id: str
    what: str
    value: float
    target: float
    stretch: float
    detail: str = ""
    at_most: bool = False

    @property
    def verdict(self) -> str:
        """How far it came."""
        sign = -1 if self.at_most else 1
        if sign * self.value >= sign * self.stretch:
            return "stretch"
        return "ok" if sign * self.value >= sign * self.target else "MISSED"


def show(figures: Iterable[Figure]) -> None:
    """A line for each, as it is measured."""
    for one in figures:
        bound = "≤" if one.at_most else "≥"
        print(
            f"{one.id:4} {one.what:55} {one.value:8.2f}  {bound} {one.target:g} ({one.stretch:g})  {one.verdict}",
            flush=True,
        )
        if one.detail:
            print(f"     {one.detail}", flush=True)
