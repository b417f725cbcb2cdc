"""Placeholders of files in messages: what is fetched next, and what came of it (docs/data-model.md D2, I2)."""

from __future__ import annotations

from datetime import datetime

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from recado.domain.chats import ThreadKey
from recado.domain.fetching import Fetching, rejected, shown
from recado.domain.files import File
from recado.ports.fetching import DuePlaces, Place
from recado.storage import keys
from recado.storage.chat_records import MessageRecord
from recado.storage.due import due_records
from recado.storage.files import FileRecord, add_chat_of_file
from recado.storage.transaction import Transaction, condition_failed, guard

FETCH_TAKEN = guard(
    "fetch-is-begun-from-seen-attempt",
    "two workers begin to fetch one file at once, or one puts off what another has begun: the provider is asked twice, "
    "or nobody asks for too long",
)
FILE_SETTLED_ONCE = guard(
    "file-of-message-is-settled-once",
    "two workers end the fetch of one file: what was told to be refused is there after all, or what was there is gone",
)
FETCH_DUE = guard(
    "fetch-is-there-to-look-at", "a file is settled while the sweep puts it off: it would be looked at for ever"
)


class DynamoFetches:
    """The port `recado.ports.fetching.FetchStore`."""

    def get(self, place: Place) -> Fetching | None:
        """1 RRU for each 4 KB."""
        found = MessageRecord.find(*_key(place))
        if found is None or found.fetch_attempt is None or found.fetch_due is None:
            return None
        return Fetching(found.message(), int(found.fetch_attempt), found.fetch_due)

    def take(self, place: Place, before: Fetching, after: Fetching) -> bool:
        """1 WRU for each KB of the message, and the index."""
        actions = [MessageRecord.fetch_attempt.set(after.attempt), *_due(after.due)]
        return _written(place, actions, FETCH_TAKEN(MessageRecord.fetch_attempt == before.attempt))

    def put_off(self, place: Place, taken: Fetching, until: datetime) -> bool:
        """As `take`."""
        return _written(place, _due(until), FETCH_TAKEN(MessageRecord.fetch_attempt == taken.attempt))

    def accept(self, place: Place, found: Fetching, file: File) -> bool:
        """FILE, the way to it by the chat, and MSG in one transaction. Whichever attempt ends first settles it, also
        one that was taken for dead."""
        tx = Transaction()
        tx.put("file", FileRecord.of_file(place.a, file))
        if found.message.chat_id:
            add_chat_of_file(tx, place.a, file.id, found.message.chat_id)
        actions = [MessageRecord.file.set(shown(file)), *_settled()]
        pending = FILE_SETTLED_ONCE(MessageRecord.fetch_attempt.exists())
        tx.update("message", MessageRecord(*_key(place)), actions, pending)
        return tx.committed()

    def reject(self, place: Place, found: Fetching, reason: str) -> bool:
        """1 WRU for each KB of the message, and the index."""
        actions = [MessageRecord.file.set(rejected(found.message, reason)), *_settled()]
        return _written(place, actions, FILE_SETTLED_ONCE(MessageRecord.fetch_attempt.exists()))

    def due(self, now: datetime, limit: int) -> DuePlaces:
        """16 queries of the index, over all accounts."""
        records, more = due_records("T", MessageRecord, now, limit)
        return DuePlaces([_place(record.pk, record.sk) for record in records], more)

    def look_again_at(self, place: Place, when: datetime) -> None:
        """Moves the place in the index only; the next attempt puts it right."""
        _written(place, [MessageRecord.due_sk.set(keys.stamp(when))], FETCH_DUE(MessageRecord.due_sk.exists()))


def _key(place: Place) -> tuple[str, str]:
    return keys.thread_pk(place.a, place.thread), keys.message_sk(place.seq)


def _place(pk: str, sk: str) -> Place:
    a, _, rest = pk.split("#", 2)
    channel_id, _, sender = rest.partition("#")
    return Place(a, ThreadKey(channel_id, sender), int(sk.removeprefix("MSG#")))


def _due(at: datetime) -> list[Action]:
    return [MessageRecord.fetch_due.set(at), MessageRecord.due_sk.set(keys.stamp(at))]


def _settled() -> list[Action]:
    attributes = (
        MessageRecord.fetch_attempt,
        MessageRecord.fetch_due,
        MessageRecord.due_pk,
        MessageRecord.due_sk,
    )
    return [attribute.remove() for attribute in attributes]


def _written(place: Place, actions: list[Action], condition: Condition | None) -> bool:
    try:
        MessageRecord(*_key(place)).update(actions, condition=condition)
    except UpdateError as error:
        if condition_failed(error):
            return False
        raise
    return True
