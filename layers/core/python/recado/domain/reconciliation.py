"""What follows from what, held against what is there: members and rings from agents, waiting items from chats, loads
from the chats in service (docs/data-model.md §4, 4–7). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from recado.domain.agents import eligible_places, place
from recado.domain.chats import Chat
from recado.domain.people import Agent

DriftKind = Literal["member", "ring", "wait", "head", "load", "unreadable"]

SETTLED_AFTER = timedelta(minutes=5)
"""How far two countings of an agent's chats have to be apart: the index they begin with lags."""
_PLACE = re.compile(r"[0-9]{8}#.+")


@dataclass(frozen=True)
class Drift:
    """One thing that is not as it should be. `id`: the user of a member, ring or load, the chat of a wait, the
    department of a head. `found` and `expected` are places, moments, versions or numbers; None: no such item.

    `unreadable`: an item whose attributes make no sense and follow from no other item; `id` is what its key tells,
    `found` the kind of item. Nothing is done about it."""

    kind: DriftKind
    id: str
    found: str | int | None
    expected: str | int | None
    repaired: bool = False


@dataclass(frozen=True)
class Places:
    """The items of one user in one department: MEMBER by place, with its `eligible` (None: the item is broken), and the
    places of RING, with those where the item is `broken`."""

    members: Mapping[str, bool | None] = field(default_factory=dict)
    rings: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Waiting:
    """A WAIT item: since when the chat waits, and the version of the chat that it copies (None: broken)."""

    chat_id: str
    queued_at: datetime
    version: int | None


@dataclass(frozen=True)
class Head:
    """The HEAD of a queue as it is stored, whatever that is."""

    turn: int | None
    cursor: str | None


@dataclass(frozen=True)
class Counting:
    """What a count of an agent's chats came to: load − chats, and when that was. `recent`: ids of the chats that were
    counted and had come to the agent within SETTLED_AFTER before."""

    user_id: str
    difference: int
    at: datetime
    recent: frozenset[str] = frozenset()


def expected_places(agent: Agent | None, department_id: str) -> Places:
    """The items that an agent has in a department; none for nobody and for a department they do not belong to."""
    membership = agent.memberships.get(department_id) if agent else None
    if agent is None or membership is None:
        return Places()
    at = place(membership.position, agent.user_id)
    eligible = department_id in eligible_places(agent)
    return Places({at: eligible}, frozenset({at} if eligible else ()))


def place_drifts(user_id: str, found: Places, expected: Places) -> list[Drift]:
    """What of a user's items in a department is missing, too much or wrong."""
    drifts = []
    for at in sorted({*found.members, *expected.members}):
        there, wanted = _member(at, found), _member(at, expected)
        if there != wanted:
            drifts.append(Drift("member", user_id, there, wanted))
    for at in sorted((found.rings ^ expected.rings) | found.broken):
        drifts.append(Drift("ring", user_id, _ring(at, found), _ring(at, expected)))
    return drifts


def expected_wait(chat: Chat | None, department_id: str) -> Waiting | None:
    """The WAIT item of a chat in a department's queue; None when it does not wait there."""
    if chat is None or chat.situation != "queued" or chat.department_id != department_id or chat.queued_at is None:
        return None
    return Waiting(chat.id, chat.queued_at, chat.version)


def wait_drifts(found: Sequence[Waiting], expected: Waiting | None) -> list[Drift]:
    """What of one chat's items in a queue is missing, too much or behind the chat."""
    drifts = []
    for one in found:
        if expected is None or one.queued_at != expected.queued_at:
            drifts.append(Drift("wait", one.chat_id, _wait(one), None))
        elif one.version != expected.version:
            drifts.append(Drift("wait", one.chat_id, _wait(one), _wait(expected)))
    if expected is not None and all(one.queued_at != expected.queued_at for one in found):
        drifts.append(Drift("wait", expected.chat_id, None, _wait(expected)))
    return drifts


def sane_head(head: Head | None) -> Head | None:
    """The head as it has to be for turns to go on: a turn from 1 on, and the place of somebody as its cursor."""
    if head is None:
        return None
    turn = head.turn if head.turn is not None and head.turn >= 1 else 1
    cursor = head.cursor if head.cursor is not None and is_place(head.cursor) else None
    return Head(turn, cursor)


def head_drift(department_id: str, head: Head | None) -> Drift | None:
    """A head from which no turn can be taken. A head without a cursor begins with the first member."""
    sane = sane_head(head)
    if head is None or sane is None or (head.turn == sane.turn and head.cursor in (None, sane.cursor)):
        return None
    return Drift("head", department_id, _head(head), _head(sane))


def is_place(text: str) -> bool:
    """Whether a key is a place in the order of members."""
    return _PLACE.fullmatch(text) is not None


def is_whole(chat: Chat) -> bool:
    """Whether a chat that waits has the moment since when, without which it has no place in the queue."""
    return chat.situation != "queued" or chat.queued_at is not None


def counting(agent: Agent, chats: Iterable[Chat], now: datetime) -> Counting:
    """A count of the chats that an agent has in service."""
    had = list(chats)
    recent = frozenset(chat.id for chat in had if now - SETTLED_AFTER <= _came(chat) <= now)
    return Counting(agent.user_id, agent.load - len(had), now, recent)


def goes_on(before: Counting | None, this: Counting, chats: Iterable[Chat]) -> bool:
    """Whether a count confirms the one before: it came to the same, and shows no chat that the one before should have
    shown, because it had come shortly before it: then the index lagged behind at that time."""
    if before is None or before.difference != this.difference:
        return False
    since = before.at - SETTLED_AFTER
    return all(chat.id in before.recent for chat in chats if since <= _came(chat) <= before.at)


def is_settled(before: Counting, now: datetime) -> bool:
    """Whether a difference that was found then and is found now may be believed."""
    return now - before.at >= SETTLED_AFTER


def _came(chat: Chat) -> datetime:
    return chat.assigned_at or chat.opened_at


def _member(at: str, places: Places) -> str | None:
    return f"{at} {_STATES[places.members[at]]}" if at in places.members else None


def _ring(at: str, places: Places) -> str | None:
    if at not in places.rings:
        return None
    return f"{at} broken" if at in places.broken else at


_STATES = {True: "eligible", False: "not_eligible", None: "broken"}


def _wait(waiting: Waiting) -> str:
    return f"{waiting.queued_at.isoformat(timespec='milliseconds')} version {waiting.version}"


def _head(head: Head) -> str:
    return f"turn {head.turn} after {head.cursor}"
