"""The public shape of templates, and the fact that one changed its status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recado.domain.chats import Author, Event
from recado.domain.template_texts import slots
from recado.domain.templates import Components, MessageTemplate
from recado.services.views import moment


def template_view(template: MessageTemplate) -> dict[str, Any]:
    """A template in its public shape."""
    return {
        "id": template.id,
        "channel_id": template.channel_id,
        "name": template.name,
        "language": template.language,
        "category": template.category,
        "components": [dict(one) for one in template.components],
        "department_ids": list(template.department_ids),
        "status": template.status,
        "provider_status": template.provider_status,
        "provider_id": template.provider_id,
        "quality": template.quality,
        "rejected_reason": template.rejected_reason,
        "variables": variables_view(template.components),
        "submission": {
            "state": template.submission,
            "submitted_at": moment(template.submitted_at),
            "error": dict(template.submission_error) if template.submission_error else None,
        },
        "draft": dict(template.draft) if template.draft else None,
        "created_at": moment(template.created_at),
        "updated_at": moment(template.updated_at),
        "version": template.version,
    }


def variables_view(components: Components) -> list[dict[str, str]]:
    """The variables in the order in which a list gives their values."""
    return [{"component": slot.place, "name": slot.name} for slot in slots(components)]


def offered_view(templates: Sequence[MessageTemplate]) -> list[dict[str, Any]]:
    """Templates as they are offered where nothing else may be sent."""
    return [
        {
            "id": one.id,
            "name": one.name,
            "language": one.language,
            "category": one.category,
            "variables": variables_view(one.components),
        }
        for one in templates
    ]


def status_event(
    event_id: str, before: str | None, after: MessageTemplate, actor: Author, status: str | None = None
) -> Event | None:
    """The fact that a template counts as something else than `before`; None when it does not. `status`: of one that is
    being deleted."""
    now = status or after.status
    if before == now:
        return None
    data = {**template_view(after), "status": now, "previous_status": before}
    return Event(event_id, "template.status_changed", after.updated_at, actor, data)
