"""Contacts: reading them, and the transactions that write one contact with its claims, tokens, memberships and
event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from recado.domain.chats import Event
from recado.domain.contact_claims import strongest_holder
from recado.domain.contact_search import search_tokens
from recado.domain.contacts import Claim, Contact
from recado.domain.groups import GroupKind
from recado.ports.contacts import ClaimsTaken, ContactChange, ContactGone, ContactMoved, GroupsGone
from recado.storage import keys
from recado.storage.contact_records import ClaimRecord, ContactEventRecord, ContactRecord, MembershipRecord, TokenRecord
from recado.storage.groups import MEMBERSHIPS, check_group
from recado.storage.transaction import Cancelled, Guard, Transaction, guard

CONTACT_NEW = guard("contact-new", "a creation that is done again overwrites what was changed since it was done first")
CLAIM_FREE = guard("contact-claim-free", "two messages of one new sender at once make two contacts of one person")
CONTACT_UNMOVED = guard(
    "contact-unmoved", "of two edits at once the second overwrites the first, its claims stay behind"
)
COMMENTED_EXISTS = guard("contact-commented-exists", "a comment is left behind of a contact that was deleted meanwhile")

_CONTACT = "contact"
_CLAIM = "contact:claim:"
_OTHER = "other:"
_GROUP = "contact:group:"
MERGED = "merged"
"""The kind of claim by which the id of a merged contact leads to the kept one."""
_MOST_HOPS = 10


def lost_contact(cancelled: Cancelled) -> bool:
    """True when a transaction of `add_contact` or `change_contact` failed for the contact's sake: somebody else was
    first. Read again: the claims say who holds them now."""
    return any(label == _CONTACT or label.startswith(_CLAIM) for label in cancelled.failed)


def add_contact(tx: Transaction, a: str, contact: Contact, event: Event, moved: frozenset[Claim] = frozenset()) -> None:
    """Add the creation of a contact: CONTACT, its event, the claims in `contact.claims`, its search tokens. At most 88
    operations, of a contact with one identity at most 38. `moved` are claims that the caller moves from another
    contact. Labels begin with `contact`; see `lost_contact`."""
    tx.put(_CONTACT, ContactRecord.of_contact(a, contact), CONTACT_NEW(ContactRecord.pk.does_not_exist()))
    tx.put("contact:event", ContactEventRecord.of_event(a, event))
    _put_claims(tx, a, contact.id, [claim for claim in contact.claims if claim not in moved])
    tokens = search_tokens(contact)
    for token in tokens:
        tx.put(f"contact:token:{token}", _token_record(a, token, contact.id, tokens))
    _enter(tx, a, contact.id, _groups_of(contact))


def change_contact(
    tx: Transaction, a: str, before: Contact, after: Contact, event: Event, moved: frozenset[Claim] = frozenset()
) -> None:
    """Add the change of a contact from the version that was read (`before`, as read) to `after` (`version` one higher):
    CONTACT, the event, and only those claims, tokens and memberships that changed. `moved` are claims that the caller
    moves from or to another contact. Labels begin with `contact`; see `lost_contact`."""
    tx.put(_CONTACT, ContactRecord.of_contact(a, after), CONTACT_UNMOVED(ContactRecord.version == before.version))
    tx.put("contact:event", ContactEventRecord.of_event(a, event))
    _put_claims(tx, a, after.id, [claim for claim in after.claims if claim not in {*before.claims, *moved}])
    _delete_claims(tx, a, [claim for claim in before.claims if claim not in {*after.claims, *moved}])
    tokens = search_tokens(after)
    if set(tokens) != set(before.tokens):  # each token's item names all the others, so one that changes rewrites all
        for token in tokens:
            tx.put(f"contact:token:{token}", _token_record(a, token, after.id, tokens))
        _delete_tokens(tx, a, after.id, set(before.tokens) - set(tokens))
    _enter(tx, a, after.id, _groups_of(after) - _groups_of(before))
    _leave(tx, a, after.id, _groups_of(before) - _groups_of(after))


def remove_contact(
    tx: Transaction, a: str, contact: Contact, event: Event | None, unmoved: Guard = CONTACT_UNMOVED
) -> None:
    """Add that a contact goes as it was read, with its tokens and memberships, and the fact if there is to be one. Its
    claims are the caller's. `unmoved` names what it may not have moved by."""
    as_read = unmoved(ContactRecord.version == contact.version)
    tx.delete(_CONTACT, ContactRecord(keys.contact_pk(a, contact.id), keys.contact_sk(contact.id)), as_read)
    if event is not None:
        tx.put("contact:event", ContactEventRecord.of_event(a, event))
    _delete_tokens(tx, a, contact.id, contact.tokens)
    _leave(tx, a, contact.id, _groups_of(contact))


def add_disappearance(tx: Transaction, a: str, contact: Contact, others: Sequence[ContactChange]) -> None:
    """Add that a contact goes as it was read with all it is found by, and nothing is told of it; at most 97 operations.
    The ids of those merged into it lead to nobody then. `others` change in their links."""
    remove_contact(tx, a, contact, None)
    _delete_claims(tx, a, contact.claims)
    relink(tx, a, others)


def delete_contact(tx: Transaction, a: str, contact: Contact, event: Event, unmoved: Guard = CONTACT_UNMOVED) -> None:
    """Add that a contact goes as it was read, with all it is found by; `unmoved` as in `remove_contact`."""
    remove_contact(tx, a, contact, event, unmoved)
    _delete_claims(tx, a, contact.claims)
    for merged_id in contact.merged_ids:
        tx.delete(f"contact:merged:{merged_id}", ClaimRecord(keys.claim_pk(a, MERGED, merged_id), "CLAIM"))


