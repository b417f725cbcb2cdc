"""Who is asking, and what they may see: the one policy behind every list, read and write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from recado.domain.chats import Author, Chat, Judged
from recado.domain.people import Access, Membership, Role


@dataclass(frozen=True)
class Caller:
    """The authenticated caller of one account (`account` = its 8 characters).

    A session has `user_id`, its role and memberships; an API token has `token_id`, the `user_id` of the admin who made
    it, role admin and its `scopes` (`<resource>:read|write`). `supervised`: single users whom this one follows (B3).

    A worker that acts for a task is a caller too: `token_id` is the run's id, and `act_id` names the act (kind `rq`),
    which is done once however often it is repeated; `judged`: as what it judged the chat on which it acts.

    A flow has role admin, its `flow_id`, and the `execution_id` in which it acts upon the one chat that it leads."""

    account: str
    role: Role
    user_id: str | None = None
    token_id: str | None = None
    session_id: str | None = None
    scopes: frozenset[str] | None = None
    memberships: Mapping[str, Membership] = field(default_factory=dict)
    supervised: frozenset[str] = frozenset()
    act_id: str | None = None
    judged: Judged | None = None
    flow_id: str | None = None
    execution_id: str | None = None

    @property
    def id(self) -> str:
        """The user's, the token's or the flow's id, for actors and idempotency."""
        return self.user_id or self.token_id or self.flow_id or ""

    @property
    def author(self) -> Author:
        """Who a message or an action is by: the user, for an API token the one who made it; without one the system."""
        if self.flow_id:
            return Author("flow", self.flow_id)
        return Author("user", self.user_id) if self.user_id else Author("system", self.token_id)


Relation = Literal["in_charge", "member", "stranger"]
"""What somebody is to a chat. `in_charge`: whoever serves it (or did when it closed), who supervises its department or
that one, and admins: they may do everything with it. Who served it before is what they are without that, and sees it
all the same (`has_served`)."""


def relation(caller: Caller, chat: Chat) -> Relation:
    """What the caller is to a chat, whatever its department's mode. A restricted user is in charge of what they serve,
    and a stranger to everything else: they never supervise, and their memberships open nothing. A flow is in charge of
    the chat that it leads, as long as it does."""
    if caller.execution_id is not None:
        return "in_charge" if chat.execution_id == caller.execution_id else "stranger"
    if caller.role == "admin" or _serves(caller, chat):
        return "in_charge"
    if caller.role == "restricted":
        return "stranger"
    if supervises(caller, chat.department_id) or chat.agent_id in caller.supervised:
        return "in_charge"
    return "member" if chat.department_id in caller.memberships else "stranger"


def can_see_chat(caller: Caller, chat: Chat, access: Access) -> bool:
    """Whether the chat exists for the caller; `access` is its department's mode (B4). What is invisible is answered as
    not found.

    Who is in charge, or served it once, sees it under every mode; so do admins and API tokens, which act as one.
    Members of its department see open chats (mode `agent`: until somebody starts them) and closed ones (mode `agent`:
    none). Closed chats of mode `everyone` are seen by all but the restricted."""
    of = relation(caller, chat)
    if of == "in_charge" or has_served(caller, chat):
        return True
    if chat.situation == "closed":
        return caller.role != "restricted" and (access == "everyone" or (of == "member" and access == "department"))
    return of == "member" and (access != "agent" or chat.started_at is None)


def can_answer_chat(caller: Caller, chat: Chat) -> bool:
    """Whether a caller who sees the chat may write to its customer, transfer and close it: who is in charge. Members of
    its department assume it first."""
    return relation(caller, chat) == "in_charge"


def can_note_chat(caller: Caller, chat: Chat) -> bool:
    """Whether a caller who sees the chat may write an internal note: who is in charge, and members of its
    department."""
    return relation(caller, chat) != "stranger"


def has_served(caller: Caller, chat: Chat) -> bool:
    """Whether the caller began with the chat at some time, whoever serves it now."""
    return caller.user_id is not None and caller.user_id in chat.served_by


def supervises(caller: Caller, department_id: str) -> bool:
    """Whether the caller is a supervisor of the department."""
    membership = caller.memberships.get(department_id)
    return caller.role != "restricted" and membership is not None and membership.supervisor


def _serves(caller: Caller, chat: Chat) -> bool:
    return caller.user_id is not None and chat.agent_id == caller.user_id
