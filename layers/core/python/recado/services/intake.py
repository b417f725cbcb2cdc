"""Recording what customers said: the message, its contact and its chat in one transaction, each message once
(docs/data-model.md C1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from recado.domain.buttons import clicks_to_look_up
from recado.domain.chats import Author, Event, Message, Thread, ThreadKey
from recado.domain.contact_claims import claims_of, first_seen, strongest_holder, with_learned
from recado.domain.contacts import Contact, Identity
from recado.domain.errors import Busy
from recado.domain.intake import (
    NOTHING_READ,
    Arrival,
    Intake,
    Place,
    arrival_of_edit,
    each_once,
    last_touch,
    may_be_known,
    next_run,
    take_in,
    tied_to_click,
)
from recado.domain.message_changes import edited, revoked
from recado.domain.messages import Edit, Revocation, Sender
from recado.domain.openings import Opening
from recado.domain.system_facts import flow_notes
from recado.domain.windows import window_expires_at
from recado.ports.agents import Waker
from recado.ports.buttons import ClickReader
from recado.ports.contacts import Contacts
from recado.ports.core import Clock, Ids
from recado.ports.inbound import ChannelProblems, ContactWrite, StatusStore, ThreadStore
from recado.ports.reception import ConnectedChannel, Webhooks
from recado.services.contact_shapes import ContactShapes
from recado.services.openings import ChatOpenings
from recado.services.views import chat_view

_TRIES = 5


@dataclass(frozen=True)
class Customer:
    """Whose messages are recorded: the account, the channel they came by and the key of their FIFO group."""

    account: str
    channel: ConnectedChannel
    key: str


class IntakeService:
    """Level-triggered: each try reads the thread again and decides anew."""

    def __init__(
        self,
        threads: ThreadStore,
        contacts: Contacts,
        statuses: StatusStore,
        webhooks: Webhooks,
        problems: ChannelProblems,
        openings: ChatOpenings,
        waker: Waker,
        clicks: ClickReader,
        shapes: ContactShapes,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._clicks = clicks
        self._shapes = shapes
        self._threads = threads
        self._contacts = contacts
        self._statuses = statuses
        self._webhooks = webhooks
        self._problems = problems
        self._openings = openings
        self._waker = waker
        self._clock = clock
        self._ids = ids

    def record(self, customer: Customer, arrivals: Sequence[Arrival]) -> list[Message]:
        """Record messages of one customer in their order; those that were not recorded before. Raises Busy after five
        lost races in a row."""
        left, recorded = each_once(arrivals), list[Message]()
        while left:
            done, messages = self._record_next(customer, left)
            left = left[done:]
            recorded += messages
        return recorded

    def _record_next(self, customer: Customer, left: Sequence[Arrival]) -> tuple[int, Sequence[Message]]:
        """Record as many as one transaction takes; how many, from the first on, are recorded by now, and those that
        became so here."""
        known: frozenset[str] = frozenset()
        for _ in range(_TRIES):
            thread = self._thread(customer, left)
            run = next_run(left, thread)
            fresh, replies = self._fresh(customer, thread, run, known)
            self._take_parked(customer, [one for one in run if one not in fresh])
            if not fresh:
                return len(run), ()
            fresh = self._tied(customer, fresh)
            resolved = self._contact(customer, thread, fresh)
            if resolved is None:
                continue
            contact_id, write = resolved
            key = thread.key if thread else ThreadKey(customer.channel.id, customer.key)
            open_chat = None
            if thread and thread.open_chat_id and last_touch(fresh, self._clock.now()):
                open_chat = self._threads.chat(customer.account, thread.open_chat_id)
            opening = self._opening(customer, thread, contact_id, fresh)
            intake = take_in(self._place(customer), thread, key, contact_id, fresh, replies, open_chat, opening)
            write = self._first_touched(customer, contact_id, write, intake.touch)
            lost = self._threads.take_in(customer.account, intake, write, self._events(customer, intake))
            if lost is None:
                self._follow_up(customer, intake)
                return len(run), intake.messages
            known |= lost.known
        raise Busy(f"intake on {customer.channel.id}")

    def _thread(self, customer: Customer, left: Sequence[Arrival]) -> Thread | None:
        ids = {name for one in left for name in (one.sender.canonical, *one.sender.aliases)} - {customer.key}
        return self._threads.thread(customer.account, ThreadKey(customer.channel.id, customer.key), sorted(ids))

    def _fresh(
        self, customer: Customer, thread: Thread | None, run: Sequence[Arrival], known: frozenset[str]
    ) -> tuple[list[Arrival], dict[str, str]]:
        """What is not recorded yet, and our ids of the messages that are answered: of this thread, as the ids of
        another's can be copied. `known`: what a transaction was refused for."""
        a, channel_id = customer.account, customer.channel.id
        doubtful = {one.provider_id for one in run if one.provider_id in known or may_be_known(thread, one)}
        answered = {one.reply_to for one in run if one.reply_to} if thread else set()
        seen = self._threads.seen(a, channel_id, sorted(doubtful | answered), certain=bool(known))
        for one in run:
            before = seen.get(one.provider_id)
            if before and one.digest and before.digest and one.digest != before.digest:
                self._problems.report(
                    a,
                    channel_id,
                    "external_id_reused",
                    "An external_id came again with other contents; the first ones were kept.",
                )
        fresh = [one for one in run if one.provider_id not in seen]
        here = {name for name, place in seen.items() if thread and place.thread == thread.key}
        return fresh, {one: seen[one].message_id for one in answered & here}

    def _opening(self, customer: Customer, thread: Thread | None, contact_id: str, fresh: Sequence[Arrival]) -> Opening:
        """Nothing is read for a message in an open chat."""
        if (thread and thread.open_chat_id) or not any(one.opens_chat for one in fresh):
            return NOTHING_READ
        return self._openings.look(customer.account, customer.channel, thread, contact_id)

    def _place(self, customer: Customer) -> Place:
        channel = customer.channel
        return Place(
            customer.account,
            channel.id,
            channel.type,
            channel.department_id,
            lambda kind: self._ids.new(kind, customer.account),
            self._clock.now(),
        )

    def _tied(self, customer: Customer, fresh: list[Arrival]) -> list[Arrival]:
        """Nothing is read where no text has a tag's form."""
        tags = clicks_to_look_up([one.text for one in fresh if one.opens_chat])
        if not tags:
            return fresh
        clicks = self._clicks.read(customer.account, tags)
        return tied_to_click(fresh, clicks, customer.channel.id, self._clock.now())

    # -- whose they are
    # ------------------------------------------------------------------------------------------------------

    def _contact(
        self, customer: Customer, thread: Thread | None, fresh: Sequence[Arrival]
    ) -> tuple[str, ContactWrite | None] | None:
        """The contact's id and what is to be written of it. An open chat's contact is not asked for; one that was
        merged into another keeps its id, one that was deleted since the last chat is made anew. None: it changed
        meanwhile, read again."""
        if thread and (thread.open_chat_id or not any(one.opens_chat for one in fresh)):
            return thread.contact_id, None
        if thread and self._contacts.resolved(customer.account, thread.contact_id):
            return thread.contact_id, None
        sender = fresh[0].sender
        sender = sender._replace(name=next((one.sender.name for one in fresh if one.sender.name), None))
        return self._find_or_make(customer, sender, all(one.proved for one in fresh))

    def _find_or_make(self, customer: Customer, sender: Sender, proved: bool) -> tuple[str, ContactWrite | None] | None:
        a, channel_id, now = customer.account, customer.channel.id, self._clock.now()
        identity = Identity(channel_id, customer.key, self._webhooks.given_id(customer.channel, sender))
        told: dict[str, Any] = {"name": sender.name, "phone": sender.phone, "email": sender.email}
        told |= {"identity": identity, "proved": proved}
        new = first_seen(self._ids.new("ct", a), now, **told)
        others = [Identity(channel_id, name) for name in sender.aliases]
        claims = tuple(dict.fromkeys([*claims_of(identities=(identity, *others)), *new.claims]))
        holders = self._contacts.holders(a, claims)
        holder = strongest_holder(claims, holders)
        if holder is None:
            return new.id, ContactWrite(None, new, self._contact_event(customer, "contact.created", new))
        before = self._contacts.get(a, holder)
        if before is None:
            return None
        after = with_learned(before, holders, now, **told)
        if after is before:
            return before.id, None
        return before.id, ContactWrite(before, after, self._contact_event(customer, "contact.updated", after))

    def _first_touched(
        self, customer: Customer, contact_id: str, write: ContactWrite | None, touch: Mapping[str, Any] | None
    ) -> ContactWrite | None:
        """What is written of the contact, with this touch where it has none yet."""
        contact = write.after if write else self._contacts.get(customer.account, contact_id) if touch else None
        if contact is None or touch is None or contact.attribution:
            return write
        if write:
            after = replace(contact, attribution=touch)
            return ContactWrite(write.before, after, self._contact_event(customer, write.event.type, after))
        after = replace(contact, attribution=touch, updated_at=self._clock.now(), version=contact.version + 1)
        return ContactWrite(contact, after, self._contact_event(customer, "contact.updated", after))

    def _contact_event(self, customer: Customer, name: str, contact: Contact) -> Event:
        return Event(
            id=self._ids.new("ev", customer.account),
            type=name,
            at=contact.updated_at,
            actor=Author("contact", contact.id),
            data=self._shapes.of(customer.account, contact, {customer.channel.type: True}),
            contact_id=contact.id,
        )

    # -- what follows
    # --------------------------------------------------------------------------------------------------------

    def _events(self, customer: Customer, intake: Intake) -> list[Event]:
        """A chat that opens is started, or reopened by the customer, then queued, even if it is assigned at once, or
        led by its channel's flow."""
        clicked = self._clicked(customer, intake)
        chat = intake.opens
        if chat is None:
            return clicked
        until = window_expires_at(self._webhooks.window(customer.channel), intake.thread.last_inbound_at)
        data = chat_view(chat, replace(intake.thread, unread=intake.unread_added), until)
        at, first = chat.queued_at or chat.opened_at, "chat.reopened" if intake.reopened else "chat.started"
        told = [(first, Author("contact", chat.contact_id), data)]
        if intake.begins:
            told.append(("flow.started", Author("flow", chat.flow_id), {**data, **flow_notes(intake.begins)}))
        else:
            told.append(("chat.queued", Author("system"), data))
        opened = [
            Event(self._ids.new("ev", customer.account), name, at, actor, of, chat.contact_id, chat.id)
            for name, actor, of in told
        ]
        return [*clicked, *opened]

    def _clicked(self, customer: Customer, intake: Intake) -> list[Event]:
        """That the customer came by a button or an advertisement."""
        chat, touch = intake.touched_chat, intake.touch
        if chat is None or touch is None:
            return []
        data = {
            "contact_id": chat.contact_id,
            "chat_id": chat.id,
            "channel_id": chat.channel_id,
            "attribution": dict(touch),
        }
        event_id, actor = self._ids.new("ev", customer.account), Author("contact", chat.contact_id)
        return [Event(event_id, "contact.clicked", self._clock.now(), actor, data, chat.contact_id, chat.id)]

    def _follow_up(self, customer: Customer, intake: Intake) -> None:
        if intake.opens and intake.opens.situation == "queued":
            self._waker.wake(customer.account, [intake.opens.department_id], "chat_waits")
        self._openings.answer(customer.account, intake)
        for message in intake.messages:
            if message.direction == "outbound" and message.provider_id:
                self._statuses.take_parked(customer.account, customer.channel.id, message.provider_id)

    def _take_parked(self, customer: Customer, recorded: Sequence[Arrival]) -> None:
        """Of messages of ours that come again: whoever recorded them may have died before taking their statuses up."""
        for one in recorded:
            if not one.inbound:
                self._statuses.take_parked(customer.account, customer.channel.id, one.provider_id)

    # -- changes of what was said
    # --------------------------------------------------------------------------------------------

    def edit(self, customer: Customer, edit: Edit) -> None:
        """Replace the text of an earlier message. One that is not known is recorded with the text it has now."""
        for _ in range(_TRIES):
            place = self._statuses.place(customer.account, customer.channel.id, edit.original_id)
            if place is None:
                self.record(customer, [arrival_of_edit(edit)])
                return
            self._take_parked(customer, [arrival_of_edit(edit)])  # it may have been recorded from this edit
            before = self._threads.message(customer.account, place)
            if self._changed(customer, before, edited(before, edit) if before else None):
                return
        raise Busy(f"edit on {customer.channel.id}")

    def revoke(self, customer: Customer, revocation: Revocation) -> bool:
        """Make an earlier message a tombstone. False when it is not known: there is nothing to take back."""
        for _ in range(_TRIES):
            place = self._statuses.place(customer.account, customer.channel.id, revocation.original_id)
            before = self._threads.message(customer.account, place) if place else None
            if before is None:
                return False
            if self._changed(customer, before, revoked(before, revocation)):
                return True
        raise Busy(f"revocation on {customer.channel.id}")

    def _changed(self, customer: Customer, before: Message | None, after: Message | None) -> bool:
        """Whether there is nothing left to do."""
        return before is None or after is None or self._threads.change(customer.account, before, after)
