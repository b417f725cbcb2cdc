"""What a flow meets when it is played in the terminal: a contact, a chat and a company that exist in memory alone. Each
step is done by the product's own code (services.flow_steps); what would leave the product is told instead."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

from recado.domain.chats import Chat, ThreadKey
from recado.domain.contact_rules import e164_of
from recado.domain.contacts import Contact
from recado.domain.custom_fields import CustomField
from recado.domain.flow_choices import shown_lines
from recado.domain.flow_definitions import Definition
from recado.domain.ids import make_id
from recado.domain.people import Account
from recado.domain.segment_fields import FlowFields
from recado.domain.segment_operands import Moment
from recado.domain.segment_saved import asked_as
from recado.domain.segments import Group, parse
from recado.ports.flow_http import FlowRequests
from recado.services.flow_conditions import FlowConditions
from recado.services.flow_requests import FlowRequesting
from recado.services.flow_steps import FlowSteps
from recado.services.sending import NewMessage
from recado.services.variables import Variables

A = "terminal"
ZONE, LOCALE, REGION = "America/Sao_Paulo", "pt-BR", "BR"
SOMEBODY = {"name": "Maria da Silva", "mobile": "+5511987654321", "email": "maria@example.com"}
Tell = Callable[[str], None]
Find = Callable[[str], Definition | None]
"""A published flow by its id."""


@dataclass
class PlayedClock:
    """The machine's clock, and how far it was put forward."""

    forward: timedelta = timedelta()

    def now(self) -> datetime:
        """The moment at which the flow stands."""
        return datetime.now(UTC) + self.forward


