"""The items of the contacts table (docs/data-model.md §2) and their way to and from entities."""

from __future__ import annotations

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute

from recado.domain.chats import Event
from recado.domain.contact_search import search_tokens
from recado.domain.contacts import Claim, Contact, Identity
from recado.storage import keys
from recado.storage.event_fields import EventFields, event_fields
from recado.storage.tables import ContactsRecord, TimeAttribute
from recado.storage.transaction import Transaction, guard

CONTACT_THERE = guard(
    "flow-begins-with-who-is-there",
    "a contact is merged into another, or erased, while a task begins a flow with it: a customer is written to as both "
    "of them, or a chat is opened with nobody",
)


class ContactRecord(ContactsRecord):
    """CONTACT."""

    id = UnicodeAttribute()
    created_at = TimeAttribute()
    updated_at = TimeAttribute()
    version = NumberAttribute()
    name = UnicodeAttribute(null=True)
    mobile = UnicodeAttribute(null=True)
    mobile_given = UnicodeAttribute(null=True)
    phone = UnicodeAttribute(null=True)
    phone_given = UnicodeAttribute(null=True)
    email = UnicodeAttribute(null=True)
    birthday = UnicodeAttribute(null=True)
    address = UnicodeAttribute(null=True)
    city = UnicodeAttribute(null=True)
    district = UnicodeAttribute(null=True)
    state = UnicodeAttribute(null=True)
    country = UnicodeAttribute(null=True)
    notes = UnicodeAttribute(null=True)
    organization_id = UnicodeAttribute(null=True)
    group_ids = JSONAttribute(null=True)
    custom_fields = JSONAttribute(null=True)
    principal_id = UnicodeAttribute(null=True)
    linked_ids = JSONAttribute(null=True)
    identities = JSONAttribute(null=True)
    photo_file_id = UnicodeAttribute(null=True)
    more_phones = JSONAttribute(null=True)
    more_emails = JSONAttribute(null=True)
    merged_ids = JSONAttribute(null=True)
    claims = JSONAttribute(null=True)
    tokens = JSONAttribute(null=True)
    attribution = JSONAttribute(null=True)

    @classmethod
    def of_contact(cls, a: str, contact: Contact) -> ContactRecord:
        """The item of a contact with the tokens of its present data; what is empty is left out."""
        return cls.of(
            contact,
            pk=keys.contact_pk(a, contact.id),
            sk=keys.contact_sk(contact.id),
            group_ids=list(contact.group_ids) or None,
            custom_fields=dict(contact.custom_fields) or None,
            linked_ids=list(contact.linked_ids) or None,
            more_phones=list(contact.more_phones) or None,
            more_emails=list(contact.more_emails) or None,
            merged_ids=list(contact.merged_ids) or None,
            identities=[[one.channel_id, one.key, one.external_id] for one in contact.identities] or None,
            claims=[[claim.kind, claim.value] for claim in contact.claims] or None,
            tokens=list(search_tokens(contact)) or None,
            attribution=dict(contact.attribution) or None,
        )

    def contact(self) -> Contact:
        """The entity."""
        return self.to(
            Contact,
            version=int(self.version),
            group_ids=tuple(self.group_ids or ()),
            custom_fields=self.custom_fields or {},
            linked_ids=tuple(self.linked_ids or ()),
            more_phones=tuple(self.more_phones or ()),
            more_emails=tuple(self.more_emails or ()),
            merged_ids=tuple(self.merged_ids or ()),
            identities=tuple(Identity(*parts) for parts in self.identities or ()),
            claims=tuple(Claim(*pair) for pair in self.claims or ()),
            tokens=tuple(self.tokens or ()),
            attribution=self.attribution or {},
        )


class TokenRecord(ContactsRecord):
    """A search token of a contact; `tokens` are all tokens of the contact, this one among them."""

    tokens = JSONAttribute()

    @property
    def place(self) -> str:
        """Where the item stands in the order of its shard: `<token>#<contact id>`."""
        return str(self.sk).removeprefix(keys.token_prefix(""))

    @property
    def token(self) -> str:
        """The token itself."""
        return self.place.rpartition("#")[0]

    @property
    def contact_id(self) -> str:
        """Whose token it is."""
        return self.place.rpartition("#")[2]


class ClaimRecord(ContactsRecord):
    """A claim: which contact holds it."""

    contact_id = UnicodeAttribute()


class MembershipRecord(ContactsRecord):
    """A contact's place in a group or an organization."""


class ContactEventRecord(EventFields, ContactsRecord):
    """EVT of a contact: fact and timeline entry."""

    @classmethod
    def of_event(cls, a: str, event: Event) -> ContactEventRecord:
        """The item of a contact's event; `contact_id` is required."""
        if event.contact_id is None:
            raise ValueError(f"{event.type} is no event of a contact")
        return cls.of(
            event,
            pk=keys.contact_events_pk(a, event.contact_id),
            sk=keys.event_sk(event.id),
            **event_fields(event),
        )


def check_contact(tx: Transaction, a: str, contact_id: str) -> None:
    """Add that a contact is there. Label `contact`."""
    record = ContactRecord(keys.contact_pk(a, contact_id), keys.contact_sk(contact_id))
    tx.check("contact", record, CONTACT_THERE(ContactRecord.pk.exists()))
