"""Writing a message to a customer, or a note to colleagues: the one way by which anybody's message is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from recado.domain.access import Caller, can_answer_chat, can_note_chat
from recado.domain.chats import Author, Chat, Message, Thread, ThreadKey
from recado.domain.errors import Busy, Conflict, FieldError, Forbidden, Invalid, NotFound
from recado.domain.fetching import shown
from recado.domain.files import File
from recado.domain.ids import sibling_id
from recado.domain.messages import MEDIA_KINDS, Media, Template, is_one_emoji
from recado.domain.sending import Draft, Posting, outbound_message, post
from recado.domain.system_facts import first_answer_event
from recado.domain.timers import armed
from recado.domain.windows import human_window_expires_at, may_send, window_expires_at
from recado.ports.agents import Departments
from recado.ports.chats import ChatStore
from recado.ports.core import Clock, Command, Ids, Queue
from recado.ports.idempotency import Attempt
from recado.ports.outbox import Adapters, OutboxStore, SendingAdapter, SendJournal
from recado.ports.reception import ChannelDirectory
from recado.services.chats import ChatService
from recado.services.sent_files import Attachments
from recado.services.template_choice import TemplateChoice
from recado.services.token_ends import OPTED_OUT, channel_to_send_on, token_has_ended
from recado.services.views import moment

MAX_NOTE_CHARACTERS = 10_000
MAX_PAYLOAD_CHARACTERS = 20_000
_TRIES = 5


@dataclass(frozen=True)
class NewMessage:
    """What POST messages asks for. `kind` None: `text`, or a template when there is one."""

    kind: str | None = None
    text: str | None = None
    file_id: str | None = None
    template: Template | None = None
    internal: bool = False
    reply_to: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


class SendingService:
    """Decides whether a message may be sent, stores it with its send, and puts the command into the queue."""

    def __init__(
        self,
        chats: ChatService,
        store: ChatStore,
        outbox: OutboxStore,
        channels: ChannelDirectory,
        adapters: Adapters,
        departments: Departments,
        templates: TemplateChoice,
        attachments: Attachments,
        queue: Queue,
        clock: Clock,
        ids: Ids,
        journal: SendJournal,
    ) -> None:
        self._chats = chats
        self._store = store
        self._outbox = outbox
        self._channels = channels
        self._adapters = adapters
        self._departments = departments
        self._templates = templates
        self._attachments = attachments
        self._queue = queue
        self._clock = clock
        self._ids = ids
        self._journal = journal

    def send(
        self,
        caller: Caller,
        chat_id: str,
        new: NewMessage,
        correlation_id: str = "",
        attempt: Attempt | None = None,
        behind: int | None = None,
    ) -> Message:
        """The message as it is stored: `queued`, or `sent` for a note. 403 for who may not write here, 409
        `chat_closed`, `channel_unusable`, `outside_window`, 400 and 404 with pointers. Raises Busy when the thread
        never stands still.

        With an `attempt` the message's id comes from it: what an earlier run of the same request wrote is found by it,
        and is the answer whatever became of the chat since. `behind`: the thread's last message as the caller saw it;
        raises Busy, and nothing is written, when there is another by now."""
        a = caller.account
        draft = _draft(new)
        message_id = sibling_id("ms", attempt.origin) if attempt else self._ids.new("ms", a)
        if attempt and attempt.again and (written := self.written(a, chat_id, attempt)):
            return written
        for _ in range(_TRIES):
            chat = self._chats.visible(caller, chat_id)
            _permit(caller, chat, draft.internal)
            thread = self._store.thread(a, chat.thread)
            if chat.situation == "closed" or thread is None or thread.open_chat_id != chat.id:
                raise Conflict("The chat is closed.", code="chat_closed", extra={"situation": "closed"})
            if behind is not None and thread.last_seq != behind:
                raise Busy(f"somebody wrote meanwhile in {chat_id}")
            file = self._attachments.take(caller, new.file_id) if new.file_id is not None else None
            reply = self._reply(a, thread, new.reply_to, draft.internal)
            draft = self._with_values(a, chat, draft)
            said = self._with_file(draft, file, new.kind, chat)
            speed, now = self._adapters(chat.channel_type).speed, self._clock.now()
            pair = speed.pair if speed else None
            posting = post(said, chat, thread, caller.author, message_id, reply, now, correlation_id, pair)
            if not draft.internal:
                media = self._attachments.media(a, file) if file else None
                self._check(a, chat, thread, posting.message, reply, media)
            posting = replace(self._with_first_answer(a, posting, caller.author), led_by=caller.execution_id)
            stored = self._outbox.write(a, posting)
            if stored is not None:
                if posting.out is not None:
                    self._enqueue(a, stored, correlation_id)
                return stored
        raise Busy(f"message in {chat_id}")

    def check_template(self, a: str, chat: Chat, template: Template) -> None:
        """Whether the template could be written in the chat, which need not be there yet: its values, its header, what
        the channel takes. Windows and the channel's state are not looked at. Raises as `send` does."""
        draft = self._with_file(self._with_values(a, chat, Draft("text", template=template)), None, None, chat)
        thread = Thread(chat.thread, chat.contact_id, 0)
        message = post(draft, chat, thread, Author("flow"), "", None, self._clock.now(), "").message
        errors = self._adapters(chat.channel_type).check(outbound_message(message, None))
        if errors:
            raise Invalid(errors[0].detail, errors=errors)

    def _with_values(self, a: str, chat: Chat, draft: Draft) -> Draft:
        """A template with its values in place and the text that comes of them. On a channel without templates as it
        is: the channel refuses it."""
        if draft.template is None or "template" not in self._adapters(chat.channel_type).kinds:
            return draft
        template, text = self._templates.filled(a, chat, draft.template)
        return replace(draft, template=template, text=text)

    def _with_file(self, draft: Draft, file: File | None, kind: str | None, chat: Chat) -> Draft:
        """The draft with its file, of the kind that the file is sent as; with a template it is the header. Raises
        Invalid, WrongType, TooLarge."""
        if draft.template is not None:
            kind = draft.template.header
            if (kind is None) != (file is None):
                raise _no_such_header(kind)
        if file is None:
            return draft
        adapter = None if draft.internal else self._adapters(chat.channel_type)
        kind = self._attachments.kind(file, kind, adapter)
        if draft.payload and kind != "audio":
            raise Invalid.field("/payload/voice", "invalid", "Only a sound is a voice message.")
        return replace(draft, kind=kind, file=shown(file))

    def _with_first_answer(self, a: str, posting: Posting, author: Author) -> Posting:
        """The posting with the chat's timer armed and the fact `chat.answered`, where it answers the chat."""
        before, after = posting.chat_before, posting.chat_after
        if before is None or after is None:
            return posting
        chat = armed(after, self._departments.get(a, after.department_id))
        if before.answered_at is not None:
            return replace(posting, chat_after=chat)
        shape = self._chats.shape(chat, posting.thread_after)
        event_id = sibling_id("ev", posting.message.id)
        event = first_answer_event(event_id, chat, shape, author, posting.message.created_at)
        return replace(posting, chat_after=chat, events=(event,))

    def written(self, a: str, chat_id: str, attempt: Attempt) -> Message | None:
        """What an earlier run of the same attempt wrote: by its send; a note has none, and is looked for among the
        chat's newest."""
        message_id = sibling_id("ms", attempt.origin)
        out = self._outbox.get(a, message_id)
        if out is not None:
            return self._outbox.message(a, out.thread, out.seq)
        chat = self._store.chat(a, chat_id)
        return self._store.find_message(a, chat.thread, message_id) if chat else None

    def _reply(self, a: str, thread: Thread, message_id: str | None, internal: bool) -> Message | None:
        """The message that is answered. The customer never had a note, so only a note answers one."""
        if message_id is None:
            return None
        found = self._store.find_message(a, thread.key, message_id)
        if found is None:
            detail = "There is no such message in this conversation."
            raise NotFound(detail, errors=[FieldError("/reply_to", "not_found", detail)])
        if found.internal and not internal:
            detail = "That is an internal note, which the customer does not have."
            raise Invalid.field("/reply_to", "not_in_conversation", detail)
        return found

    def _check(
        self, a: str, chat: Chat, thread: Thread, message: Message, reply: Message | None, media: Media | None
    ) -> None:
        """The channel's say: whether it is there, what it can send, and its window."""
        channel = channel_to_send_on(self._channels, a, chat.channel_id, self._clock.now(), fresh=True)
        if channel is None or channel.state != "active":
            state = channel.state if channel else "removed"
            raise Conflict(
                f"The channel is {state}: nothing can be sent on it.",
                code="channel_unusable",
                extra={"channel_state": state},
            )
        if token_has_ended(channel, self._clock.now()):
            raise Conflict(
                "The channel's access token has ended: nothing can be sent until another is given.",
                code="token_expired",
                extra={"token_expires_at": channel.token_expires_at},
            )
        if thread.opted_out_at is not None:
            raise Conflict(OPTED_OUT, code="opted_out", extra={"opted_out_at": moment(thread.opted_out_at)})
        if reply is not None and message.kind == "reaction" and not reply.provider_id:
            raise Conflict(
                "The customer does not have that message, so nothing can be said of it there.", code="cannot_react"
            )
        adapter = self._adapters(chat.channel_type)
        outbound = outbound_message(message, (reply.provider_id or "") if reply else None, media)
        errors = adapter.check(outbound)
        if errors:
            raise Invalid(errors[0].detail, errors=errors)
        self._check_window(a, chat, adapter, thread, outbound.kind, message.author.type == "user")

    def _check_window(
        self, a: str, chat: Chat, adapter: SendingAdapter, thread: Thread, kind: str, human: bool
    ) -> None:
        rule, now = adapter.window, self._clock.now()
        if rule is None or may_send(rule, kind, thread.last_inbound_at, now, human):
            return
        extra: dict[str, Any] = {
            "window_expires_at": moment(window_expires_at(rule, thread.last_inbound_at)),
            "templates": self._templates.offered(a, chat) if "template" in rule.after else [],
        }
        if rule.human_seconds is not None:
            extra["human_window_expires_at"] = moment(human_window_expires_at(rule, thread.last_inbound_at))
        if may_send(rule, kind, thread.last_inbound_at, now, human=True):
            left = "only a person may write now"
        else:
            left = "only a template may be sent now" if rule.after else "they must write first"
        raise Conflict(f"The customer has not written for too long: {left}.", code="outside_window", extra=extra)

    def _enqueue(self, a: str, message: Message, correlation_id: str) -> None:
        """Losing this is no harm: the table's stream and then the sweep put the command into the queue again."""
        try:
            self._queue.send([send_command(a, message.id, message.thread, correlation_id)])
        except Exception as error:  # whatever it is, the message is written and will be enqueued
            self._journal.not_enqueued(message.id, error)


