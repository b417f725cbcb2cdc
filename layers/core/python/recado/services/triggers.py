"""Triggers of the online chat, as admins make them (PRODUCT F3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from recado.domain.access import Caller
from recado.domain.errors import Busy, Conflict, FieldError, Invalid, NotFound
from recado.domain.ids import is_id
from recado.domain.triggers import MAX_TRIGGERS, Trigger, check
from recado.ports.channels import ChannelStore
from recado.ports.core import Clock, Ids
from recado.ports.flows import FlowStore
from recado.ports.triggers import TriggerStore
from recado.services.files import FileService
from recado.services.views import moment

_TRIES = 5


class TriggerService:
    """A trigger is bound to a channel of type online_chat. When that is removed it shows nowhere, until it is bound to
    another one."""

    def __init__(
        self,
        store: TriggerStore,
        channels: ChannelStore,
        flows: FlowStore,
        files: FileService,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._flows = flows
        self._channels = channels
        self._files = files
        self._clock = clock
        self._ids = ids

    def all(self, a: str, channel_id: str | None) -> list[Trigger]:
        """Those of one channel, or of all, oldest first."""
        return [one for one in self._store.all(a) if channel_id is None or one.channel_id == channel_id]

    def get(self, a: str, trigger_id: str) -> Trigger:
        """Raises NotFound."""
        found = self._store.get(a, trigger_id)
        if found is None:
            raise NotFound("There is no such trigger.")
        return found

    def create(self, caller: Caller, fields: Mapping[str, Any]) -> Trigger:
        """`fields`: those of Trigger that people say. Raises Invalid, NotFound, Conflict `too_many_triggers`,
        `file_not_accepted`."""
        a, now = caller.account, self._clock.now()
        made = Trigger(id=self._ids.new("tg", a), created_at=now, updated_at=now, **fields)
        check(made)
        self._check_channel(a, made.channel_id)
        self._check_flow(a, made.action.flow_id)
        self._check_file(caller, made.file_id)
        if len(self._store.all(a)) >= MAX_TRIGGERS:
            detail = f"An account has at most {MAX_TRIGGERS} triggers."
            raise Conflict(detail, code="too_many_triggers", extra={"limit": MAX_TRIGGERS})
        self._store.create(a, made)
        return made

    def change(self, caller: Caller, trigger_id: str, fields: Mapping[str, Any]) -> Trigger:
        """Write the given fields over what is there. Raises as `create`, and NotFound."""
        a = caller.account
        for _ in range(_TRIES):
            before = self.get(a, trigger_id)
            after = replace(before, **fields)
            if after == before:
                return before
            check(after)
            if after.channel_id != before.channel_id:
                self._check_channel(a, after.channel_id)
            if after.action.flow_id != before.action.flow_id:
                self._check_flow(a, after.action.flow_id)
            if after.file_id != before.file_id:
                self._check_file(caller, after.file_id)
            after = replace(after, updated_at=self._clock.now(), version=before.version + 1)
            if self._store.change(a, before, after):
                return after
        raise Busy(f"change of {trigger_id}")

    def delete(self, a: str, trigger_id: str) -> None:
        """Raises NotFound."""
        self.get(a, trigger_id)
        self._store.delete(a, trigger_id)

    def _check_channel(self, a: str, channel_id: str) -> None:
        channel = self._channels.get(a, channel_id) if is_id(channel_id, "ch", a) else None
        if channel is None or channel.state == "removed":
            raise Invalid.field("/channel_id", "not_found", "There is no such channel.")
        if channel.type != "online_chat":
            raise Invalid.field("/channel_id", "wrong_type", "Triggers are of a channel of type online_chat.")

    def _check_flow(self, a: str, flow_id: str | None) -> None:
        if flow_id is None:
            return
        flow = self._flows.get(a, flow_id) if is_id(flow_id, "fl", a) else None
        if flow is None or flow.published is None:
            detail = "There is no such flow, or it was never published."
            raise Invalid.field("/action/flow_id", "not_found", detail)

    def _check_file(self, caller: Caller, file_id: str | None) -> None:
        if file_id is None:
            return
        try:
            file = self._files.get(caller, file_id)
        except NotFound as unknown:
            raise NotFound(unknown.detail, errors=[FieldError("/file_id", "not_found", unknown.detail)]) from None
        if file.feature != "trigger":
            detail = f"The file was uploaded for {file.feature}: upload it for `trigger`."
            raise Invalid.field("/file_id", "wrong_feature", detail)
        if file.state != "accepted":
            detail = "The file was rejected." if file.state == "rejected" else "The file did not arrive yet."
            extra = {"file_state": file.state, **({"reason": file.reason} if file.reason else {})}
            raise Conflict(
                detail, code="file_not_accepted", errors=[FieldError("/file_id", file.state, detail)], extra=extra
            )


def trigger_view(trigger: Trigger) -> dict[str, Any]:
    """A trigger in its public shape."""
    return {
        "id": trigger.id,
        "name": trigger.name,
        "channel_id": trigger.channel_id,
        "type": trigger.type,
        **shown_parts(trigger),
        "file_id": trigger.file_id,
        "enabled": trigger.enabled,
        "created_at": moment(trigger.created_at),
        "updated_at": moment(trigger.updated_at),
    }


def shown_parts(trigger: Trigger) -> dict[str, Any]:
    """What it looks like, when it shows, what a click does."""
    parts = trigger.parts()
    return {**parts, "appearance": {**parts["appearance"], "position": trigger.position}}
