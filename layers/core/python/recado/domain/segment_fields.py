"""The fields by which records are chosen (PRODUCT G3): of which kind each is, where a record has it, which operators it
takes. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from recado.domain.chats import OPEN_SITUATIONS
from recado.domain.custom_fields import CustomField, FieldType

Table = Literal["contacts", "chats"]
Kind = Literal["text", "phone", "document", "id", "ids", "options", "time", "date", "number", "boolean", "saved"]
"""`saved`: of a flow, of no type; `segment_saved` reads it as what it is compared with."""
Thing = Literal["group", "organization", "department", "channel", "agent", "workflow", "workflow_step"]

OPERATORS: tuple[str, ...] = (
    "eq", "ne", "contains", "not_contains", "starts_with", "in", "not_in", "gt", "gte", "lt", "lte", "between",
    "before", "after", "on", "within_last", "older_than", "set", "not_set",
)  # fmt: skip

_ALWAYS = frozenset({"eq", "ne", "set", "not_set"})
_LISTED = frozenset({"in", "not_in"})
_WRITTEN = frozenset({"contains", "not_contains", "starts_with"})
ORDERED = frozenset({"gt", "gte", "lt", "lte", "between"})
DATED = frozenset({"before", "after", "on", "within_last", "older_than"})

OPERATORS_OF: Mapping[Kind, frozenset[str]] = {
    "text": _ALWAYS | _LISTED | _WRITTEN,
    "phone": _ALWAYS | _LISTED | _WRITTEN,
    "document": _ALWAYS | _LISTED | _WRITTEN,
    "id": _ALWAYS | _LISTED,
    "ids": _ALWAYS | _LISTED | {"contains", "not_contains"},
    "options": _ALWAYS | _LISTED | {"contains", "not_contains"},
    "time": _ALWAYS | ORDERED | DATED,
    "date": _ALWAYS | ORDERED | DATED,
    "number": _ALWAYS | _LISTED | ORDERED,
    "boolean": _ALWAYS,
    "saved": frozenset(OPERATORS),
}
"""Of a field with many values `eq` and `contains` mean: it has this one; `in`: it has one of these."""


@dataclass(frozen=True)
class Field:
    """`attribute`: where a record has the value; `custom`: in its custom fields, under that name. `values`: all that it
    can be, where they are few and fixed. `always`: no record of the table is without it. `names`: what its ids are of;
    those that are asked for have to be there.
    `ahead`: its moments may lie ahead."""

    kind: Kind
    attribute: str
    custom: bool = False
    values: frozenset[str] = frozenset()
    always: bool = False
    names: Thing | None = None
    ahead: bool = False


CONTACT_FIELDS: Mapping[str, Field] = {
    "id": Field("id", "id", always=True),
    "name": Field("text", "name"),
    "mobile": Field("phone", "mobile"),
    "phone": Field("phone", "phone"),
    "email": Field("text", "email"),
    "created_at": Field("time", "created_at", always=True),
    "updated_at": Field("time", "updated_at", always=True),
    "group": Field("ids", "group_ids", names="group"),
    "organization": Field("id", "organization_id", names="organization"),
}

CHAT_FIELDS: Mapping[str, Field] = {
    "id": Field("id", "id", always=True),
    "department": Field("id", "department_id", names="department"),
    "channel": Field("id", "channel_id", always=True, names="channel"),
    "situation": Field("id", "situation", values=frozenset(OPEN_SITUATIONS), always=True),
    "created_at": Field("time", "opened_at", always=True),
    "updated_at": Field("time", "updated_at"),
    "workflow": Field("id", "workflow_step_id", names="workflow"),
    "workflow_step": Field("id", "workflow_step_id", names="workflow_step"),
    "last_inbound_at": Field("time", "last_inbound_at"),
}
"""`workflow` holds of a chat in any of its steps. `updated_at` is the later of its last move and its last message.
Closed chats are in no audience."""

_SAVED = re.compile(r"var\.[a-z][a-z0-9_]{0,49}(?:\.[\w-]+)*")
_MAX_PATH = 150

_CUSTOM_KINDS: Mapping[FieldType, Kind] = {
    "text": "text",
    "long_text": "text",
    "number": "number",
    "date": "date",
    "boolean": "boolean",
    "list": "text",
    "multi_list": "options",
    "email": "text",
    "phone": "phone",
    "url": "text",
    "cpf": "document",
    "cnpj": "document",
    "agent": "id",
}


class FlowFields(Mapping[str, Field]):
    """All that a condition of a flow may ask: the contact's fields, those of its chat as `chat.<field>`, and whatever a
    flow saves, `var.<name>`, of JSON also parts, `var.<name>.<part>`. A record has the chat's attributes as
    `chat_<attribute>` and saved values among its custom fields."""

    def __init__(self, custom: Iterable[CustomField]) -> None:
        of_chat = {f"chat.{name}": replace(one, attribute=f"chat_{one.attribute}") for name, one in CHAT_FIELDS.items()}
        self._known = {**fields_of("contacts", custom), **of_chat}

    def __getitem__(self, name: str) -> Field:
        if len(name) <= _MAX_PATH and _SAVED.fullmatch(name):
            return Field("saved", name, custom=True)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def fields_of(table: Table, custom: Iterable[CustomField] = ()) -> dict[str, Field]:
    """By name, all that a filter over a table may ask; of contacts also the account's active fields, as
    `custom.<slug>`."""
    if table == "chats":
        return dict(CHAT_FIELDS)
    own = {
        f"custom.{one.slug}": Field(
            _CUSTOM_KINDS[one.type], one.slug, custom=True, names="agent" if one.type == "agent" else None
        )
        for one in custom
        if one.active and one.table == "contacts"
    }
    return {**CONTACT_FIELDS, **own}
