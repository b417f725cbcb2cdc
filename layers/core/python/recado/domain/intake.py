"""What arrives in a thread and what one transaction makes of it. Pure: ids and the time are given.

Decided here: an inbound message opens a chat when none is open, whatever its kind, but two which nobody has to answer:
`system` (a number or an identity changed) and `reaction`, a sign at an older message. One of these, or an echo of what
the company wrote in the provider's own app, that finds no open chat lies in the thread without a chat (`chat_id`
empty): it is history, and nobody's work. An edit or a revocation changes the message in place, wherever its chat
stands; only an edit of a message that never came is that message.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from recado.domain.agents import AgentChange
from recado.domain.buttons import Click, holds, tags_in, touch_of
from recado.domain.chat_moves import ChatMove
from recado.domain.chats import Author, Chat, Message, Thread, ThreadKey, shortened
from recado.domain.flow_executions import Execution, execution_id
from recado.domain.messages import Echo, Edit, InboundMessage, Media, Parsed, Sender
from recado.domain.moments import rfc3339
from recado.domain.openings import AwayMessage, Opening, answered_away, away_message, led, reopened
from recado.domain.timers import armed

MAX_OPENING, MAX_IN_OPEN_CHAT = 16, 40
"""Messages in one transaction, which takes 100 items. Each message is two, three with a
file that lies in our store already; a contact that is made is up to 49, a chat
that opens five, an away message two."""
MAX_RUN_BYTES = 2_500_000
MAX_PAYLOAD_CHARACTERS = 250_000
NOTHING_READ = Opening()
_CLOCK_SKEW = timedelta(minutes=5)
"""How far a provider's clock may be ahead of ours for its times to be taken as they are."""
_LATEST = timedelta(days=1)
"""What claims to be of later than this from now has a bad time."""
_TIMES = {"messages": "sent_at", "echoes": "sent_at", "edits": "at", "revocations": "at", "template_updates": "at"}


def without_bad_times(parsed: Parsed, now: datetime) -> Parsed:
    """The normal forms without those that claim to be of more than a day from now; each is named in `kept_raw`. How old
    they are does not matter: channels may be slow."""
    left: dict[str, Any] = {
        name: tuple(form for form in getattr(parsed, name) if getattr(form, time) <= now + _LATEST)
        for name, time in _TIMES.items()
    }
    lost = [f"{name}: of a time to come" for name in left for _ in getattr(parsed, name)[len(left[name]) :]]
    return parsed._replace(**left, kept_raw=(*parsed.kept_raw, *lost)) if lost else parsed


def without_large_files(parsed: Parsed, most: int) -> Parsed:
    """The normal forms; a file that is announced with more bytes than that is refused for it at once, and nobody
    fetches it. Its message stays."""
    left: dict[str, Any] = {
        name: tuple(
            form._replace(media=_too_large(form.media)) if form.media and (form.media.size or 0) > most else form
            for form in getattr(parsed, name)
        )
        for name in ("messages", "echoes")
    }
    return parsed._replace(**left)


def _too_large(media: Media) -> Media:
    """The file as its message shows it."""
    refused = {"id": None, "name": media.name, "content_type": media.content_type, "size": media.size}
    return media._replace(stored={**refused, "state": "rejected", "reason": "too_large"})


@dataclass(frozen=True)
class Arrival:
    """One message as it arrives, from the customer (`inbound`) or as the echo of one to them. `reply_to` is a provider
    id. Phone and e-mail of a sender that are not `proved` are what people say of themselves: they are shown, but nobody
    is found by them."""

    provider_id: str
    sender: Sender
    inbound: bool
    kind: str
    text: str
    payload: Mapping[str, Any]
    file: Mapping[str, Any] | None
    reply_to: str | None
    sent_at: datetime
    referral: Mapping[str, Any] | None = None
    digest: str | None = None
    automatic: bool = False
    """A machine wrote it: nothing is answered to it by itself."""
    consent: Literal["withdrawn", "given"] | None = None
    """The customer wants no more messages here, or wants them again."""
    proved: bool = True
    click: Click | None = None
    """The click whose tag the message brings back."""

    @property
    def from_customer(self) -> bool:
        """Whether the customer did it, so that the channel's window opens anew."""
        return self.inbound and self.kind != "system"

    @property
    def opens_chat(self) -> bool:
        """Whether it is somebody's work."""
        return self.from_customer and self.kind != "reaction"


