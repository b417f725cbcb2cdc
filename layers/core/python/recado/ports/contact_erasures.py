"""What the erasure of a contact needs of storage and of the buckets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from recado.domain.chats import Chat, Event, Message, ThreadKey
from recado.domain.contact_data_exports import DataExport
from recado.domain.contact_erasure import Counted, Erasing, Erasure
from recado.domain.contact_merging import Merge
from recado.domain.contacts import Contact
from recado.ports.contacts import ContactChange
from recado.ports.sweeps import DuePage


class Overtaken(Exception):
    """Somebody else goes on with this erasure, or what was to be erased moved meanwhile; nothing was written."""


@dataclass(frozen=True)
class Page:
    """A page of work: from the work as it was read to what is left, with what it erases counted. What is erased, the
    counts and the place are written at once, so that nothing is counted twice."""

    before: Erasing
    after: Erasing
    counts: Mapping[Counted, int]


@dataclass(frozen=True)
class Remains:
    """A message with what lies beside it: whether its send is kept, the provider's ids under which it is known (with
    the digest each has), the tags of clicks that it brought back, and the file that goes with it. `call`: it is one."""

    message: Message
    is_sent: bool = False
    seen: Mapping[str, str | None] | None = None
    tags: tuple[str, ...] = ()
    file_id: str | None = None
    call: bool = False

    @property
    def items(self) -> int:
        """How many operations of a transaction this takes at most."""
        return 1 + self.is_sent + len(self.seen or ()) + len(self.tags) + 2 * bool(self.message.file) + self.call


class MailPlace(NamedTuple):
    """A mail as it came: when, and under which key of its bucket."""

    at: datetime
    key: str


@dataclass(frozen=True)
class ThreadRest:
    """What is left of a thread without its messages: whose it is (None: there is no thread), the seq it stands at,
    second ids that lead to it, files that its customer announced, mails as they came, what is open at the provider."""

    key: ThreadKey
    contact_id: str | None
    last_seq: int
    open_chat_id: str | None
    aliases: tuple[str, ...] = ()
    announced: tuple[str, ...] = ()
    mails: tuple[MailPlace, ...] = ()
    has_openings: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing at all."""
        return self.contact_id is None and not (self.aliases or self.announced or self.mails or self.has_openings)


class ContactsLeft(Protocol):
    """Contacts, one at a time."""

    def resolved(self, a: str, contact_id: str) -> Contact | None:
        """The contact of an id, or the one that it was merged into."""
        ...


class ErasureStore(Protocol):
    """Erasures on record, and the work that is left of them."""

    def begin(
        self,
        a: str,
        contact: Contact | None,
        erasure: Erasure,
        work: Erasing,
        others: Sequence[ContactChange] = (),
    ) -> bool:
        """The contact goes as it was read, with all it is found by; `others` change with it in their links. None: it is
        gone already. False when the contact, or one of the others, is no longer so, or an erasure of it began before;
        nothing is written then."""
        ...

    def get(self, a: str, erasure_id: str) -> Erasure | None:
        """An erasure, strongly consistent."""
        ...

    def of_contact(self, a: str, contact_id: str) -> Erasure | None:
        """The erasure of a contact."""
        ...

    def page(self, a: str, limit: int, before: str | None) -> Sequence[Erasure]:
        """Erasures, newest first, older than the id `before`."""
        ...

    def due(self, now: datetime, limit: int) -> DuePage:
        """Erasures to be gone on with."""
        ...

    def work(self, a: str, erasure_id: str) -> Erasing | None:
        """What is left to do, strongly consistent; None: nothing."""
        ...

    def go_on(self, a: str, page: Page) -> None:
        """A page that takes nothing away. Raises Overtaken."""
        ...

    def finish(self, a: str, work: Erasing, erasure: Erasure, event: Event) -> None:
        """Nothing is left: the erasure as it ended, with the fact. Raises Overtaken."""
        ...

    def put_off(self, a: str, erasure_id: str, until: datetime) -> None:
        """When to look again. Nothing where it has ended."""
        ...


class RecentErasures(Protocol):
    """Whose facts may come late."""

    def contacts(self, a: str, since: datetime) -> frozenset[str]:
        """The ids of the contacts, and of those merged into them, whose erasures began since then."""
        ...


class ErasedChats(Protocol):
    """Chats of a contact and their events."""

    def ids(self, a: str, contact_id: str, before: str | None, limit: int) -> Sequence[str]:
        """Chats, newest first, older than the id `before`, as the index knows them."""
        ...

    def chat(self, a: str, chat_id: str) -> Chat | None:
        """A chat."""
        ...

    def events(self, a: str, chat_id: str, limit: int) -> Sequence[Event]:
        """The first events of a chat, strongly consistent."""
        ...

    def strays(self, a: str, contact_id: str, after: str | None, limit: int) -> tuple[Sequence[Event], str | None]:
        """Events of the contact's chats that the index knows, each read again by key; and after which id the next page
        begins, None at the end."""
        ...

    def erase_events(self, a: str, page: Page, events: Sequence[Event]) -> None:
        """With the copies that supervisors were given. Raises Overtaken."""
        ...

    def erase_chat(self, a: str, page: Page, chat: Chat) -> None:
        """A closed chat as it was read, with the ways of who served it. Raises Overtaken."""
        ...


