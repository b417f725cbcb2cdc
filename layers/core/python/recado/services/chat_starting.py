"""Starting a chat with a contact, who need not have written before (PRODUCT D3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from recado.domain.access import Caller
from recado.domain.channels import Channel
from recado.domain.chats import Chat, Event, Thread, ThreadKey
from recado.domain.contact_claims import identity_claim, with_learned
from recado.domain.contacts import Contact, Identity
from recado.domain.errors import Busy, Conflict, FieldError, Invalid, NotFound
from recado.domain.flow_starts import Beginning
from recado.domain.ids import is_id
from recado.domain.intake import Intake
from recado.domain.starting import Address, Start, nearest, start
from recado.domain.system_facts import flow_notes
from recado.ports.agents import AgentStore, Departments, Waker
from recado.ports.channels import ChannelStore
from recado.ports.contacts import Contacts, Reach
from recado.ports.core import Clock, Ids
from recado.ports.inbound import ContactWrite, ThreadStore
from recado.services.assignments import receipt_view
from recado.services.chat_actions import VisibleChats, takes_part
from recado.services.chat_commits import receipt_of, taking
from recado.services.chat_shapes import ChatShapes
from recado.services.contact_shapes import ContactShapes

_TRIES = 5
_CAUSE = "started_by_user"


@dataclass(frozen=True)
class StartedChat:
    """The chat, and whether it was open before."""

    chat: Chat
    was_open: bool


class ChatStarting:
    """One transaction, as an intake without messages: the thread, the chat, who takes it, what the contact learns."""

    def __init__(
        self,
        gate: VisibleChats,
        threads: ThreadStore,
        contacts: Contacts,
        channels: ChannelStore,
        reach: Reach,
        agents: AgentStore,
        departments: Departments,
        shapes: ChatShapes,
        contact_shapes: ContactShapes,
        waker: Waker,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._gate = gate
        self._threads = threads
        self._contacts = contacts
        self._channels = channels
        self._reach = reach
        self._agents = agents
        self._departments = departments
        self._shapes = shapes
        self._contact_shapes = contact_shapes
        self._waker = waker
        self._clock = clock
        self._ids = ids

    def start(self, caller: Caller, contact_id: str, channel_id: str, flow: Beginning | None = None) -> StartedChat:
        """The open chat with the contact on this channel, or a new one: led by the flow if there is one, else of
        whoever takes part in the channel's department as agent, else waiting there. 404, 400 `/channel_id`, 409
        `channel_unusable`, `cannot_start`, `agent_at_cap`, `another_chat_open` for an open one that is not the caller's
        to see, which is not named. Raises Busy where a flow is to begin with a contact that is merged into another
        by then."""
        a = caller.account
        for _ in range(_TRIES):
            contact = self._contacts.resolved(a, contact_id)
            if contact is None:
                raise NotFound("There is no such contact.")
            if flow is not None and contact.id != contact_id:
                raise Busy(f"{contact_id}, who was merged into another")  # whoever begins it has to decide anew
            channel = self._channel(a, channel_id)
            address, thread = self._place(a, contact, channel)
            if thread is not None and thread.open_chat_id is not None:
                return StartedChat(self._open_one(caller, thread.open_chat_id), was_open=True)
            made = self._start(caller, contact, channel, address, thread, flow)
            if made is not None:
                return StartedChat(made, was_open=False)
        raise Busy(f"start of a chat on {channel_id}")

    def _channel(self, a: str, channel_id: str) -> Channel:
        channel = self._channels.get(a, channel_id) if is_id(channel_id, "ch", a) else None
        if channel is None:
            raise Invalid.field("/channel_id", "not_found", "There is no such channel.")
        if channel.state != "active":
            detail = f"The channel is {channel.state}: nothing can be sent on it."
            error = FieldError("/channel_id", "channel_unusable", detail)
            extra = {"channel_state": channel.state}
            raise Conflict(detail, code="channel_unusable", errors=[error], extra=extra)
        return channel

    def _place(self, a: str, contact: Contact, channel: Channel) -> tuple[Address, Thread | None]:
        """Where the contact is reached, and the thread that lies there."""
        addresses = self._reach.addresses(contact, channel)
        if not addresses:
            needed = sorted(self._reach.needed(channel))
            detail = (
                f"The contact has none of what this channel reaches people by: {', '.join(needed)}."
                if needed
                else "On this channel the customer has to write first."
            )
            raise _cannot_start(detail, "no_address" if needed else "customer_writes_first", needs=needed)
        found = [(one, self._threads.thread(a, ThreadKey(channel.id, one.identity.key), [])) for one in addresses]
        address, thread = nearest(found)
        own = (contact.id, *contact.merged_ids)
        if thread is not None and thread.contact_id not in own and self._contacts.resolved(a, thread.contact_id):
            raise _held(thread.contact_id)
        return address, thread

    def _open_one(self, caller: Caller, chat_id: str) -> Chat:
        try:
            return self._gate.visible(caller, chat_id)
        except NotFound:
            detail = "Somebody else has an open chat with the contact on this channel."
            raise Conflict(detail, code="another_chat_open") from None

    def _start(
        self,
        caller: Caller,
        contact: Contact,
        channel: Channel,
        address: Address,
        thread: Thread | None,
        flow: Beginning | None,
    ) -> Chat | None:
        """The new chat; None when somebody was first, or wrote."""
        a, now = caller.account, self._clock.now()
        write = self._learned(caller, contact, channel, address.identity, now)
        takes = caller.user_id if flow is None and takes_part(caller, channel.department_id) else None
        given = Start(
            chat_id=self._ids.new("ca", a),
            contact_id=thread.contact_id if thread and thread.contact_id in contact.merged_ids else contact.id,
            channel_id=channel.id,
            channel_type=channel.type,
            department_id=channel.department_id,
            by=caller.id,
            taken_by=taking(self._agents, a, takes, "started") if takes else None,
            now=now,
            flow=flow,
        )
        intake = start(given, address, thread, self._departments.get(a, channel.department_id))
        intake = replace(intake, begins_with=contact.id if flow else None)
        if self._threads.take_in(a, intake, write, self._events(caller, intake, now)) is not None:
            return None
        if intake.opened is not None and intake.opened.situation == "queued":
            self._waker.wake(a, [channel.department_id], "queued")
        return intake.opened

    def _learned(
        self, caller: Caller, contact: Contact, channel: Channel, identity: Identity, now: datetime
    ) -> ContactWrite | None:
        """What the contact is to know: the address under which its first answer will come."""
        if identity in contact.identities:
            return None
        holders = self._contacts.holders(caller.account, [identity_claim(identity)])
        holder = holders.get(identity_claim(identity), contact.id)
        if holder != contact.id:
            raise _held(holder)
        after = with_learned(contact, holders, now, identity=identity, name=None, phone=None, email=None)
        if after is contact:
            return None
        data = self._contact_shapes.of(caller.account, after, {channel.type: True})
        event_id = self._ids.new("ev", caller.account)
        event = Event(event_id, "contact.updated", now, caller.author, data, contact_id=contact.id)
        return ContactWrite(contact, after, event)

    def _events(self, caller: Caller, intake: Intake, now: datetime) -> list[Event]:
        chat = intake.opened
        if chat is None:
            return []
        data = self._shapes.shape(chat, intake.thread)
        told = {"chat.started": data, "chat.queued": data}
        if intake.begins is not None:
            told = {"chat.started": data, "flow.started": {**data, **flow_notes(intake.begins)}}
        if chat.situation == "in_service":
            receipt = receipt_view(receipt_of(chat, intake.agents, _CAUSE, now))
            told = {"chat.started": data, "chat.assigned": {**data, "receipt": receipt}}
        return [
            Event(self._ids.new("ev", caller.account), name, now, caller.author, of, chat.contact_id, chat.id)
            for name, of in told.items()
        ]


def _cannot_start(detail: str, reason: str, **more: Any) -> Conflict:
    return Conflict(detail, code="cannot_start", extra={"reason": reason, **more})


def _held(contact_id: str) -> Conflict:
    detail = "Another contact is known under this address on the channel: start the chat with that one."
    return _cannot_start(detail, "address_of_another_contact", contact_id=contact_id)
