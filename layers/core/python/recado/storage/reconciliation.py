"""What is read to hold a department against its agents and chats, and the repairs: each under a condition on the item
from which the repaired one follows (docs/data-model.md §4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from recado.domain.chats import Chat
from recado.domain.people import Agent
from recado.domain.reconciliation import Counting, Head, Places, Waiting
from recado.ports.reconciliation import Mark
from recado.storage import keys
from recado.storage.agents import AgentRecord, MemberRecord, RingRecord, agent_key
from recado.storage.chat_records import ChatRecord, HeadRecord, WaitRecord, wait_record
from recado.storage.people import UserRecord
from recado.storage.tables import ChatsRecord, Record, TimeAttribute, WorkspaceRecord
from recado.storage.transaction import Transaction, guard

AGENT_AS_SEEN = guard(
    "places-follow-the-agent-seen",
    "an agent changes while their places are mended: what was right before would be written over what is right now",
)
NO_AGENT = guard(
    "places-of-no-agent", "an agent comes to be while places of nobody are taken away: theirs would be taken away"
)
CHAT_AS_SEEN = guard(
    "wait-follows-the-chat-seen",
    "a chat is assigned or comes back while its place in the queue is mended: it would wait in service, or not wait",
)
NO_CHAT = guard("wait-of-no-chat", "a chat comes to be while the place of none is taken away: it would never be found")
HEAD_AS_SEEN = guard("head-as-seen", "a turn is taken while the head is mended: it would be taken again")

_MARK_KEPT = timedelta(days=2)
_COUNTING_KEPT = timedelta(days=7)
_WAIT = "WAIT#"
_QUEUED = "queued#"
_AFTER = " "
"""Sorts before every character of a place: a place with it is the least text after that place."""
_LAST = "~"
_R = TypeVar("_R", bound=Record)


class MarkRecord(WorkspaceRecord):
    """CHECK of a department: where it goes on."""

    part = UnicodeAttribute()
    after = UnicodeAttribute(null=True)
    began_at = TimeAttribute()


class CountingRecord(WorkspaceRecord):
    """COUNTING of an agent's chats."""

    version = NumberAttribute()
    chats = NumberAttribute()
    since = TimeAttribute()


