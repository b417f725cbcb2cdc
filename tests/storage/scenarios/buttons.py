"""Races of buttons and clicks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from recado.domain.buttons import Button, Click
from recado.storage.buttons import DynamoButtons, DynamoClicks, add_click_use
from recado.storage.transaction import Transaction
from tests.storage.scenarios import scenario

A, B = "accounta", "accountb"


def button(clock: Any, ids: Any, a: str = A, code: str = "0123456789") -> Button:
    channel = ids.new("ch", a)
    return Button(ids.new("bt", a), "cta", channel, "Olá", "Fale conosco", code, clock.now())


@scenario("button-code-is-nobodys")
def two_companies_make_buttons_with_one_code(clock: Any, ids: Any) -> None:
    buttons = DynamoButtons()
    first, second = button(clock, ids), button(clock, ids, B)
    buttons.create(A, first)
    buttons.create(B, second)
    linked = buttons.linked(first.code)
    assert linked
    assert (linked.account, linked.button) == (A, first)


@scenario("button-from-seen-version")
def a_button_is_changed_while_another_admin_changes_or_deletes_it(clock: Any, ids: Any) -> None:
    buttons, seen = DynamoButtons(), button(clock, ids)
    buttons.create(A, seen)
    first, second = (replace(seen, label=label, version=2) for label in ("one", "two"))
    assert buttons.change(A, seen, first)
    buttons.change(A, seen, second)
    buttons.delete(A, seen)
    assert buttons.get(A, seen.id) == first
    assert buttons.delete(A, first)
    buttons.change(A, first, replace(first, version=3))
    assert (buttons.get(A, seen.id), buttons.linked(seen.code)) == (None, None)


@scenario("click-tag-is-nobodys")
def two_clicks_are_given_one_tag(clock: Any, ids: Any) -> None:
    clicks = DynamoClicks()
    first, second = (Click("A1B2C3D4", f"bt_{n}", "ch_1", clock.now()) for n in (1, 2))
    clicks.put(A, first)
    clicks.put(A, second)
    assert clicks.read(A, ["A1B2C3D4"]) == {"A1B2C3D4": first}


@scenario("click-is-used-once")
def two_people_send_the_text_of_one_click_at_once(clock: Any, ids: Any) -> None:
    clicks = DynamoClicks()
    clicks.put(A, Click("A1B2C3D4", "bt_1", "ch_1", clock.now()))
    for message in ("ms_1", "ms_2"):
        tx = Transaction()
        add_click_use(tx, A, "A1B2C3D4", message)
        tx.committed()
    assert clicks.read(A, ["A1B2C3D4"])["A1B2C3D4"].used_by == "ms_1"
