"""/v1/contacts: find, add, edit, delete, comment, timeline."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from recado.api.bodies import UNSET, Body, LongText, Maybe, Meta, PublicId, Query, changes
from recado.api.routes import Call, Resource
from recado.api.rules import STAFF, may
from recado.domain.contact_claims import MAX_EMAIL, MAX_NAME
from recado.domain.contact_rules import MAX_ADDRESS, MAX_LINE, MAX_PHONE
from recado.domain.contact_search import MAX_QUERY_LENGTH
from recado.domain.errors import Invalid
from recado.domain.groups import MAX_GROUPS_OF_CONTACT, GroupKind

contacts = Resource("contacts")

_LINKING = ("same_contact", "principal_is_linked", "contact_has_linked", "too_many_linked")
_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[str, Meta(max_length=MAX_NAME, pattern=_ONE_LINE)]
Line = Annotated[str, Meta(max_length=MAX_LINE, pattern=_ONE_LINE)]
Phone = Annotated[str, Meta(max_length=MAX_PHONE, pattern=_ONE_LINE)]
Email = Annotated[str, Meta(max_length=MAX_EMAIL, pattern=_ONE_LINE)]
Address = Annotated[str, Meta(max_length=MAX_ADDRESS, pattern=r"^[^\x00]*$")]
Comment = Annotated[str, Meta(max_length=10_000, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")]


class ContactFields(Body, frozen=True):
    """The fields of a contact as they are written; null and the empty text clear. Phones are taken with their country
    code or as numbers of the account's country."""

    name: Name | Maybe | None = UNSET
    mobile: Phone | Maybe | None = UNSET
    phone: Phone | Maybe | None = UNSET
    email: Email | Maybe | None = UNSET
    birthday: Line | Maybe | None = UNSET
    address: Address | Maybe | None = UNSET
    city: Line | Maybe | None = UNSET
    district: Line | Maybe | None = UNSET
    state: Line | Maybe | None = UNSET
    country: Line | Maybe | None = UNSET
    notes: LongText | Maybe | None = UNSET
    organization_id: PublicId | Maybe | None = UNSET
    group_ids: Annotated[list[PublicId], Meta(max_length=MAX_GROUPS_OF_CONTACT)] | Maybe | None = UNSET
    custom_fields: Annotated[dict[str, Any], Meta(max_length=200)] | Maybe | None = UNSET
    principal_id: PublicId | Maybe | None = UNSET
    photo_file_id: PublicId | Maybe | None = UNSET


class NewComment(Body, frozen=True):
    text: Comment


class ContactQuery(Query, frozen=True):
    q: Annotated[str, Meta(max_length=MAX_QUERY_LENGTH)] | None = None
    group_id: Annotated[PublicId | None, Meta(description="Those who are in the group.")] = None
    organization_id: Annotated[PublicId | None, Meta(description="Those who are of the organization.")] = None


class NewPrincipal(Body, frozen=True):
    """Null: the contact stands alone."""

    contact_id: PublicId | None


class IdentityShape(msgspec.Struct):
    channel_id: str
    external_id: str


class ContactShape(msgspec.Struct):
    id: str
    name: str | None
    mobile: str | None
    phone: str | None
    email: str | None
    birthday: str | None
    address: str | None
    city: str | None
    district: str | None
    state: str | None
    country: str | None
    notes: str | None
    organization_id: str | None
    group_ids: list[str]
    custom_fields: dict[str, Any]
    principal_id: str | None
    linked_ids: list[str]
    channels: dict[str, bool]
    identities: list[IdentityShape]
    photo_file_id: str | None
    more_phones: list[str]
    more_emails: list[str]
    merged_from: Annotated[
        str | None, Meta(description="Of a contact asked for by the id of one that was merged into it: that id.")
    ]
    attribution: dict[str, Any]
    created_at: str
    updated_at: str


class OtherContact(Body, frozen=True):
    contact_id: PublicId


class MergedShape(msgspec.Struct):
    merge_id: str


class MergeShape(msgspec.Struct):
    """`contact` is the other one as it was."""

    id: str
    contact: ContactShape
    made_at: str
    made_by: str
    undone_at: str | None


class ActorShape(msgspec.Struct):
    type: Literal["contact", "user", "flow", "system"]
    id: str | None


class TimelineEntryShape(msgspec.Struct):
    id: str
    type: str
    timestamp: str
    actor: ActorShape
    data: dict[str, Any]