class DynamoReconciliation:
    """The port `recado.ports.reconciliation.ReconciliationStore` on DynamoDB."""

    def mark(self, a: str, department_id: str) -> Mark | None:
        """One get."""
        found = MarkRecord.find(keys.workspace_pk(a, "CHECKS"), department_id)
        return Mark(found.part, found.after, found.began_at) if found else None

    def keep_mark(self, a: str, department_id: str, mark: Mark | None) -> None:
        """One write."""
        record = MarkRecord(keys.workspace_pk(a, "CHECKS"), department_id)
        if mark is None:
            record.delete()
            return
        record.part, record.after, record.began_at = mark.part, mark.after, mark.began_at
        record.ttl = int((mark.began_at + _MARK_KEPT).timestamp())
        record.save()

    def listed_places(
        self, a: str, department_id: str, after: str | None, limit: int
    ) -> tuple[dict[str, Places], str | None]:
        """Two queries over the same stretch of places."""
        beyond = MemberRecord.sk > after if after else None
        members = list(MemberRecord.query(keys.members_pk(a, department_id), beyond, consistent_read=True, limit=limit))
        following = members[-1].sk if len(members) == limit else None
        stretch = RingRecord.sk.between((after or "") + _AFTER, following or _LAST)
        rings = list(RingRecord.query(keys.ring_pk(a, department_id), stretch, consistent_read=True))
        return _by_user(members, rings), following

    def places(self, a: str, department_id: str, wanted: Mapping[str, Iterable[str]]) -> dict[str, Places]:
        """A batch get of each kind per 100 places."""
        places = sorted({at for those in wanted.values() for at in those})
        if not places:
            return {user_id: Places() for user_id in wanted}
        members = MemberRecord.batch_get([(keys.members_pk(a, department_id), at) for at in places], True)
        rings = RingRecord.batch_get([(keys.ring_pk(a, department_id), at) for at in places], True)
        found = _by_user(list(members), list(rings))
        return {user_id: found.get(user_id, Places()) for user_id in wanted}

    def mend_places(
        self, a: str, department_id: str, user_id: str, agent: Agent | None, found: Places, expected: Places
    ) -> bool:
        """One transaction; MEMBER and RING move with AGENT alone, so its version stands for them."""
        tx = Transaction()
        record = AgentRecord(*agent_key(a, user_id))
        if agent is None:
            tx.check("agent", record, NO_AGENT(AgentRecord.pk.does_not_exist()))
        else:
            tx.check("agent", record, AGENT_AS_SEEN(AgentRecord.version == agent.version))
        for at in found.members.keys() - expected.members.keys():
            tx.delete(f"member-left:{at}", MemberRecord(keys.members_pk(a, department_id), at))
        for at in found.rings - expected.rings:
            tx.delete(f"ring-left:{at}", RingRecord(keys.ring_pk(a, department_id), at))
        for at, eligible in expected.members.items():
            position = int(at.partition("#")[0])
            pk = keys.members_pk(a, department_id)
            member = MemberRecord(pk, at, user_id=user_id, position=position, eligible=eligible)
            tx.put(f"member:{at}", member)
            if at in expected.rings:
                ring = RingRecord(keys.ring_pk(a, department_id), at, user_id=user_id, position=position)
                tx.put(f"ring:{at}", ring)
        return tx.committed()

    def users(self, a: str, after: str | None, limit: int) -> tuple[list[str], str | None]:
        """One query."""
        beyond = UserRecord.sk > after if after else None
        found = UserRecord.query(
            keys.workspace_pk(a, "USERS"), beyond, consistent_read=True, limit=limit, attributes_to_get=["pk", "sk"]
        )
        ids = [record.sk for record in found]
        return ids, ids[-1] if len(ids) == limit else None

    def listed_waits(
        self, a: str, department_id: str, after: str | None, limit: int
    ) -> tuple[list[Waiting], str | None]:
        """One query."""
        stretch = WaitRecord.sk.between((after or _WAIT) + _AFTER, _WAIT + _LAST)
        found = list(WaitRecord.query(keys.queue_pk(a, department_id), stretch, consistent_read=True, limit=limit))
        return [_waiting(record) for record in found], found[-1].sk if len(found) == limit else None

    def listed_queued(self, a: str, department_id: str, after: str | None, limit: int) -> tuple[list[str], str | None]:
        """One query of the index, eventually consistent."""
        stretch = ChatRecord.de_sk.between((after or _QUEUED) + _AFTER, _QUEUED + _LAST)
        found = ChatRecord.by_department.query(keys.index_pk(a, department_id), stretch, limit=limit)
        ids = [record.pk.rpartition("#")[2] for record in found]
        return ids, _QUEUED + ids[-1] if len(ids) == limit else None

    def chats(self, a: str, chat_ids: Sequence[str]) -> dict[str, Chat]:
        """A batch get per 100 chats."""
        wanted = [(keys.chat_pk(a, chat_id), "CHAT") for chat_id in dict.fromkeys(chat_ids)]
        if not wanted:
            return {}
        return {record.id: record.chat() for record in ChatRecord.batch_get(wanted, consistent_read=True)}

    def waits(self, a: str, department_id: str, wanted: Iterable[tuple[str, datetime]]) -> list[Waiting]:
        """A batch get per 100 items."""
        places = [(keys.queue_pk(a, department_id), keys.wait_sk(since, chat_id)) for chat_id, since in wanted]
        if not places:
            return []
        return [_waiting(record) for record in WaitRecord.batch_get(list(dict.fromkeys(places)), consistent_read=True)]

    def mend_wait(
        self, a: str, department_id: str, chat_id: str, chat: Chat | None, found: Sequence[Waiting], waits_here: bool
    ) -> bool:
        """One transaction; WAIT moves with CHAT alone, so its version stands for both."""
        tx = Transaction()
        record = ChatRecord(keys.chat_pk(a, chat_id), "CHAT")
        if chat is None:
            tx.check("chat", record, NO_CHAT(ChatRecord.pk.does_not_exist()))
        else:
            tx.check("chat", record, CHAT_AS_SEEN(ChatRecord.version == chat.version))
        for one in found:
            if chat is None or not waits_here or one.queued_at != chat.queued_at:
                sk = keys.wait_sk(one.queued_at, chat_id)
                tx.delete(f"wait-left:{sk}", WaitRecord(keys.queue_pk(a, department_id), sk))
        if chat is not None and waits_here:
            tx.put("wait", wait_record(a, chat))
        return tx.committed()

    def head(self, a: str, department_id: str) -> Head | None:
        """One get."""
        found = _StoredHead.find(keys.queue_pk(a, department_id), "HEAD")
        return Head(None if found.turn is None else int(found.turn), found.cursor) if found else None

    def mend_head(self, a: str, department_id: str, found: Head, sane: Head) -> bool:
        """One transaction of one item."""
        tx = Transaction()
        record = HeadRecord(keys.queue_pk(a, department_id), "HEAD", turn=sane.turn, cursor=sane.cursor)
        as_found = HeadRecord.turn.does_not_exist() if found.turn is None else HeadRecord.turn == found.turn
        tx.put("head", record, HEAD_AS_SEEN(as_found))
        return tx.committed()

    def in_service(self, a: str, user_id: str) -> list[str]:
        """Queries of the index, eventually consistent."""
        found = ChatRecord.by_agent.query(keys.index_pk(a, user_id), ChatRecord.ag_sk.startswith("in_service#"))
        return [record.pk.rpartition("#")[2] for record in found]

    def counting(self, a: str, user_id: str) -> Counting | None:
        """One get."""
        found = CountingRecord.find(keys.workspace_pk(a, "CHECKS"), user_id)
        return Counting(user_id, int(found.version), int(found.chats), found.since) if found else None

    def keep_counting(self, a: str, counting: Counting) -> None:
        """One put."""
        CountingRecord(
            keys.workspace_pk(a, "CHECKS"),
            counting.user_id,
            version=counting.version,
            chats=counting.chats,
            since=counting.since,
            ttl=int((counting.since + _COUNTING_KEPT).timestamp()),
        ).save()


