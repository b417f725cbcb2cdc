"""Agents, their leases, the predefined order of members and the rings of who can be given a chat (docs/data-model.md
§4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from recado.domain.agents import AgentChange, eligible_places
from recado.domain.people import LEASE_SECONDS, Agent, Membership
from recado.ports.sweeps import DuePage, Owned
from recado.storage import keys
from recado.storage.due import Due, due_page
from recado.storage.tables import Record, TimeAttribute, WorkspaceRecord, read_together
from recado.storage.transaction import Transaction, condition_failed, guard

AGENT_MOVES = guard(
    "agent-moves-from-seen-version",
    "presence, cap, membership and load of one agent are changed at once: each decides from what it read",
)
AGENT_NEW = guard("agent-is-new", "a user is registered twice at once: the second would wipe load and memberships")
LEASE_RENEWABLE = guard(
    "lease-is-there-to-renew",
    "a heartbeat comes as the lease is lapsed: a bare lease would hide that the agent left the rings",
)
LEASE_LAPSED = guard("lease-is-still-lapsed", "a heartbeat renews between finding the lapse and acting on it")
AGENT_DUE = guard(
    "agent-has-a-time-to-be-looked-at",
    "a user logs out or is deleted while the lease is looked at: half an agent would appear in the index for ever",
)
GONE_AS_SEEN = guard(
    "gone-agent-is-as-seen",
    "an agent comes back, or goes again, while the looking after their chats ends: nobody would look at their lease",
)
LEASE_LIVE = guard("lease-is-live", "an agent's lease ends between the decision and its commit")


class AgentRecord(WorkspaceRecord):
    """AGENT."""

    user_id = UnicodeAttribute()
    presence = UnicodeAttribute()
    connected = BooleanAttribute()
    load = NumberAttribute()
    cap = NumberAttribute(null=True)
    version = NumberAttribute()
    memberships = JSONAttribute()
    pause_reason = UnicodeAttribute(null=True)
    supervised = JSONAttribute(null=True)
    due_pk = UnicodeAttribute(null=True)
    due_sk = UnicodeAttribute(null=True)
    gone_looks = NumberAttribute(null=True)
    due = Due()

    def agent(self) -> Agent:
        """The entity."""
        return self.to(
            Agent,
            load=int(self.load),
            cap=None if self.cap is None else int(self.cap),
            version=int(self.version),
            memberships={key: Membership(**value) for key, value in self.memberships.items()},
            supervised=frozenset(self.supervised or ()),
        )


class LeaseRecord(WorkspaceRecord):
    """LEASE: exists exactly while the agent is `connected`."""

    lease_until = TimeAttribute()


class MemberRecord(WorkspaceRecord):
    """MEMBER: a place in the predefined order; `eligible` ⇔ the RING item of the same place exists."""

    user_id = UnicodeAttribute()
    position = NumberAttribute()
    eligible = BooleanAttribute()


class RingRecord(WorkspaceRecord):
    """RING: somebody who can be given a chat here, now."""

    user_id = UnicodeAttribute()
    position = NumberAttribute()


def agent_key(a: str, user_id: str) -> tuple[str, str]:
    """The key of AGENT."""
    return keys.agent_pk(a, user_id), "AGENT"


def lease_key(a: str, user_id: str) -> tuple[str, str]:
    """The key of LEASE."""
    return keys.agent_pk(a, user_id), "LEASE"


def agent_items(pk: str) -> list[tuple[type[Record], str, str]]:
    """What `read_together` has to read of an agent."""
    return [(AgentRecord, pk, "AGENT"), (LeaseRecord, pk, "LEASE")]


def agent_in(found: Mapping[tuple[str, str], Record], pk: str) -> tuple[Agent, datetime | None] | None:
    """The agent, and the end of its lease, among what was read; None when there is none."""
    agent, lease = found.get((pk, "AGENT")), found.get((pk, "LEASE"))
    if not isinstance(agent, AgentRecord):
        return None
    return agent.agent(), lease.lease_until if isinstance(lease, LeaseRecord) else None


def _memberships(agent: Agent) -> dict[str, Any]:
    return {
        key: {
            "position": one.position,
            "agent": one.agent,
            "supervisor": one.supervisor,
            "unavailable": one.unavailable,
        }
        for key, one in agent.memberships.items()
    }


def add_agent_change(tx: Transaction, a: str, change: AgentChange, look_at: datetime | None = None) -> None:
    """Put a change of an agent, with the members and rings that follow from it, into a transaction. Label
    `agent:<user id>`.

    `look_at`: when the lease that begins with this change has to be looked at, or the chats of the agent who goes with
    it."""
    before, after = change.before, change.after
    record = AgentRecord(*agent_key(a, after.user_id))
    actions = _agent_actions(before, after)
    if look_at is not None:
        actions += _look_at(after.user_id, look_at)
    elif before.connected and not after.connected:
        actions += _NO_LOOK
    tx.update(f"agent:{after.user_id}", record, actions, AGENT_MOVES(AgentRecord.version == before.version))
    for department_id, at in change.left.items():
        tx.delete(f"ring-left:{department_id}:{at}", RingRecord(keys.ring_pk(a, department_id), at))
    for department_id, at in change.entered.items():
        position = after.memberships[department_id].position
        tx.put(
            f"ring-entered:{department_id}:{at}",
            RingRecord(keys.ring_pk(a, department_id), at, user_id=after.user_id, position=position),
        )
    _add_member_changes(tx, a, change)


def add_agent_removal(tx: Transaction, a: str, change: AgentChange) -> None:
    """Delete an agent with its lease, places and rings. `change` leaves every department. Label `agent`."""
    for department_id, at in change.left.items():
        tx.delete(f"ring-left:{department_id}:{at}", RingRecord(keys.ring_pk(a, department_id), at))
    _add_member_changes(tx, a, change)
    record = AgentRecord(*agent_key(a, change.before.user_id))
    tx.delete("agent", record, AGENT_MOVES(AgentRecord.version == change.before.version))
    tx.delete("lease", LeaseRecord(*lease_key(a, change.before.user_id)))


def _agent_actions(before: Agent, after: Agent) -> list[Action]:
    actions: list[Action] = [AgentRecord.version.set(after.version)]
    if after.load != before.load:
        actions.append(AgentRecord.load.set(after.load))
    if after.presence != before.presence:
        actions.append(AgentRecord.presence.set(after.presence))
    if after.cap != before.cap:
        actions.append(AgentRecord.cap.remove() if after.cap is None else AgentRecord.cap.set(after.cap))
    if after.pause_reason != before.pause_reason:
        reason = AgentRecord.pause_reason
        actions.append(reason.remove() if after.pause_reason is None else reason.set(after.pause_reason))
    if after.memberships != before.memberships:
        actions.append(AgentRecord.memberships.set(_memberships(after)))
    if after.supervised != before.supervised:
        actions.append(AgentRecord.supervised.set(sorted(after.supervised)))
    if after.connected != before.connected:
        actions += [AgentRecord.connected.set(after.connected), AgentRecord.gone_looks.remove()]
    return actions


_NO_LOOK: list[Action] = [AgentRecord.due_pk.remove(), AgentRecord.due_sk.remove()]


def _look_at(user_id: str, when: datetime) -> list[Action]:
    return [AgentRecord.due_pk.set(keys.due_pk("AGENT", user_id)), AgentRecord.due_sk.set(keys.stamp(when))]


def _add_member_changes(tx: Transaction, a: str, change: AgentChange) -> None:
    """MEMBER items whose place or eligibility moved."""
    old, new = _seats(change.before), _seats(change.after)
    for (department_id, at), eligible in old.items():
        if (department_id, at) not in new:
            tx.delete(f"member-left:{department_id}:{at}", MemberRecord(keys.members_pk(a, department_id), at))
        elif new[department_id, at] != eligible:
            member = MemberRecord(keys.members_pk(a, department_id), at)
            tx.update(f"member:{department_id}:{at}", member, [MemberRecord.eligible.set(new[department_id, at])])
    for (department_id, at), eligible in new.items():
        if (department_id, at) not in old:
            position = change.after.memberships[department_id].position
            member = MemberRecord(
                keys.members_pk(a, department_id),
                at,
                user_id=change.after.user_id,
                position=position,
                eligible=eligible,
            )
            tx.put(f"member:{department_id}:{at}", member)


def _seats(agent: Agent) -> dict[tuple[str, str], bool]:
    eligible = eligible_places(agent)
    return {
        (department_id, keys.place_sk(membership.position, agent.user_id)): department_id in eligible
        for department_id, membership in agent.memberships.items()
    }


def add_lease_check(tx: Transaction, a: str, user_id: str, now: datetime) -> None:
    """Require, in a transaction, that the agent's lease is live. Label `lease:<user id>`."""
    tx.check(f"lease:{user_id}", LeaseRecord(*lease_key(a, user_id)), LEASE_LIVE(LeaseRecord.lease_until > now))