@contacts.get("/v1/contacts", may("contacts:read", *STAFF), query=ContactQuery, paged=str, answers=ContactShape)
def list_contacts(call: Call) -> Any:
    """Contacts, newest first; with `q` found by words of name or e-mail, by number, its last four digits, or id."""
    query = call.query
    given = [one for one in ("q", "group_id", "organization_id") if getattr(query, one)]
    if len(given) > 1:
        raise Invalid.field(f"?{given[1]}", "one_of", "Give one of q, group_id and organization_id.")
    group: tuple[GroupKind, str] | None = ("group", query.group_id) if query.group_id else None
    group = ("organization", query.organization_id) if query.organization_id else group
    page, following = call.services.contact_service.page(call.caller, query.q, call.limit, call.after, group)
    return call.list(page, following)


@contacts.post(
    "/v1/contacts",
    may("contacts:write", *STAFF),
    body=ContactFields,
    answers=ContactShape,
    status=201,
    problems=("contact_exists", *_LINKING),
)
def create_contact(call: Call) -> Any:
    """Add a contact; it needs a name or one of mobile, phone, email."""
    return call.services.contact_service.create(call.caller, changes(call.body))


@contacts.get("/v1/contacts/{contact_id}", may("contacts:read", *STAFF), answers=ContactShape)
def get_contact(call: Call, contact_id: str) -> Any:
    """A contact."""
    return call.services.contact_service.get(call.caller, contact_id)


@contacts.patch(
    "/v1/contacts/{contact_id}",
    may("contacts:write", *STAFF),
    body=ContactFields,
    answers=ContactShape,
    problems=("contact_exists", *_LINKING),
)
def change_contact(call: Call, contact_id: str) -> Any:
    """Write over the given fields."""
    return call.services.contact_service.change(call.caller, contact_id, changes(call.body))


@contacts.delete("/v1/contacts/{contact_id}", may("contacts:write", *STAFF), problems=("contact_has_open_chat",))
def delete_contact(call: Call, contact_id: str) -> None:
    """Delete a contact that has no open chat; its chats stay."""
    call.services.contact_service.delete(call.caller, contact_id)


@contacts.put(
    "/v1/contacts/{contact_id}/principal",
    may("contacts:write", *STAFF),
    body=NewPrincipal,
    answers=ContactShape,
    problems=_LINKING,
)
def link_contact(call: Call, contact_id: str) -> Any:
    """Link a contact to its principal, in place of any other; links have one level."""
    return call.services.contact_service.link(call.caller, contact_id, call.body.contact_id)


@contacts.post(
    "/v1/contacts/{contact_id}/merge",
    may("contacts:write", *STAFF),
    body=OtherContact,
    answers=MergedShape,
    problems=("same_contact", "contact_has_links", "too_large_to_merge"),
)
def merge_contact(call: Call, contact_id: str) -> Any:
    """Merge another contact into this one: its id leads here from then on, and all it had is this one's."""
    return {"merge_id": call.services.contact_merging.merge(call.caller, contact_id, call.body.contact_id).id}


@contacts.get("/v1/contacts/{contact_id}/merges", may("contacts:read", *STAFF), paged=str, answers=MergeShape)
def list_contact_merges(call: Call, contact_id: str) -> Any:
    """The merges of a contact, undone ones too, oldest first."""
    every = call.services.contact_merging.of(call.caller, contact_id)
    rest = [one for one in every if call.after is None or one["id"] > call.after]
    page = rest[: call.limit]
    return call.list(page, page[-1]["id"] if len(rest) > len(page) else None)


@contacts.delete(
    "/v1/contacts/{contact_id}/merges/{merge_id}", may("contacts:write", *STAFF), problems=("contact_merged",)
)
def undo_contact_merge(call: Call, contact_id: str, merge_id: str) -> None:
    """Undo a merge: both contacts are as they were; what was changed in this one since stays with it."""
    call.services.contact_merging.undo(call.caller, contact_id, merge_id)


@contacts.get("/v1/contacts/{contact_id}/timeline", may("contacts:read", *STAFF), paged=str, answers=TimelineEntryShape)
def list_contact_timeline(call: Call, contact_id: str) -> Any:
    """What happened with a contact and its chats, newest first."""
    page, following = call.services.contact_timelines.page(call.caller, contact_id, call.limit, call.after)
    return call.list(page, following)


@contacts.post(
    "/v1/contacts/{contact_id}/comments",
    may("contacts:write", *STAFF),
    body=NewComment,
    answers=TimelineEntryShape,
    status=201,
)
def comment_on_contact(call: Call, contact_id: str) -> Any:
    """Write a comment into the timeline."""
    return call.services.contact_timelines.comment(call.caller, contact_id, call.body.text)
