"""The items of the chats table (docs/data-model.md §2) and their way to and from entities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from recado.domain.chats import Author, Chat, Event, Message, MessageError, Thread, ThreadKey
from recado.domain.fetching import first_due, is_placeholder
from recado.storage import keys
from recado.storage.due import Due
from recado.storage.event_fields import EventFields, event_fields
from recado.storage.tables import ChatsRecord, TimeAttribute


class _Index(GlobalSecondaryIndex[Any]):
    """What the indexes of this table share."""


class BySituation(_Index):
    """Chats of an account in one situation, by id."""

    class Meta:
        index_name = "by_situation"
        projection = KeysOnlyProjection()

    si_pk = UnicodeAttribute(hash_key=True)
    si_sk = UnicodeAttribute(range_key=True)


class ByDepartment(_Index):
    """Chats of a department, by situation and id."""

    class Meta:
        index_name = "by_department"
        projection = KeysOnlyProjection()

    de_pk = UnicodeAttribute(hash_key=True)
    de_sk = UnicodeAttribute(range_key=True)


class ByAgent(_Index):
    """Chats of an agent, by situation and id."""

    class Meta:
        index_name = "by_agent"
        projection = KeysOnlyProjection()

    ag_pk = UnicodeAttribute(hash_key=True)
    ag_sk = UnicodeAttribute(range_key=True)


class ByContact(_Index):
    """Chats and chat events of a contact, by id."""

    class Meta:
        index_name = "by_contact"
        projection = KeysOnlyProjection()

    co_pk = UnicodeAttribute(hash_key=True)
    co_sk = UnicodeAttribute(range_key=True)


class ThreadRecord(ChatsRecord):
    """THREAD."""

    contact_id = UnicodeAttribute()
    last_seq = NumberAttribute()
    open_chat_id = UnicodeAttribute(null=True)
    last_chat_id = UnicodeAttribute(null=True)
    company_wrote_at = TimeAttribute(null=True)
    came_by_ad_at = TimeAttribute(null=True)
    opted_out_at = TimeAttribute(null=True)
    led_by = UnicodeAttribute(null=True)
    last_inbound_at = TimeAttribute(null=True)
    last_message_at = TimeAttribute(null=True)
    last_text = UnicodeAttribute(null=True)
    unread = NumberAttribute(default=0)
    address = UnicodeAttribute(null=True)
    alias = UnicodeAttribute(null=True)
    pair_full_at = TimeAttribute(null=True)
    channel_id = UnicodeAttribute()
    sender = UnicodeAttribute()

    @classmethod
    def of_thread(cls, a: str, thread: Thread) -> ThreadRecord:
        """The item of a thread."""
        return cls.of(
            thread,
            pk=keys.thread_pk(a, thread.key),
            sk="THREAD",
            channel_id=thread.key.channel_id,
            sender=thread.key.sender,
        )

    def thread(self) -> Thread:
        """The entity."""
        return self.to(Thread, key=ThreadKey(self.channel_id, self.sender))


class MessageRecord(ChatsRecord):
    """MSG: a message, which is its own fact; in the `due` index while its file is to be fetched."""

    id = UnicodeAttribute()
    chat_id = UnicodeAttribute()
    contact_id = UnicodeAttribute()
    channel_id = UnicodeAttribute()
    sender = UnicodeAttribute()
    seq = NumberAttribute()
    direction = UnicodeAttribute()
    kind = UnicodeAttribute()
    text = UnicodeAttribute(null=True)
    status = UnicodeAttribute()
    author_type = UnicodeAttribute()
    author_id = UnicodeAttribute(null=True)
    sent_at = TimeAttribute()
    created_at = TimeAttribute()
    internal = BooleanAttribute(null=True)
    payload = JSONAttribute(null=True)
    file = JSONAttribute(null=True)
    reply_to = UnicodeAttribute(null=True)
    provider_id = UnicodeAttribute(null=True)
    error_code = UnicodeAttribute(null=True)
    error_title = UnicodeAttribute(null=True)
    heard_by = UnicodeAttribute(null=True)
    fetch_attempt = NumberAttribute(null=True)
    fetch_due = TimeAttribute(null=True)
    due_pk = UnicodeAttribute(null=True)
    due_sk = UnicodeAttribute(null=True)
    due = Due()

    @classmethod
    def of_message(cls, a: str, message: Message) -> MessageRecord:
        """The item of a message; what is empty or false is left out."""
        due = first_due(message) if is_placeholder(message.file) else None
        return cls.of(
            message,
            pk=keys.thread_pk(a, message.thread),
            sk=keys.message_sk(message.seq),
            channel_id=message.thread.channel_id,
            sender=message.thread.sender,
            author_type=message.author.type,
            author_id=message.author.id,
            internal=message.internal or None,
            payload=dict(message.payload) or None,
            file=dict(message.file) if message.file else None,
            error_code=message.error.code if message.error else None,
            error_title=message.error.title if message.error else None,
            fetch_attempt=0 if due else None,
            fetch_due=due,
            due_pk=keys.due_pk("T", message.id) if due else None,
            due_sk=keys.stamp(due) if due else None,
        )

    def message(self) -> Message:
        """The entity."""
        return self.to(
            Message,
            thread=ThreadKey(self.channel_id, self.sender),
            seq=int(self.seq),
            text=self.text or "",
            author=Author(self.author_type, self.author_id),  # type: ignore[arg-type]
            internal=bool(self.internal),
            payload=self.payload or {},
            error=MessageError(self.error_code, self.error_title or "") if self.error_code else None,
        )


class SeenRecord(ChatsRecord):
    """SEEN: a provider's message id is taken; where its message lies."""

    message_id = UnicodeAttribute()
    sender = UnicodeAttribute()
    seq = NumberAttribute()
    digest = UnicodeAttribute(null=True)


