"""What visitors of the online chat write, and what their page reads of the conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from recado.domain.access import Caller
from recado.domain.chats import Message, ThreadKey
from recado.domain.delivery import moves_forward
from recado.domain.errors import Busy, Conflict, FieldError, Invalid, NotFound
from recado.domain.file_types import TYPES
from recado.domain.files import File
from recado.domain.intake import Arrival
from recado.domain.messages import MEDIA_KINDS, Sender
from recado.domain.offered_options import offers, option_of
from recado.domain.widget_tokens import Visitor
from recado.ports.core import Clock
from recado.ports.files import UploadForm
from recado.ports.inbound import Delivery, Seen, StatusStore, ThreadStore
from recado.ports.reception import ConnectedChannel
from recado.ports.widget import AnnouncedFiles, RateLimits, ThreadMessages, UserNames
from recado.services.files import FileService
from recado.services.intake import Customer, IntakeService
from recado.services.views import message_view
from recado.services.widget_sessions import take

MESSAGES_A_MINUTE, FILES_A_MINUTE = 120, 30
"""Of one visitor."""
_TRIES = 3
_FILE_FIELDS = ("id", "name", "content_type", "size", "state", "reason")
_LOOKED_AFTER = 50
"""Messages behind a question among which a later one is looked for."""
_SHOWN = frozenset({"type", "id", "buttons", "button", "sections", "voice", "client_id", "edited_at", "revoked_at"})
"""What of a payload is for the customer: the rest is the company's, such as the texts that a message had before."""


@dataclass(frozen=True)
class Option:
    """What a visitor pressed: an option, by its id, of the message of this seq."""

    seq: int
    id: str


@dataclass(frozen=True)
class WrittenByVisitor:
    """A message as a page posts it. `client_id` is the page's own id of it; `kind` None: a text, what the file is, or
    a pressed option. With an option there is nothing else: its title is the text."""

    client_id: str
    kind: str | None = None
    text: str = ""
    file_id: str | None = None
    option: Option | None = None


@dataclass(frozen=True)
class VisitorPage:
    """Messages as the customer sees them; `cursor`: the seq to go on from; `more`: whether there is more already."""

    items: Sequence[dict[str, Any]]
    cursor: int
    more: bool


