"""Races about shortcuts."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from recado.domain.shortcuts import Shortcut
from recado.ports.shortcuts import SlugTaken
from recado.storage.shortcuts import DynamoShortcuts
from tests.storage.scenarios import scenario

A = "accounta"


def shortcut(clock: Any, ids: Any, slug: str = "ola") -> Shortcut:
    return Shortcut(ids.new("sc", A), slug, "Olá", clock.now(), clock.now())


@scenario("shortcut-slug-free")
def two_shortcuts_of_one_slug(clock: Any, ids: Any) -> None:
    store = DynamoShortcuts()
    store.create(A, shortcut(clock, ids))
    with suppress(SlugTaken):
        store.create(A, shortcut(clock, ids))
    assert len(store.all(A)) == 1


@scenario("shortcut-from-seen-version")
def a_shortcut_is_given_another_slug_while_it_is_deleted(clock: Any, ids: Any) -> None:
    store, seen = DynamoShortcuts(), shortcut(clock, ids)
    store.create(A, seen)
    assert store.delete(A, seen)
    store.change(A, seen, replace(seen, slug="oi", version=2))
    assert store.all(A) == [], "it came back"
    store.create(A, shortcut(clock, ids, "oi"))
