"""What is read to hold a department against its agents and chats, and the repairs: each under a condition on the item
from which the repaired one follows (docs/data-model.md §4).

An item may be broken: an attribute is missing or is of another kind. It stops no read of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute

from recado.domain.agents import place
from recado.domain.chats import Chat
from recado.domain.people import Agent
from recado.domain.reconciliation import Counting, Drift, Head, Places, Waiting, is_place, is_whole
from recado.ports.reconciliation import Mark, Read
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
_BROKEN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading an attribute that makes no sense raises."""
_R = TypeVar("_R", bound=Record)
_T = TypeVar("_T")


class _MaybeBroken(Record):
    """An item that is read whatever it holds: of a broken one there is the key alone."""

    is_broken = False

    @classmethod
    def from_raw_data(cls, data: dict[str, Any]) -> Self:
        """The record, without attributes when they cannot be read."""
        try:
            return super().from_raw_data(data)
        except _BROKEN:
            record = cls(data["pk"]["S"], data["sk"]["S"])
            record.is_broken = True
            return record


class MarkRecord(_MaybeBroken, WorkspaceRecord):
    """CHECK of a department: where it goes on."""

    part = UnicodeAttribute()
    after = UnicodeAttribute(null=True)
    began_at = TimeAttribute()


class CountingRecord(_MaybeBroken, WorkspaceRecord):
    """COUNTING of an agent's chats."""

    difference = NumberAttribute()
    at = TimeAttribute()
    recent = JSONAttribute()

    def counting(self) -> Counting:
        """The entity."""
        return Counting(self.sk, int(self.difference), self.at, frozenset(self.recent))


class _Agent(_MaybeBroken, AgentRecord): ...


class _Member(_MaybeBroken, MemberRecord): ...


class _Ring(_MaybeBroken, RingRecord): ...


class _Chat(_MaybeBroken, ChatRecord): ...


class _Wait(_MaybeBroken, WaitRecord): ...


class _Head(_MaybeBroken, ChatsRecord):
    """HEAD as it is, without the values that a missing attribute would be given."""

    cursor = UnicodeAttribute(null=True)
    turn = NumberAttribute(null=True)


class DynamoReconciliation:
    """The port `recado.ports.reconciliation.ReconciliationStore` on DynamoDB."""

    def mark(self, a: str, department_id: str) -> Mark | None:
        """One get. A broken mark is none: the check begins anew."""
        found = MarkRecord.find(keys.workspace_pk(a, "CHECKS"), department_id)
        whole = found is not None and found.part is not None and found.began_at is not None
        return Mark(found.part, found.after, found.began_at) if found and whole else None

    def keep_mark(self, a: str, department_id: str, mark: Mark, now: datetime) -> None:
        """One put."""
        MarkRecord(
            keys.workspace_pk(a, "CHECKS"),
            department_id,
            part=mark.part,
            after=mark.after,
            began_at=mark.began_at,
            ttl=int((now + _MARK_KEPT).timestamp()),
        ).save()

    def drop_mark(self, a: str, department_id: str) -> None:
        """One delete."""
        MarkRecord(keys.workspace_pk(a, "CHECKS"), department_id).delete()

    def agents(self, a: str, user_ids: Iterable[str]) -> Read[dict[str, Agent]]:
        """A batch get per 100 agents."""
        wanted = {keys.agent_pk(a, user_id): user_id for user_id in user_ids}
        if not wanted:
            return Read({})
        records = _Agent.batch_get([(pk, "AGENT") for pk in wanted], consistent_read=True)
        return _read("AGENT", {wanted[record.pk]: record for record in records}, _agent)

    def listed_places(self, a: str, department_id: str, after: str | None, limit: int) -> Read[dict[str, Places]]:
        """Two queries over the same stretch of places."""
        beyond = _Member.sk > after if after else None
        members = list(_Member.query(keys.members_pk(a, department_id), beyond, consistent_read=True, limit=limit))
        following = members[-1].sk if len(members) == limit else None
        stretch = _Ring.sk.between((after or "") + _AFTER, following or _LAST)
        rings = list(_Ring.query(keys.ring_pk(a, department_id), stretch, consistent_read=True))
        lost = [("MEMBER", one.sk) for one in members if not is_place(one.sk)]
        lost += [("RING", one.sk) for one in rings if not is_place(one.sk)]
        unreadable = [_unreadable(kind, sk) for kind, sk in lost]
        return Read(_by_user(members, rings), unreadable, following)

    def places(self, a: str, department_id: str, wanted: Mapping[str, Iterable[str]]) -> dict[str, Places]:
        """A batch get of each kind per 100 places."""
        places = sorted({at for those in wanted.values() for at in those})
        if not places:
            return {user_id: Places() for user_id in wanted}
        members = _Member.batch_get([(keys.members_pk(a, department_id), at) for at in places], True)
        rings = _Ring.batch_get([(keys.ring_pk(a, department_id), at) for at in places], True)
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

    def listed_waits(self, a: str, department_id: str, after: str | None, limit: int) -> Read[list[Waiting]]:
        """One query."""
        stretch = _Wait.sk.between((after or _WAIT) + _AFTER, _WAIT + _LAST)
        found = list(_Wait.query(keys.queue_pk(a, department_id), stretch, consistent_read=True, limit=limit))
        read = _read("WAIT", {record.sk.removeprefix(_WAIT): record for record in found}, _waiting)
        return Read(list(read.found.values()), read.unreadable, found[-1].sk if len(found) == limit else None)

    def listed_queued(self, a: str, department_id: str, after: str | None, limit: int) -> tuple[list[str], str | None]:
        """One query of the index, eventually consistent."""
        stretch = ChatRecord.de_sk.between((after or _QUEUED) + _AFTER, _QUEUED + _LAST)
        found = ChatRecord.by_department.query(keys.index_pk(a, department_id), stretch, limit=limit)
        ids = [record.pk.rpartition("#")[2] for record in found]
        return ids, _QUEUED + ids[-1] if len(ids) == limit else None

    def chats(self, a: str, chat_ids: Sequence[str]) -> Read[dict[str, Chat]]:
        """A batch get per 100 chats."""
        wanted = {keys.chat_pk(a, chat_id): chat_id for chat_id in chat_ids}
        if not wanted:
            return Read({})
        records = _Chat.batch_get([(pk, "CHAT") for pk in wanted], consistent_read=True)
        return _read("CHAT", {wanted[record.pk]: record for record in records}, _chat)

    def waits(self, a: str, department_id: str, wanted: Iterable[tuple[str, datetime]]) -> list[Waiting]:
        """A batch get per 100 items."""
        places = [(keys.queue_pk(a, department_id), keys.wait_sk(since, chat_id)) for chat_id, since in wanted]
        if not places:
            return []
        return [_waiting(record) for record in _Wait.batch_get(list(dict.fromkeys(places)), consistent_read=True)]

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

    def head(self, a: str, department_id: str) -> Read[Head | None]:
        """One get."""
        found = _Head.find(keys.queue_pk(a, department_id), "HEAD")
        if found is None:
            return Read(None)
        if found.is_broken:
            return Read(None, [_unreadable("HEAD", department_id)])
        return Read(Head(None if found.turn is None else int(found.turn), found.cursor))

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

    def countings(self, a: str) -> dict[str, Counting]:
        """One query. One that is broken is none."""
        found = CountingRecord.query(
            keys.workspace_pk(a, "CHECKS"), CountingRecord.sk.startswith("us_"), consistent_read=True
        )
        return _read("COUNTING", {record.sk: record for record in found}, CountingRecord.counting).found

    def keep_counting(self, a: str, counting: Counting) -> None:
        """One put."""
        CountingRecord(
            keys.workspace_pk(a, "CHECKS"),
            counting.user_id,
            difference=counting.difference,
            at=counting.at,
            recent=sorted(counting.recent),
            ttl=int((counting.at + _COUNTING_KEPT).timestamp()),
        ).save()

    def drop_counting(self, a: str, user_id: str) -> None:
        """One delete."""
        CountingRecord(keys.workspace_pk(a, "CHECKS"), user_id).delete()


