"""What the webhooks of a WhatsApp Business account tell of its templates. They are of no customer: `entry.id` is the
account, `entry.time` when it was told.

Source: developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference
(message_template_status_update, message_template_quality_update, template_category_update).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from recado.channels.untrusted import epoch_seconds, identifier, label, mapping, objects
from recado.domain.messages import Parsed, TemplateUpdate

FIELDS = ("message_template_status_update", "message_template_quality_update", "template_category_update")
STATUSES: dict[str, str | None] = {
    "APPROVED": "APPROVED",
    "REINSTATED": "APPROVED",
    "PENDING": "PENDING",
    "IN_REVIEW": "PENDING",
    "REJECTED": "REJECTED",
    "PAUSED": "PAUSED",
    "DISABLED": "DISABLED",
    "IN_APPEAL": "IN_APPEAL",
    "PENDING_DELETION": "PENDING_DELETION",
    "DELETED": "DELETED",
    "LIMIT_EXCEEDED": "LIMIT_EXCEEDED",
    "ARCHIVED": "ARCHIVED",
    "UNARCHIVED": "APPROVED",
    "FLAGGED": None,
    "LOCKED": None,
    "UNLOCKED": None,
}
"""What a template counts as after each event, and by each status of the list; None: as before. A flagged one is still
sent."""
_CATEGORIES = frozenset({"MARKETING", "UTILITY", "AUTHENTICATION"})
_QUALITIES = frozenset({"GREEN", "YELLOW", "RED", "UNKNOWN"})


def read(payload: dict[str, Any]) -> Parsed:
    """The normal forms of a part `account`: `{"account", "time", "changes": [{field, value}]}`."""
    account, told_at = identifier(payload.get("account")), epoch_seconds(payload.get("time"))
    updates: list[TemplateUpdate] = []
    kept: list[str] = []
    for change in objects(payload.get("changes")):
        field = label(change.get("field")) or "unknown"
        found = _update(field, mapping(change.get("value")), account or "", told_at) if told_at else None
        if found is None:
            kept.append(f"event {field[:64]}")
        else:
            updates.append(found)
    return Parsed(kept_raw=tuple(kept), template_updates=tuple(updates))


def _update(field: str, value: dict[str, Any], account: str, at: datetime) -> TemplateUpdate | None:
    provider_id = identifier(value.get("message_template_id"))
    name, language = (identifier(value.get(f"message_template_{key}")) for key in ("name", "language"))
    if provider_id is None or name is None or language is None:
        return None
    language = language.replace("-", "_")  # webhooks write en-US where everything else writes en_US
    if field == FIELDS[0]:
        word = label(value.get("event"))
        if word not in STATUSES:
            return None
        reason = _reason(value)
        return TemplateUpdate(account, provider_id, name, language, "status", STATUSES[word], word, at, reason)
    name_of, allowed = ("new_quality_score", _QUALITIES) if field == FIELDS[1] else ("new_category", _CATEGORIES)
    word = label(value.get(name_of))
    if word not in allowed:
        return None
    kind = "quality" if field == FIELDS[1] else "category"
    return TemplateUpdate(account, provider_id, name, language, kind, word, word, at)  # type: ignore[arg-type]


def _reason(value: dict[str, Any]) -> str | None:
    """The reason, and what Meta says beside it."""
    reason = label(value.get("reason"))
    more = label(mapping(value.get("rejection_info")).get("reason")) or label(
        mapping(value.get("other_info")).get("title")
    )
    told = [one for one in (None if reason == "NONE" else reason, more) if one]
    return ": ".join(told)[:1024] or None
