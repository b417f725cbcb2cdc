"""A field of filters is where records have it, in conditions of flows too, and told: one that a flow's record lacks
would make a condition false for everybody, and nothing else would tell."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from recado.domain.chats import Chat, Thread, ThreadKey
from recado.domain.contact_columns import TEXTS
from recado.domain.contacts import Contact
from recado.domain.segment_fields import CHAT_FIELDS, CONTACT_FIELDS, FlowFields
from recado.services.flow_conditions import _record
from recado.storage.chat_records import ChatRecord
from recado.storage.contact_records import ContactRecord
from recado.storage.segment_reads import _OF_THREADS
from tests.architecture.sources import ROOT

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
KEY = ThreadKey("ch_1", "5511")


def test_records_in_the_tables_have_it() -> None:
    of_contacts = {known.attribute for known in CONTACT_FIELDS.values()}
    of_chats = {known.attribute for known in CHAT_FIELDS.values()}
    assert of_contacts <= set(ContactRecord.get_attributes())
    assert of_chats <= set(ChatRecord.get_attributes()) | _OF_THREADS


def test_conditions_of_flows_have_it() -> None:
    """With a contact, chat and thread in which nothing is missing."""
    contact = Contact("ct_1", NOON, NOON, **dict.fromkeys(TEXTS, "x"), organization_id="og_1", group_ids=("gr_1",))
    chat = Chat(
        "ca_1", "ct_1", "ch_1", "whatsapp", KEY, "dp_1", "automatic", NOON, 1, workflow_step_id="st_1",
        tabulation_id="tb_1",
    )  # fmt: skip
    thread = Thread(KEY, "ct_1", 1, last_inbound_at=NOON, last_message_at=NOON)
    record = _record(contact, chat, thread, {"var.name": "Zé"})
    known = FlowFields(())
    assert {one.attribute for one in known.values()} <= set(record)
    assert known["var.name"].custom and known["var.name"].attribute in record["custom_fields"]


@pytest.mark.parametrize(("table", "fields"), [("contacts", CONTACT_FIELDS), ("chats", CHAT_FIELDS)])
def test_whoever_writes_filters_is_told(table: str, fields: dict[str, object]) -> None:
    page = (ROOT / "docs" / "segments.md").read_text()
    (told,) = re.findall(rf"^\| {table}[^|]*\| (.+) \|$", page, re.MULTILINE)
    assert set(re.findall(r"`([a-z_]+)`", told)) == set(fields)
