"""A message on its way out: what is stored when it is written, and how its send goes on from there.

A send is `pending` until a worker claims it, `claimed` while the provider is asked, `waiting` between two tries, and
ends `settled` (sent or refused) or `unknown`: it may have been received, so nothing sends it again, only a later
status settles it. Every step moves `version` by one and is written only over the version that it was decided from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from recado.domain.chat_moves import answered
from recado.domain.chats import Author, Chat, Event, Message, MessageError, Status, Thread, ThreadKey, shortened
from recado.domain.messages import (
    ButtonValue,
    Failure,
    Media,
    OutboundMessage,
    Rejected,
    Sender,
    Sent,
    Template,
    TemplateParts,
    TextValue,
)
from recado.domain.speed import PairSpeed, turn_of_person

SendState = Literal["pending", "claimed", "waiting", "settled", "unknown"]

ENQUEUE_AGAIN_S = 60
"""After this long without a claim the command counts as lost and is put into the queue again."""
LINE_LOST_S = 300
"""After this long in a line a send is looked at by the sweep too: whoever worked the line off may be gone."""
_CLOCK_SKEW = timedelta(minutes=5)
"""How far a provider's clock, by which a customer's message is dated, may be ahead of ours."""
ANSWER_ALLOWANCE_S = 10.0
"""What a claim lasts beyond the time-outs of its requests: connecting, and writing down the outcome."""


@dataclass(frozen=True)
class Draft:
    """A message as somebody asks for it. `reply_to` is a message of the same thread; `payload` is what an interactive
    one needs."""

    kind: str
    text: str = ""
    template: Template | None = None
    internal: bool = False
    payload: Mapping[str, Any] = field(default_factory=dict)
    file: Mapping[str, Any] | None = None
    """An accepted file, as the message shows it."""


@dataclass(frozen=True)
class Outgoing:
    """OUT: one send. `attempt` counts the claims made; `due` is when a sweep must look at it: the command is lost
    (pending), the time of the next try has come (waiting), the claim is over (claimed); None when there is nothing
    left to do by itself. `claim` is the random mark of whoever claimed it last. `not_before`: the turn of the person it
    is for (domain/speed.py). `in_line`: it waits in a line of its channel; that the line was lost is noticed when it is
    due."""

    message_id: str
    thread: ThreadKey
    seq: int
    created_at: datetime
    state: SendState = "pending"
    attempt: int = 0
    version: int = 1
    due: datetime | None = None
    reply_seq: int | None = None
    provider_id: str | None = None
    correlation_id: str = ""
    claim: str | None = None
    not_before: datetime | None = None
    in_line: bool = False


@dataclass(frozen=True)
class Posting:
    """What is written when a message is: the message, its thread before and after, the chat when this is its first
    answer, the send unless it is a note, and facts."""

    message: Message
    thread_before: Thread
    thread_after: Thread
    chat_before: Chat | None
    chat_after: Chat | None
    out: Outgoing | None
    events: Sequence[Event] = ()
    led_by: str | None = None
    """The execution that has to lead the chat still."""


@dataclass(frozen=True)
class Step:
    """A send's next state and what the message shows then; `status` None: nothing of the message changes."""

    out: Outgoing
    status: Status | None = None
    provider_id: str | None = None
    error: MessageError | None = None


def post(
    draft: Draft,
    chat: Chat,
    thread: Thread,
    author: Author,
    message_id: str,
    reply: Message | None,
    now: datetime,
    correlation_id: str,
    pair: PairSpeed | None = None,
) -> Posting:
    """The message at the end of its thread. Whoever answers has read what came before, but for a flow, which nobody is;
    a user's first answer is noted in the chat, and starts it when it is in service. A reaction is no answer.

    `pair`: how fast the channel's provider takes messages to one person; the message has its turn by those before it.
    A note has nowhere to go: it is `sent` when it is stored, and is not the thread's last message."""
    payload = dict(draft.payload)
    if draft.template is not None:
        payload["template"] = _template_payload(draft.template)
    message = Message(
        id=message_id,
        chat_id=chat.id,
        contact_id=chat.contact_id,
        thread=thread.key,
        seq=thread.last_seq + 1,
        direction="outbound",
        kind=draft.kind,
        text=draft.text,
        status="sent" if draft.internal else "queued",
        author=author,
        sent_at=now,
        created_at=now,
        internal=draft.internal,
        payload=payload,
        file=draft.file,
        reply_to=reply.id if reply else None,
    )
    if draft.internal:
        return Posting(message, thread, replace(thread, last_seq=message.seq), None, None, None)
    turn, full_at = turn_of_person(pair, _pair_full_at(thread, now), now) if pair else (None, thread.pair_full_at)
    after = replace(
        thread,
        pair_full_at=full_at,
        last_seq=message.seq,
        unread=thread.unread if author.type == "flow" else 0,
        last_message_at=now,
        last_text=shortened(message.text),
        company_wrote_at=now,
    )
    answers = author.type == "user" and draft.kind != "reaction"
    chat_after = answered(chat, author.id, now) if answers else None
    out = Outgoing(
        message_id,
        thread.key,
        message.seq,
        now,
        due=now + timedelta(seconds=ENQUEUE_AGAIN_S),
        reply_seq=reply.seq if reply else None,
        correlation_id=correlation_id,
        not_before=turn,
    )
    return Posting(message, thread, after, chat if chat_after else None, chat_after, out)


