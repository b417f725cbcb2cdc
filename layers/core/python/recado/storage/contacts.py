"""Contacts: reading them, and the transactions that write one contact with its claims, tokens, memberships and
event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from recado.domain.chats import Event
from recado.domain.contact_claims import strongest_holder
from recado.domain.contact_search import search_tokens
from recado.domain.contacts import Claim, Contact
from recado.ports.contacts import ClaimsTaken, ContactGone, ContactMoved
from recado.storage import keys
from recado.storage.contact_records import ClaimRecord, ContactEventRecord, ContactRecord, MembershipRecord, TokenRecord
from recado.storage.transaction import Cancelled, Transaction, guard

CONTACT_NEW = guard("contact-new", "a creation that is done again overwrites what was changed since it was done first")
CLAIM_FREE = guard("contact-claim-free", "two messages of one new sender at once make two contacts of one person")
CONTACT_UNMOVED = guard(
    "contact-unmoved", "of two edits at once the second overwrites the first, its claims stay behind"
)
COMMENTED_EXISTS = guard("contact-commented-exists", "a comment is left behind of a contact that was deleted meanwhile")

_CONTACT = "contact"
_CLAIM = "contact:claim:"


def lost_contact(cancelled: Cancelled) -> bool:
    """True when a transaction of `add_contact` or `change_contact` failed for the contact's sake: somebody else was
    first. Read again: the claims say who holds them now."""
    return any(label == _CONTACT or label.startswith(_CLAIM) for label in cancelled.failed)


def add_contact(tx: Transaction, a: str, contact: Contact, event: Event) -> None:
    """Add the creation of a contact: CONTACT, its event, the claims in `contact.claims`, its search tokens. At most 85
    operations, of a contact with one identity at most 49. Labels begin with `contact`; see `lost_contact`."""
    tx.put(_CONTACT, ContactRecord.of_contact(a, contact), CONTACT_NEW(ContactRecord.pk.does_not_exist()))
    tx.put("contact:event", ContactEventRecord.of_event(a, event))
    _put_claims(tx, a, contact.id, contact.claims)
    tokens = search_tokens(contact)
    for token in tokens:
        tx.put(f"contact:token:{token}", _token_record(a, token, contact.id, tokens))
    for record in _memberships(a, contact):
        tx.put(f"contact:member:{record.pk}", record)


def change_contact(tx: Transaction, a: str, before: Contact, after: Contact, event: Event) -> None:
    """Add the change of a contact from the version that was read (`before`, as read) to `after` (`version` one higher):
    CONTACT, the event, and only those claims, tokens and memberships that changed. Labels begin with `contact`; see
    `lost_contact`."""
    tx.put(_CONTACT, ContactRecord.of_contact(a, after), CONTACT_UNMOVED(ContactRecord.version == before.version))
    tx.put("contact:event", ContactEventRecord.of_event(a, event))
    _put_claims(tx, a, after.id, [claim for claim in after.claims if claim not in before.claims])
    _delete_claims(tx, a, [claim for claim in before.claims if claim not in after.claims])
    tokens = search_tokens(after)
    if set(tokens) != set(before.tokens):  # each token's item names all the others, so one that changes rewrites all
        for token in tokens:
            tx.put(f"contact:token:{token}", _token_record(a, token, after.id, tokens))
        _delete_tokens(tx, a, after.id, set(before.tokens) - set(tokens))
    old, new = ({record.pk: record for record in _memberships(a, contact)} for contact in (before, after))
    for pk in new.keys() - old.keys():
        tx.put(f"contact:member:{pk}", new[pk])
    for pk in old.keys() - new.keys():
        tx.delete(f"contact:member:{pk}", old[pk])


class ContactStore:
    """Contacts in DynamoDB: the port `recado.ports.contacts.Contacts`."""

    def get(self, a: str, contact_id: str) -> Contact | None:
        """One contact, strongly consistent; None when there is none."""
        found = ContactRecord.find(keys.contact_pk(a, contact_id), keys.contact_sk(contact_id))
        return None if found is None else found.contact()

    def get_many(self, a: str, contact_ids: Iterable[str]) -> dict[str, Contact]:
        """Those of these contacts (at most 100 in a call to DynamoDB) that exist, eventually consistent, by id."""
        wanted = [(keys.contact_pk(a, one), keys.contact_sk(one)) for one in dict.fromkeys(contact_ids)]
        return {record.id: record.contact() for record in ContactRecord.batch_get(wanted)} if wanted else {}

    def holders(self, a: str, claims: Sequence[Claim]) -> dict[Claim, str]:
        """Which of these claims are held, and by which contact: one BatchGetItem, strongly consistent."""
        by_pk = {keys.claim_pk(a, claim.kind, claim.value): claim for claim in claims}
        if not by_pk:
            return {}
        found = ClaimRecord.batch_get([(pk, "CLAIM") for pk in by_pk], consistent_read=True)
        return {by_pk[record.pk]: record.contact_id for record in found}

    def find_by_claims(self, a: str, claims: Sequence[Claim]) -> str | None:
        """The id of the contact that holds the strongest held claim (`claims` the strongest first): one
        BatchGetItem."""
        return strongest_holder(claims, self.holders(a, claims))

    def create(self, a: str, contact: Contact, event: Event) -> None:
        """Write a new contact. Raises ClaimsTaken with the claims that others hold; nothing is written then."""
        tx = Transaction()
        add_contact(tx, a, contact, event)
        _commit(tx, contact)

    def change(self, a: str, before: Contact, after: Contact, event: Event) -> None:
        """Write a change. Raises ContactMoved when the contact is not as it was read, ClaimsTaken when others hold a
        claim it takes."""
        tx = Transaction()
        change_contact(tx, a, before, after, event)
        _commit(tx, after)

    def delete(self, a: str, contact: Contact, event: Event) -> None:
        """Delete a contact as it was read with its claims, tokens and memberships; its events stay. Raises
        ContactMoved."""
        tx = Transaction()
        as_read = CONTACT_UNMOVED(ContactRecord.version == contact.version)
        tx.delete(_CONTACT, ContactRecord(keys.contact_pk(a, contact.id), keys.contact_sk(contact.id)), as_read)
        tx.put("contact:event", ContactEventRecord.of_event(a, event))
        _delete_claims(tx, a, contact.claims)
        _delete_tokens(tx, a, contact.id, contact.tokens)
        for record in _memberships(a, contact):
            tx.delete(f"contact:member:{record.pk}", record)
        _commit(tx, contact)

    def comment(self, a: str, event: Event) -> None:
        """Write a comment into the timeline of `event.contact_id`. Raises ContactGone when there is no such contact any
        more."""
        record = ContactEventRecord.of_event(a, event)
        tx = Transaction()
        contact = ContactRecord(keys.contact_pk(a, record.contact_id), keys.contact_sk(record.contact_id))
        tx.check(_CONTACT, contact, COMMENTED_EXISTS(ContactRecord.pk.exists()))
        tx.put("contact:event", record)
        try:
            tx.commit()
        except Cancelled as lost:
            raise ContactGone from lost


def _commit(tx: Transaction, contact: Contact) -> None:
    try:
        tx.commit()
    except Cancelled as lost:
        if _CONTACT in lost.failed:
            raise ContactMoved from lost
        raise ClaimsTaken(tuple(claim for claim in contact.claims if _claim_label(claim) in lost.failed)) from lost


def _claim_label(claim: Claim) -> str:
    return f"{_CLAIM}{claim.kind}:{claim.value}"


def _put_claims(tx: Transaction, a: str, contact_id: str, claims: Iterable[Claim]) -> None:
    for claim in claims:
        record = ClaimRecord(keys.claim_pk(a, claim.kind, claim.value), "CLAIM", contact_id=contact_id)
        tx.put(_claim_label(claim), record, CLAIM_FREE(ClaimRecord.pk.does_not_exist()))


def _delete_claims(tx: Transaction, a: str, claims: Iterable[Claim]) -> None:
    for claim in claims:
        tx.delete(_claim_label(claim), ClaimRecord(keys.claim_pk(a, claim.kind, claim.value), "CLAIM"))


def _token_record(a: str, token: str, contact_id: str, tokens: Sequence[str]) -> TokenRecord:
    return TokenRecord(keys.contact_pk(a, contact_id), keys.token_sk(token, contact_id), tokens=list(tokens))


def _delete_tokens(tx: Transaction, a: str, contact_id: str, tokens: Iterable[str]) -> None:
    for token in tokens:
        place = keys.contact_pk(a, contact_id), keys.token_sk(token, contact_id)
        tx.delete(f"contact:token:{token}", TokenRecord(*place))


def _memberships(a: str, contact: Contact) -> Iterator[MembershipRecord]:
    places: Mapping[str, Iterable[str]] = {
        "GROUP": contact.group_ids,
        "ORG": [contact.organization_id] if contact.organization_id else [],
    }
    for kind, ids in places.items():
        for one in ids:
            yield MembershipRecord(keys.membership_pk(a, kind, one, contact.id), contact.id)
