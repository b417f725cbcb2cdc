"""The names of what is told: types of events, and why a chat was moved or given. docs/events.md explains each."""

from __future__ import annotations

from typing import Literal, get_args

EventType = Literal[
    "channel.removed",
    "channel.token_expired",
    "channel.token_expiring",
    "chat.answered",
    "chat.assigned",
    "chat.assumed",
    "chat.closed",
    "chat.feedback",
    "chat.queued",
    "chat.reopened",
    "chat.started",
    "chat.tabulated",
    "chat.transferred",
    "chat.unattended",
    "chat.waiting",
    "contact.clicked",
    "contact.commented",
    "contact.created",
    "contact.deleted",
    "contact.erased",
    "contact.exported",
    "contact.linked",
    "contact.merged",
    "contact.unlinked",
    "contact.unmerged",
    "contact.updated",
    "flow.finished",
    "flow.started",
    "message.edited",
    "message.file",
    "message.received",
    "message.sent",
    "message.status",
    "task.disabled",
    "task.run_finished",
    "task.run_started",
    "template.status_changed",
    "workflow.step_changed",
]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)

MovedBecause = Literal[
    "agent_gone",
    "automatic_timeout",
    "channel_removed",
    "contact_erased",
    "customer_idle",
    "flow_ended",
    "flow_failed",
    "department_gone",
    "nobody_answered",
    "nobody_reached",
    "not_started",
    "overflow",
]
"""`cause` of `chat.queued` and `chat.closed` where nobody asked for it."""

GivenByHand = Literal["assumed", "transferred", "reopened", "started"]
"""`cause` of a receipt where a person took the chat or gave it."""

LookBecause = Literal[
    "agent_free",
    "agent_gone",
    "agent_returned",
    "automatic_timeout",
    "cap_raised",
    "chat_waits",
    "department_changed",
    "department_gone",
    "department_opened",
    "distribution_enabled",
    "look",
    "member_changed",
    "not_started",
    "overflow",
    "queued",
    "reconciled",
    "slot_freed",
    "unattended",
]
"""What made a department be looked at: `cause` of the receipts of that look."""

AssignedBecause = GivenByHand | LookBecause | Literal["last_agent"]