def move_claims(tx: Transaction, a: str, claims: Iterable[Claim], contact_id: str) -> None:
    """Add that another contact holds these from now on. Who held them is in the transaction too, as it was read, so
    that they are still theirs."""
    for claim in claims:
        record = ClaimRecord(keys.claim_pk(a, claim.kind, claim.value), "CLAIM", contact_id=contact_id)
        tx.put(f"contact:moved:{claim.kind}:{claim.value}", record)


class ContactStore:
    """Contacts in DynamoDB: the port `recado.ports.contacts.Contacts`."""

    def get(self, a: str, contact_id: str) -> Contact | None:
        """One contact, strongly consistent; None when there is none."""
        found = ContactRecord.find(keys.contact_pk(a, contact_id), keys.contact_sk(contact_id))
        return None if found is None else found.contact()

    def resolved(self, a: str, contact_id: str) -> Contact | None:
        """The contact of an id, or the one that it was merged into: 1 RRU, and 2 for each merge between."""
        for _ in range(_MOST_HOPS):
            found = self.get(a, contact_id)
            if found is not None:
                return found
            kept = ClaimRecord.find(keys.claim_pk(a, MERGED, contact_id), "CLAIM")
            if kept is None:
                return None
            contact_id = kept.contact_id
        return None

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

    def create(self, a: str, contact: Contact, event: Event, others: Sequence[ContactChange] = ()) -> None:
        """Write a new contact. Raises ClaimsTaken with the claims that others hold, GroupsGone, ContactMoved; nothing
        is written then."""
        tx = Transaction()
        add_contact(tx, a, contact, event)
        relink(tx, a, others)
        commit_contact(tx, contact)

    def change(
        self, a: str, before: Contact, after: Contact, event: Event, others: Sequence[ContactChange] = ()
    ) -> None:
        """Write a change. Raises ContactMoved when a contact is not as it was read, ClaimsTaken when others hold a
        claim it takes, GroupsGone when a group it enters is not there."""
        tx = Transaction()
        change_contact(tx, a, before, after, event)
        relink(tx, a, others)
        commit_contact(tx, after)

    def delete(self, a: str, contact: Contact, event: Event, others: Sequence[ContactChange] = ()) -> None:
        """Delete a contact as it was read with its claims, tokens and memberships; its events stay. Raises
        ContactMoved."""
        tx = Transaction()
        delete_contact(tx, a, contact, event)
        relink(tx, a, others)
        commit_contact(tx, contact)

    def comment(self, a: str, event: Event) -> None:
        """Write a comment into the timeline of `event.contact_id`, and move the contact's version: whoever is about to
        take it away looks again. Raises ContactGone when there is no such contact any more."""
        record = ContactEventRecord.of_event(a, event)
        tx = Transaction()
        contact = ContactRecord(keys.contact_pk(a, record.contact_id), keys.contact_sk(record.contact_id))
        moved = [ContactRecord.version.add(1)]
        tx.update(_CONTACT, contact, moved, COMMENTED_EXISTS(ContactRecord.pk.exists()))
        tx.put("contact:event", record)
        try:
            tx.commit()
        except Cancelled as lost:
            raise ContactGone from lost


def commit_contact(tx: Transaction, contact: Contact) -> None:
    """Write what was added of a contact. Raises ContactMoved, ClaimsTaken or GroupsGone; nothing is written then."""
    try:
        tx.commit()
    except Cancelled as lost:
        raise why_lost(lost, contact) from lost


def why_lost(cancelled: Cancelled, contact: Contact) -> Exception:
    """What a cancelled transaction of a contact means to who asked for it."""
    if _CONTACT in cancelled.failed or any(label.startswith(_OTHER) for label in cancelled.failed):
        return ContactMoved()
    if any(label.startswith(_GROUP) for label in cancelled.failed):
        return GroupsGone()
    return ClaimsTaken(tuple(claim for claim in contact.claims if _claim_label(claim) in cancelled.failed))


def relink(tx: Transaction, a: str, others: Sequence[ContactChange]) -> None:
    """Add changes of contacts that take no claim and leave nothing to search by."""
    for one in others:
        moved = CONTACT_UNMOVED(ContactRecord.version == one.before.version)
        tx.put(f"{_OTHER}{one.after.id}", ContactRecord.of_contact(a, one.after), moved)
        tx.put(f"{_OTHER}{one.after.id}:event", ContactEventRecord.of_event(a, one.event))


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


def _groups_of(contact: Contact) -> set[tuple[GroupKind, str]]:
    """The groups and the organization that a contact is in."""
    groups: set[tuple[GroupKind, str]] = {("group", one) for one in contact.group_ids}
    return groups | ({("organization", contact.organization_id)} if contact.organization_id else set())


def _enter(tx: Transaction, a: str, contact_id: str, groups: Iterable[tuple[GroupKind, str]]) -> None:
    for kind, group_id in sorted(groups):
        check_group(tx, f"{_GROUP}{group_id}", a, kind, group_id)
        tx.put(f"contact:member:{group_id}", _membership(a, kind, group_id, contact_id))


def _leave(tx: Transaction, a: str, contact_id: str, groups: Iterable[tuple[GroupKind, str]]) -> None:
    for kind, group_id in sorted(groups):
        tx.delete(f"contact:member:{group_id}", _membership(a, kind, group_id, contact_id))


def _membership(a: str, kind: GroupKind, group_id: str, contact_id: str) -> MembershipRecord:
    return MembershipRecord(keys.membership_pk(a, MEMBERSHIPS[kind], group_id, contact_id), contact_id)