class WidgetMessages:
    """Everything is of the visitor's own thread: nothing in a request names another."""

    def __init__(
        self,
        intake: IntakeService,
        threads: ThreadStore,
        messages: ThreadMessages,
        statuses: StatusStore,
        files: FileService,
        announced: AnnouncedFiles,
        users: UserNames,
        limits: RateLimits,
        clock: Clock,
    ) -> None:
        self._intake = intake
        self._threads = threads
        self._messages = messages
        self._statuses = statuses
        self._files = files
        self._announced = announced
        self._users = users
        self._limits = limits
        self._clock = clock

    def announce(
        self, channel: ConnectedChannel, visitor: Visitor, name: str, content_type: str, size: int
    ) -> tuple[File, UploadForm]:
        """A file that the visitor is to upload, and the form for it. Raises WrongType, TooLarge, TooMany."""
        a = visitor.account
        take(self._limits, a, f"file#{channel.id}#{visitor.key}", FILES_A_MINUTE, self._clock.now())
        file, form = self._files.announce(_caller(visitor), "service", channel.id, name, content_type, size)
        self._announced.keep_file(a, ThreadKey(channel.id, visitor.key), file.id)
        return file, form

    def post(self, channel: ConnectedChannel, visitor: Visitor, new: WrittenByVisitor) -> tuple[Message, bool]:
        """Record a message; the message, and whether it is new: one of a known `client_id` is found again. Raises
        Invalid, NotFound, Conflict `client_id_reused`, `file_not_ready`, `file_rejected`, `question_over`, TooMany,
        Busy."""
        a, now = visitor.account, self._clock.now()
        take(self._limits, a, f"message#{channel.id}#{visitor.key}", MESSAGES_A_MINUTE, now)
        arrival = self._arrival(visitor, new) if new.option is None else self._press(channel, visitor, new, new.option)
        customer = Customer(a, channel, visitor.key)
        for tries_left in reversed(range(_TRIES)):
            try:
                recorded = self._intake.record(customer, [arrival])
                break
            except Busy:
                if not tries_left:
                    raise
        if recorded:
            return recorded[0], True
        place = self._statuses.place(a, channel.id, arrival.provider_id)
        before = self._threads.message(a, place) if place else None
        if before is None:
            raise Busy(f"message on {channel.id}")
        if _contents(before) != _contents(arrival):
            raise Conflict("Another message was sent under this client_id.", code="client_id_reused")
        return before, False

    def page(
        self, channel: ConnectedChannel, visitor: Visitor, after: int, limit: int, read_until: int | None
    ) -> VisitorPage:
        """Messages after a seq. What is told of the company's has arrived, so it is `delivered`; what the page says was
        read until a seq is `read`."""
        a, thread = visitor.account, ThreadKey(channel.id, visitor.key)
        if read_until is not None:
            self._mark_read(a, thread, read_until)
        found = self._messages.after(a, thread, after, limit + 1)
        page = found[:limit]
        told = [self._delivered(a, one) for one in page if _is_for_customer(one)]
        names = self._names(a, told)
        items = [self.view(a, one, names) for one in told]
        return VisitorPage(items, page[-1].seq if page else after, len(found) > limit)

    def view(self, a: str, message: Message, names: Mapping[str, str]) -> dict[str, Any]:
        """A message as the customer may see it: people of the company by their names alone, a file with the link from
        which it is fetched."""
        author = message.author
        shown = {
            "type": author.type,
            "id": author.id if author.type == "contact" else None,
            "name": names.get(author.id or ""),
        }
        payload = {name: value for name, value in message.payload.items() if name in _SHOWN}
        file = None if message.file is None else {**message.file, "url": self._link(a, message.file)}
        return {**message_view(message), "payload": payload, "file": file, "author": shown}

    # -- writing
    # -------------------------------------------------------------------------------------------------------------

    def _arrival(self, visitor: Visitor, new: WrittenByVisitor) -> Arrival:
        file = self._file(visitor, new.file_id) if new.file_id is not None else None
        kind = new.kind or (TYPES[file.content_type].kind if file else "text")
        _check(kind, new, file)
        described = {name: getattr(file, name) for name in _FILE_FIELDS} if file else None
        return self._arrived(visitor, new.client_id, kind, new.text, {}, described)

    def _press(self, channel: ConnectedChannel, visitor: Visitor, new: WrittenByVisitor, option: Option) -> Arrival:
        """An option of the last question alone: of one that is over nobody knows any more what it would answer. What
        was recorded while its question was the last is found again."""
        _check_alone(new)
        a, thread = visitor.account, ThreadKey(channel.id, visitor.key)
        since = self._messages.after(a, thread, option.seq - 1, _LOOKED_AFTER)
        found = option_of(since[0], option.id) if since and since[0].seq == option.seq else None
        if found is None:
            raise Invalid.field("/option/id", "not_found", "This message offers no such option.")
        reply, title = found
        arrival = self._arrived(visitor, new.client_id, "interactive", title, {"type": reply, "id": option.id}, None)
        over = any(offers(one) and option_of(one, option.id) is None for one in since[1:])
        if over and self._statuses.place(a, channel.id, arrival.provider_id) is None:
            raise Conflict("Another question was asked since.", code="question_over")
        return arrival

    def _arrived(
        self,
        visitor: Visitor,
        client_id: str,
        kind: str,
        text: str,
        payload: Mapping[str, Any],
        file: Mapping[str, Any] | None,
    ) -> Arrival:
        return Arrival(
            provider_id=f"{visitor.key}#{client_id}",
            sender=Sender(
                visitor.key,
                external_id=visitor.shown_id,
                name=visitor.name,
                phone=visitor.phone,
                email=visitor.email,
            ),
            inbound=True,
            kind=kind,
            text=text,
            payload={"client_id": client_id, **payload},
            file=file,
            reply_to=None,
            sent_at=self._clock.now(),
            proved=False,
        )

    def _file(self, visitor: Visitor, file_id: str) -> File:
        try:
            file = self._files.get(_caller(visitor), file_id)
        except NotFound as error:
            raise NotFound(error.detail, errors=[FieldError("/file_id", "not_found", error.detail)]) from None
        if file.state == "pending":
            raise Conflict("The file did not arrive yet, or is being checked.", code="file_not_ready")
        if file.state == "rejected":
            raise Conflict("The file was rejected.", code="file_rejected", extra={"reason": file.reason})
        return file

    # -- reading
    # -------------------------------------------------------------------------------------------------------------

    def _delivered(self, a: str, message: Message) -> Message:
        """The message, delivered now if it was not before."""
        if message.direction == "inbound" or not moves_forward(message.status, "delivered"):
            return message
        place = Seen(message.id, message.thread, message.seq)
        moved = self._statuses.move(a, place, Delivery("delivered", self._clock.now()))
        return replace(message, status="delivered") if moved else message

    def _mark_read(self, a: str, thread: ThreadKey, seq: int) -> None:
        """What was written until the message of this seq, and has been told, is read. The oldest first: whoever stops
        half way leaves those behind which are found when it is done again."""
        last = self._messages.at(a, thread, seq)
        if last is None:
            return
        for place in reversed(self._statuses.sent_until(a, thread, last.created_at, "read")):
            if place.seq <= seq:
                self._statuses.move(a, place, Delivery("read", self._clock.now()))

    def _names(self, a: str, messages: Sequence[Message]) -> Mapping[str, str]:
        ids = {one.author.id for one in messages if one.author.type == "user" and one.author.id}
        return {user.id: user.name for user in self._users.read(a, sorted(ids))} if ids else {}

    def _link(self, a: str, file: Mapping[str, Any]) -> str | None:
        return self._files.link_of(a, str(file["id"])) if file.get("id") and file.get("state") == "accepted" else None