def send_command(a: str, message_id: str, thread: ThreadKey, correlation_id: str, attempt: int = 1) -> Command:
    """The command by which a worker sends a message; `attempt` is the claim it is for, so that the same command twice
    is one. Messages to one customer share a group: they leave in order."""
    return Command(
        group=f"{thread.channel_id}#{thread.sender}",
        dedup=f"{message_id}-{attempt}",
        body={"account": a, "message_id": message_id, "correlation_id": correlation_id},
    )


def _draft(new: NewMessage) -> Draft:
    """The message that is asked for. Raises Invalid for what contradicts itself on any channel."""
    if new.template is not None and (new.kind not in (None, "text", "template") or new.text):
        raise Invalid.field("/template", "conflict", "A template has no other kind and no text of its own.")
    kind = "text" if new.template is not None else new.kind or "text"
    if new.file_id is not None:
        _check_with_file(new)
    if kind == "template":
        raise Invalid.field("/template", "required", "A template's name and language are needed.")
    if (
        new.payload
        and not _says_voice(new)
        and (kind != "interactive" or len(json.dumps(new.payload)) > MAX_PAYLOAD_CHARACTERS)
    ):
        raise Invalid.field(
            "/payload",
            "invalid",
            f"Only an interactive message has a payload, of {MAX_PAYLOAD_CHARACTERS:,} characters; a sound, `voice`.",
        )
    if new.internal:
        _check_note(kind, new)
    if kind == "reaction" and new.text and not is_one_emoji(new.text):
        raise Invalid.field("/text", "not_an_emoji", "A reaction is one emoji, or the empty text to take it back.")
    return Draft(kind, new.text or "", new.template, new.internal, new.payload)


