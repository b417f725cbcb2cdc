"""Threads of a contact that is erased: messages with all that lies beside them, files, and at last the threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from pynamodb.expressions.update import Action

from recado.domain.buttons import tags_in
from recado.domain.chats import Message, ThreadKey
from recado.ports.contact_erasures import MailPlace, Page, Remains, ThreadRest
from recado.storage import keys
from recado.storage.billing import OpeningsRecord
from recado.storage.buttons import ClickRecord
from recado.storage.calls import CallRecord
from recado.storage.chat_records import AliasRecord, MessageRecord, SeenRecord, ThreadRecord
from recado.storage.contact_erasures import commit_page
from recado.storage.files import FileChatRecord, FileRecord
from recado.storage.sends import OutRecord
from recado.storage.tables import ChatsRecord, Record, read_together
from recado.storage.thread_pointers import AnnouncedFileRecord, OwnAliasRecord, RawMailRecord
from recado.storage.threads import SEEN_DAYS
from recado.storage.transaction import Transaction, guard

_POINTERS = 60
"""Pointers of a thread that are looked at at once; the next page finds the others."""
THREAD_GOES = guard(
    "thread-goes-at-seen-seq",
    "the customer writes while the thread is erased: their message would lie in no thread, and the next one over it",
)


class DynamoErasedThreads:
    """The ports `recado.ports.contact_erasures.ErasedThreads` and `ErasedFiles`."""

    def messages(self, a: str, thread: ThreadKey, after: int, limit: int) -> list[Message]:
        """1 query."""
        found = MessageRecord.query(
            keys.thread_pk(a, thread),
            MessageRecord.sk.between(keys.message_sk(after + 1), keys.message_sk(9_999_999_999)),
            consistent_read=True,
            limit=limit,
            page_size=limit,
        )
        return [record.message() for record in found]

    def remains(self, a: str, messages: Sequence[Message]) -> list[Remains]:
        """1 batch get for each 100 items that may be there, and a second one for what sends were known by."""
        outs = [(OutRecord, keys.out_pk(a, one.id), "OUT") for one in messages if one.direction == "outbound"]
        clicks = [(ClickRecord, keys.click_pk(a, tag), "CLICK") for one in messages for tag in _tags(one)]
        calls = [(CallRecord, _call_pk(a, one), "CALL") for one in messages if _may_be_call(one)]
        found = _read([*outs, *clicks, *calls])
        known = {one.id: _provider_ids(one, found.get((keys.out_pk(a, one.id), "OUT"))) for one in messages}
        seen = _read(
            [
                (SeenRecord, keys.seen_pk(a, one.thread.channel_id, name), "SEEN")
                for one in messages
                for name in known[one.id]
            ]
        )
        return [
            Remains(
                message=one,
                is_sent=(keys.out_pk(a, one.id), "OUT") in found,
                seen={
                    name: record.digest
                    for name in known[one.id]
                    if isinstance(
                        record := seen.get((keys.seen_pk(a, one.thread.channel_id, name), "SEEN")), SeenRecord
                    )
                },
                tags=tuple(
                    tag
                    for tag in _tags(one)
                    if isinstance(click := found.get((keys.click_pk(a, tag), "CLICK")), ClickRecord)
                    and click.used_by == one.id
                ),
                call=_may_be_call(one) and (_call_pk(a, one), "CALL") in found,
            )
            for one in messages
        ]

    def erase_messages(self, a: str, page: Page, remains: Sequence[Remains]) -> None:
        """2 WRU for each KB of each item."""
        tx = Transaction()
        ways: dict[tuple[str, str], None] = {}
        files: dict[str, None] = {}
        for one in remains:
            message = one.message
            pk, sk = keys.thread_pk(a, message.thread), keys.message_sk(message.seq)
            tx.delete(f"message:{message.id}", MessageRecord(pk, sk))
            for name, digest in (one.seen or {}).items():
                tx.put(f"seen:{message.id}:{name}", _nobodys(a, message, name, digest))
            if one.is_sent:
                tx.delete(f"out:{message.id}", OutRecord(keys.out_pk(a, message.id), "OUT"))
            if one.call:
                tx.delete(f"call:{message.id}", CallRecord(_call_pk(a, message), "CALL"))
            for tag in one.tags:
                tx.delete(f"click:{tag}", ClickRecord(keys.click_pk(a, tag), "CLICK"))
            if message.file and message.file.get("id") and message.chat_id:
                ways[str(message.file["id"]), message.chat_id] = None
            if one.file_id:
                files[one.file_id] = None
        for file_id, chat_id in ways:
            tx.delete(f"way:{file_id}:{chat_id}", _way(a, file_id, chat_id))
        _add_files(tx, a, files)
        commit_page(tx, a, page)

    def rest(self, a: str, thread: ThreadKey) -> ThreadRest:
        """2 gets, 3 queries."""
        pk = keys.thread_pk(a, thread)
        found = ThreadRecord.find(pk, "THREAD")
        return ThreadRest(
            thread,
            found.contact_id if found else None,
            int(found.last_seq) if found else 0,
            found.open_chat_id if found else None,
            aliases=_behind(OwnAliasRecord, pk, keys.own_alias_sk("")),
            announced=_behind(AnnouncedFileRecord, pk, keys.announced_file_sk("")),
            mails=tuple(_mail(one) for one in _behind(RawMailRecord, pk, "MAIL#")),
            has_openings=OpeningsRecord.find(pk, "BILLING") is not None,
        )

    def erase_rest(self, a: str, page: Page, rest: ThreadRest, whole: bool, has_others: bool) -> None:
        """At most 1 + 1 + 60 + 60 items; pointers go before the thread."""
        tx, pk = Transaction(), keys.thread_pk(a, rest.key)
        for mail in rest.mails[:_POINTERS]:
            tx.delete(f"mail:{mail.key}", RawMailRecord(pk, keys.raw_mail_sk(mail.at, mail.key)))
        room = _POINTERS - len(rest.mails[:_POINTERS])
        for file_id in rest.announced[:room]:
            tx.delete(f"announced:{file_id}", AnnouncedFileRecord(pk, keys.announced_file_sk(file_id)))
        if whole:
            for name in rest.aliases[: _POINTERS // 2]:
                tx.delete(f"own-alias:{name}", OwnAliasRecord(pk, keys.own_alias_sk(name)))
                other = ThreadKey(rest.key.channel_id, name)
                tx.delete(f"alias:{name}", AliasRecord(keys.alias_pk(a, other), "ALIAS"))
            tx.delete("openings", OpeningsRecord(pk, "BILLING"))
            _add_thread_end(tx, pk, rest, has_others)
        commit_page(tx, a, page)

    def chats_with(self, a: str, file_id: str, limit: int) -> list[str]:
        """1 query backwards."""
        return [one.sk.removeprefix(keys.chat_of_file_sk("")) for one in _ways(a, file_id, limit)]

    def leave_chats(self, a: str, file_id: str) -> None:
        """1 query and 1 WRU each."""
        for one in _ways(a, file_id, None):
            one.delete()

    def erase_files(self, a: str, page: Page, file_ids: Sequence[str]) -> None:
        """2 WRU each."""
        tx = Transaction()
        _add_files(tx, a, file_ids)
        commit_page(tx, a, page)


def _add_thread_end(tx: Transaction, pk: str, rest: ThreadRest, has_others: bool) -> None:
    """THREAD goes; where messages of others lie in it, it stays for their seqs and tells of nobody."""
    if rest.contact_id is None:
        return
    record, stands = ThreadRecord(pk, "THREAD"), THREAD_GOES(ThreadRecord.last_seq == rest.last_seq)
    if not has_others:
        tx.delete("thread", record, stands)
        return
    told = (ThreadRecord.last_text, ThreadRecord.address, ThreadRecord.alias, ThreadRecord.last_chat_id)
    actions: list[Action] = [attribute.remove() for attribute in told]
    tx.update("thread", record, actions, stands)


def _add_files(tx: Transaction, a: str, file_ids: Sequence[str] | dict[str, None]) -> None:
    for file_id in dict.fromkeys(file_ids):
        tx.delete(f"file:{file_id}", FileRecord(keys.file_pk(a, file_id), "FILE"))


def _nobodys(a: str, message: Message, provider_id: str, digest: str | None) -> SeenRecord:
    """SEEN without whose message it was: it leads nowhere, and keeps the message from being recorded again."""
    return SeenRecord(
        pk=keys.seen_pk(a, message.thread.channel_id, provider_id),
        sk="SEEN",
        message_id=message.id,
        sender="",
        seq=0,
        digest=digest,
        ttl=int((message.created_at + timedelta(days=SEEN_DAYS)).timestamp()),
    )


def _read(wanted: Sequence[tuple[type[Record], str, str]]) -> dict[tuple[str, str], Record]:
    return read_together(dict.fromkeys(wanted)) if wanted else {}


def _provider_ids(message: Message, out: Record | None) -> tuple[str, ...]:
    sent = out.provider_id if isinstance(out, OutRecord) else None
    return tuple(dict.fromkeys(one for one in (message.provider_id, sent) if one))


def _tags(message: Message) -> list[str]:
    return tags_in(message.text) if message.direction == "inbound" else []


def _may_be_call(message: Message) -> bool:
    return message.kind == "call" and message.provider_id is not None


def _call_pk(a: str, message: Message) -> str:
    return keys.call_pk(a, message.thread.channel_id, message.provider_id or "")


def _behind(kind: type[ChatsRecord], pk: str, prefix: str) -> tuple[str, ...]:
    found = kind.query(pk, kind.sk.startswith(prefix), consistent_read=True, limit=_POINTERS)
    return tuple(one.sk.removeprefix(prefix) for one in found)


def _mail(place: str) -> MailPlace:
    at, _, key = place.partition("#")
    return MailPlace(datetime.fromisoformat(at), key)


def _way(a: str, file_id: str, chat_id: str) -> FileChatRecord:
    return FileChatRecord(keys.file_pk(a, file_id), keys.chat_of_file_sk(chat_id))


def _ways(a: str, file_id: str, limit: int | None) -> Iterator[FileChatRecord]:
    return FileChatRecord.query(
        keys.file_pk(a, file_id),
        FileChatRecord.sk.startswith(keys.chat_of_file_sk("")),
        consistent_read=True,
        scan_index_forward=False,
        limit=limit,
    )
