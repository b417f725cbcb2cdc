"""Things of which no two have one name: the name is an item of its own, written and deleted with the thing in one
transaction. Conditions and their guards are the callers'."""

from __future__ import annotations

from dataclasses import dataclass

from pynamodb.expressions.condition import Condition

from recado.storage.tables import WorkspaceRecord
from recado.storage.transaction import Cancelled, Transaction

_THING, _NAME, _OLD_NAME = "thing", "name", "old-name"


@dataclass(frozen=True)
class OwnName:
    """The item of a name, and the condition under which it is free. `taken`: what is raised when it is not."""

    record: WorkspaceRecord
    free: Condition | None
    taken: type[Exception]


def create_named(thing: WorkspaceRecord, name: OwnName) -> None:
    """One transaction. Raises `taken`."""
    tx = Transaction()
    tx.put(_THING, thing)
    tx.put(_NAME, name.record, name.free)
    try:
        tx.commit()
    except Cancelled as cancelled:
        raise name.taken from cancelled


def change_named(thing: WorkspaceRecord, as_seen: Condition | None, old: WorkspaceRecord, name: OwnName) -> bool:
    """One transaction, with another name where it has one: its old one is free from then on. False: the thing is not as
    it was seen. Raises `taken`."""
    tx = Transaction()
    tx.put(_THING, thing, as_seen)
    if name.record.sk != old.sk:
        tx.delete(_OLD_NAME, old)
        tx.put(_NAME, name.record, name.free)
    try:
        tx.commit()
    except Cancelled as cancelled:
        if _THING in cancelled.failed:
            return False
        raise name.taken from cancelled
    return True


def delete_named(tx: Transaction, thing: WorkspaceRecord, as_seen: Condition | None, name: WorkspaceRecord) -> None:
    """Add that both go."""
    tx.delete(_THING, thing, as_seen)
    tx.delete(_NAME, name)
