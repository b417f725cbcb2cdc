"""Acts of workers that may be repeated: that one was done lies beside what it did, in the same transaction."""

from __future__ import annotations

from datetime import timedelta

from recado.domain.ids import moment_of
from recado.storage import keys
from recado.storage.tables import WorkspaceRecord
from recado.storage.transaction import Transaction, guard

ACT_ONCE = guard(
    "act-once", "a worker dies when it has acted and another repeats it, after somebody took it back: it is done twice"
)
_REMEMBERED_FOR = timedelta(days=30)


class ActRecord(WorkspaceRecord):
    """ACT."""


def add_act(tx: Transaction, a: str, act_id: str) -> None:
    """The act is done with this transaction, if it was not. Label `act`."""
    ttl = int((moment_of(act_id) + _REMEMBERED_FOR).timestamp())
    tx.put("act", ActRecord(keys.act_pk(a, act_id), "ACT", ttl=ttl), ACT_ONCE(ActRecord.pk.does_not_exist()))


def was_done(a: str, act_id: str) -> bool:
    """1 RRU."""
    return ActRecord.find(keys.act_pk(a, act_id), "ACT") is not None
