"""No field of an entity is lost on its way into the table; what an item does not hold by the same name is named."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest

from recado.domain.channels import Channel
from recado.domain.chats import Chat, Event, Message, Thread
from recado.domain.contacts import Contact
from recado.domain.flow_executions import Execution, TraceLine
from recado.domain.people import Account, Agent, Department, User
from recado.services.views import contact_view
from recado.storage.agents import AgentRecord
from recado.storage.channels import ChannelRecord
from recado.storage.chat_records import ChatEventRecord, ChatRecord, MessageRecord, ThreadRecord, WaitRecord
from recado.storage.contact_records import ContactRecord
from recado.storage.departments import DepartmentRecord
from recado.storage.flow_executions import ExecutionRecord, TraceRecord
from recado.storage.people import AccountRecord, UserRecord


@pytest.mark.parametrize(
    ("entity", "record", "otherwise"),
    [
        (Contact, ContactRecord, set()),
        (Thread, ThreadRecord, {"key"}),
        (Chat, ChatRecord, {"thread"}),
        (Chat, WaitRecord, {"thread"}),
        (Message, MessageRecord, {"thread", "author", "error"}),
        (Event, ChatEventRecord, {"actor"}),
        (Agent, AgentRecord, set()),
        (Account, AccountRecord, set()),
        (User, UserRecord, set()),
        (Department, DepartmentRecord, set()),
        (Channel, ChannelRecord, set()),
        (Execution, ExecutionRecord, set()),
        (TraceLine, TraceRecord, set()),
    ],
)
def test_every_field_has_its_attribute(entity: Any, record: Any, otherwise: set[str]) -> None:
    assert {field.name for field in fields(entity)} - set(record.get_attributes()) == otherwise


def test_every_field_of_a_contact_is_shown_or_known_to_be_inner() -> None:
    shown = contact_view(Contact("ct", datetime.now(UTC), datetime.now(UTC)), {})
    inner = {"version", "mobile_given", "phone_given", "claims", "tokens", "merged_ids"}
    assert {field.name for field in fields(Contact)} - shown.keys() == inner
