"""Departments, and the one item that says which is the default."""

from __future__ import annotations

from dataclasses import asdict, astuple
from datetime import date, datetime

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError

from recado.domain.chats import OPEN_SITUATIONS
from recado.domain.people import Department, OpenHours, ReopenRule
from recado.ports.sweeps import DuePage
from recado.storage import keys
from recado.storage.chat_records import ChatRecord
from recado.storage.due import Due, due_page
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import Transaction, condition_failed, guard

_EXISTS = guard(
    "department-exists", "a department is deleted while something begins to use it: half a department would appear"
)
_SEEN = guard(
    "department-unchanged", "a department is changed, or begins to be used, after who changes or deletes it has read it"
)
_NOT_DEFAULT = guard(
    "department-not-default", "a department becomes the default while it is deleted: the account would have none"
)
_STILL_DUE = guard(
    "department-is-still-due",
    "a department is changed or deleted while it is looked at: its new hours would be seen an hour late, or half a "
    "department would appear",
)

_DEFAULT = "DEFAULT"


class DepartmentRecord(WorkspaceRecord):
    """DEPARTMENT."""

    id = UnicodeAttribute()
    name = UnicodeAttribute()
    access = UnicodeAttribute()
    created_at = TimeAttribute()
    distribution_enabled = BooleanAttribute()
    overflow_after_s = NumberAttribute(null=True)
    overflow_department_id = UnicodeAttribute(null=True)
    last_agent_first = BooleanAttribute(null=True)
    when_agent_gone = UnicodeAttribute(null=True)
    max_automatic_s = NumberAttribute(null=True)
    close_idle_after_s = NumberAttribute(null=True)
    reopening = JSONAttribute(null=True)
    business_hours = JSONAttribute(null=True)
    holidays = JSONAttribute(null=True)
    away_message = UnicodeAttribute(null=True)
    tabulation_required = BooleanAttribute(null=True)
    rearm_from = UnicodeAttribute(null=True)
    version = NumberAttribute()
    due_pk = UnicodeAttribute(null=True)
    due_sk = UnicodeAttribute(null=True)
    due = Due()

    @classmethod
    def of_department(cls, a: str, department: Department, look_at: datetime) -> DepartmentRecord:
        """The item of a department that has to be looked at at a time."""
        hours = department.business_hours
        return cls.of(
            department,
            pk=keys.workspace_pk(a, "DEPARTMENTS"),
            sk=department.id,
            reopening=asdict(department.reopening),
            business_hours=None if hours is None else [astuple(one) for one in hours],
            holidays=[day.isoformat() for day in department.holidays] or None,
            due_pk=keys.due_pk("DEPARTMENTS", department.id),
            due_sk=keys.stamp(look_at),
        )

    def department(self) -> Department:
        """The entity."""
        hours = self.business_hours
        return self.to(
            Department,
            overflow_after_s=_whole(self.overflow_after_s),
            max_automatic_s=_whole(self.max_automatic_s),
            close_idle_after_s=_whole(self.close_idle_after_s),
            reopening=ReopenRule(**self.reopening) if self.reopening else ReopenRule(),
            business_hours=None if hours is None else tuple(OpenHours(*one) for one in hours),
            holidays=tuple(date.fromisoformat(day) for day in self.holidays or ()),
            version=int(self.version),
        )


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


class DefaultRecord(WorkspaceRecord):
    """DEFAULT: one item, so exactly one default department."""

    department_id = UnicodeAttribute()