def _caller(visitor: Visitor) -> Caller:
    """The visitor as one who uploads: with no more rights than anybody, and sees what they uploaded themselves."""
    return Caller(visitor.account, "restricted", token_id=f"{visitor.channel_id}#{visitor.key}")


def _is_for_customer(message: Message) -> bool:
    return not message.internal and message.status != "failed"


def _contents(written: Message | Arrival) -> tuple[Any, ...]:
    """What must be the same under one client_id."""
    return written.kind, written.text, written.payload.get("id"), written.file and written.file.get("id")


def _check_alone(new: WrittenByVisitor) -> None:
    """Raises Invalid for what stands beside an option."""
    if new.kind not in (None, "interactive"):
        raise Invalid.field("/kind", "conflict", "A pressed option is of kind interactive.")
    for name in ("text", "file_id"):
        if getattr(new, name):
            raise Invalid.field(
                f"/{name}", "conflict", "A pressed option has nothing beside it: its title is the text."
            )


def _check(kind: str, new: WrittenByVisitor, file: File | None) -> None:
    """Raises Invalid for what is no message."""
    if kind == "text":
        if file is not None:
            raise Invalid.field("/kind", "conflict", "A message with a file is of the file's kind.")
        if not new.text.strip():
            raise Invalid.field("/text", "required", "A text message needs a text.")
    elif kind not in MEDIA_KINDS - {"sticker"}:
        raise Invalid.field("/kind", "kind_not_supported", "Visitors write texts and send files.")
    elif file is None:
        raise Invalid.field("/file_id", "required", "A file is needed.")
    elif kind not in (TYPES[file.content_type].kind, "document"):
        raise Invalid.field("/kind", "kind_differs", f"The file is of kind {TYPES[file.content_type].kind}.")