def _pair_full_at(thread: Thread, now: datetime) -> datetime | None:
    """When the person's bucket is full. What a clock said that has gone back since is not waited for."""
    went_back = thread.last_message_at is not None and thread.last_message_at > now + _CLOCK_SKEW
    return None if went_back else thread.pair_full_at


def outbound_message(message: Message, reply_provider_id: str | None, media: Media | None = None) -> OutboundMessage:
    """The message as a channel needs it; a stored template is of kind `template` there. `media`: its file, if it has
    one, with a link or its bytes."""
    template = message.payload.get("template")
    return OutboundMessage(
        id=message.id,
        chat_id=message.chat_id,
        kind="template" if template else message.kind,
        text=None if template else message.text,
        created_at=message.created_at,
        payload={name: value for name, value in message.payload.items() if name != "template"},
        media=media,
        template=_template(template) if template else None,
        reply_to=reply_provider_id,
        automatic=message.author.type in ("flow", "system"),
    )


def _template_payload(template: Template) -> dict[str, Any]:
    variables = template.variables
    payload = {
        "name": template.name,
        "language": template.language,
        "variables": dict(variables) if isinstance(variables, Mapping) else list(variables),
    }
    if template.parts is not None:
        payload["parts"] = {name: [list(one) for one in values] for name, values in template.parts._asdict().items()}
    if template.category is not None:
        payload["category"] = template.category
    if template.header is not None:
        payload["header"] = template.header
    return payload


def _template(payload: Mapping[str, Any]) -> Template:
    variables, parts = payload["variables"], payload.get("parts")
    return Template(
        payload["name"],
        payload["language"],
        variables if isinstance(variables, Mapping) else tuple(variables),
        _parts(parts) if parts else None,
        header=payload.get("header"),
    )


def _parts(stored: Mapping[str, Any]) -> TemplateParts:
    return TemplateParts(
        tuple(TextValue(*one) for one in stored["header"]),
        tuple(TextValue(*one) for one in stored["body"]),
        tuple(ButtonValue(int(one[0]), one[1], one[2]) for one in stored["buttons"]),
        tuple(TextValue(*one) for one in stored.get("location", ())),  # stored before there were places: none
    )


def claim(out: Outgoing, requests_take_s: float, now: datetime, mark: str) -> Outgoing:
    """A worker takes the send, for as long as its requests may last. By its random `mark` it knows its claim again
    when it did not hear whether it was written."""
    lease = timedelta(seconds=requests_take_s + ANSWER_ALLOWANCE_S)
    return replace(
        out,
        state="claimed",
        attempt=out.attempt + 1,
        version=out.version + 1,
        due=now + lease,
        claim=mark,
        in_line=False,
    )


def postponed(out: Outgoing, when: datetime) -> Outgoing:
    """It is not its person's turn before then."""
    return replace(out, state="waiting", version=out.version + 1, due=when, in_line=False)


def put_in_line(out: Outgoing, now: datetime) -> Outgoing:
    """It waits in a line of its channel, which is worked off by itself."""
    due = now + timedelta(seconds=LINE_LOST_S)
    return replace(out, state="waiting", version=out.version + 1, due=due, in_line=True)


def enqueue_again(out: Outgoing, now: datetime) -> Outgoing:
    """The send goes into the queue (again); if that command is lost too, the sweep finds it once more."""
    return replace(out, state="pending", version=out.version + 1, due=now + timedelta(seconds=ENQUEUE_AGAIN_S))


def conclude(out: Outgoing, outcome: Sent | Rejected, wait_s: float, give_up_after_s: float, now: datetime) -> Step:
    """What follows from the provider's answer, or from none. `wait_s` is how long a retry would wait; one that would
    come later than `give_up_after_s` after the message was written is given up, and the message has failed for the
    last reason."""
    if isinstance(outcome, Sent):
        return Step(_end(out, "settled", outcome.provider_id), outcome.status, outcome.provider_id)
    failure = outcome.failure
    again_at = now + timedelta(seconds=wait_s)
    if failure.klass == "retry" and (again_at - out.created_at).total_seconds() <= give_up_after_s:
        return Step(replace(out, state="waiting", version=out.version + 1, due=again_at))
    if failure.klass == "unknown":
        return Step(_end(out, "unknown"), "unknown", error=_error(failure))
    return Step(_end(out, "settled"), "failed", error=_error(failure))


def told(out: Outgoing, status: Status, provider_id: str | None, error: MessageError | None) -> Step:
    """What the provider tells of a send by our own message id: it was received, so nothing may send it again."""
    return Step(_end(out, "settled", provider_id), status, provider_id, error)


def dropped(out: Outgoing) -> Step:
    """A send whose message or thread is gone: there is nothing left to send, nor to show."""
    return Step(_end(out, "settled"))


def recipient(thread: Thread) -> Sender:
    """The customer at the other end. `address` is what the provider last called them: each channel reads it as its own
    kind of id."""
    address = thread.address or thread.key.sender
    phone = address if address.startswith("+") and address[1:].isdigit() else None
    return Sender(
        canonical=thread.key.sender,
        phone=phone,
        user_id=None if phone else address,
        external_id=address,
        email=address if "@" in address else None,
    )


def _end(out: Outgoing, state: SendState, provider_id: str | None = None) -> Outgoing:
    return replace(out, state=state, version=out.version + 1, due=None, provider_id=provider_id)


def _error(failure: Failure) -> MessageError:
    return MessageError(failure.code, failure.title)