@dataclass
class World:
    """`say` tells what the customer reads, `note` what happens behind. `secrets`: by their names."""

    say: Tell
    note: Tell
    find: Find
    requests: FlowRequests
    secrets: Callable[[Sequence[str]], dict[str, str]]
    contact: Contact
    fields: list[CustomField]
    clock: PlayedClock = field(default_factory=PlayedClock)
    seq: int = 0

    def __post_init__(self) -> None:
        now = self.clock.now()
        thread = ThreadKey(made_id("ch", now), "customer")
        self.account = Account(f"ac_{A}", "Empresa de Exemplo", "team", 5, LOCALE, ZONE, now)
        self.chat = Chat(
            made_id("ca", now), self.contact.id, thread.channel_id, "custom", thread, made_id("dp", now), "automatic",
            now, 1,
        )  # fmt: skip

    def steps(self) -> FlowSteps:
        """The product's steps in this world."""
        everything = cast(Any, self)
        named = SimpleNamespace(get=lambda a, one: SimpleNamespace(name=one))
        variables = Variables(
            cast(Any, SimpleNamespace(get=lambda a: self.account)), cast(Any, named), cast(Any, named), everything,
            cast(Any, SimpleNamespace(of=lambda a, contact, linked: shape_of(contact))),
            cast(Any, SimpleNamespace(get_many=lambda a, kind, ids: {one: SimpleNamespace(name=one) for one in ids})),
            cast(Any, SimpleNamespace(up_to=lambda *given: 0)), self.clock,
        )  # fmt: skip
        conditions = FlowConditions(everything, everything, everything)
        known = cast(Any, SimpleNamespace(all=lambda a, table: self.fields))
        requesting = FlowRequesting(
            self.requests, cast(Any, SimpleNamespace(values=lambda a, names: self.secrets(names)))
        )
        return FlowSteps(
            variables, everything, everything, everything, everything, known, conditions, everything, requesting
        )

    # -- contacts, chats, filters, flows, as the steps ask for them

    def resolved(self, a: str, contact_id: str) -> Contact:
        """The contact."""
        return self.contact

    def thread(self, a: str, key: ThreadKey) -> None:
        """Nothing is known of what was said before."""

    def change(self, caller: Any, contact_id: str, given: Mapping[str, Any]) -> None:
        """Write fields of the contact; whether a value is a good one is not looked at here."""
        own = given.get("custom_fields", {})
        told = {**{f"custom.{slug}": value for slug, value in own.items()}, **given}
        told.pop("custom_fields", None)
        for name, value in told.items():
            self.note(f"contact.{name} = {value}")
        plain = {name: value for name, value in given.items() if name != "custom_fields"}
        self.contact = replace(self.contact, **plain, custom_fields={**self.contact.custom_fields, **own})

    def flow_tree(self, a: str, given: Any, saved: Mapping[str, Any], pointer: str) -> Group:
        """A condition's tree. Raises Invalid."""
        return read_filter(given, saved, self.fields, self.clock.now(), pointer)

    def begin_at(self, a: str, flow_id: str) -> tuple[int, str] | None:
        """Where another flow begins."""
        drawn = self.find(flow_id)
        return None if drawn is None else (1, drawn.start)

    # -- what the customer reads

    def send(self, caller: Any, chat_id: str, new: NewMessage, attempt: Any = None, behind: int | None = None) -> Any:
        """A message."""
        if new.template is not None:
            variables = json.dumps(new.template.variables, ensure_ascii=False, default=list)
            self.say(f"[template {new.template.name}, {new.template.language}: {variables}]")
        else:
            file = f"[file {new.file_id}]\n" if new.file_id else ""
            labels = [row["title"] for row in new.payload.get("buttons", ())]
            options = "".join(f"\n  {line}" for line in shown_lines(labels))
            self.say(f"{file}{new.text or ''}{options}")
        self.seq += 1
        return SimpleNamespace(id=f"{self.seq}", seq=self.seq)

    # -- what becomes of the chat

    def transfer_to_agent(self, caller: Any, chat_id: str, agent_id: str) -> None:
        """To an agent."""
        self.note(f"the chat goes to agent {agent_id}")

    def transfer_to_department(self, caller: Any, chat_id: str, department_id: str) -> None:
        """To a department."""
        self.note(f"the chat goes to department {department_id}")

    def queue(self, caller: Any, chat_id: str, department_id: str | None) -> None:
        """Into a queue."""
        self.note(f"the chat waits for an agent{f' of department {department_id}' if department_id else ''}")

    def close(self, caller: Any, chat_id: str, tabulation_id: str | None) -> None:
        """The chat's end."""
        self.note(f"the chat is closed{f' as {tabulation_id}' if tabulation_id else ''}")

    def step(self, caller: Any, chat_id: str, step_id: str) -> None:
        """A step of a workflow."""
        self.note(f"the chat stands at workflow step {step_id}")

    def tabulate(self, caller: Any, chat_id: str, tabulation_id: str) -> None:
        """A tabulation."""
        self.note(f"the chat is tabulated as {tabulation_id}")


def made_id(kind: str, at: datetime) -> str:
    """An id of this world."""
    return make_id(kind, A, at, "0" * 16)


def contact_of(given: Mapping[str, Any]) -> Contact:
    """A contact as JSON has it: fields of contacts, custom ones under `custom_fields`. Raises TypeError for a field
    that there is not."""
    now = datetime.now(UTC)
    fields = {**given, "group_ids": tuple(given.get("group_ids", ()))}
    return Contact(**{"id": made_id("ct", now), "created_at": now, "updated_at": now, **fields})


def shape_of(contact: Contact) -> dict[str, Any]:
    """What `{{contact.…}}` names."""
    return {
        name: getattr(contact, name)
        for name in ("id", "name", "mobile", "phone", "email", "birthday", "address", "city", "district", "state",
                     "country", "notes", "organization_id", "group_ids", "custom_fields")
    }  # fmt: skip


def read_filter(
    given: Any, saved: Mapping[str, Any], fields: Sequence[CustomField], now: datetime, pointer: str
) -> Group:
    """The tree of a condition, as publishing reads it; any workflow counts as known. Raises Invalid."""
    moment = Moment(now, ZoneInfo(ZONE), phone)
    known = {"chat.workflow": lambda one: (one,)}
    return parse(
        given, FlowFields(fields), moment, known, pointer, lambda known, op, value: asked_as(known, op, value, saved)
    )


def phone(text: str) -> str | None:
    """A telephone number as Brazilians write it."""
    return e164_of(text, REGION)
