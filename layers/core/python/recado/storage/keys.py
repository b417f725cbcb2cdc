"""Every key of the three tables, spelled here and nowhere else (docs/data-model.md §2)."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256
from zlib import crc32

from recado.domain.chats import ThreadKey
from recado.domain.moments import rfc3339

SHARDS = 16


def account_part(account_id: str) -> str:
    """The 8 characters of `ac_xxxxxxxx`, or the text itself when it already is those."""
    return account_id.removeprefix("ac_")


def shard_of(public_id: str) -> str:
    """The hex digit of the shard that holds an id."""
    return f"{crc32(public_id.encode()) % SHARDS:x}"


def stamp(at: datetime) -> str:
    """A moment as keys have it: it orders as text."""
    return rfc3339(at)


# contacts
def contact_shard(a: str, shard: str) -> str:
    return f"{a}#C#{shard}"


def contact_pk(a: str, contact_id: str) -> str:
    return contact_shard(a, shard_of(contact_id))


def contact_sk(contact_id: str) -> str:
    return f"CONTACT#{contact_id}"


def token_prefix(beginning: str) -> str:
    """With what the sort keys of tokens begin that begin so."""
    return f"TOK#{beginning}"


def token_sk(token: str, contact_id: str) -> str:
    return f"TOK#{token}#{contact_id}"


def claim_pk(a: str, kind: str, value: str) -> str:
    return f"{a}#CLAIM#{kind}#{value}"


def merges_pk(a: str, contact_id: str) -> str:
    """Of the kept contact; the sort key is the merge's id."""
    return f"{a}#MERGES#{contact_id}"


def membership_pk(a: str, kind: str, group_id: str, contact_id: str) -> str:
    """`kind` is GROUP or ORG."""
    return membership_shard(a, kind, group_id, shard_of(contact_id))


def membership_shard(a: str, kind: str, group_id: str, shard: str) -> str:
    return f"{a}#{kind}#{group_id}#{shard}"


def contact_events_pk(a: str, contact_id: str) -> str:
    return f"{a}#E#{contact_id}"


def data_exports_pk(a: str, contact_id: str) -> str:
    """Of the workspace table; the sort key is the export's id."""
    return f"{a}#DATAEXPORTS#{contact_id}"


def event_sk(event_id: str) -> str:
    return f"EVT#{event_id}"


# chats
def thread_pk(a: str, thread: ThreadKey) -> str:
    return f"{a}#T#{thread.channel_id}#{thread.sender}"


def message_sk(seq: int) -> str:
    return f"MSG#{seq:010d}"


def alias_pk(a: str, alias: ThreadKey) -> str:
    """`alias.sender` is a second id of a customer, not the one their thread is kept under."""
    return f"{a}#ALIAS#{alias.channel_id}#{alias.sender}"


def own_alias_sk(second_id: str) -> str:
    """In the thread that the second id leads to."""
    return f"ALIAS#{second_id}"


def announced_file_sk(file_id: str) -> str:
    """In the thread of the customer who announced the file."""
    return f"FILE#{file_id}"


def raw_mail_sk(at: datetime, key: str) -> str:
    """In the thread of whom the mail is from; `key` is the mail's in its bucket."""
    return f"MAIL#{stamp(at)}#{key}"


def seen_pk(a: str, channel_id: str, provider_id: str) -> str:
    """A provider's id goes in by its digest: some hold the customer's number, and that a message was seen outlives the
    message when its contact is erased."""
    return f"{a}#SEEN#{channel_id}#{sha256(provider_id.encode()).hexdigest()[:40]}"


def parked_sk(status: str) -> str:
    return f"PARK#{status}"


def out_pk(a: str, message_id: str) -> str:
    return f"{a}#OUT#{message_id}"


def chat_pk(a: str, chat_id: str) -> str:
    return f"{a}#CHAT#{chat_id}"


def call_pk(a: str, channel_id: str, call_id: str) -> str:
    return f"{a}#CALL#{channel_id}#{call_id}"


def served_pk(a: str, user_id: str) -> str:
    """The sort key is the chat's id."""
    return f"{a}#SERVED#{user_id}"


def queue_pk(a: str, department_id: str) -> str:
    return f"{a}#Q#{department_id}"


def wait_sk(queued_at: datetime, chat_id: str) -> str:
    return f"WAIT#{stamp(queued_at)}#{chat_id}"


def index_pk(a: str, value: str) -> str:
    """by_situation, by_department, by_agent, by_contact."""
    return f"{a}#{value}"


def due_pk(kind: str, public_id: str) -> str:
    """One of the 16 shards that a kind has in the `due` index, over all accounts; `kind` stands in the partition key
    behind the account."""
    return f"DUE#{kind}#{crc32(public_id.encode()) % SHARDS:02d}"


def due_shards(kind: str) -> list[str]:
    """All that `due_pk` may be for a kind."""
    return [f"DUE#{kind}#{shard:02d}" for shard in range(SHARDS)]


# workspace
def workspace_pk(a: str, collection: str) -> str:
    """ACCOUNT, USERS, SEATS, TOKENS, DEPARTMENTS, CHANNELS, CHANNELSECRETS, FEED: one partition per account and
    collection."""
    return f"{a}#{collection}"


def sockets_pk(a: str, listener: str) -> str:
    return f"{a}#SOCKETS#{listener}"


