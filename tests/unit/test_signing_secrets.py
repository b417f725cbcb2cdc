"""Secrets while they change: which values hold, until when, and what a change leaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from recado.domain.signing_secrets import changed, held

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
ENDS, LATER, SOON = (NOW + timedelta(hours=hours) for hours in (24, 2, 1))
ROTATING = {"app_secret"}


@pytest.mark.parametrize(
    ("until", "values"),
    [
        ((), ("new",)),
        ((NOW - timedelta(seconds=1),), ("new",)),
        ((NOW,), ("new",)),
        ((NOW + timedelta(seconds=1),), ("new", "old")),
        ((LATER, NOW), ("new", "old")),
        ((LATER, NOW + timedelta(seconds=1)), ("new", "old", "older")),
    ],
)
def test_the_former_value_holds_until_its_end(until: Any, values: Any) -> None:
    assert held(("new", "old", "older"), until, NOW) == values
    assert held((), until, NOW) == ()


@pytest.mark.parametrize(
    ("secrets", "former", "given", "after", "until"),
    [
        ({"app_secret": ("a",)}, {}, {"app_secret": "b"}, {"app_secret": ("b", "a")}, {"app_secret": (ENDS,)}),
        ({"app_secret": ("a",)}, {}, {"app_secret": "a"}, {"app_secret": ("a",)}, {}),
        (  # the same again, as when an answer was lost
            {"app_secret": ("b", "a")}, {"app_secret": (LATER,)}, {"app_secret": "b"},
            {"app_secret": ("b", "a")}, {"app_secret": (LATER,)},
        ),
        (  # a mistyped one is put right: the one by which the provider still signs holds to its own end
            {"app_secret": ("typo", "a")}, {"app_secret": (LATER,)}, {"app_secret": "b"},
            {"app_secret": ("b", "typo", "a")}, {"app_secret": (ENDS, LATER)},
        ),
        (  # a fourth: three at most
            {"app_secret": ("c", "b", "a")}, {"app_secret": (LATER, SOON)}, {"app_secret": "d"},
            {"app_secret": ("d", "c", "b")}, {"app_secret": (ENDS, LATER)},
        ),
        (  # the oldest is over
            {"app_secret": ("c", "b", "a")}, {"app_secret": (LATER, NOW)}, {},
            {"app_secret": ("c", "b")}, {"app_secret": (LATER,)},
        ),
        (  # the oldest again
            {"app_secret": ("c", "b", "a")}, {"app_secret": (LATER, SOON)}, {"app_secret": "a"},
            {"app_secret": ("a", "c", "b")}, {"app_secret": (ENDS, LATER)},
        ),
        (  # back again
            {"app_secret": ("b", "a")}, {"app_secret": (LATER,)}, {"app_secret": "a"},
            {"app_secret": ("a", "b")}, {"app_secret": (ENDS,)},
        ),
        ({"app_secret": ("b", "a")}, {"app_secret": (NOW,)}, {}, {"app_secret": ("b",)}, {}),
        ({"app_secret": ("b", "a")}, {"app_secret": (LATER,)}, {"app_secret": None}, {}, {}),
        ({}, {}, {"app_secret": "a"}, {"app_secret": ("a",)}, {}),
        ({"access_token": ("a",)}, {}, {"access_token": "b"}, {"access_token": ("b",)}, {}),
        (
            {"app_secret": ("b", "a"), "x": ("1",)}, {"app_secret": (LATER,)}, {"x": "2"},
            {"app_secret": ("b", "a"), "x": ("2",)}, {"app_secret": (LATER,)},
        ),
    ],
)  # fmt: skip
def test_what_a_change_leaves(secrets: Any, former: Any, given: Any, after: Any, until: Any) -> None:
    assert changed(secrets, former, given, ROTATING, NOW) == (after, until)