class ErasedExecutions(Protocol):
    """Executions of flows in chats of a contact."""

    def ids(self, a: str, contact_id: str, before: str | None, limit: int) -> Sequence[str]:
        """Executions, newest first, older than the id `before`, as the index knows them."""
        ...

    def trace(self, a: str, execution_id: str, limit: int) -> Sequence[str]:
        """The sort keys of the first lines of its trace, strongly consistent."""
        ...

    def erase_lines(self, a: str, page: Page, execution_id: str, lines: Sequence[str]) -> None:
        """Lines of a trace. Raises Overtaken."""
        ...

    def erase(self, a: str, page: Page, execution_id: str) -> None:
        """The execution, once no line is left. Raises Overtaken."""
        ...


class ErasedThreads(Protocol):
    """Threads of a contact with all that lies in them."""

    def messages(self, a: str, thread: ThreadKey, after: int, limit: int) -> Sequence[Message]:
        """Messages above a seq, strongly consistent."""
        ...

    def remains(self, a: str, messages: Sequence[Message]) -> Sequence[Remains]:
        """What lies beside messages; of their files nothing yet."""
        ...

    def erase_messages(self, a: str, page: Page, remains: Sequence[Remains]) -> None:
        """That a message was seen stays, without whose it was: what a provider sends again is not recorded again.
        Raises Overtaken."""
        ...

    def rest(self, a: str, thread: ThreadKey) -> ThreadRest:
        """What is left of a thread, strongly consistent."""
        ...

    def erase_rest(self, a: str, page: Page, rest: ThreadRest, whole: bool, has_others: bool) -> None:
        """`whole`: the thread itself too, or, where others' messages lie in it, what it tells of the contact. Else only
        what its customer announced and the mails. Raises Overtaken."""
        ...


class ErasedFiles(Protocol):
    """Files and the ways to them."""

    def chats_with(self, a: str, file_id: str, limit: int) -> Sequence[str]:
        """The last chats that a file is in."""
        ...

    def leave_chats(self, a: str, file_id: str) -> None:
        """Take all ways to a file away."""
        ...

    def erase_files(self, a: str, page: Page, file_ids: Sequence[str]) -> None:
        """Raises Overtaken."""
        ...


class ErasedTimelines(Protocol):
    """Events of a contact itself, and merges."""

    def own_events(self, a: str, contact_id: str, limit: int) -> Sequence[Event]:
        """The first events, strongly consistent."""
        ...

    def erase_own(self, a: str, page: Page, events: Sequence[Event]) -> None:
        """Raises Overtaken."""
        ...

    def merges(self, a: str, kept_id: str) -> Sequence[Merge]:
        """Merges into a contact, undone ones too."""
        ...

    def erase_merges(self, a: str, page: Page, merges: Sequence[Merge], merged_ids: Sequence[str]) -> None:
        """And the ways from the ids of those who were merged. Raises Overtaken."""
        ...

    def between(
        self, a: str, contact_id: str, since: datetime, until: datetime, after: str | None, limit: int
    ) -> Sequence[Event]:
        """Events of another contact of that time, behind an id."""
        ...

    def redact_own(self, a: str, page: Page, events: Sequence[Event]) -> None:
        """Write what is left of events of another contact. Raises Overtaken."""
        ...


class ErasedDataExports(Protocol):
    """Exports of the contact's own data."""

    def erase_data_exports(self, a: str, page: Page, exports: Sequence[DataExport]) -> None:
        """Raises Overtaken."""
        ...


class ErasedElsewhere(Protocol):
    """What lies elsewhere for a while: events in the feed, answers of the API."""

    def feed(self, a: str, after: int, limit: int) -> tuple[Sequence[tuple[int, Mapping[str, Any]]], int | None]:
        """Entries of the feed above a seq as (seq, event), and the last seq that was looked at; None at the end."""
        ...

    def write_feed(self, a: str, page: Page, entries: Mapping[int, Mapping[str, Any]]) -> None:
        """What is left of entries, by seq. Raises Overtaken."""
        ...

    def callers(self, a: str) -> Sequence[str]:
        """Everybody whose answers may be kept, in order."""
        ...

    def answers(self, a: str, caller: str, after: str | None, limit: int) -> Sequence[tuple[str, str, bytes]]:
        """Kept answers of a caller behind a key as (key, claim, body)."""
        ...

    def forget_answers(self, a: str, page: Page, caller: str, answers: Sequence[tuple[str, str]]) -> None:
        """Of (key, claim). Raises Overtaken."""
        ...


class RawBodies(Protocol):
    """Bodies that were kept raw."""

    def page(self, a: str, after: str | None, limit: int) -> Sequence[tuple[str, float]]:
        """Keys of an account behind one, in their order, each with its age in seconds."""
        ...

    def get(self, key: str) -> bytes:
        """The bytes; KeyError when there are none."""
        ...

    def put(self, key: str, body: bytes, content_type: str) -> None:
        """Replace them."""
        ...

    def remove(self, key: str) -> None:
        """Delete; what is not there is deleted already."""
        ...


class ErasedObjects(Protocol):
    """Bytes of files."""

    def remove_under(self, prefix: str) -> None:
        """Delete every object whose key begins so."""
        ...


class RawMails(Protocol):
    """Mails as they came."""

    def remove(self, key: str) -> None:
        """Delete; what is not there is deleted already."""
        ...


class ForgottenRows(Protocol):
    """Rows of imports that wrote a contact (recado.storage.contact_imports)."""

    def forget_row(self, a: str, import_id: str, number: int) -> None:
        """The row stands, and nothing of what it said or changed."""
        ...