def directory_pk(kind: str, value: str) -> str:
    return f"DIR#{kind}#{value}"


def session_pk(a: str, session_id: str) -> str:
    return f"{a}#SESSION#{session_id}"


def slot_sk(number: int) -> str:
    return f"SLOT#{number:05d}"


def members_pk(a: str, department_id: str) -> str:
    return f"{a}#MEMBERS#{department_id}"


def ring_pk(a: str, department_id: str) -> str:
    return f"{a}#RING#{department_id}"


def place_sk(position: int, user_id: str) -> str:
    """A place in the predefined order: of MEMBER and RING items and of the cursor."""
    return f"{position:08d}#{user_id}"


def agent_pk(a: str, user_id: str) -> str:
    return f"{a}#AGENT#{user_id}"


def alerts_pk(a: str, department_id: str) -> str:
    return f"{a}#ALERTS#{department_id}"


def rate_pk(a: str, digest: str) -> str:
    """The sort key is the minute."""
    return f"{a}#RATE#{digest}"


def channel_address_pk(a: str, channel_type: str) -> str:
    return f"{a}#CHANNELADDR#{channel_type}"


def custom_field_sk(table: str, slug: str) -> str:
    return f"{table}#{slug}"


def idempotency_pk(a: str, caller: str) -> str:
    return f"{a}#IDEM#{caller}"


def feed_pk(a: str, seq: int) -> str:
    return f"{a}#FEED#{seq // 1000:010d}"


def feed_sk(seq: int) -> str:
    return f"{seq:012d}"


def fed_pk(a: str, event_id: str) -> str:
    return f"{a}#FED#{event_id}"


def count_pk(a: str, kind: str, entity_id: str) -> str:
    """`kind` is agent, department or channel, and the sort key the day; or `billing`, of a channel."""
    return f"{a}#COUNT#{kind}#{entity_id}"


def import_pk(a: str, import_id: str) -> str:
    """Of an import of contacts: its plan and lanes."""
    return f"{a}#IMPORT#{import_id}"


def import_rows_pk(a: str, import_id: str, partition: int) -> str:
    """The sort key is the row's number."""
    return f"{a}#IMPORT#{import_id}#{partition}"


def import_key_pk(a: str, key: str) -> str:
    return f"{a}#IMPORTKEY#{key}"


def file_pk(a: str, file_id: str) -> str:
    return f"{a}#FILES#{file_id}"


def chat_of_file_sk(chat_id: str) -> str:
    return f"CHAT#{chat_id}"


def workspace_events_pk(a: str, subject_id: str) -> str:
    """Facts of a thing of the workspace, by its public id."""
    return f"{a}#X#{subject_id}"


def runs_pk(a: str, task_id: str) -> str:
    """Runs of a task; the sort key is the run's id."""
    return f"{a}#RUNS#{task_id}"


def run_pk(a: str, run_id: str) -> str:
    """Of a run of a task: its filter and lanes."""
    return f"{a}#RUN#{run_id}"


def targets_pk(a: str, run_id: str, part: int) -> str:
    """The sort key is the contact's or chat's id."""
    return f"{a}#TARGET#{run_id}#{part:x}"


def act_pk(a: str, act_id: str) -> str:
    """That an act which a worker may repeat was done."""
    return f"{a}#ACT#{act_id}"


def flow_pk(a: str, flow_id: str) -> str:
    return f"{a}#FLOW#{flow_id}"


FLOW_DRAFT_SK = "DRAFT"


def flow_version_sk(number: int) -> str:
    return f"V#{number:06d}"


def flow_version_number(sk: str) -> int:
    """What `flow_version_sk` was made of."""
    return int(sk.removeprefix("V#"))


def execution_pk(a: str, execution_id: str) -> str:
    return f"{a}#EXEC#{execution_id}"


def trace_sk(number: int, most: int) -> str:
    """The last `most` things that an execution did have an item each."""
    return f"TRACE#{number % most:04d}"


def template_names_pk(a: str, channel_id: str) -> str:
    return f"{a}#TEMPLATENAME#{channel_id}"


def template_name_sk(name: str, language: str) -> str:
    return f"{name}#{language}"


def speed_pk(a: str, bucket: str) -> str:
    """`bucket` is a channel's id, or that and what is counted apart."""
    return f"{a}#SPEED#{bucket}"


def speed_sk(second: int) -> str:
    return f"{second:010d}"


def line_pk(a: str, channel_id: str, line: str) -> str:
    return f"{a}#LINE#{channel_id}#{line}"


def click_pk(a: str, tag: str) -> str:
    return f"{a}#CLICK#{tag}"


def ledger_pk(a: str, channel_id: str, day: date) -> str:
    """`day` is that of the message's id, in UTC; the sort key is the message's id."""
    return f"{a}#BILLING#{channel_id}#{day.isoformat()}"


def allowance_pk(a: str, channel_id: str) -> str:
    """The sort key is month and category."""
    return f"{a}#ALLOWANCE#{channel_id}"


def billing_count_sk(day: date, category: str, message_id: str) -> str:
    """Counts of a day and category lie in eight shards, so that a campaign's deliveries do not wait for each other."""
    return f"{day.isoformat()}#{category}#{crc32(message_id.encode()) % 8}"
