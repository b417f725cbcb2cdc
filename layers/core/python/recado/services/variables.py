"""The values of variables in texts of flows and shortcuts, as they are at this moment (PRODUCT F2)."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from recado.domain.chats import Chat
from recado.domain.contacts import Contact
from recado.domain.flow_variables import Write, greeting, is_as_typed, names_in
from recado.domain.written_values import Manner, is_same_everywhere, plainly
from recado.ports.agents import Departments
from recado.ports.core import Clock
from recado.ports.groups import GroupsById
from recado.ports.people import AccountStore, UserStore
from recado.services.contact_shapes import ContactShapes

MOST_WAITING = 100
"""So far a place in a queue is counted; one behind it is told as this with a plus."""


class ContactReads(Protocol):
    """Contacts by any of their ids."""

    def resolved(self, a: str, contact_id: str) -> Contact | None: ...


class QueuePlaces(Protocol):
    """Places in queues."""

    def place(self, a: str, department_id: str, queued_at: datetime, chat_id: str, most: int) -> int:
        """The chat's place, 1 for the next one; `most` when it stands there or behind."""
        ...

    def up_to(self, a: str, department_id: str, most: int) -> int:
        """How many chats wait; `most` when there are as many or more."""
        ...


class Variables:
    """Reads only what the texts name."""

    def __init__(
        self,
        accounts: AccountStore,
        departments: Departments,
        users: UserStore,
        contacts: ContactReads,
        shapes: ContactShapes,
        organizations: GroupsById,
        queues: QueuePlaces,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._departments = departments
        self._users = users
        self._contacts = contacts
        self._shapes = shapes
        self._organizations = organizations
        self._queues = queues
        self._clock = clock

    def of(
        self, a: str, chat: Chat, texts: Iterable[str], saved: Mapping[str, Any] | None = None, message: str = ""
    ) -> dict[str, Any]:
        """The values that the texts name, for `flow_variables.filled`. `saved`: those of a flow; `message`: what the
        customer wrote last."""
        named = {name for text in texts for name in names_in(text)}
        values: dict[str, Any] = dict(saved or {})
        of_contact = {name.removeprefix("contact.") for name in named if name.startswith("contact.")}
        if of_contact:
            values["contact"] = self._contact(a, chat.contact_id, of_contact)
        system = {name.removeprefix("system.") for name in named if name.startswith("system.")}
        if system:
            values["system"] = self._system(a, chat, system, message)
        return values

    def manner(self, a: str) -> Manner:
        """How the account writes."""
        account = self._accounts.get(a)
        return Manner(account.locale, ZoneInfo(account.time_zone)) if account else Manner("", ZoneInfo("UTC"))

    def writer(self, a: str, typed: Container[str] = ()) -> Write:
        """What writes values in texts to customers. `typed`: variables of a flow that are texts as they stand. Reads
        the account once some value asks for it."""
        manner = cache(lambda: self.manner(a))

        def write(name: str, value: Any) -> str:
            as_typed = isinstance(value, str) and (name in typed or is_as_typed(name))
            if as_typed or is_same_everywhere(value):
                return plainly(value)
            return manner().written(value)

        return write

    def _contact(self, a: str, contact_id: str, wanted: set[str]) -> dict[str, Any]:
        contact = self._contacts.resolved(a, contact_id)
        if contact is None:
            return {}
        shape = self._shapes.of(a, contact, {})
        first, *_ = (contact.name or "").split() or [""]
        made = {**shape, "custom": shape["custom_fields"], "first_name": first}
        if "organization" in wanted and contact.organization_id:
            found = self._organizations.get_many(a, "organization", [contact.organization_id])
            made["organization"] = _name(found.get(contact.organization_id))
        return made

    def _system(self, a: str, chat: Chat, wanted: set[str], message: str) -> dict[str, Any]:
        account = self._accounts.get(a)
        here = self._clock.now().astimezone(ZoneInfo(account.time_zone if account else "UTC"))
        made: Mapping[str, Callable[[], Any]] = {
            "greeting": lambda: greeting(here.hour, account.locale if account else ""),
            "chat_id": lambda: chat.id,
            "queue_position": lambda: self._queue_position(a, chat),
            "department": lambda: _name(self._departments.get(a, chat.department_id)),
            "agent": lambda: _name(self._users.get(a, chat.agent_id)) if chat.agent_id else "",
            "company": lambda: _name(account),
            "message": lambda: message,
            "date": lambda: f"{here:%F}",
            "time": lambda: f"{here:%H:%M}",
        }
        return {name: made[name]() for name in wanted if name in made}

    def _queue_position(self, a: str, chat: Chat) -> int | str | None:
        """Of a chat that a flow leads the place that it would have now."""
        if chat.situation == "automatic":
            place = self._queues.up_to(a, chat.department_id, MOST_WAITING) + 1
        elif chat.situation == "queued" and chat.queued_at is not None:
            place = self._queues.place(a, chat.department_id, chat.queued_at, chat.id, MOST_WAITING + 1)
        else:
            return None
        return place if place <= MOST_WAITING else f"{MOST_WAITING}+"


def _name(named: Any) -> str:
    return "" if named is None else str(named.name)
