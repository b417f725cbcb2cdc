"""Names of people whose provider does not send them along: asked for once, after a person's first message is recorded.

The message waits for nothing: whoever dies before the name is written, or gets no answer, leaves the contact without
one, as it would be had nobody asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from recado.domain import contact_rules
from recado.domain.chats import Author, Event, Message
from recado.ports.contacts import ContactMoved, Contacts
from recado.ports.core import Clock, Ids
from recado.ports.reception import ConnectedChannel
from recado.services.contact_shapes import ContactShapes
from recado.services.intake import Customer

_TRIES = 3


class Profiles(Protocol):
    """What providers tell of people."""

    def names_apart(self, channel: ConnectedChannel) -> bool:
        """Whether names do not come with the webhooks."""
        ...

    def profile_name(self, channel: ConnectedChannel, sender: str) -> str | None:
        """A person's name, by one request; None where the channel has none to ask for, or none is told."""
        ...


class ProfileNames:
    """Asked of the provider at the first message of a thread."""

    def __init__(self, profiles: Profiles, contacts: Contacts, shapes: ContactShapes, clock: Clock, ids: Ids) -> None:
        self._profiles = profiles
        self._contacts = contacts
        self._shapes = shapes
        self._clock = clock
        self._ids = ids

    def _name(self, customer: Customer) -> str | None:
        return self._profiles.profile_name(customer.channel, customer.key)

    def learn(self, customer: Customer, recorded: Sequence[Message]) -> None:
        """Give the contact its name, unless it has one. Raises what storage raises."""
        first = next((one for one in recorded if one.seq == 1 and one.direction == "inbound"), None)
        if first is None or not self._profiles.names_apart(customer.channel):
            return
        contact = self._contacts.resolved(customer.account, first.contact_id)
        if contact is None or contact.name or (name := self._name(customer)) is None:
            return
        for _ in range(_TRIES):
            after = contact_rules.changed(contact, {"name": name}, self._clock.now())
            shape = self._shapes.of(customer.account, after, {customer.channel.type: True})
            event = Event(
                self._ids.new("ev", customer.account), "contact.updated", after.updated_at, Author("system"), shape,
                contact_id=after.id,
            )  # fmt: skip
            try:
                self._contacts.change(customer.account, contact, after, event)
            except ContactMoved:
                contact = self._contacts.resolved(customer.account, first.contact_id)
                if contact is None or contact.name:
                    return
            else:
                return
