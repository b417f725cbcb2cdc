"""Departments, which of them is the default, and their members."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from recado.domain.channels import Channel
from recado.domain.department_settings import with_settings
from recado.domain.errors import Busy, Conflict, Invalid, NotFound
from recado.domain.ids import is_id
from recado.domain.people import Department, Membership
from recado.ports.agents import Waker
from recado.ports.channels import ChannelStore
from recado.ports.core import Clock, Ids
from recado.ports.people import DepartmentStore, UserStore
from recado.services.presence import PresenceService
from recado.services.references import References

MAX_POSITION = 99_999_999
_TRIES = 5
_LOOK_AFTER = timedelta(seconds=60)
"""A department that was changed is looked at soon: not at once, so that a look that is going on does not put it off."""


@dataclass(frozen=True)
class SeenDepartment:
    """A department, and whether it is the account's default."""

    department: Department
    default: bool


class DepartmentService:
    """Exactly one department is the default: it changes by naming another one, never by taking the mark away."""

    def __init__(
        self,
        departments: DepartmentStore,
        users: UserStore,
        channels: ChannelStore,
        presence: PresenceService,
        waker: Waker,
        references: References,
        clock: Clock,
        ids: Ids,
        named_by: Callable[[Channel], Collection[str]],
    ) -> None:
        """`named_by` gives the departments that a channel's settings lead to."""
        self._departments = departments
        self._users = users
        self._channels = channels
        self._presence = presence
        self._waker = waker
        self._references = references
        self._clock = clock
        self._ids = ids
        self._named_by = named_by

    def all(self, a: str) -> list[SeenDepartment]:
        """Every department, oldest first."""
        default = self._departments.default(a)
        return [SeenDepartment(one, one.id == default) for one in self._departments.all(a)]

    def get(self, a: str, department_id: str) -> SeenDepartment:
        """Raises NotFound."""
        return SeenDepartment(self._department(a, department_id), self._departments.default(a) == department_id)

    def create(self, a: str, name: str, default: bool, given: Mapping[str, Any]) -> SeenDepartment:
        """`given`: the settings, as `domain.department_settings` takes them. Raises Invalid."""
        now = self._clock.now()
        department = self._settled(a, Department(self._ids.new("dp", a), name, "department", now), given)
        if not self._departments.create(a, department, default, now + _LOOK_AFTER):
            raise _no_overflow_department()
        return SeenDepartment(department, default)

    def change(self, a: str, department_id: str, default: bool | None, given: Mapping[str, Any]) -> SeenDepartment:
        """`given` as for `create`; what is not in it stays. Raises Invalid, NotFound, Conflict `default_required`."""
        for _ in range(_TRIES):
            before = self.get(a, department_id)
            if default is False and before.default:
                raise Conflict("Make another department the default instead.", code="default_required")
            after = self._settled(a, before.department, given)
            after = replace(after, version=before.department.version + 1)
            look_at = self._clock.now() + _LOOK_AFTER
            if self._departments.change(a, before.department, after, bool(default), look_at):
                self._wake(a, before.department, after)
                return self.get(a, department_id)
        raise Busy(f"department {department_id}")

    def delete(self, a: str, department_id: str) -> None:
        """Delete a department that nothing uses. Raises NotFound, Conflict `default_required`, `department_in_use` or
        `in_use`."""
        for _ in range(_TRIES):
            seen = self.get(a, department_id)
            if seen.default:
                raise Conflict("The default department cannot be deleted.", code="default_required")
            use = self._use(a, department_id)
            if use:
                detail = f"The department still has {use}. Move them to another one first."
                raise Conflict(detail, code="department_in_use", extra={"used_by": use})
            self._references.refuse(a, [department_id], "The department")
            if self._departments.delete(a, seen.department):
                return
        raise Busy(f"department {department_id}")

    def members(self, a: str, department_id: str) -> list[tuple[str, Membership]]:
        """Members in their predefined order. Raises NotFound."""
        self._department(a, department_id)
        return self._presence.members(a, department_id)

    def member(self, a: str, department_id: str, user_id: str) -> Membership:
        """Raises NotFound when the user is no member."""
        membership = self._presence.get(a, user_id)[0].memberships.get(department_id)
        if membership is None:
            raise NotFound("There is no such member.")
        return membership

    def put_member(self, a: str, department_id: str, user_id: str, given: Mapping[str, Any]) -> Membership:
        """Join or change. `given`: those of `agent`, `supervisor`, `unavailable` and `position` that are to be set; the
        others stay, and a new member is an agent, the last in the order. Raises Invalid, NotFound."""
        self._department(a, department_id)
        if self._users.get(a, user_id) is None:
            raise NotFound("There is no such user.")

        def decide(before: Membership | None) -> Membership:
            if before is not None:
                return _changed(before, given)
            new = _changed(Membership(0, agent=True, supervisor=False), given)
            return new if "position" in given else replace(new, position=self._last_place(a, department_id))

        agent = self._presence.change_membership(a, user_id, department_id, decide)
        return agent.memberships[department_id]

    def remove_member(self, a: str, department_id: str, user_id: str) -> None:
        """Raises NotFound when the user is no member."""
        self.member(a, department_id, user_id)
        self._presence.set_membership(a, user_id, department_id, None)

    def _last_place(self, a: str, department_id: str) -> int:
        members = self._presence.members(a, department_id)
        return min(members[-1][1].position + 1, MAX_POSITION) if members else 1

    def _settled(self, a: str, department: Department, given: Mapping[str, Any]) -> Department:
        """The department with the given settings. Raises Invalid with pointers."""
        after = with_settings(department, given)
        target = after.overflow_department_id
        if (
            target is not None
            and target != department.overflow_department_id
            and (not is_id(target, "dp", a) or self._departments.get(a, target) is None)
        ):
            raise _no_overflow_department()
        return after

    def _wake(self, a: str, before: Department, after: Department) -> None:
        """A change after which waiting chats may be given out; whether it is open is for the look to know."""
        if after.distribution_enabled and not before.distribution_enabled:
            self._waker.wake(a, [after.id], "distribution_enabled")
        elif (before.business_hours, before.holidays) != (after.business_hours, after.holidays):
            self._waker.wake(a, [after.id], "department_opened")

    def _use(self, a: str, department_id: str) -> str:
        """What still uses a department, in words; empty for nothing. Removed channels do not count."""
        if self._presence.members(a, department_id):
            return "members"
        if any(one.overflow_department_id == department_id for one in self._departments.all(a)):
            return "departments that overflow to it"
        after: str | None = None
        while page := self._channels.page(a, 100, after):
            used = [one for one in page if one.state != "removed"]
            if any(one.department_id == department_id for one in used):
                return "channels"
            if any(department_id in self._named_by(one) for one in used):
                return "menus of channels"
            after = page[-1].id
        return "open chats" if self._departments.open_chats(a, department_id) else ""

    def _department(self, a: str, department_id: str) -> Department:
        department = self._departments.get(a, department_id)
        if department is None:
            raise NotFound("There is no such department.")
        return department


def _changed(membership: Membership, given: Mapping[str, Any]) -> Membership:
    """The membership with what is given. Raises Invalid at the field that would leave no part to take."""
    after = replace(membership, **given)
    if not (after.agent or after.supervisor):
        pointer = "/agent" if "agent" in given else "/supervisor"
        raise Invalid.field(pointer, "no_part", "A member is an agent, a supervisor or both.")
    return after


def _no_overflow_department() -> Invalid:
    return Invalid.field("/distribution/overflow_department_id", "unknown_department", "There is no such department.")
