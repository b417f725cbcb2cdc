"""Every order in which statuses, edits and the end of a try without an answer can come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations, product

import pytest

from recado.domain.chats import Author, Message, Status, ThreadKey
from recado.domain.delivery import earlier_than, moves_forward
from recado.domain.message_changes import edited, revoked
from recado.domain.messages import Edit, Revocation, Sender

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ORDER: tuple[Status, ...] = ("unknown", "queued", "sent", "delivered", "read")
ALL: tuple[Status, ...] = (*ORDER, "failed", "received")
TOLD: tuple[Status, ...] = ("sent", "delivered", "read", "failed")


def message(status: Status) -> Message:
    return Message(
        "ms_1", "ca_1", "ct_1", ThreadKey("ch_1", "x"), 1, "outbound", "text", "one", status, Author("system"), AT, AT
    )


def take(stands: Message, step: str) -> Message:
    """What a message is after a status, the outcome `no answer` of its try, an edit or a revocation (echoes of what
    somebody did in the provider's own app)."""
    sender = Sender("x")
    if step == "edit":
        return edited(stands, Edit("e_1", "p_1", sender, False, "text", "two", AT)) or stands
    if step == "revoke":
        return revoked(stands, Revocation("r_1", "p_1", sender, False, AT)) or stands
    if step == "no answer":  # as the store writes it: only over a message that nothing is known of
        return replace(stands, status="unknown") if stands.status == "queued" else stands
    return replace(stands, status=step) if moves_forward(stands.status, step) else stands  # type: ignore[arg-type]


def after(steps: tuple[str, ...], first: Status = "queued") -> Message:
    stands = message(first)
    for step in steps:
        stands = take(stands, step)
    return stands


@pytest.mark.parametrize("told", [told for n in range(5) for told in permutations(TOLD, n)], ids="-".join)
def test_the_furthest_status_stands_whatever_the_order_and_the_edits_between(told: tuple[Status, ...]) -> None:
    """Edits and a try without an answer change nothing of it, wherever they come."""
    expected = after(told).status
    failed_first = "failed" in told and not {"delivered", "read"} & set(told[: told.index("failed")])
    if failed_first:
        assert expected == "failed"
    else:
        reached = [one for one in ORDER if one in told]
        assert expected == (reached[-1] if reached else "queued")
    for place, change in product(range(len(told) + 1), ("edit", "revoke")):
        changed = after((*told[:place], change, *told[place:]))
        assert changed.status == expected
        assert changed.text == ("two" if change == "edit" else "")
    for place in range(len(told) + 1):
        assert after((*told[:place], "no answer", *told[place:])).status == (expected if told else "unknown")


@pytest.mark.parametrize("steps", list(permutations(("no answer", "edit", "sent", "delivered", "read"))), ids="-".join)
def test_all_at_once_in_every_order_end_read_and_edited(steps: tuple[str, ...]) -> None:
    for first in ("queued", "unknown"):
        end = after(steps, first)  # type: ignore[arg-type]
        assert (end.status, end.text) == ("read", "two")


@pytest.mark.parametrize(("seen", "status"), list(product(ALL, ALL)))
def test_each_pair(seen: Status, status: Status) -> None:
    """`received` is an inbound message's: nothing follows it and it follows nothing."""
    if "received" in (seen, status) or seen in ("failed", "read"):
        expected = False
    elif status == "failed":
        expected = seen in ("unknown", "queued", "sent")
    else:
        expected = ORDER.index(status) > ORDER.index(seen)
    assert moves_forward(seen, status) is expected
    assert (seen in earlier_than(status)) is expected


@pytest.mark.parametrize("told", [told for n in range(1, 5) for told in permutations(TOLD, n)], ids="-".join)
def test_told_twice_is_told_once(told: tuple[Status, ...]) -> None:
    doubled = tuple(one for one in told for _ in range(2))
    assert after(doubled) == after(told) == after((*told, *told[:1]))
