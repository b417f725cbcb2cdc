"""Contacts as a trial of an import writes them: for later rows to find, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recado.domain.chats import Event
from recado.domain.contact_claims import strongest_holder
from recado.domain.contact_imports import Row, created_row, updated_row
from recado.domain.contacts import Claim, Contact
from recado.ports.contact_imports import RowContacts
from recado.ports.contacts import ClaimsTaken, ContactChange


class TrialContacts:
    """The port `recado.ports.contact_imports.RowContacts`: over the real contacts lies what the trial wrote."""

    def __init__(self, real: RowContacts) -> None:
        self._real = real
        self._contacts: dict[str, Contact] = {}
        self._holders: dict[Claim, str | None] = {}
        self._keys: dict[str, str] = {}
        self._number = 0
        self._key = ""
        self.written: Row | None = None
        self.made: set[str] = set()

    def begin(self, number: int, key: str) -> None:
        """What is written next is for this row."""
        self._number, self._key, self.written = number, key, None

    def foresee(self, a: str, claims: Sequence[Claim], contact_ids: Sequence[str]) -> None:
        """As the real ones."""
        self._real.foresee(a, claims, contact_ids)

    def forget(self) -> None:
        """As the real ones; what the trial wrote stays."""
        self._real.forget()

    def contact_of_key(self, a: str, key: str) -> str | None:
        """Whom a row with this key made, in the trial or before."""
        return self._keys.get(key) or self._real.contact_of_key(a, key)

    def get(self, a: str, contact_id: str) -> Contact | None:
        """One contact as the trial left it."""
        return self._contacts.get(contact_id) or self._real.get(a, contact_id)

    def resolved(self, a: str, contact_id: str) -> Contact | None:
        """As `get`, or the one that it was merged into."""
        if contact_id in self._contacts:
            return self._contacts[contact_id]
        found = self._real.resolved(a, contact_id)
        return found and self._contacts.get(found.id, found)

    def get_many(self, a: str, contact_ids: Sequence[str]) -> Mapping[str, Contact]:
        """Those that exist, as the trial left them."""
        found = {**self._real.get_many(a, contact_ids)}
        return found | {one: self._contacts[one] for one in contact_ids if one in self._contacts}

    def holders(self, a: str, claims: Sequence[Claim]) -> dict[Claim, str]:
        """Who holds these claims, as the trial left them."""
        others = [claim for claim in claims if claim not in self._holders]
        held = dict(self._real.holders(a, others)) if others else {}
        return held | {claim: holder for claim in claims if (holder := self._holders.get(claim))}

    def find_by_claims(self, a: str, claims: Sequence[Claim]) -> str | None:
        """Who holds the strongest."""
        return strongest_holder(claims, self.holders(a, claims))

    def create(self, a: str, contact: Contact, event: Event, others: Sequence[ContactChange] = ()) -> None:
        """Keep it. Raises ClaimsTaken."""
        self._take(a, contact, contact.claims)
        if self._key:
            self._keys[self._key] = contact.id
        self._keep(contact, others)
        self.made.add(contact.id)
        self.written = created_row(self._number, contact)

    def change(
        self, a: str, before: Contact, after: Contact, event: Event, others: Sequence[ContactChange] = ()
    ) -> None:
        """Keep it. Raises ClaimsTaken."""
        self._take(a, after, [claim for claim in after.claims if claim not in before.claims])
        self._holders |= {claim: None for claim in before.claims if claim not in after.claims}
        self._keep(after, others)
        self.written = updated_row(self._number, before, after)

    def _take(self, a: str, contact: Contact, claims: Sequence[Claim]) -> None:
        taken = tuple(claim for claim, holder in self.holders(a, claims).items() if holder != contact.id)
        if taken:
            raise ClaimsTaken(taken)
        self._holders |= dict.fromkeys(claims, contact.id)

    def _keep(self, contact: Contact, others: Sequence[ContactChange]) -> None:
        self._contacts |= {one.id: one for one in (contact, *(other.after for other in others))}