class AliasRecord(ChatsRecord):
    """ALIAS: a second id of a customer leads to the thread of the first."""

    sender = UnicodeAttribute()


class ParkedRecord(ChatsRecord):
    """PARK: a delivery status that came before its message."""

    status = UnicodeAttribute()
    at = TimeAttribute()
    error_code = UnicodeAttribute(null=True)
    error_title = UnicodeAttribute(null=True)
    pricing = JSONAttribute(null=True)
    withdrawn = BooleanAttribute(null=True)


class _ChatFields(ChatsRecord):
    """What CHAT and its copy WAIT both hold."""

    id = UnicodeAttribute()
    contact_id = UnicodeAttribute()
    channel_id = UnicodeAttribute()
    channel_type = UnicodeAttribute()
    sender = UnicodeAttribute()
    department_id = UnicodeAttribute()
    situation = UnicodeAttribute()
    opened_at = TimeAttribute()
    first_seq = NumberAttribute()
    version = NumberAttribute()
    agent_id = UnicodeAttribute(null=True)
    queued_at = TimeAttribute(null=True)
    assigned_at = TimeAttribute(null=True)
    started_at = TimeAttribute(null=True)
    closed_at = TimeAttribute(null=True)
    last_seq = NumberAttribute(null=True)
    workflow_step_id = UnicodeAttribute(null=True)
    tabulation_id = UnicodeAttribute(null=True)
    moved_by = UnicodeAttribute(null=True)
    moved_at = TimeAttribute(null=True)
    due_at = TimeAttribute(null=True)
    answered_at = TimeAttribute(null=True)
    not_started_by = JSONAttribute(null=True)
    cycles = NumberAttribute(null=True)
    preferred_agent_id = UnicodeAttribute(null=True)
    served_by = JSONAttribute(null=True)
    reopened_at = TimeAttribute(null=True)
    attribution = JSONAttribute(null=True)
    feedback_rating = NumberAttribute(null=True)
    feedback_comment = UnicodeAttribute(null=True)
    reopened_by = UnicodeAttribute(null=True)
    execution_id = UnicodeAttribute(null=True)
    flow_id = UnicodeAttribute(null=True)
    opened_by = UnicodeAttribute(null=True)
    flows_in_a_row = NumberAttribute(null=True)

    def chat(self) -> Chat:
        """The entity."""
        return self.to(
            Chat,
            thread=ThreadKey(self.channel_id, self.sender),
            first_seq=int(self.first_seq),
            version=int(self.version),
            last_seq=None if self.last_seq is None else int(self.last_seq),
            not_started_by=tuple(self.not_started_by or ()),
            cycles=int(self.cycles or 0),
            flows_in_a_row=int(self.flows_in_a_row or 0),
            served_by=tuple(self.served_by or ()),
            attribution=self.attribution or {},
            feedback_rating=None if self.feedback_rating is None else int(self.feedback_rating),
        )