class AgentStore:
    """Reads and changes agents. A method that answers False lost a race: nothing was changed, read again."""

    def create(self, a: str, user_id: str, cap: int | None) -> bool:
        """The agent of a new user: unavailable, not connected, no chats. False when there is one already."""
        record = AgentRecord(
            *agent_key(a, user_id),
            user_id=user_id,
            presence="unavailable",
            connected=False,
            load=0,
            cap=cap,
            version=1,
            memberships={},
        )
        tx = Transaction()
        tx.put("agent", record, AGENT_NEW(AgentRecord.pk.does_not_exist()))
        return tx.committed()

    def get(self, a: str, user_id: str) -> tuple[Agent, datetime | None] | None:
        """The agent and the end of its lease (None: not connected); None for an unknown user."""
        return self.read(a, [user_id]).get(user_id)

    def read(self, a: str, user_ids: Iterable[str]) -> dict[str, tuple[Agent, datetime | None]]:
        """Several agents with their leases, consistently, in one call for up to 50."""
        found = self.read_all((a, user_id) for user_id in user_ids)
        return {user_id: agent for (_, user_id), agent in found.items()}

    def read_all(self, wanted: Iterable[Owned]) -> dict[Owned, tuple[Agent, datetime | None]]:
        """As `read`, of any accounts."""
        places = {keys.agent_pk(a, user_id): (a, user_id) for a, user_id in wanted}
        found = read_together(one for pk in places for one in agent_items(pk))
        return {who: agent for pk, who in places.items() if (agent := agent_in(found, pk)) is not None}

    def change(self, a: str, change: AgentChange) -> bool:
        """Write a change of presence, cap or membership."""
        tx = Transaction()
        add_agent_change(tx, a, change)
        return tx.committed()

    def connect(self, a: str, change: AgentChange, now: datetime) -> bool:
        """The agent gets a lease and, where it fits, stands in its rings again."""
        until = now + timedelta(seconds=LEASE_SECONDS)
        tx = Transaction()
        add_agent_change(tx, a, change, look_at=until)
        tx.put("lease", LeaseRecord(*lease_key(a, change.after.user_id), lease_until=until))
        return tx.committed()

    def disconnect(
        self, a: str, change: AgentChange, lapsed_at: datetime | None, look_at: datetime | None = None
    ) -> bool:
        """The lease ends: by log-out (None), or because it was found lapsed at that moment. `look_at`: when the chats
        that the agent leaves have to be looked after."""
        tx = Transaction()
        add_agent_change(tx, a, change, look_at)
        condition = LEASE_LAPSED(LeaseRecord.lease_until <= lapsed_at) if lapsed_at else None
        tx.delete("lease", LeaseRecord(*lease_key(a, change.after.user_id)), condition)
        return tx.committed()

    def renew(self, a: str, user_id: str, until: datetime) -> bool:
        """Move the end of a lease that exists; False when there is none to renew."""
        try:
            LeaseRecord(*lease_key(a, user_id)).update(
                [LeaseRecord.lease_until.set(until)], condition=LEASE_RENEWABLE(LeaseRecord.pk.exists())
            )
        except UpdateError as error:
            if condition_failed(error):
                return False
            raise
        return True

    def remove(self, a: str, change: AgentChange) -> bool:
        """Delete an agent. `change` leaves every department."""
        tx = Transaction()
        add_agent_removal(tx, a, change)
        return tx.committed()

    def members(self, a: str, department_id: str) -> list[str]:
        """User ids of a department in the predefined order."""
        return [
            record.user_id for record in MemberRecord.query(keys.members_pk(a, department_id), consistent_read=True)
        ]

    def due(self, now: datetime, limit: int) -> DuePage:
        """Agents whose lease, or whose chats since they are gone, should be looked at."""
        return due_page("AGENT", AgentRecord, now, limit)

    def look_again(self, times: Mapping[Owned, datetime]) -> dict[Owned, Exception]:
        """`look_again_at` for many, eight at a time; those that raised."""
        AgentRecord._get_connection()  # made once here rather than by eight threads at a time
        tries = {who: _pool().submit(self.look_again_at, *who, when) for who, when in times.items()}
        errors = {who: one.exception() for who, one in tries.items()}
        return {who: error for who, error in errors.items() if isinstance(error, Exception)}

    def look_again_at(self, a: str, user_id: str, when: datetime) -> None:
        """Put an agent's place in the `due` index to a later time; one who has none gets none."""
        _update(a, user_id, _look_at(user_id, when), AGENT_DUE(AgentRecord.due_sk.exists()))

    def gone(self, a: str, user_id: str) -> tuple[Agent, int] | None:
        """An agent, and how often the chats they left were looked after in vain. 1 RRU."""
        for record in AgentRecord.batch_get([agent_key(a, user_id)], consistent_read=True):
            return record.agent(), int(record.gone_looks or 0)
        return None

    def look_for_gone(self, a: str, agent: Agent, when: datetime | None, looks: int) -> None:
        """When the chats of an agent who is gone have to be looked after again, None for never; not if the agent
        moved meanwhile. 1 WRU and the index."""
        actions = _NO_LOOK if when is None else _look_at(agent.user_id, when)
        seen = GONE_AS_SEEN(AgentRecord.version == agent.version)
        _update(a, agent.user_id, [*actions, AgentRecord.gone_looks.set(looks)], seen)


def _update(a: str, user_id: str, actions: list[Action], condition: Condition | None) -> None:
    """Change AGENT alone, without its version; nothing happens when the condition is not met."""
    try:
        AgentRecord(*agent_key(a, user_id)).update(actions, condition=condition)
    except UpdateError as error:
        if not condition_failed(error):
            raise


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(8, thread_name_prefix="due-agent")
