"""Who is asking, and what they may see: the one policy behind every list, read and write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from recado.domain.chats import Author, Chat
from recado.domain.people import Access, Membership, Role


@dataclass(frozen=True)
class Caller:
    """The authenticated caller of one account (`account` = its 8 characters).

    A session has `user_id`, its role and memberships; an API token has `token_id`, the `user_id` of the admin who made
    it, role admin and its `scopes` (`<resource>:read|write`)."""

    account: str
    role: Role
    user_id: str | None = None
    token_id: str | None = None
    session_id: str | None = None
    scopes: frozenset[str] | None = None
    memberships: Mapping[str, Membership] = field(default_factory=dict)
    supervised: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        """The user's or the token's id, for actors and idempotency."""
        return self.user_id or self.token_id or ""

    @property
    def author(self) -> Author:
        """Who a message or an action is by: the user, or for an API token the system with the token's id."""
        return Author("user", self.user_id) if self.user_id else Author("system", self.token_id)


def can_see_chat(caller: Caller, chat: Chat, access: Access) -> bool:
    """Whether the chat exists for the caller; `access` is its department's mode (B4). What is invisible is answered as
    not found.

    Admins see all, and so do API tokens, which act as one. A restricted user sees what they serve or served, under
    every mode. An agent sees that too, all of a department they supervise, and of a department they belong to: open
    chats (mode `agent`: until somebody starts them) and closed ones (mode `agent`: none). Closed chats of mode
    `everyone` are seen by all agents."""
    if caller.role == "admin" or _serves(caller, chat):
        return True
    if caller.role == "restricted":
        return False
    if chat.situation == "closed" and access == "everyone":
        return True
    membership = caller.memberships.get(chat.department_id)
    if membership is None:
        return False
    if membership.supervisor or access != "agent":
        return True
    return chat.situation != "closed" and chat.started_at is None


def can_answer_chat(caller: Caller, chat: Chat) -> bool:
    """Whether a caller who sees the chat may write to its customer: who serves it, supervisors of its department,
    admins. Other members assume it first."""
    return caller.role == "admin" or _serves(caller, chat) or supervises(caller, chat.department_id)


def can_note_chat(caller: Caller, chat: Chat) -> bool:
    """Whether a caller who sees the chat may write an internal note: who may answer, and members of its department."""
    return can_answer_chat(caller, chat) or (caller.role != "restricted" and chat.department_id in caller.memberships)


def supervises(caller: Caller, department_id: str) -> bool:
    """Whether the caller is a supervisor of the department."""
    membership = caller.memberships.get(department_id)
    return caller.role != "restricted" and membership is not None and membership.supervisor


def _serves(caller: Caller, chat: Chat) -> bool:
    return caller.user_id is not None and chat.agent_id == caller.user_id
