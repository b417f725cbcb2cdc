"""The contact as it is stored, and the claims by which no two contacts can be the same person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

ClaimKind = Literal["ext", "phone", "email"]


class Claim(NamedTuple):
    """Something that belongs to one contact of an account at most: `ext` (`<channel_id>:<external id>`), `phone` (each
    plausible form of the number, E.164) or `email` (casefolded). `domain.contact_claims` makes them."""

    kind: ClaimKind
    value: str


@dataclass(frozen=True)
class Identity:
    """An address by which a channel knows the contact: `channel_id` + the canonical key of the provider's id for them.
    `external_id` is that id as it first came, to be shown; empty: the key itself. Two forms of one id are one
    identity."""

    channel_id: str
    key: str
    external_id: str = field(default="", compare=False)


@dataclass(frozen=True)
class Contact:
    """A person who writes or is written to. Phones are E.164; `*_given` keep the number as it was typed or received.
    `version` moves by one with each change.

    `more_phones` and `more_emails` came with contacts that were merged into this one, whose ids, `merged_ids`, lead
    here.

    `claims` are those that the contact holds: it may carry a number or an address that another contact holds. `tokens`
    are the search tokens as they were last written; storage makes them anew with each write, nobody else sets them.

    `attribution`: by which button or advertisement they first came; empty while none is known."""

    id: str
    created_at: datetime
    updated_at: datetime
    version: int = 1
    name: str | None = None
    mobile: str | None = None
    mobile_given: str | None = None
    phone: str | None = None
    phone_given: str | None = None
    email: str | None = None
    birthday: str | None = None
    address: str | None = None
    city: str | None = None
    district: str | None = None
    state: str | None = None
    country: str | None = None
    notes: str | None = None
    organization_id: str | None = None
    group_ids: tuple[str, ...] = ()
    custom_fields: Mapping[str, Any] = field(default_factory=dict)
    principal_id: str | None = None
    linked_ids: tuple[str, ...] = ()
    identities: tuple[Identity, ...] = ()
    photo_file_id: str | None = None
    more_phones: tuple[str, ...] = ()
    more_emails: tuple[str, ...] = ()
    merged_ids: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    tokens: tuple[str, ...] = ()
    attribution: Mapping[str, Any] = field(default_factory=dict)
