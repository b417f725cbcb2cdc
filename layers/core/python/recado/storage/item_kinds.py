"""Every kind of item and of object that Recado keeps: what it holds of contacts, who erases that, and whether an export
of a contact has it. tests/architecture/test_item_kinds.py fails while a record of recado.storage, or a function that
makes a key of a bucket, is not named here.

An item of another kind than these would be left behind when a contact is erased."""

from __future__ import annotations

from typing import Literal, NamedTuple

Place = Literal["contacts", "chats", "workspace", "raw", "files", "mail"]
"""A table, or a bucket."""
Holds = Literal["content", "address", "id", "nothing"]
"""Of a contact: what they are, said or were told; where they are reached, but nothing else; an id of theirs, of a chat
or of a message, that says nothing by itself."""
ErasedBy = Literal[
    "gone",
    "chats",
    "executions",
    "messages",
    "threads",
    "timeline",
    "merges",
    "answers",
    "feed",
    "raw",
    "exports",
    "ttl",
    "stays",
]
"""The step of an erasure (recado/services/erasing.py); `ttl`: by itself within days, and whoever reads it finds
nothing; `stays`: it holds at most ids, and the account needs it."""


class ItemKind(NamedTuple):
    """`written_as`: the class of its record, or the function that makes its key. `exported`: under which name a contact
    gets it, empty for what is in there already or tells nothing of them."""

    written_as: str
    place: Place
    holds: Holds
    erased_by: ErasedBy
    exported: str = ""
    why: str = ""


