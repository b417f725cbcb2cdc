"""What sweeps over all accounts find and tell: pages of what is due, and what became of each."""

from __future__ import annotations

from typing import NamedTuple

Owned = tuple[str, str]
"""An account's 8 characters and the public id of something of its."""


class DuePage(NamedTuple):
    """Candidates from a `due` index, to be read again by key. `more`: there may be others behind them."""

    found: list[Owned]
    more: bool


class Swept(NamedTuple):
    """What became of a page: how many were looked at, how many of them had something to be done, whether more are due,
    and the public ids of those that raised."""

    seen: int
    done: int
    more: bool
    failed: dict[str, Exception]
