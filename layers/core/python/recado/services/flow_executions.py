"""What flows did, for who may see the chats in which they did it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recado.domain.access import Caller
from recado.domain.errors import NotFound
from recado.domain.flow_executions import Execution, State
from recado.domain.ids import is_id
from recado.ports.flow_executions import ExecutionStore
from recado.ports.flows import FlowStore
from recado.services.chats import READ_AHEAD, ChatService
from recado.services.flow_views import execution_view, traced_view


@dataclass(frozen=True)
class ExecutionFilter:
    """Which executions of a flow; None: any."""

    chat_id: str | None = None
    state: State | None = None


class FlowExecutions:
    """Executions by the flow that they began with."""

    def __init__(self, store: ExecutionStore, flows: FlowStore, chats: ChatService) -> None:
        self._store = store
        self._flows = flows
        self._chats = chats

    def page(
        self, caller: Caller, flow_id: str, wanted: ExecutionFilter, limit: int, after: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Executions, newest first, and the id to go on from. A page can be short, even empty, before the end: what the
        caller may not see, or did not ask for, was read and left out. Raises NotFound for no flow."""
        a, found = caller.account, list[Execution]()
        if self._flows.published(a, flow_id) is None and self._flows.get(a, flow_id) is None:
            raise NotFound("There is no such flow.")
        for _ in range(READ_AHEAD):
            ids = self._ids(a, flow_id, wanted.chat_id, after, limit + 1)
            for one in self._matching(caller, flow_id, wanted, ids[:limit]):
                found.append(one)
                if len(found) == limit:
                    return [execution_view(each) for each in found], one.id if one.id != ids[-1] else None
            if len(ids) <= limit:
                return [execution_view(each) for each in found], None
            after = ids[limit - 1]
        return [execution_view(each) for each in found], after

    def get(self, caller: Caller, flow_id: str, execution_id: str) -> dict[str, Any]:
        """One with its trace. Raises NotFound."""
        a = caller.account
        one = self._store.get(a, execution_id) if is_id(execution_id, "fx", a) else None
        if one is None or one.begun_with != flow_id or one.chat_id not in self._chats.seen(caller, [one.chat_id]):
            raise NotFound("There is no such execution.")
        return traced_view(one, self._store.trace(a, execution_id))

    def _ids(self, a: str, flow_id: str, chat_id: str | None, after: str | None, limit: int) -> list[str]:
        if chat_id is not None:
            return self._store.ids_of_chat(a, chat_id, after, limit)
        return self._store.ids_of_flow(a, flow_id, after, limit)

    def _matching(self, caller: Caller, flow_id: str, wanted: ExecutionFilter, ids: list[str]) -> list[Execution]:
        found = [
            one
            for one in self._store.read(caller.account, ids)
            if one.begun_with == flow_id and wanted.state in (None, one.state)
        ]
        seen = self._chats.seen(caller, list(dict.fromkeys(one.chat_id for one in found)))
        return [one for one in found if one.chat_id in seen]
