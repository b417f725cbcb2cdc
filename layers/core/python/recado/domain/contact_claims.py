"""Which claims a contact's data makes, who holds them, and what that decides.

The strongest claim says who somebody is: the id at a channel, then the telephone number, then the e-mail address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from recado.domain.contacts import Claim, Contact, Identity
from recado.domain.identity import e164, phone_variants

MAX_IDENTITIES = 30
"""Of one contact: its deletion is one transaction of at most 100 operations, and each identity is one of them."""
MAX_NAME = 1000
MAX_EMAIL = 254


def identity_claim(identity: Identity) -> Claim:
    """The claim of an id at a channel."""
    return Claim("ext", f"{identity.channel_id}:{identity.key}")


@lru_cache(maxsize=4096)
def phone_claims(number: str | None) -> tuple[Claim, ...]:
    """One claim for each plausible form of an E.164 number; none of nothing."""
    return tuple(Claim("phone", form) for form in phone_variants(number)) if number else ()


def email_claims(address: str | None) -> tuple[Claim, ...]:
    """The claim of an e-mail address; none of nothing."""
    return (Claim("email", address.casefold()),) if address else ()


def claims_of(
    *, identities: Iterable[Identity] = (), phones: Iterable[str | None] = (), email: str | None = None
) -> tuple[Claim, ...]:
    """All claims that these data make, the strongest first, each once. Phones are E.164."""
    ordered = [identity_claim(identity) for identity in identities]
    for number in phones:
        ordered += phone_claims(number)
    return tuple(dict.fromkeys([*ordered, *email_claims(email)]))


def contact_claims(contact: Contact) -> tuple[Claim, ...]:
    """All claims that a contact's data make, whether it holds them or not."""
    phones = contact.mobile, contact.phone, *contact.more_phones
    made = claims_of(identities=contact.identities, phones=phones, email=contact.email)
    more = (claim for address in contact.more_emails for claim in email_claims(address))
    return tuple(dict.fromkeys((*made, *more)))


def strongest_holder(claims: Iterable[Claim], holders: Mapping[Claim, str]) -> str | None:
    """Who somebody with these claims (the strongest first) is: the id of the contact that holds the strongest one held,
    None when nobody holds any."""
    return next((holders[claim] for claim in claims if claim in holders), None)


def first_seen(
    contact_id: str,
    now: datetime,
    *,
    identity: Identity,
    name: str | None,
    phone: str | None,
    email: str | None,
    proved: bool = True,
) -> Contact:
    """A contact as an inbound message introduces it, with all its claims; `phone` as the channel gave it. What is no
    number or address is left out, a name too long is cut: a message is never refused for its sender. Number and address
    that are not `proved` make no claims."""
    number = e164(phone) if phone else None
    address = _address(email)
    return Contact(
        id=contact_id,
        created_at=now,
        updated_at=now,
        name=_name(name),
        mobile=number,
        mobile_given=phone if number else None,
        email=address,
        identities=(identity,),
        claims=claims_of(identities=(identity,), phones=(number,) if proved else (), email=address if proved else None),
    )


def with_learned(
    contact: Contact,
    holders: Mapping[Claim, str],
    now: datetime,
    *,
    identity: Identity,
    name: str | None,
    phone: str | None,
    email: str | None,
    proved: bool = True,
) -> Contact:
    """The contact with what an inbound message tells beyond what is known: the identity, and name, mobile and e-mail
    where there were none. Mobile and e-mail that are not `proved` are shown and make no claims.

    Nothing is taken that another contact holds. The very same object comes back when there is nothing new."""

    def free(claims: tuple[Claim, ...]) -> bool:
        return all(holders.get(claim, contact.id) == contact.id for claim in claims)

    after, claims = contact, list(contact.claims)
    new_identity = identity not in contact.identities and len(contact.identities) < MAX_IDENTITIES
    if new_identity and free((identity_claim(identity),)):
        after = replace(after, identities=(*contact.identities, identity))
        claims.append(identity_claim(identity))
    number = e164(phone) if phone else None
    if number and not contact.mobile and (not proved or free(phone_claims(number))):
        after = replace(after, mobile=number, mobile_given=phone)
        claims += phone_claims(number) if proved else ()
    address = _address(email)
    if address and not contact.email and (not proved or free(email_claims(address))):
        after = replace(after, email=address)
        claims += email_claims(address) if proved else ()
    if not contact.name and _name(name):
        after = replace(after, name=_name(name))
    if after is contact:
        return contact
    return replace(after, claims=tuple(dict.fromkeys(claims)), updated_at=now, version=contact.version + 1)


def _name(text: str | None) -> str | None:
    return (text or "").strip()[:MAX_NAME] or None


def _address(text: str | None) -> str | None:
    address = (text or "").strip()
    local, _, domain = address.rpartition("@")
    return address if local and domain and len(address) <= MAX_EMAIL else None