class DepartmentStore:
    """The departments of the workspace table (port: recado/ports/people.py)."""

    def get(self, a: str, department_id: str) -> Department | None:
        """A department, or None."""
        for record in DepartmentRecord.batch_get(
            [(keys.workspace_pk(a, "DEPARTMENTS"), department_id)], consistent_read=True
        ):
            return record.department()
        return None

    def default(self, a: str) -> str | None:
        """The id of the default department; None for an account that does not exist."""
        found = DefaultRecord.find(keys.workspace_pk(a, "DEPARTMENTS"), _DEFAULT)
        return None if found is None else found.department_id

    def all(self, a: str) -> list[Department]:
        """Every department, oldest first. An account has few."""
        below = DepartmentRecord.sk.startswith("dp_")
        return [
            one.department()
            for one in DepartmentRecord.query(keys.workspace_pk(a, "DEPARTMENTS"), below, consistent_read=True)
        ]

    def create(self, a: str, department: Department, default: bool, look_at: datetime) -> bool:
        """False when the department it overflows to is gone."""
        tx = Transaction()
        add_department(tx, a, department, default, look_at)
        if department.overflow_department_id:
            use_department(tx, a, department.overflow_department_id)
        return tx.committed()

    def change(self, a: str, before: Department, after: Department, default: bool, look_at: datetime) -> bool:
        """Write a change, and the default with it; False when the department, or the one it overflows to, is no
        longer as seen."""
        tx = Transaction()
        record = DepartmentRecord.of_department(a, after, look_at)
        tx.put("department", record, _SEEN(DepartmentRecord.version == before.version))
        if default:
            tx.put("default", _default_record(a, after.id))
        if after.overflow_department_id and after.overflow_department_id != before.overflow_department_id:
            use_department(tx, a, after.overflow_department_id)
        return tx.committed()

    def delete(self, a: str, department: Department) -> bool:
        """Delete a department that was seen unused and not the default; False when that changed."""
        tx = Transaction()
        tx.check(
            "default", _default_record(a, department.id), _NOT_DEFAULT(DefaultRecord.department_id != department.id)
        )
        record = DepartmentRecord(keys.workspace_pk(a, "DEPARTMENTS"), department.id)
        tx.delete("department", record, _SEEN(DepartmentRecord.version == department.version))
        return tx.committed()

    def open_chats(self, a: str, department_id: str) -> bool:
        """Whether the department has open chats, as far as its index knows."""
        pk = keys.index_pk(a, department_id)
        return any(
            list(ChatRecord.by_department.query(pk, ChatRecord.de_sk.startswith(f"{situation}#"), limit=1))
            for situation in OPEN_SITUATIONS
        )

    def due(self, now: datetime, limit: int) -> DuePage:
        """Departments to be looked at by now."""
        return due_page("DEPARTMENTS", DepartmentRecord, now, limit)

    def look_again(
        self, a: str, department_id: str, found_at: datetime, when: datetime, rearm_from: str | None
    ) -> None:
        """Put a department that was found due at `found_at` to its next look, and say from where on its chats' timers
        are still to be set. One that was changed meanwhile keeps what the change gave it, a deleted one stays so.
        1 WRU, 2 for the index."""
        behind = DepartmentRecord.rearm_from
        record = DepartmentRecord(keys.workspace_pk(a, "DEPARTMENTS"), department_id)
        try:
            record.update(
                [
                    DepartmentRecord.due_sk.set(keys.stamp(when)),
                    behind.remove() if rearm_from is None else behind.set(rearm_from),
                ],
                condition=_STILL_DUE(DepartmentRecord.due_sk <= keys.stamp(found_at)),
            )
        except UpdateError as error:
            if not condition_failed(error):
                raise


def add_department(tx: Transaction, a: str, department: Department, default: bool, look_at: datetime) -> None:
    """Put a new department into a transaction."""
    tx.put("department", DepartmentRecord.of_department(a, department, look_at))
    if default:
        tx.put("default", _default_record(a, department.id))


def _default_record(a: str, department_id: str) -> DefaultRecord:
    return DefaultRecord(keys.workspace_pk(a, "DEPARTMENTS"), _DEFAULT, department_id=department_id)


def use_department(tx: Transaction, a: str, department_id: str) -> None:
    """Require the department, and count it as changed, so that it cannot be deleted by who saw it unused. Label
    `used-department`."""
    record = DepartmentRecord(keys.workspace_pk(a, "DEPARTMENTS"), department_id)
    exists = _EXISTS(DepartmentRecord.pk.exists())
    tx.update("used-department", record, [DepartmentRecord.version.add(1)], exists)
