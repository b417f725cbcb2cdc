"""Whom a task can write to at this moment (PRODUCT G8): freely, by a template, or not at all. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from recado.domain import chat_moves
from recado.domain.chats import OPEN_SITUATIONS, Chat, Situation, Thread
from recado.domain.flow_definitions import WAITING, Definition, Step
from recado.domain.flow_progress import MAX_STEPS_PER_MESSAGE
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


_BY_TEMPLATE = frozenset({"send_template"})


def situations_of(action: Mapping[str, Any]) -> tuple[Situation, ...]:
    """In which situations of an open chat an action begins its flow."""
    return tuple(one for one in OPEN_SITUATIONS if action.get(f"when_{one}", "skip") == "run")


def left_out(reach: Reach, words: frozenset[str], has_fallback: bool, disturbed: Situation | None) -> str | None:
    """Why an action leaves somebody out; None: its flow begins. `words`: with which the flow first says something.
    `has_fallback`: there is a template for who is reached by one alone. `disturbed`: the situation of their open chat,
    where that is left alone."""
    if disturbed in OPEN_SITUATIONS:
        return disturbed
    in_time = not words and reach.reason in (None, "outside_window", "opted_out")
    if reach.how == "free" or in_time or (reach.how == "template" and (has_fallback or words <= _BY_TEMPLATE)):
        return None
    return reach.reason or "outside_window"


MOVES = frozenset({"transfer", "queue", "change_department", "reopen"})
"""Actions that leave a chat alone which is where they would bring it."""


def there_already(action: Mapping[str, Any], chat: Chat, now: datetime) -> str | None:
    """Why an action of `MOVES` leaves a chat alone; None: as far as the chat tells, it is moved."""
    if action["type"] == "reopen":
        return None if chat.situation == "closed" else "already_open"
    if chat.situation == "closed":
        return "no_longer_meant"
    if action["type"] == "queue":
        return None if chat_moves.put_in_queue(chat, chat.department_id, now) else "already_queued"
    if action["type"] == "transfer":
        move = chat_moves.transfer_to_agent(chat, action["agent_id"], chat.department_id, now)
    else:
        move = chat_moves.put_in_queue(chat, action["department_id"], now)
    return None if move else "already_transferred"


def needs_opening(reach: Reach, words: frozenset[str]) -> bool:
    """Whether another template has to be sent before a flow may say what it says first."""
    return reach.how == "template" and bool(words) and not words <= _BY_TEMPLATE


_IN_PASSING = frozenset({"delay", "goto", "tabulate", "workflow_step"})
"""Steps behind which a template says what it would have said before them."""


def first_words(drawn: Definition) -> frozenset[str]:
    """The types of the steps by which a flow first says something, whatever way it takes."""
    return frozenset(step.type for step in _saying_first(drawn))


def first_templates(drawn: Definition) -> list[Step]:
    """The steps that may send a template as its first message, and lead nowhere when that is refused."""
    return [step for step in _saying_first(drawn) if step.type == "send_template" and "on_error" not in step.fields]


def opening_template(drawn: Definition) -> Mapping[str, Any] | None:
    """The template with which the flow opens, whatever is the case; None: it depends, or it opens with another word, or
    knows how to go on without it."""
    step, left = drawn.steps.get(drawn.start), len(drawn.steps)
    while step is not None and step.type in _IN_PASSING and left:
        step, left = drawn.steps.get(step.next or ""), left - 1
    if step is None or step.type != "send_template" or "on_error" in step.fields:
        return None
    found: Mapping[str, Any] = step.fields["template"]
    return found


def messages_at_once(drawn: Definition, other: Callable[[str], Definition | None]) -> int:
    """How many messages a flow says before it waits for somebody or for time, on the way on which it says most; one
    that is refused leads nowhere. `other`: a flow that it goes on with, by its id; each is asked for once."""
    known: dict[tuple[str, str | None, int], int] = {}
    others: dict[str, Definition | None] = {}

    def behind(flow_id: str, within: Definition, step_id: str | None, left: int) -> int:
        place = (flow_id, step_id, left)
        if place not in known:
            known[place] = count(flow_id, within, within.steps.get(step_id or ""), left - 1)
        return known[place]

    def count(flow_id: str, within: Definition, step: Step | None, left: int) -> int:
        if step is None or left < 0:
            return 0
        if step.type == "run_flow":
            onward = step.fields["flow_id"]
            if onward not in others:
                others[onward] = other(onward)
            following = others[onward]
            return behind(onward, following, following.start, left) if following else 0
        says = step.type in _SAYING
        ways = [step.next] if says else [target for target, _ in step.targets]
        further = [0] if step.type in WAITING else [behind(flow_id, within, one, left) for one in ways]
        return int(says) + max(further, default=0)

    return behind("", drawn, drawn.start, MAX_STEPS_PER_MESSAGE)


def _saying_first(drawn: Definition) -> list[Step]:
    seen, left, found = set[str](), [drawn.start], list[Step]()
    while left:
        step = drawn.steps.get(left.pop())
        if step is None or step.id in seen:
            continue
        seen.add(step.id)
        if step.type in _SAYING:
            found.append(step)
        else:
            left += [target for target, _ in step.targets]
    return found
