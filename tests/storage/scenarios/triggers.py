"""Races about triggers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from recado.domain.triggers import Action, Appearance, Conditions, Trigger
from recado.storage.triggers import DynamoTriggers
from tests.storage.scenarios import scenario

A = "accounta"


@scenario("trigger-from-seen-version")
def a_trigger_is_changed_while_it_is_deleted(clock: Any, ids: Any) -> None:
    store = DynamoTriggers()
    seen = Trigger(
        ids.new("tg", A), "Oferta", "ch_1", "popup", Appearance(text="Olá"), Conditions(), Action("open_chat"),
        clock.now(), clock.now(),
    )  # fmt: skip
    store.create(A, seen)
    store.delete(A, seen.id)
    store.change(A, seen, replace(seen, name="Outra", version=2))
    assert store.all(A) == [], "what was deleted shows on the site again"
