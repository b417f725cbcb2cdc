"""A department that is checked for drift, and what happens in between (services/reconciler.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from recado.domain.reconciliation import Drift
from recado.services.reconciler import Reconciler
from recado.storage import keys
from recado.storage.agents import AgentRecord, MemberRecord, RingRecord, agent_key
from recado.storage.people import UserRecord
from recado.storage.reconciliation import DynamoReconciliation
from tests.team import ACCOUNT, Team


@dataclass
class Journal:
    told: list[Drift] = field(default_factory=list)

    def found(self, a: str, department_id: str, drift: Drift) -> None:
        self.told.append(drift)


class Interleaved(DynamoReconciliation):
    """The real store; before or after a call of the given name something else happens."""

    def __init__(
        self, before: dict[str, Callable[[], None]] | None = None, after: dict[str, Callable[[], None]] | None = None
    ) -> None:
        self._before, self._after = before or {}, after or {}

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_"):
            happens = self._before.get(name)
            if happens is not None:
                happens()
            if name in self._after:
                return self._then(super().__getattribute__(name), self._after[name])
        return super().__getattribute__(name)

    @staticmethod
    def _then(call: Callable[..., Any], happens: Callable[[], None]) -> Callable[..., Any]:
        def both(*given: Any) -> Any:
            found = call(*given)
            happens()
            return found

        return both


@dataclass
class Checked:
    """A team whose department is checked."""

    team: Team
    journal: Journal = field(default_factory=Journal)

    def reconciler(self, store: Any = None) -> Reconciler:
        team = self.team
        return Reconciler(
            store or DynamoReconciliation(), team.agents, team.departments, team.wakes, team.clock, self.journal
        )

    def look(self, store: Any = None) -> list[tuple[str, str, bool]]:
        """The drifts of a look as (kind, id, repaired); what was told is what is answered."""
        told = len(self.journal.told)
        look = self.reconciler(store).look(ACCOUNT, self.team.department)
        assert look.complete
        assert self.journal.told[told:] == look.drifts
        return [(one.kind, one.id, one.repaired) for one in look.drifts]

    def join(self, name: str, position: int, **given: Any) -> str:
        """An agent who is a user too."""
        user_id = self.team.join(name, position, **given)
        UserRecord(
            keys.workspace_pk(ACCOUNT, "USERS"),
            user_id,
            id=user_id,
            name=name,
            email=f"{name}@one.example",
            role="agent",
            created_at=self.team.clock.now(),
        ).save()
        return user_id

    def items(self, model: Any, pk: str) -> list[str]:
        return [record.sk for record in model.query(pk, consistent_read=True)]

    @property
    def ring(self) -> list[str]:
        return self.items(RingRecord, keys.ring_pk(ACCOUNT, self.team.department))

    @property
    def members(self) -> dict[str, bool]:
        pk = keys.members_pk(ACCOUNT, self.team.department)
        return {one.sk: one.eligible for one in MemberRecord.query(pk, consistent_read=True)}

    def load(self, user_id: str) -> int:
        return self.team.presence.get(ACCOUNT, user_id)[0].load

    def drift_load(self, user_id: str, difference: int) -> None:
        """The load becomes wrong, by a hand in the table."""
        AgentRecord(*agent_key(ACCOUNT, user_id)).update([AgentRecord.load.set(AgentRecord.load + difference)])


def place(position: int, user_id: str) -> str:
    return f"{position:08d}#{user_id}"