def arrival(form: InboundMessage | Echo) -> Arrival:
    """The arrival of a normal form. A file is a placeholder, state `pending`, until its bytes are fetched; the
    provider's id of it, or its URL, is in `payload.media`. A reaction names the message it is for in
    `payload.message_provider_id`."""
    payload = dict(form.payload)
    if form.media:
        payload["media"] = {
            name: value
            for name, value in (
                ("provider_id", form.media.provider_id),
                ("url", form.media.url),
                ("sha256", form.media.sha256),
            )
            if value
        }
    if form.kind == "reaction" and form.reply_to:
        payload["message_provider_id"] = form.reply_to
    inbound = isinstance(form, InboundMessage)
    return Arrival(
        provider_id=form.provider_id,
        sender=form.sender if isinstance(form, InboundMessage) else form.recipient,
        inbound=inbound,
        kind=form.kind,
        text=form.text or "",
        payload=_bounded(payload),
        file=placeholder(form.media) if form.media else None,
        reply_to=form.reply_to,
        sent_at=form.sent_at,
        referral=form.referral if isinstance(form, InboundMessage) else None,
        digest=form.digest if isinstance(form, InboundMessage) else None,
        automatic=isinstance(form, InboundMessage) and form.automatic is True,
        consent=form.consent if isinstance(form, InboundMessage) else None,
    )


def arrival_of_edit(edit: Edit) -> Arrival:
    """An edit of a message that never came, or comes later, taken for the message itself: its last text is what counts,
    and the original, if it comes, is then a duplicate."""
    return Arrival(
        provider_id=edit.original_id,
        sender=edit.customer,
        inbound=edit.by_customer,
        kind=edit.kind,
        text=edit.text or "",
        payload={"edited_at": rfc3339(edit.at), "edit_ids": [edit.provider_id]},
        file=None,
        reply_to=None,
        sent_at=edit.at,
    )


def placeholder(media: Media) -> dict[str, Any]:
    """The `file` of a message: as it is stored already, or of bytes that are still at the provider."""
    if media.stored is not None:
        return dict(media.stored)
    return {
        "id": None,
        "name": media.name,
        "content_type": media.content_type,
        "size": None,
        "state": "pending",
        "reason": None,
    }


def _bounded(payload: dict[str, Any]) -> dict[str, Any]:
    """The payload, or a note that it was cut: the item of a message holds 400 KB, of which the text may take 100."""
    if len(json.dumps(payload)) <= MAX_PAYLOAD_CHARACTERS:
        return payload
    return {"truncated": True, **{name: payload[name] for name in ("media", "message_provider_id") if name in payload}}


def may_be_known(thread: Thread | None, arrival: Arrival) -> bool:
    """Whether it is worth a read to ask if the message was recorded before: it is not newer than the last one of the
    customer. What does not move that time, echoes and system messages, is always asked for."""
    if thread is None:
        return False
    if not arrival.from_customer or thread.last_inbound_at is None:
        return thread.last_seq > 0
    return arrival.sent_at <= thread.last_inbound_at


def each_once(arrivals: Sequence[Arrival]) -> list[Arrival]:
    """The arrivals in their order, each provider id where it first came."""
    first: dict[str, Arrival] = {}
    for one in arrivals:
        first.setdefault(one.provider_id, one)
    return list(first.values())


def next_run(arrivals: Sequence[Arrival], thread: Thread | None) -> Sequence[Arrival]:
    """As many of the arrivals as one transaction takes, by number of items and by size; at least one. In an open chat
    that is more: no chat and no contact has to be made with them."""
    most = MAX_IN_OPEN_CHAT if thread and thread.open_chat_id else MAX_OPENING
    size = items = 0
    for position, one in enumerate(arrivals[:most]):
        size += 4 * len(one.text) + len(json.dumps(dict(one.payload)))
        items += 3 if one.file and one.file.get("id") else 2
        if (size > MAX_RUN_BYTES or items > 2 * most) and position > 0:
            return arrivals[:position]
    return arrivals[:most]


