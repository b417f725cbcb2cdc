"""A chat that somebody of the company begins with a contact. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from recado.domain.agents import AgentChange
from recado.domain.chat_moves import served_also
from recado.domain.chats import Chat, Thread, ThreadKey
from recado.domain.contacts import Identity
from recado.domain.flow_starts import Beginning
from recado.domain.intake import Intake
from recado.domain.openings import led
from recado.domain.people import Department
from recado.domain.timers import armed


@dataclass(frozen=True)
class Address:
    """Where a contact is reached on a channel: the identity under which its thread lies, and how the provider calls
    them."""

    identity: Identity
    to: str


@dataclass(frozen=True)
class Start:
    """What a start is decided from. `taken_by`: the agent who begins with it; None: it waits. `by`: who asked. `flow`:
    what leads it instead."""

    chat_id: str
    contact_id: str
    channel_id: str
    channel_type: str
    department_id: str
    by: str
    taken_by: AgentChange | None
    now: datetime
    flow: Beginning | None = None


def nearest(found: Sequence[tuple[Address, Thread | None]]) -> tuple[Address, Thread | None]:
    """Of a contact's addresses on one channel the one to write to: where a chat is open, else where something was said
    last, else the first of them."""

    def rank(one: tuple[Address, Thread | None]) -> tuple[bool, float]:
        thread = one[1]
        said = thread.last_message_at if thread else None
        return thread is not None and thread.open_chat_id is not None, said.timestamp() if said else 0.0

    return max(found, key=rank)


def start(given: Start, address: Address, seen: Thread | None, department: Department | None) -> Intake:
    """The chat and its thread, which moves by one seq, so that a message that arrives meanwhile reads it again and
    falls into this chat."""
    key = seen.key if seen else ThreadKey(given.channel_id, address.identity.key)
    before = seen or Thread(key, given.contact_id, 0, address=address.to)
    thread = replace(
        before,
        contact_id=given.contact_id,
        last_seq=before.last_seq + 1,
        open_chat_id=given.chat_id,
        led_by=given.flow.execution_id if given.flow else None,
    )
    begun = given.now if given.taken_by else None
    chat = Chat(
        id=given.chat_id,
        contact_id=given.contact_id,
        channel_id=given.channel_id,
        channel_type=given.channel_type,
        thread=key,
        department_id=given.department_id,
        situation="in_service" if given.taken_by else "queued",
        opened_at=given.now,
        first_seq=thread.last_seq + 1,
        agent_id=given.taken_by.after.user_id if given.taken_by else None,
        queued_at=given.now,
        assigned_at=begun,
        started_at=begun,
        served_by=served_also((), given.taken_by.after.user_id if given.taken_by else None),
        moved_by=given.by,
        moved_at=given.now,
    )
    if given.flow:
        chat = replace(led(chat, given.flow), opened_by=given.flow.execution_id)
    return Intake(
        seen=seen,
        thread=thread,
        messages=(),
        digests={},
        opened=armed(chat, department),
        agents=(given.taken_by,) if given.taken_by else (),
        begins=given.flow.execution(given.chat_id, given.contact_id, given.now) if given.flow else None,
    )
