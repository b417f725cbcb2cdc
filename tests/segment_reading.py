"""A second reading of filters, as CONTRACT.md says them: one condition of one record at a time, from the record's
public values, with nothing of the product's own."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

NOW = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)
ZONE = ZoneInfo("America/Sao_Paulo")
TEXTS = {"name", "email", "custom.nick", "custom.tier"}
PHONES = {"mobile", "phone"}
TIMES = {"created_at", "updated_at"}
LISTS = {"group", "custom.tags"}


def plain(text: str) -> str:
    """Without case and accents."""
    marked = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in marked if unicodedata.category(one) != "Mn")


def value_of(record: dict[str, Any], name: str) -> Any:
    """The record's own value."""
    if name.startswith("custom."):
        return record["custom_fields"].get(name[7:])
    return record.get({"group": "group_ids", "organization": "organization_id"}.get(name, name)) or None


def reads(record: dict[str, Any], leaf: dict[str, Any]) -> bool:
    """Whether a condition holds of a record."""
    name, op, wanted = leaf["field"], leaf["op"], leaf.get("value")
    value = value_of(record, name)
    if op in ("set", "not_set"):
        return (value is not None) == (op == "set")
    opposite = {"ne": "eq", "not_contains": "contains", "not_in": "in"}.get(op)
    if opposite:
        return not reads(record, {**leaf, "op": opposite})
    if value is None:
        return False
    if name in TIMES:
        return _of_time(datetime.fromisoformat(value), op, wanted)
    if name == "custom.due":
        return _of_day(date.fromisoformat(value), op, wanted)
    if name == "custom.score":
        return _of_order(value, op, wanted)
    if name in LISTS:
        has = {plain(one) for one in value}
        return bool(has & {plain(one) for one in (wanted if op == "in" else [wanted])})
    if name in PHONES:
        return _of_text(value.lstrip("+"), op, _digits(wanted))
    if name in TEXTS:
        return _of_text(plain(value), op, [plain(one) for one in wanted] if op == "in" else plain(wanted))
    return bool(value in wanted if op == "in" else value == wanted)


def _digits(wanted: Any) -> Any:
    if isinstance(wanted, list):
        return [_digits(one) for one in wanted]
    return "".join(one for one in wanted if one.isdigit())


def _of_text(value: str, op: str, wanted: Any) -> bool:
    if op == "in":
        return value in wanted
    return {"eq": value == wanted, "contains": wanted in value, "starts_with": value.startswith(wanted)}[op]


def _of_order(value: Any, op: str, wanted: Any) -> bool:
    if op == "between":
        return bool(wanted[0] <= value <= wanted[1])
    if op == "in":
        return value in wanted
    return bool(
        {
            "eq": value == wanted,
            "gt": value > wanted,
            "gte": value >= wanted,
            "lt": value < wanted,
            "lte": value <= wanted,
        }[op]
    )


def _of_day(value: date, op: str, wanted: Any) -> bool:
    if op in ("within_last", "older_than"):
        today = NOW.astimezone(ZONE).date()
        first = today - timedelta(days=wanted["n"])
        return first <= value <= today if op == "within_last" else value < first
    same = {"before": "lt", "after": "gt", "on": "eq"}.get(op, op)
    if same == "between":
        return date.fromisoformat(wanted[0]) <= value <= date.fromisoformat(wanted[1])
    return _of_order(value, same, date.fromisoformat(wanted))


def _of_time(value: datetime, op: str, wanted: Any) -> bool:
    if op in ("within_last", "older_than"):
        first = NOW - timedelta(**{wanted["unit"]: wanted["n"]})
        return value >= first if op == "within_last" else value < first
    same = {"before": "lt", "after": "gt", "on": "eq"}.get(op, op)
    if same == "between":
        return _of_time(value, "gte", wanted[0]) and _of_time(value, "lte", wanted[1])
    if len(wanted) == 10:
        return _of_order(value.astimezone(ZONE).date(), same, date.fromisoformat(wanted))
    return _of_order(value, same, datetime.fromisoformat(wanted))