def _check_with_file(new: NewMessage) -> None:
    if new.template is None and new.kind is not None and new.kind not in MEDIA_KINDS:
        raise Invalid.field("/kind", "conflict", f"A file is sent as one of {', '.join(sorted(MEDIA_KINDS))}.")


def _no_such_header(kind: str | None) -> Invalid:
    if kind is None:
        return Invalid.field("/file_id", "conflict", "The template has no header that a file could stand in.")
    return Invalid.field("/file_id", "required", f"The template's header is a file: give one to be sent as {kind}.")


def _says_voice(new: NewMessage) -> bool:
    """Whether it is a sound that is to be a voice message where the channel has such."""
    return new.file_id is not None and dict(new.payload) in ({"voice": True}, {"voice": False})


def _check_note(kind: str, new: NewMessage) -> None:
    if new.template is not None or (new.kind is not None if new.file_id is not None else kind != "text"):
        raise Invalid.field("/kind", "kind_not_supported", "An internal note is a text, or a file as what it is.")
    if new.file_id is None or new.text:
        check_note_text(new.text)


def check_note_text(text: str | None) -> None:
    """Raises Invalid with the pointer `/text` for what is no text of a note."""
    if not text or not text.strip():
        raise Invalid.field("/text", "required", "A note needs a text.")
    if len(text) > MAX_NOTE_CHARACTERS:
        raise Invalid.field("/text", "text_too_long", f"A note has at most {MAX_NOTE_CHARACTERS} characters.")


def _permit(caller: Caller, chat: Chat, internal: bool) -> None:
    if internal:
        if not can_note_chat(caller, chat):
            raise Forbidden(
                "Only who may answer this chat, or belongs to its department, writes notes in it.", code="not_your_chat"
            )
    elif not can_answer_chat(caller, chat):
        raise Forbidden("Another agent serves this chat, or nobody yet: assume it first.", code="not_your_chat")
