"""Whom a task can write to at this moment (PRODUCT G8): freely, by a template, or not at all. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from recado.domain.chats import Thread
from recado.domain.flow_definitions import Definition
from recado.domain.windows import WindowRule, may_send

Reachable = Literal["free", "template", "unreachable"]

_SAYING = frozenset({"send_text", "send_file", "send_template", "ask", "ask_choice", "run_flow"})
"""Steps that write to the customer; what another flow begins with is not looked at."""


class Reach(NamedTuple):
    """`reason`: why they cannot be reached, or not freely."""

    how: Reachable
    reason: str | None = None


def reach_now(rule: WindowRule | None, thread: Thread | None, now: datetime) -> Reach:
    """How somebody is reached in a thread; None: there is none yet. A task is no person: what only people may still
    write does not count."""
    if thread is not None and thread.opted_out_at is not None:
        return Reach("unreachable", "opted_out")
    last = thread.last_inbound_at if thread else None
    if may_send(rule, "text", last, now):
        return Reach("free")
    return Reach("template" if may_send(rule, "template", last, now) else "unreachable", "outside_window")


def first_words(drawn: Definition) -> frozenset[str]:
    """The types of the steps by which a flow first says something, whatever way it takes."""
    seen, left, found = set[str](), [drawn.start], set[str]()
    while left:
        step = drawn.steps.get(left.pop())
        if step is None or step.id in seen:
            continue
        seen.add(step.id)
        if step.type in _SAYING:
            found.add(step.type)
        else:
            left += [target for target, _ in step.targets]
    return frozenset(found)
