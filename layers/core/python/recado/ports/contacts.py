"""Ports of the contacts: their store, what finds them, what lies beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from recado.domain.channels import Channel
from recado.domain.chats import Event
from recado.domain.contact_merging import Merge
from recado.domain.contact_search import Query
from recado.domain.contacts import Claim, Contact
from recado.domain.groups import GroupKind
from recado.domain.starting import Address


class ContactMoved(Exception):
    """The contact is not as it was read, or gone; nothing was written. Read again."""


class ContactGone(Exception):
    """There is no such contact any more; nothing was written."""


class ClaimsTaken(Exception):
    """Other contacts hold `claims`; nothing was written. `Contacts.holders` says which."""

    def __init__(self, claims: tuple[Claim, ...]) -> None:
        super().__init__("claims of a contact are held by others")
        self.claims = claims


class GroupsGone(Exception):
    """Groups or an organization that the contact was to enter are not there any more; nothing was written."""


@dataclass(frozen=True)
class ContactChange:
    """A contact as it was read, as it shall be, and the fact."""

    before: Contact
    after: Contact
    event: Event


@dataclass(frozen=True)
class ContactPage:
    """A page of contacts; `next` is where the following page goes on, None at the end. A page with a `next` may be
    shorter than asked."""

    items: tuple[Contact, ...]
    next: str | None


@dataclass(frozen=True)
class EventPage:
    """A page of a timeline, newest first; `next` as in ContactPage."""

    items: tuple[Event, ...]
    next: str | None


class WrittenContacts(Protocol):
    """Contacts as they are found, added and changed."""

    def get(self, a: str, contact_id: str) -> Contact | None:
        """One contact, strongly consistent."""
        ...

    def resolved(self, a: str, contact_id: str) -> Contact | None:
        """The contact of an id, or the one that it was merged into."""
        ...

    def get_many(self, a: str, contact_ids: Sequence[str]) -> Mapping[str, Contact]:
        """Those of these contacts that exist, by id."""
        ...

    def holders(self, a: str, claims: Sequence[Claim]) -> Mapping[Claim, str]:
        """Which of these claims are held, and by which contact; one strongly consistent call."""
        ...

    def find_by_claims(self, a: str, claims: Sequence[Claim]) -> str | None:
        """The contact that holds the strongest held claim (`claims` the strongest first)."""
        ...

    def create(self, a: str, contact: Contact, event: Event, others: Sequence[ContactChange] = ()) -> None:
        """Write a new contact. Raises ClaimsTaken, GroupsGone, or ContactMoved when this id exists already. `others`
        (at most two) change with it in what is neither claimed nor searched: their links."""
        ...

    def change(
        self, a: str, before: Contact, after: Contact, event: Event, others: Sequence[ContactChange] = ()
    ) -> None:
        """Write a change of a contact as it was read. Raises ContactMoved, also for one of the `others`, ClaimsTaken or
        GroupsGone."""
        ...


class Contacts(WrittenContacts, Protocol):
    """The store of contacts."""

    def delete(self, a: str, contact: Contact, event: Event, others: Sequence[ContactChange] = ()) -> None:
        """Delete a contact as it was read, with its claims, tokens and memberships. Raises ContactMoved."""
        ...


class CommentedContacts(Protocol):
    """Contacts as people write about them."""

    def resolved(self, a: str, contact_id: str) -> Contact | None:
        """The contact of an id, or the one that it was merged into."""
        ...

    def comment(self, a: str, event: Event) -> None:
        """Write a comment into a contact's timeline: whoever read the contact before finds that it moved. Raises
        ContactGone."""
        ...


class Merges(Protocol):
    """Merges of contacts."""

    def get(self, a: str, kept_id: str, merge_id: str) -> Merge | None:
        """A merge, undone ones too, strongly consistent."""
        ...

    def of(self, a: str, kept_id: str) -> list[Merge]:
        """The merges of a kept contact, oldest first."""
        ...

    def merge(self, a: str, merge: Merge, events: tuple[Event, Event]) -> None:
        """Write a merge with the facts of the kept and the other contact. Raises ContactMoved, GroupsGone, Conflict
        `too_large_to_merge`."""
        ...

    def undo(
        self, a: str, merge: Merge, kept: Contact, left: Contact, other: Contact, events: tuple[Event, Event]
    ) -> None:
        """Take a merge apart: `kept` as it was read becomes `left`, `other` comes back. Raises as `merge`."""
        ...


class ContactLists(Protocol):
    """Pages of contacts."""

    def page(self, a: str, limit: int, after: str | None) -> ContactPage:
        """All contacts, newest first, from before the contact id `after` on."""
        ...

    def members(self, a: str, kind: GroupKind, group_id: str, limit: int, after: str | None) -> ContactPage:
        """The contacts of a group or organization, newest first, from before the contact id `after` on."""
        ...

    def search(self, a: str, query: Query, limit: int, after: str | None) -> ContactPage:
        """The contacts that meet a query, each once over all pages, in the order of the tokens they are found at.
        Raises ValueError for an `after` that is no `next` of such a search."""
        ...


class Timelines(Protocol):
    """What lies beside a contact: its events and its chats."""

    def page(self, a: str, contact_ids: Sequence[str], limit: int, after: str | None) -> EventPage:
        """Events of the contact with these ids and of its chats, newest first, from before the event id `after` on."""
        ...

    def has_open_chat(self, a: str, contact_id: str) -> bool:
        """Whether a chat of the contact is open."""
        ...


class Comments(Protocol):
    """What people wrote into the timelines of contacts."""

    def has_comment(self, a: str, contact_id: str) -> bool:
        """Whether there is one among the contact's own last 50 events."""
        ...


class Reach(Protocol):
    """By which channels a conversation with a contact can be started."""

    def channels(self, contact: Contact, connected: Sequence[Channel]) -> dict[str, bool]:
        """For each type of the connected channels, whether one of them can reach the contact first."""
        ...

    def needed(self, channel: Channel) -> frozenset[str]:
        """The fields of a contact by any of which the channel reaches people who never wrote."""
        ...

    def addresses(self, contact: Contact, channel: Channel) -> Sequence[Address]:
        """Where the channel reaches the contact; empty: nowhere."""
        ...


class ConnectedChannels(Protocol):
    """The channels of an account."""

    def connected(self, a: str) -> Sequence[Channel]:
        """Those that are not removed; may be a minute old."""
        ...