@dataclass(frozen=True)
class Intake:
    """What one transaction records: the thread as it was read and as it will be, the messages, the chat that opens, or
    the open one that takes a new attribution, or the closed one that opens again, agents who take it, second ids of the
    customer that lead to this thread, what a closed department answers."""

    seen: Thread | None
    thread: Thread
    messages: tuple[Message, ...]
    digests: Mapping[str, str]
    opened: Chat | None = None
    touched: ChatMove | None = None
    reopened: ChatMove | None = None
    agents: tuple[AgentChange, ...] = ()
    aliases: tuple[str, ...] = ()
    away: AwayMessage | None = None
    touch: Mapping[str, Any] | None = None
    clicked: tuple[str, str] | None = None
    """The tag of the click that a message brought back, and the message."""
    begins: Execution | None = None
    """The execution that leads the chat that opens."""
    begins_with: str | None = None
    """The contact with whom a flow opens it, who has to be there."""

    @property
    def touched_chat(self) -> Chat | None:
        """The chat that `touch` is of: the open one, or the one that opens."""
        return self.touched.after if self.touched else self.opens

    @property
    def opens(self) -> Chat | None:
        """The chat that opens: a new one, or one that opens again."""
        return self.reopened.after if self.reopened else self.opened

    @property
    def unread_added(self) -> int:
        """How many messages of the customer came after the last one of the company, within this intake. What lies in
        no chat is for nobody to read; the away message was written by nobody."""
        count = 0
        for message in self.messages:
            count = count + bool(message.chat_id) if message.direction == "inbound" else 0
        return count

    @property
    def answered(self) -> bool:
        """Whether the company wrote in between, so that what was unread before is read."""
        return any(message.direction == "outbound" for message in self.messages)


@dataclass(frozen=True)
class Place:
    """Where messages arrive: the account, the channel, its department, and how ids are made (`new_id(kind)`)."""

    account: str
    channel_id: str
    channel_type: str
    department_id: str
    new_id: Callable[[str], str]
    now: datetime


def take_in(
    place: Place,
    seen: Thread | None,
    key: ThreadKey,
    contact_id: str,
    arrivals: Sequence[Arrival],
    replies: Mapping[str, str],
    open_chat: Chat | None,
    opening: Opening = NOTHING_READ,
) -> Intake:
    """Number the messages of a thread; open a chat, or the last one again, when there is work and no open one.
    `replies`: provider id → our message id. `open_chat` is needed when an arrival has a referral; `opening` when one
    may open a chat."""
    thread = replace(seen, contact_id=contact_id) if seen else Thread(key=key, contact_id=contact_id, last_seq=0)
    chat: Chat | None = None
    written = any(one.opens_chat and not one.automatic for one in arrivals)
    messages = []
    for arrived in arrivals:
        message_id = place.new_id("ms")
        if arrived.opens_chat and thread.open_chat_id is None:
            opening = _begun_by(opening, place.account, message_id)
            chat = _opening(place, thread, opening if written else replace(opening, flow=None))
            thread = replace(thread, open_chat_id=chat.id, led_by=chat.execution_id)
        message = _message(place, message_id, thread, arrived, replies)
        if chat is None and arrived.opens_chat and not arrived.automatic:
            message = replace(message, heard_by=thread.led_by)  # what opens a chat begins its flow, and answers nothing
        messages.append(message)
        thread = _with(thread, message, arrived, place.now)
    aliases, thread = _with_aliases(seen, thread, arrivals)
    touch = last_touch(arrivals, place.now)
    touched, away = None, None
    if chat and touch:
        chat = replace(chat, attribution=touch)
    elif open_chat and touch:
        touched = ChatMove(open_chat, replace(open_chat, attribution=touch, version=open_chat.version + 1))
    is_led = chat is not None and chat.execution_id is not None
    if chat and written and not is_led and not any(one.direction == "outbound" and one.chat_id for one in messages):
        away = away_message(opening, thread, chat, place.new_id("ms"), place.now)
        thread = answered_away(thread, away) if away else thread
    return Intake(
        seen=seen,
        thread=thread,
        messages=tuple(messages),
        digests={one.provider_id: one.digest for one in arrivals if one.digest},
        opened=None if opening.reopens else chat,
        touched=touched,
        reopened=ChatMove(opening.reopens, chat) if chat and opening.reopens else None,
        aliases=aliases,
        away=away,
        touch=touch,
        clicked=next(((one.click.tag, messages[at].id) for at, one in enumerate(arrivals) if one.click), None),
        begins=opening.flow.execution(chat.id, chat.contact_id, place.now)
        if chat and is_led and opening.flow
        else None,
    )