def _packed(chat: Chat) -> dict[str, Any]:
    """What an item of a chat spells otherwise than the entity; what is empty is left out."""
    return {
        "sender": chat.thread.sender,
        "not_started_by": list(chat.not_started_by) or None,
        "cycles": chat.cycles or None,
        "flows_in_a_row": chat.flows_in_a_row or None,
        "served_by": list(chat.served_by) or None,
        "attribution": dict(chat.attribution) or None,
    }


class ChatRecord(_ChatFields):
    """CHAT with the keys of its five indexes."""

    si_pk = UnicodeAttribute(null=True)
    si_sk = UnicodeAttribute(null=True)
    de_pk = UnicodeAttribute(null=True)
    de_sk = UnicodeAttribute(null=True)
    ag_pk = UnicodeAttribute(null=True)
    ag_sk = UnicodeAttribute(null=True)
    co_pk = UnicodeAttribute(null=True)
    co_sk = UnicodeAttribute(null=True)
    due_pk = UnicodeAttribute(null=True)
    due_sk = UnicodeAttribute(null=True)
    due = Due()
    by_situation = BySituation()
    by_department = ByDepartment()
    by_agent = ByAgent()
    by_contact = ByContact()

    @classmethod
    def of_chat(cls, a: str, chat: Chat) -> ChatRecord:
        """The item of a chat, with its places in the indexes."""
        return cls.of(
            chat,
            pk=keys.chat_pk(a, chat.id),
            sk="CHAT",
            **_packed(chat),
            **chat_index_keys(a, chat),
        )


def chat_index_keys(a: str, chat: Chat) -> Mapping[str, str | None]:
    """Where a chat stands in the five indexes; None = not there."""
    place = f"{chat.situation}#{chat.id}"
    return {
        "si_pk": keys.index_pk(a, chat.situation),
        "si_sk": chat.id,
        "de_pk": keys.index_pk(a, chat.department_id),
        "de_sk": place,
        "ag_pk": keys.index_pk(a, chat.agent_id) if chat.agent_id else None,
        "ag_sk": place if chat.agent_id else None,
        "co_pk": keys.index_pk(a, chat.contact_id),
        "co_sk": f"CHAT#{chat.id}",
        "due_pk": keys.due_pk("CHAT", chat.id) if chat.due_at else None,
        "due_sk": keys.stamp(chat.due_at) if chat.due_at else None,
    }


class ChatEventRecord(EventFields, ChatsRecord):
    """EVT of a chat: fact, timeline entry and, for assignments, the receipt."""

    co_pk = UnicodeAttribute()
    co_sk = UnicodeAttribute()

    @classmethod
    def of_event(cls, a: str, event: Event) -> ChatEventRecord:
        """The item of a chat's event; `contact_id` and `chat_id` are required."""
        if event.contact_id is None or event.chat_id is None:
            raise ValueError(f"{event.type} is no event of a chat")
        return cls.of(
            event,
            pk=keys.chat_pk(a, event.chat_id),
            sk=keys.event_sk(event.id),
            **event_fields(event),
            co_pk=keys.index_pk(a, event.contact_id),
            co_sk=keys.event_sk(event.id),
        )


class WaitRecord(_ChatFields):
    """WAIT: exists exactly while its chat is queued in the department; a copy of CHAT, so that an assignment need not
    read it."""


class ServedRecord(ChatsRecord):
    """SERVED: the user of its partition served the chat of its sort key before somebody else did. CHAT decides; this
    only leads there."""


class HeadRecord(ChatsRecord):
    """HEAD of a department's queue: whose turn was last (`<position>#<agent>`), how many turns there were, and up to
    which WAIT item chats were told why they wait."""

    cursor = UnicodeAttribute(null=True)
    turn = NumberAttribute(null=True)
    told = UnicodeAttribute(null=True)


def wait_record(a: str, chat: Chat) -> WaitRecord:
    """The WAIT item of a queued chat."""
    if chat.queued_at is None:
        raise ValueError(f"{chat.id} is not queued")
    return WaitRecord.of(
        chat,
        pk=keys.queue_pk(a, chat.department_id),
        sk=keys.wait_sk(chat.queued_at, chat.id),
        **_packed(chat),
    )
