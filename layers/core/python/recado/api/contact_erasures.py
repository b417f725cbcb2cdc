"""/v1/contact-erasures: erasing one contact's data (LGPD)."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from recado.api.bodies import Body, Meta
from recado.api.routes import Call, Resource
from recado.api.rules import ADMINS, may
from recado.domain.contact_erasure import Reason
from recado.services.erasure_shapes import erasure_view

contact_erasures = Resource("contact_erasures")


class NewErasure(Body, frozen=True):
    reason: Annotated[Reason, Meta(description="Why. A sentence would stay on record, with what it says.")]
    close_chats: Annotated[bool, Meta(description="Close the contact's open chats. Without it they refuse.")] = False


class ErasedShape(msgspec.Struct):
    """How much was erased so far."""

    identities: int
    search_tokens: int
    chats: int
    chat_events: int
    executions: int
    messages: int
    files: int
    calls: int
    clicks: int
    mails: int
    timeline_entries: int
    merges: int
    kept_answers: int
    feed_events: int
    raw_bodies: int
    exports: int


class ErasureShape(msgspec.Struct):
    """Ids, times and counts: nothing of what was erased. `requested_by` is a user or an API token."""

    id: str
    contact_id: str
    reason: Reason
    state: Annotated[str, Meta(description="`running`, then `done`.")]
    requested_by: str
    requested_at: str
    finished_at: str | None
    erased: ErasedShape


@contact_erasures.post(
    "/v1/contacts/{contact_id}/erasure",
    may("contacts:write", *ADMINS),
    body=NewErasure,
    answers=ErasureShape,
    status=202,
    problems=("contact_has_open_chat",),
)
def erase_contact(call: Call, contact_id: str) -> Any:
    """Erase all that is kept of a contact, and of those that were merged into it; of a deleted one, what it left.
    It is 404 at once; the rest takes some minutes. It cannot be undone. Asked again, the same erasure."""
    given = call.body
    return erasure_view(
        call.services.contact_erasures.request(call.caller, contact_id, given.reason, given.close_chats)
    )


@contact_erasures.get("/v1/contact-erasures", may("contacts:read", *ADMINS), paged=str, answers=ErasureShape)
def list_contact_erasures(call: Call) -> Any:
    """Erasures, newest first."""
    page, following = call.services.contact_erasures.page(call.caller, call.limit, call.after)
    return call.list([erasure_view(one) for one in page], following)


@contact_erasures.get("/v1/contact-erasures/{erasure_id}", may("contacts:read", *ADMINS), answers=ErasureShape)
def get_contact_erasure(call: Call, erasure_id: str) -> Any:
    """An erasure: how far it is, and what was erased."""
    return erasure_view(call.services.contact_erasures.get(call.caller, erasure_id))