def _read(kind: str, records: Mapping[str, _R], make: Callable[[_R], _T]) -> Read[dict[str, _T]]:
    """What is made of the items, by id, and the drifts of those of which nothing can be made."""
    found: dict[str, _T] = {}
    unreadable = []
    for item_id, record in records.items():
        try:
            found[item_id] = make(record)
        except _BROKEN:
            unreadable.append(_unreadable(kind, item_id))
    return Read(found, unreadable)


def _unreadable(kind: str, item_id: str) -> Drift:
    return Drift("unreadable", item_id, kind, None)


def _agent(record: AgentRecord) -> Agent:
    """The agent. ValueError or TypeError also for what only shows when places are made of it."""
    agent = record.agent()
    for membership in agent.memberships.values():
        place(membership.position, agent.user_id)
    if keys.agent_pk(record.pk.partition("#")[0], agent.user_id) != record.pk:
        raise ValueError(f"{record.pk} holds another agent")
    return agent


def _chat(record: ChatRecord) -> Chat:
    """The chat. ValueError also for one that waits but has no place in the queue."""
    chat = record.chat()
    if not is_whole(chat) or chat.id != record.pk.rpartition("#")[2]:
        raise ValueError(f"{record.pk} is not whole")
    return chat


def _by_user(members: Sequence[MemberRecord], rings: Sequence[RingRecord]) -> dict[str, Places]:
    """Whose place it is tells the key: the attributes may be what is broken."""
    eligible: dict[str, dict[str, bool | None]] = {}
    standing: dict[str, set[str]] = {}
    broken: dict[str, set[str]] = {}
    for member in filter(lambda one: is_place(one.sk), members):
        eligible.setdefault(_user_of(member), {})[member.sk] = member.eligible if _is_whole(member) else None
    for ring in filter(lambda one: is_place(one.sk), rings):
        standing.setdefault(_user_of(ring), set()).add(ring.sk)
        if not _is_whole(ring):
            broken.setdefault(_user_of(ring), set()).add(ring.sk)
    return {
        user_id: Places(
            eligible.get(user_id, {}), frozenset(standing.get(user_id, ())), frozenset(broken.get(user_id, ()))
        )
        for user_id in sorted({*eligible, *standing})
    }


def _user_of(record: Record) -> str:
    return str(record.sk).partition("#")[2]


def _is_whole(record: MemberRecord | RingRecord) -> bool:
    """Whether an item says the same as its key."""
    position: Any = record.position
    return record.user_id == _user_of(record) and position == int(record.sk.partition("#")[0])


def _waiting(record: WaitRecord) -> Waiting:
    """What the key tells, ValueError when that is no chat's; the version of the copy only when it can be read."""
    _, since, chat_id = record.sk.split("#", 2)
    queued_at = datetime.fromisoformat(since)
    if keys.wait_sk(queued_at, chat_id) != record.sk:
        raise ValueError(f"{record.sk} is the place of no chat")
    try:
        version = record.chat().version
    except _BROKEN:
        return Waiting(chat_id, queued_at, None)
    return Waiting(chat_id, queued_at, version)
