"""Threads and what arrives in them: one transaction per intake (docs/data-model.md C1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action

from recado.domain.chats import Chat, Event, Message, Thread, ThreadKey
from recado.domain.intake import Intake
from recado.ports.inbound import ContactWrite, LostRace, Seen
from recado.storage import keys
from recado.storage.agents import add_agent_change
from recado.storage.buttons import add_click_use
from recado.storage.chat_moves import add_move
from recado.storage.chat_records import (
    AliasRecord,
    ChatEventRecord,
    ChatRecord,
    MessageRecord,
    SeenRecord,
    ThreadRecord,
    wait_record,
)
from recado.storage.contact_records import check_contact
from recado.storage.contacts import add_contact, change_contact
from recado.storage.files import add_chat_of_file
from recado.storage.flow_executions import add_beginning
from recado.storage.sends import OutRecord
from recado.storage.thread_pointers import OwnAliasRecord
from recado.storage.transaction import Cancelled, Transaction, condition_failed, guard

SEEN_DAYS = 90
_MOVING = (
    "contact_id",
    "open_chat_id",
    "last_inbound_at",
    "last_message_at",
    "address",
    "alias",
    "company_wrote_at",
    "came_by_ad_at",
    "opted_out_at",
    "led_by",
)
"""What a message may change of a thread, beside its seq, text and unread."""
SEEN_ONCE = guard("message-is-seen-once", "a provider delivers one message twice at once: both would be stored")
THREAD_MOVES = guard(
    "intake-moves-thread-from-seen-seq",
    "two messages of a customer at once, or a chat that closes meanwhile: one takes the other's place or is shut away",
)
ALIAS_FREE = guard(
    "thread-begins-where-no-alias-leads",
    "a thread begins under an id that another message makes the second id of an older one: one customer in two threads",
)
ALIAS_IS_NO_THREAD = guard(
    "alias-stands-for-no-thread",
    "a second id is tied to a thread while a thread begins under that very id: one customer in two threads",
)
EDIT_SEEN = guard(
    "message-changes-from-seen-payload", "two edits of a message at once: one would be missing in its history"
)


class DynamoThreads:
    """The store of threads (ports.inbound.ThreadStore)."""

    def thread(self, a: str, key: ThreadKey, aliases: Sequence[str]) -> Thread | None:
        """The customer's thread: 1 read of 1 RRU when it is found by its own key; else one more for each id that may
        lead to it."""
        found = self._thread(a, key)
        if found is not None:
            return found
        alias = self._alias(a, key)
        if alias is not None:
            return self._thread(a, alias)
        for name in aliases:
            other = ThreadKey(key.channel_id, name)
            found = self._thread(a, other)
            if found is None and (alias := self._alias(a, other)) is not None:
                found = self._thread(a, alias)
            if found is not None:
                return found
        return None

    def _thread(self, a: str, key: ThreadKey) -> Thread | None:
        found = ThreadRecord.find(keys.thread_pk(a, key), "THREAD")
        return None if found is None else found.thread()

    def _alias(self, a: str, key: ThreadKey) -> ThreadKey | None:
        record = AliasRecord.find(keys.alias_pk(a, key), "ALIAS")
        if record is None:
            return None
        return ThreadKey(key.channel_id, record.sender)

    def seen(self, a: str, channel_id: str, provider_ids: Sequence[str], certain: bool = False) -> Mapping[str, Seen]:
        """Half a unit for each id, a whole one when it has to be certain."""
        wanted = {keys.seen_pk(a, channel_id, one): one for one in provider_ids}
        if not wanted:
            return {}
        records = SeenRecord.batch_get([(pk, "SEEN") for pk in wanted], consistent_read=certain)
        return {wanted[record.pk]: place_of(channel_id, record) for record in records}

    def take_in(self, a: str, intake: Intake, contact: ContactWrite | None, events: Sequence[Event]) -> LostRace | None:
        """SEEN and MSG of each message, the way from a file that is stored already to its chat, THREAD; CHAT, WAIT and
        facts when a chat opens (again); MSG and OUT of an away message; the contact when it is new, or a check
        that who a flow begins with is there."""
        tx = Transaction()
        key = intake.thread.key
        for message in intake.messages:
            _add_message(tx, a, message, intake.digests.get(message.provider_id or ""))
        _add_thread(tx, a, intake)
        if intake.away:
            tx.put("away", MessageRecord.of_message(a, intake.away.message))
            tx.put("away-out", OutRecord.of_send(a, intake.away.out))
        for name in intake.aliases:
            _add_alias(tx, a, key, name)
        if intake.opened:
            tx.put("chat", ChatRecord.of_chat(a, intake.opened))
            if intake.opened.situation == "queued":
                tx.put("wait", wait_record(a, intake.opened))
        if intake.begins:
            add_beginning(tx, a, intake.begins)
        for move in (intake.touched, intake.reopened):
            if move:
                add_move(tx, a, move)
        if intake.clicked:
            add_click_use(tx, a, *intake.clicked)
        for change in intake.agents:
            add_agent_change(tx, a, change)
        for event in events:
            tx.put(f"event:{event.id}", ChatEventRecord.of_event(a, event))
        if contact and contact.before:
            change_contact(tx, a, contact.before, contact.after, contact.event)
        elif contact:
            add_contact(tx, a, contact.after, contact.event)
        elif intake.begins_with is not None:
            check_contact(tx, a, intake.begins_with)
        try:
            tx.commit()
        except Cancelled as lost:
            return LostRace(
                frozenset(label.removeprefix("seen:") for label in lost.failed if label.startswith("seen:"))
            )
        return None

    def chat(self, a: str, chat_id: str) -> Chat | None:
        """A chat."""
        found = ChatRecord.find(keys.chat_pk(a, chat_id), "CHAT")
        return None if found is None else found.chat()

    def message(self, a: str, place: Seen) -> Message | None:
        """A message by its place."""
        pk, sk = keys.thread_pk(a, place.thread), keys.message_sk(place.seq)
        found = MessageRecord.find(pk, sk)
        return None if found is None else found.message()

    def change(self, a: str, before: Message, after: Message) -> bool:
        """Text and payload of a message. An erased one is not made again: it has no payload to compare, or no id."""
        record = MessageRecord(keys.thread_pk(a, before.thread), keys.message_sk(before.seq))
        unchanged = (
            MessageRecord.payload == dict(before.payload)
            if before.payload
            else MessageRecord.id.exists() & MessageRecord.payload.does_not_exist()
        )
        try:
            record.update(
                actions=[MessageRecord.text.set(after.text), MessageRecord.payload.set(dict(after.payload))],
                condition=EDIT_SEEN(unchanged),
            )
        except UpdateError as error:
            if condition_failed(error):
                return False
            raise
        return True


def place_of(channel_id: str, record: SeenRecord) -> Seen:
    """The place that a SEEN item names."""
    return Seen(record.message_id, ThreadKey(channel_id, record.sender), int(record.seq), record.digest)


def seen_record(a: str, message: Message, digest: str | None = None) -> SeenRecord:
    """The SEEN item of a message that has a provider id."""
    if message.provider_id is None:
        raise ValueError(f"{message.id} has no provider id")
    return SeenRecord(
        pk=keys.seen_pk(a, message.thread.channel_id, message.provider_id),
        sk="SEEN",
        message_id=message.id,
        sender=message.thread.sender,
        seq=message.seq,
        digest=digest,
        ttl=int((message.created_at + timedelta(days=SEEN_DAYS)).timestamp()),
    )


def _add_message(tx: Transaction, a: str, message: Message, digest: str | None) -> None:
    seen = seen_record(a, message, digest)
    tx.put(f"seen:{message.provider_id}", seen, SEEN_ONCE(SeenRecord.pk.does_not_exist()))
    tx.put(f"message:{message.seq}", MessageRecord.of_message(a, message))
    file_id = (message.file or {}).get("id")
    if file_id and message.chat_id:
        add_chat_of_file(tx, a, file_id, message.chat_id)


def _add_thread(tx: Transaction, a: str, intake: Intake) -> None:
    """THREAD moves from the seq it was read at. Whoever opens or closes its chat moves the seq too, so this holds the
    open chat as read."""
    thread, seen = intake.thread, intake.seen
    record = ThreadRecord.of_thread(a, thread)
    if seen is None:
        record.unread = intake.unread_added
        tx.put("thread", record, THREAD_MOVES(ThreadRecord.pk.does_not_exist()))
        tx.check(
            "thread-alias",
            AliasRecord(keys.alias_pk(a, thread.key), "ALIAS"),
            ALIAS_FREE(AliasRecord.pk.does_not_exist()),
        )
        return
    actions: list[Action] = [
        ThreadRecord.last_seq.set(thread.last_seq),
        ThreadRecord.last_text.set(thread.last_text),
        ThreadRecord.unread.set(intake.unread_added)
        if intake.answered
        else ThreadRecord.unread.add(intake.unread_added),
    ]
    for name in _MOVING:
        value, attribute = getattr(thread, name), getattr(ThreadRecord, name)
        if value != getattr(seen, name):
            actions.append(attribute.remove() if value is None else attribute.set(value))
    tx.update("thread", record, actions, THREAD_MOVES(ThreadRecord.last_seq == seen.last_seq))


def _add_alias(tx: Transaction, a: str, key: ThreadKey, name: str) -> None:
    other = ThreadKey(key.channel_id, name)
    tx.put(f"alias:{name}", AliasRecord(pk=keys.alias_pk(a, other), sk="ALIAS", sender=key.sender))
    tx.put(f"own-alias:{name}", OwnAliasRecord(pk=keys.thread_pk(a, key), sk=keys.own_alias_sk(name)))
    no_thread = ThreadRecord(keys.thread_pk(a, other), "THREAD")
    tx.check(f"alias-thread:{name}", no_thread, ALIAS_IS_NO_THREAD(ThreadRecord.pk.does_not_exist()))