class _StoredHead(ChatsRecord):
    """HEAD as it is, without the values that a missing attribute would be given."""

    cursor = UnicodeAttribute(null=True)
    turn = NumberAttribute(null=True)


def _by_user(members: Sequence[MemberRecord], rings: Sequence[RingRecord]) -> dict[str, Places]:
    """Whose place it is tells the key: the attributes may be what is broken."""
    eligible: dict[str, dict[str, bool | None]] = {}
    standing: dict[str, set[str]] = {}
    for member in members:
        eligible.setdefault(_user_of(member), {})[member.sk] = _eligible(member)
    for ring in rings:
        standing.setdefault(_user_of(ring), set()).add(ring.sk)
    return {
        user_id: Places(eligible.get(user_id, {}), frozenset(standing.get(user_id, ())))
        for user_id in sorted({*eligible, *standing})
    }


def _user_of(record: Record) -> str:
    return str(record.sk).partition("#")[2]


def _eligible(member: MemberRecord) -> bool | None:
    whole = member.user_id == _user_of(member) and member.position is not None
    return member.eligible if whole else None


def _waiting(record: WaitRecord) -> Waiting:
    _, since, chat_id = record.sk.split("#", 2)
    version: Any = record.version
    return Waiting(chat_id, datetime.fromisoformat(since), None if version is None else int(version))
