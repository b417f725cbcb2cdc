"""Chats, their threads and messages as they are stored. Rules about them live beside: windows, distribution,
delivery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

Situation = Literal["automatic", "queued", "in_service", "closed"]
OPEN_SITUATIONS: tuple[Situation, ...] = ("automatic", "queued", "in_service")
SITUATIONS: tuple[Situation, ...] = (*OPEN_SITUATIONS, "closed")
Status = Literal["received", "queued", "sent", "delivered", "read", "failed", "unknown"]
AuthorType = Literal["contact", "user", "flow", "system"]
MAX_LAST_TEXT_BYTES = 300


@dataclass(frozen=True)
class ThreadKey:
    """All messages between one channel and one customer address, over all chats. `sender` is the adapter's canonical
    id."""

    channel_id: str
    sender: str


@dataclass(frozen=True)
class Thread:
    """What every message of a thread changes. Stored in at most 1 KB; `last_seq` 0 means no message yet.

    `unread`: customer messages since a user last read or wrote. `alias`: a second id of the sender that the provider
    gave. `last_chat_id`: the chat that closed last.
    `company_wrote_at`: when somebody of the company wrote last, by our clock; None once the customer wrote since.
    `pair_full_at`: when the customer's bucket is full again, on a channel whose provider counts messages to one person
    (domain/speed.py).
    `came_by_ad_at`: when the customer last wrote from an advertisement, by the provider's clock.
    `opted_out_at`: since when the customer wants no more messages here; None when they do.
    `led_by`: the execution of the flow that leads its open chat."""

    key: ThreadKey
    contact_id: str
    last_seq: int
    open_chat_id: str | None = None
    last_inbound_at: datetime | None = None
    last_message_at: datetime | None = None
    last_text: str = ""
    unread: int = 0
    address: str = ""
    alias: str | None = None
    last_chat_id: str | None = None
    company_wrote_at: datetime | None = None
    pair_full_at: datetime | None = None
    came_by_ad_at: datetime | None = None
    opted_out_at: datetime | None = None
    led_by: str | None = None


def shortened(text: str) -> str:
    """The beginning of a text as a thread keeps it, so that it fits one write unit."""
    return text.encode("utf-8")[:MAX_LAST_TEXT_BYTES].decode("utf-8", "ignore")


@dataclass(frozen=True)
class Chat:
    """One conversation from its opening to its close; written on state changes only. `version` moves by one with each.

    `first_seq`/`last_seq` bound its messages in the thread (`last_seq` None while open). `load` counts from
    `assigned_at`; `started_at` is None until somebody assumes or answers, `answered_at` until a user answers; a chat
    that is opened again, at `reopened_at`, is answered anew.
    `moved_by`: the user or token whose action brought it where it is, None for the system's.

    `queued_at` is its place in the queue, which it keeps when it goes back or on to another department, and while a
    flow leads it that may fail; `moved_at` is when it came into its situation, department and hands, from which its
    timers run; `due_at` is when they have to be looked at. `not_started_by`: agents who were given it and did not
    start, in this cycle; `cycles`: how often all who could had it and nobody started. `preferred_agent_id`: who served
    the customer last, while that counts.

    `served_by`: users who began with it, each once, the last at the end; at most 50.

    `execution_id` and `flow_id`: of the flow that leads it, and the one that it began with; only of an automatic chat.
    `opened_by`: the execution that opened it, where no customer and no user did.

    `feedback_rating` 1…5 and `feedback_comment`: what the customer said of it when asked. `reopened_by`: the user or
    token who opened it again last; None: the customer did, or nobody."""

    id: str
    contact_id: str
    channel_id: str
    channel_type: str
    thread: ThreadKey
    department_id: str
    situation: Situation
    opened_at: datetime
    first_seq: int
    version: int = 1
    agent_id: str | None = None
    queued_at: datetime | None = None
    assigned_at: datetime | None = None
    started_at: datetime | None = None
    closed_at: datetime | None = None
    last_seq: int | None = None
    workflow_step_id: str | None = None
    tabulation_id: str | None = None
    moved_by: str | None = None
    moved_at: datetime | None = None
    due_at: datetime | None = None
    answered_at: datetime | None = None
    not_started_by: tuple[str, ...] = ()
    cycles: int = 0
    preferred_agent_id: str | None = None
    served_by: tuple[str, ...] = ()
    reopened_at: datetime | None = None
    attribution: Mapping[str, Any] = field(default_factory=dict)
    feedback_rating: int | None = None
    feedback_comment: str | None = None
    reopened_by: str | None = None
    execution_id: str | None = None
    flow_id: str | None = None
    opened_by: str | None = None
    flows_in_a_row: int = 0
    """How many chats of the thread its channel's flow began one soon after the other, this one the last of them."""


class Judged(NamedTuple):
    """A chat as somebody judged it: its version, and the last seq of its thread. What is done for that is done to the
    chat as it was."""

    version: int
    thread_seq: int


@dataclass(frozen=True)
class Author:
    """Who made a message or caused an event; `id` None for the system."""

    type: AuthorType
    id: str | None = None


@dataclass(frozen=True)
class MessageError:
    """A provider's refusal in the provider's own code."""

    code: str
    title: str


@dataclass(frozen=True)
class Message:
    """One message of a thread. `seq` counts from 1 within the thread. `payload` is what the kind needs beyond text.
    `heard_by`: the execution that led the chat when the customer wrote it."""

    id: str
    chat_id: str
    contact_id: str
    thread: ThreadKey
    seq: int
    direction: Literal["inbound", "outbound"]
    kind: str
    text: str
    status: Status
    author: Author
    sent_at: datetime
    created_at: datetime
    internal: bool = False
    payload: Mapping[str, Any] = field(default_factory=dict)
    file: Mapping[str, Any] | None = None
    reply_to: str | None = None
    provider_id: str | None = None
    error: MessageError | None = None
    heard_by: str | None = None


@dataclass(frozen=True)
class Event:
    """A fact: item, timeline entry and feed event in one. `data` holds the resource in its public shape."""

    id: str
    type: str
    at: datetime
    actor: Author
    data: Mapping[str, Any]
    contact_id: str | None = None
    chat_id: str | None = None