def _opening(place: Place, thread: Thread, opening: Opening) -> Chat:
    """The chat that the next message of the thread is the first of, or goes on with."""
    if opening.reopens:
        return reopened(opening, opening.reopens, thread, place.now)
    chat = Chat(
        id=place.new_id("ca"),
        contact_id=thread.contact_id,
        channel_id=place.channel_id,
        channel_type=place.channel_type,
        thread=thread.key,
        department_id=place.department_id,
        situation="queued",
        opened_at=place.now,
        queued_at=place.now,
        moved_at=place.now,
        first_seq=thread.last_seq + 1,
        preferred_agent_id=opening.preferred_agent_id,
    )
    begun = led(chat, opening.flow, opening.flows_in_a_row) if opening.flow else chat
    return armed(begun, opening.department)


def _begun_by(opening: Opening, account: str, message_id: str) -> Opening:
    """The flow's execution is that of the message which opens the chat: who starts a flow for this message once more
    finds it."""
    if opening.flow is None:
        return opening
    return replace(opening, flow=replace(opening.flow, execution_id=execution_id(account, message_id)))


def _message(place: Place, message_id: str, thread: Thread, arrived: Arrival, replies: Mapping[str, str]) -> Message:
    payload = dict(arrived.payload)
    reply_to = replies.get(arrived.reply_to) if arrived.reply_to else None
    if arrived.reply_to and reply_to is None:
        payload["reply_to_provider_id"] = arrived.reply_to
    return Message(
        id=message_id,
        chat_id=thread.open_chat_id or "",
        contact_id=thread.contact_id,
        thread=thread.key,
        seq=thread.last_seq + 1,
        direction="inbound" if arrived.inbound else "outbound",
        kind=arrived.kind,
        text=arrived.text,
        status="received" if arrived.inbound else "sent",
        author=Author("contact", thread.contact_id) if arrived.inbound else Author("system"),
        sent_at=arrived.sent_at,
        created_at=place.now,
        payload=payload,
        file=arrived.file,
        reply_to=reply_to,
        provider_id=arrived.provider_id,
    )


def _with(thread: Thread, message: Message, arrived: Arrival, now: datetime) -> Thread:
    """The thread after a message. The times are the provider's and never go back; of a clock that is ahead of ours, the
    time is now."""
    last_inbound_at, company_wrote_at = thread.last_inbound_at, thread.company_wrote_at
    at = arrived.sent_at if arrived.sent_at <= now + _CLOCK_SKEW else now
    if arrived.from_customer:
        last_inbound_at = at if last_inbound_at is None else max(last_inbound_at, at)
        company_wrote_at = None
    elif not arrived.inbound:
        company_wrote_at = now
    return replace(
        thread,
        company_wrote_at=company_wrote_at,
        came_by_ad_at=at if arrived.referral else thread.came_by_ad_at,
        opted_out_at={"withdrawn": at, "given": None, None: thread.opted_out_at}[arrived.consent],
        last_seq=message.seq,
        last_inbound_at=last_inbound_at,
        last_message_at=max(at, thread.last_message_at or at),
        last_text=shortened(message.text),
        address=_address(arrived.sender) or thread.address,
    )


def _address(sender: Sender) -> str:
    return sender.external_id or sender.phone or sender.user_id or sender.email or ""


def _with_aliases(seen: Thread | None, thread: Thread, arrivals: Sequence[Arrival]) -> tuple[tuple[str, ...], Thread]:
    """The second ids to be written, and the thread that knows the last of them. One that the thread knows already is
    not written again."""
    given = {name for one in arrivals for name in (one.sender.canonical, *one.sender.aliases)} - {thread.key.sender}
    if seen is not None and seen.alias:
        given.discard(seen.alias)
    aliases = tuple(sorted(given))
    return aliases, replace(thread, alias=aliases[-1]) if aliases else thread


def last_touch(arrivals: Sequence[Arrival], now: datetime) -> Mapping[str, Any] | None:
    """The attribution of the last arrival that came by an advertisement or a button."""
    last = next((one for one in reversed(arrivals) if one.referral or one.click), None)
    if last is None:
        return None
    return {**(last.referral or {}), **(touch_of(last.click) if last.click else {}), "touched_at": rfc3339(now)}


def tied_to_click(
    arrivals: Sequence[Arrival], clicks: Mapping[str, Click], channel_id: str, now: datetime
) -> list[Arrival]:
    """The arrivals, the first one that brings back the tag of a click that holds with that click; the others without:
    one transaction ties one."""
    tied = list(arrivals)
    for index, one in enumerate(tied):
        found = [clicks[tag] for tag in tags_in(one.text) if tag in clicks] if one.opens_chat else []
        click = next((click for click in found if holds(click, channel_id, now)), None)
        if click is not None:
            tied[index] = replace(one, click=click)
            break
    return tied