_CONTACTS = (
    ItemKind("ContactRecord", "contacts", "content", "gone", "contact"),
    ItemKind("TokenRecord", "contacts", "content", "gone", why="made of what CONTACT holds"),
    ItemKind("ClaimRecord", "contacts", "address", "gone", why="made of what CONTACT holds; `erased` holds ids"),
    ItemKind("MembershipRecord", "contacts", "id", "gone", why="CONTACT names its groups and organization"),
    ItemKind("ContactEventRecord", "contacts", "content", "timeline", "timeline"),
    ItemKind("MergeRecord", "contacts", "content", "merges", "merges"),
)
_CHATS = (
    ItemKind("ThreadRecord", "chats", "content", "threads", why="the beginning of the last message, and the address"),
    ItemKind("OpeningsRecord", "chats", "address", "threads", why="in its key; what is open at the provider"),
    ItemKind("AliasRecord", "chats", "address", "threads"),
    ItemKind("OwnAliasRecord", "chats", "address", "threads"),
    ItemKind("AnnouncedFileRecord", "chats", "address", "threads", why="in its key; the file itself is FILE"),
    ItemKind("RawMailRecord", "chats", "address", "threads", why="in its key; where a mail lies"),
    ItemKind("MessageRecord", "chats", "content", "messages", "messages"),
    ItemKind("SeenRecord", "chats", "address", "messages", why="without the address it stays, so nothing comes back"),
    ItemKind("ParkedRecord", "chats", "nothing", "ttl"),
    ItemKind("CallRecord", "chats", "address", "messages", why="the message of the call shows it"),
    ItemKind("OutRecord", "chats", "address", "messages", why="the message shows what became of it"),
    ItemKind("ChatRecord", "chats", "content", "chats", "chats"),
    ItemKind("ChatEventRecord", "chats", "content", "chats", "timeline"),
    ItemKind("WaitRecord", "chats", "content", "chats", why="a copy of CHAT while that waits"),
    ItemKind("ServedRecord", "chats", "id", "chats"),
    ItemKind("ExecutionRecord", "chats", "content", "executions", "executions"),
    ItemKind("TraceRecord", "chats", "content", "executions", "executions"),
    ItemKind("HeadRecord", "chats", "id", "stays", why="up to which chat a queue was told; moves on with it"),
)
_WORKSPACE = (
    ItemKind("FileRecord", "workspace", "content", "messages", "files"),
    ItemKind("FileChatRecord", "workspace", "id", "messages"),
    ItemKind("ClickRecord", "workspace", "content", "messages", why="the chat's attribution tells of it"),
    ItemKind("AlertRecord", "workspace", "content", "chats", why="a copy of a chat's event"),
    ItemKind("FeedRecord", "workspace", "content", "feed", why="events are in the timeline"),
    ItemKind("IdempotencyRecord", "workspace", "content", "answers", why="what the API answered: in here already"),
    ItemKind("ErasingRecord", "workspace", "address", "raw", why="it goes with the erasure's end"),
    ItemKind("ErasureRecord", "workspace", "id", "stays", why="that it was erased is on record"),
    ItemKind("DataExportRecord", "workspace", "id", "exports", why="its file has all there is; 7 days"),
    ItemKind("FedRecord", "workspace", "id", "ttl"),
    ItemKind("ExportRecord", "workspace", "id", "ttl", why="where it goes on; the step `exports` takes its file"),
    ItemKind("RowRecord", "workspace", "content", "timeline", why="the events of the contact name import and row"),
    ItemKind("RowKeyRecord", "workspace", "id", "ttl", why="400 days, a digest in its key (docs/privacy.md)"),
    ItemKind("TargetRecord", "workspace", "id", "ttl", why="that a task meant them; 180 days from its run"),
    ItemKind("ActRecord", "workspace", "nothing", "ttl"),
    ItemKind("LineRecord", "workspace", "id", "ttl"),
    ItemKind("SocketsRecord", "workspace", "id", "ttl"),
    ItemKind("SocketOwnerRecord", "workspace", "id", "ttl"),
    ItemKind("LedgerRecord", "workspace", "id", "stays", why="what a message cost; the account's own books"),
    ItemKind("WorkspaceEventRecord", "workspace", "id", "stays", why="of channels and templates, and of erasures"),
    *(
        ItemKind(name, "workspace", "nothing", "stays")
        for name in (
            "AccountRecord", "AgentRecord", "AllowanceRecord", "ApiTokenRecord", "BillingCountRecord",
            "ButtonCodeRecord", "ButtonRecord", "ChannelAddressRecord", "ChannelDirectoryRecord", "ChannelRecord",
            "ChannelSecretsRecord", "ClosingRecord", "CountRecord", "CountingRecord", "CustomFieldRecord",
            "DefaultRecord", "DeletedGroupRecord", "DepartmentRecord", "DirectoryRecord", "FailedLoginsRecord",
            "FlowDraftRecord", "FlowRecord", "FlowSecretRecord", "FlowVersionRecord", "GroupNameRecord",
            "GroupRecord", "ImportRecord", "LaneRecord", "LeaseRecord", "MarkRecord", "MemberRecord", "PlanRecord",
            "ProjectRecord", "RateRecord", "RemovalCodeRecord", "RingRecord", "SeqRecord", "SessionRecord",
            "ShortcutRecord", "ShortcutSlugRecord", "SlotRecord", "SpeedRecord", "TabulationRecord",
            "TemplateNameRecord", "TemplateRecord", "TreeRecord", "TriggerRecord", "UserRecord",
            "WorkflowRecord",
        )
    ),
    *(
        ItemKind(name, "workspace", "nothing", "stays")
        for name in ("GoingRunRecord", "TaskFilterRecord", "TaskLaneRecord", "TaskRecord", "TaskRunRecord")
    ),
)  # fmt: skip
_OBJECTS = (
    ItemKind("served_key", "files", "content", "messages", "files"),
    ItemKind("quarantine_key", "files", "content", "messages", why="not there once the file is accepted; 1 day"),
    ItemKind("part_key", "raw", "content", "raw", why="what came of it is a message; 30 days"),
    ItemKind("split_key", "raw", "content", "raw", why="what came of it are messages; 30 days"),
    ItemKind("kept_key", "raw", "content", "raw", why="could not be understood; 30 days"),
    ItemKind("parked_command_key", "raw", "content", "raw", why="could not be worked off; 30 days"),
    ItemKind("parked_record_key", "raw", "content", "raw", why="of an item that is in here; 30 days"),
    ItemKind("parked_fact_key", "raw", "content", "raw", why="of an event that is in here; 30 days"),
)
KINDS: tuple[ItemKind, ...] = (*_CONTACTS, *_CHATS, *_WORKSPACE, *_OBJECTS)
