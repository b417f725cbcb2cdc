"""A declared route, and one request to it that passed every check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from recado.api import cursors
from recado.api.rules import Rule
from recado.domain.access import Caller
from recado.domain.ids import is_id
from recado.ports.idempotency import Attempt

if TYPE_CHECKING:
    from recado.bootstrap import Container

KINDS = {
    "user_id": "us",
    "department_id": "dp",
    "channel_id": "ch",
    "contact_id": "ct",
    "chat_id": "ca",
    "message_id": "ms",
    "event_id": "ev",
    "token_id": "tk",
    "organization_id": "og",
    "group_id": "gr",
    "workflow_id": "wf",
    "button_id": "bt",
    "tabulation_id": "tb",
    "file_id": "fi",
    "field_id": "cf",
    "template_id": "tm",
    "merge_id": "mg",
    "import_id": "im",
    "export_id": "ex",
    "shortcut_id": "sc",
    "trigger_id": "tg",
    "project_id": "pj",
    "flow_id": "fl",
    "execution_id": "fx",
    "erasure_id": "er",
    "data_export_id": "dx",
    "task_id": "ts",
    "run_id": "rn",
}
"""Path parameters that are ids, and of which kind."""
DEFAULT_LIMIT = 50
MAX_LIMIT = 200


@dataclass(frozen=True)
class Call:
    """One request that passed every check, as a route's function gets it. `attempt`: which run of it this is, where it
    came with an Idempotency-Key."""

    route: Route
    maybe_caller: Caller | None
    body: Any
    query: Any
    limit: int
    after: Any
    services: Container
    attempt: Attempt | None = None

    @property
    def caller(self) -> Caller:
        """Who calls; a public route has nobody."""
        if self.maybe_caller is None:
            raise LookupError(f"{self.route.path} is public: nobody is known to call")
        return self.maybe_caller

    def list(self, items: list[Any], following: Any) -> dict[str, Any]:
        """A page: `following` is what `call.after` shall be for the next one, None at the end."""
        cursor = None if following is None else cursors.encode(following, self.caller.account, self.route.path)
        return {"items": items, "next": cursor}


@dataclass(frozen=True)
class Found:
    """What a route answers that would have made a thing, but found it: 200 instead of 201."""

    value: Any


@dataclass(frozen=True)
class Route:
    """One method of one path, with everything that is known of it before a request comes."""

    method: str
    path: str
    rule: Rule
    function: Callable[..., Any]
    body: type[msgspec.Struct] | None
    query: type[msgspec.Struct] | None
    paged: Any
    answers: Any
    status: int
    tag: str
    shows_secret: bool
    kinds: Mapping[str, str]
    finds: bool = False
    """Whether it may answer Found."""
    problems: tuple[str, ...] = ()
    """The codes with which it can refuse beside those of any route of its kind (recado/api/refusals.py)."""

    @property
    def parameters(self) -> frozenset[str]:
        """The query parameters that it takes."""
        declared = self.query.__struct_encode_fields__ if self.query else ()
        return frozenset((*declared, *(("limit", "after") if self.paged is not None else ())))

    def ids_belong(self, ids: Mapping[str, str], account: str) -> bool:
        """Whether every id of the path is of its kind and of that account."""
        return all(is_id(ids[name], kind, account) for name, kind in self.kinds.items())
