"""Asking for the erasure of a contact's data (LGPD), and what is on record of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recado.domain.access import Caller
from recado.domain.chats import Event, ThreadKey
from recado.domain.contact_erasure import Erasing, Erasure, Reason, names_of
from recado.domain.contacts import Contact
from recado.domain.errors import Busy, Conflict, Invalid, NotFound
from recado.domain.identity import phone_variants
from recado.domain.ids import is_id
from recado.ports.contact_erasures import ErasedChats, ErasedTimelines, ErasureStore
from recado.ports.contacts import Contacts, Timelines
from recado.ports.core import Clock, Ids
from recado.ports.message_search import SaidMessages
from recado.services.contacts import ContactService

_TRIES = 5
_EVENTS_LOOKED_AT = 200


class ContactErasures:
    """The contact goes in the transaction that writes the record: nobody finds it any more, and its numbers and
    addresses are free. What it said and did is erased after that, by the minute's sweep: the API may delete nothing."""

    def __init__(
        self,
        store: ErasureStore,
        contacts: Contacts,
        people: ContactService,
        timelines: Timelines,
        chats: ErasedChats,
        events: ErasedTimelines,
        said: SaidMessages,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._contacts = contacts
        self._people = people
        self._timelines = timelines
        self._chats = chats
        self._events = events
        self._said = said
        self._clock = clock
        self._ids = ids

    def request(self, caller: Caller, contact_id: str, reason: Reason, close_chats: bool) -> Erasure:
        """Erase a contact, all that was merged into it among it, also by the id of one of these; of one that was
        deleted, what it left. Asked again, the same erasure. Raises NotFound, Conflict `contact_has_open_chat`."""
        a = caller.account
        for _ in range(_TRIES):
            contact = self._contacts.resolved(a, contact_id)
            begun = self._begun(caller, contact, reason, close_chats) if contact else None
            if contact is None:
                begun = self._store.of_contact(a, contact_id) or self._begun_of_remains(caller, contact_id, reason)
            if begun is not None:
                return begun
        raise Busy(f"erasure of {contact_id}")

    def get(self, caller: Caller, erasure_id: str) -> Erasure:
        """Raises NotFound."""
        found = self._store.get(caller.account, erasure_id)
        if found is None:
            raise NotFound("There is no such erasure.")
        return found

    def page(self, caller: Caller, limit: int, after: str | None) -> tuple[Sequence[Erasure], str | None]:
        """Erasures, newest first. Raises Invalid for a cursor of something else."""
        if after is not None and not is_id(after, "er", caller.account):
            raise Invalid.field("?after", "invalid_cursor", "This is not a cursor of this list.")
        found = self._store.page(caller.account, limit + 1, after)
        return found[:limit], found[limit - 1].id if len(found) > limit else None

    def _begun(self, caller: Caller, contact: Contact, reason: Reason, close_chats: bool) -> Erasure | None:
        """None: it changed meanwhile."""
        a = caller.account
        family = (contact.id, *contact.merged_ids)
        if not close_chats and any(self._timelines.has_open_chat(a, one) for one in family):
            detail = "Somebody talks with the contact. Close the chats first, or have them closed with `close_chats`."
            raise Conflict(detail, code="contact_has_open_chat")
        alone, others = self._people.alone(caller, contact)
        numbers = (alone.mobile, alone.phone, *alone.more_phones)
        named = (one for number in numbers if number for one in phone_variants(number))
        called = [*named, alone.email, *alone.more_emails, alone.mobile_given, alone.phone_given]
        called += [one for identity in alone.identities for one in (identity.key, identity.external_id)]
        threads = [ThreadKey(one.channel_id, one.key) for one in alone.identities]
        threads += self._said.threads(a, alone)
        erasure = self._new(caller, family, reason, len(alone.identities), len(alone.tokens))
        work = self._work(erasure, threads, called, alone.photo_file_id)
        return erasure if self._store.begin(a, alone, erasure, work, others) else None

    def _begun_of_remains(self, caller: Caller, contact_id: str, reason: Reason) -> Erasure | None:
        """Of a contact that was deleted. Raises NotFound when it left nothing."""
        a = caller.account
        events = self._events.own_events(a, contact_id, _EVENTS_LOOKED_AT)
        if not events and not self._chats.ids(a, contact_id, None, 1):
            raise NotFound("There is no such contact.")
        erasure = self._new(caller, (contact_id,), reason, 0, 0)
        work = self._work(erasure, [], [one for event in events for one in _called(event)], None)
        return erasure if self._store.begin(a, None, erasure, work) else None

    def _new(
        self, caller: Caller, contact_ids: tuple[str, ...], reason: Reason, identities: int, tokens: int
    ) -> Erasure:
        erased: dict[Any, int] = {"identities": identities, "search_tokens": tokens}
        now, by = self._clock.now(), caller.token_id or caller.id
        return Erasure(self._ids.new("er", caller.account), contact_ids[0], contact_ids, reason, by, now, erased=erased)

    def _work(
        self, erasure: Erasure, threads: Sequence[ThreadKey], called: Sequence[str | None], photo_id: str | None
    ) -> Erasing:
        return Erasing(
            erasure.id,
            erasure.contact_ids,
            tuple(dict.fromkeys(threads)),
            names_of(tuple(called)),
            gone_at=erasure.requested_at,
            due=erasure.requested_at,
            late_files=(photo_id,) if photo_id else (),
        )


def _called(event: Event) -> list[str | None]:
    """What an event of a contact calls it by."""
    data = event.data
    identities = [one["external_id"] for one in data.get("identities", ())]
    return [data.get("mobile"), data.get("phone"), data.get("email"), *data.get("more_phones", ()), *identities]
