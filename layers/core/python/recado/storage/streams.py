"""Records of the tables' streams, back into entities (docs/data-model.md §2 says which items tell something)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from recado.domain.changes import Change, DepartmentStirred, FactWritten, FlowBegun, MessageChanged, SendRequested
from recado.domain.chats import Event, Message
from recado.domain.ids import ACCOUNT_LENGTH
from recado.storage.chat_records import ChatEventRecord, MessageRecord
from recado.storage.contact_records import ContactEventRecord
from recado.storage.sends import OutRecord
from recado.storage.tables import Record
from recado.storage.workspace_events import WorkspaceEventRecord

_R = TypeVar("_R", bound=Record)
_ACCOUNT = re.compile(r"[a-z2-7]{8}#")


class TableStreams:
    """Reads the records that Lambda hands over, of any of the three tables."""

    def place(self, record: Mapping[str, Any]) -> tuple[str, str]:
        """The record's id and its sequence number in the shard."""
        return str(record["eventID"]), str(record["dynamodb"]["SequenceNumber"])

    def account(self, record: Mapping[str, Any]) -> str | None:
        """The account's 8 characters, None when the key does not begin with any."""
        pk = str(record["dynamodb"]["Keys"].get("pk", {}).get("S", ""))
        return pk[:ACCOUNT_LENGTH] if _ACCOUNT.match(pk) else None

    def read(self, record: Mapping[str, Any]) -> Change | None:
        """The change; None for items and changes that nobody needs to learn of."""
        a = self.account(record)
        what = None if a is None else _what(record["eventName"], record["dynamodb"])
        if a is None or what is None:
            return None
        at = datetime.fromtimestamp(float(record["dynamodb"]["ApproximateCreationDateTime"]), UTC)
        return Change(a, str(record["eventID"]), at, what)


def _what(
    name: str, written: Mapping[str, Any]
) -> FactWritten | MessageChanged | DepartmentStirred | SendRequested | FlowBegun | None:
    pk, sk = written["Keys"]["pk"]["S"][ACCOUNT_LENGTH + 1 :], written["Keys"]["sk"]["S"]
    if name == "MODIFY" and sk.startswith("MSG#"):
        return MessageChanged(_message(written["OldImage"]), _message(written["NewImage"]))
    if name == "MODIFY" and pk == "DEPARTMENTS" and sk.startswith("dp_"):
        looked_at = written["OldImage"]["version"] == written["NewImage"]["version"]
        return None if looked_at else DepartmentStirred(sk, "department_changed")
    if name != "INSERT":
        return None
    if sk.startswith("EVT#"):
        return FactWritten(_event(pk, written["NewImage"]))
    if sk.startswith("MSG#"):
        return MessageChanged(None, _message(written["NewImage"]))
    if sk.startswith("WAIT#"):
        return DepartmentStirred(pk.removeprefix("Q#"), "chat_waits")
    if pk.startswith("RING#"):
        return DepartmentStirred(pk.removeprefix("RING#"), "agent_free")
    if sk == "EXEC":
        return FlowBegun(pk.removeprefix("EXEC#"), written["NewImage"]["chat_id"]["S"])
    if sk == "OUT":
        out = _raw(OutRecord, written["NewImage"]).send()
        return SendRequested(out.message_id, out.thread, out.correlation_id)
    return None


def _event(pk: str, image: Mapping[str, Any]) -> Event:
    if pk.startswith("E#"):
        return _raw(ContactEventRecord, image).event()
    if pk.startswith("CHAT#"):
        return _raw(ChatEventRecord, image).event()
    if pk.startswith("X#"):
        return _raw(WorkspaceEventRecord, image).event()
    raise LookupError("an event of nothing known")


def _message(image: Mapping[str, Any]) -> Message:
    return _raw(MessageRecord, image).message()


def _raw(record_class: type[_R], image: Mapping[str, Any]) -> _R:
    return record_class.from_raw_data(dict(image))
