"""The public shapes of CONTRACT.md: what the API answers and what events carry is made here, once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from recado.domain.chats import Author, Chat, Event, Message, Thread
from recado.domain.contacts import Contact
from recado.domain.moments import rfc3339


def moment(at: datetime | None) -> str | None:
    """RFC 3339 UTC with milliseconds."""
    return None if at is None else rfc3339(at)


def contact_view(contact: Contact, channels: Mapping[str, bool]) -> dict[str, Any]:
    """A contact; `channels` says by which channel types a conversation can be started, `merged_from` by which other id
    it was asked for."""
    return {
        "id": contact.id,
        "name": contact.name,
        "mobile": contact.mobile,
        "phone": contact.phone,
        "email": contact.email,
        "birthday": contact.birthday,
        "address": contact.address,
        "city": contact.city,
        "district": contact.district,
        "state": contact.state,
        "country": contact.country,
        "notes": contact.notes,
        "organization_id": contact.organization_id,
        "group_ids": list(contact.group_ids),
        "custom_fields": dict(contact.custom_fields),
        "principal_id": contact.principal_id,
        "linked_ids": list(contact.linked_ids),
        "channels": dict(channels),
        "identities": [
            {"channel_id": one.channel_id, "external_id": one.external_id or one.key} for one in contact.identities
        ],
        "photo_file_id": contact.photo_file_id,
        "more_phones": list(contact.more_phones),
        "more_emails": list(contact.more_emails),
        "merged_from": None,
        "attribution": dict(contact.attribution),
        "created_at": moment(contact.created_at),
        "updated_at": moment(contact.updated_at),
    }


def chat_view(chat: Chat, thread: Thread | None, window_expires_at: datetime | None) -> dict[str, Any]:
    """A chat composed with what its thread knows about the messages."""
    return {
        "id": chat.id,
        "contact_id": chat.contact_id,
        "channel_id": chat.channel_id,
        "channel_type": chat.channel_type,
        "department_id": chat.department_id,
        "agent_id": chat.agent_id,
        "situation": chat.situation,
        "opened_at": moment(chat.opened_at),
        "queued_at": moment(chat.queued_at),
        "assigned_at": moment(chat.assigned_at),
        "started_at": moment(chat.started_at),
        "closed_at": moment(chat.closed_at),
        "reopened_at": moment(chat.reopened_at),
        "last_message_at": moment(thread.last_message_at) if thread else None,
        "last_inbound_at": moment(thread.last_inbound_at) if thread else None,
        "window_expires_at": moment(window_expires_at),
        "unread": thread.unread if thread else 0,
        "flow_id": chat.flow_id,
        "execution_id": chat.execution_id,
        "workflow_step_id": chat.workflow_step_id,
        "tabulation_id": chat.tabulation_id,
        "attribution": dict(chat.attribution),
        "feedback": {"rating": chat.feedback_rating, "comment": chat.feedback_comment}
        if chat.feedback_rating is not None
        else None,
        "version": chat.version,
    }


def message_view(message: Message) -> dict[str, Any]:
    """A message, without where its provider keeps the file: nobody looks at that before we did."""
    return {
        "id": message.id,
        "chat_id": message.chat_id or None,
        "contact_id": message.contact_id,
        "seq": message.seq,
        "direction": message.direction,
        "internal": message.internal,
        "kind": message.kind,
        "text": message.text,
        "payload": {name: value for name, value in message.payload.items() if name != "media"},
        "file": dict(message.file) if message.file else None,
        "reply_to": message.reply_to,
        "provider_id": message.provider_id,
        "status": message.status,
        "error": {"code": message.error.code, "title": message.error.title} if message.error else None,
        "author": author_view(message.author),
        "sent_at": moment(message.sent_at),
        "created_at": moment(message.created_at),
    }


def author_view(author: Author) -> dict[str, Any]:
    """An author or actor."""
    return {"type": author.type, "id": author.id}


def event_view(event: Event) -> dict[str, Any]:
    """A timeline entry; the feed adds `seq`."""
    return {
        "id": event.id,
        "type": event.type,
        "timestamp": moment(event.at),
        "actor": author_view(event.actor),
        "data": dict(event.data),
    }
