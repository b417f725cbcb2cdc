"""Who may call a route: a scope for API tokens, roles for sessions. A route cannot be declared without a rule."""

from __future__ import annotations

from dataclasses import dataclass

from recado.domain.access import Caller
from recado.domain.errors import Forbidden
from recado.domain.people import Role
from recado.domain.scopes import SCOPES

EVERYONE: tuple[Role, ...] = ("admin", "agent", "restricted")
STAFF: tuple[Role, ...] = ("admin", "agent")
ADMINS: tuple[Role, ...] = ("admin",)


def require_scope(caller: Caller, scope: str) -> None:
    """Return when the caller is a session or an API token with the scope: for what a route shows beside its own
    subject. Raises Forbidden `scope_missing` (403)."""
    if caller.scopes is not None and scope not in caller.scopes:
        raise Forbidden(f"This API token lacks the scope {scope}.", code="scope_missing")


@dataclass(frozen=True)
class Rule:
    """`scope` None: only sessions. `public`: nobody is asked who they are."""

    scope: str | None
    roles: frozenset[Role]
    public: bool = False

    def enforce(self, caller: Caller) -> None:
        """Return when the caller may call the route. Raises Forbidden (403)."""
        if caller.scopes is not None:
            if self.scope is None:
                raise Forbidden("Only a session may do this, not an API token.", code="session_required")
            require_scope(caller, self.scope)
        if caller.role not in self.roles:
            raise Forbidden("Your role does not allow this.", code="role_not_allowed")


PUBLIC = Rule(scope=None, roles=frozenset(), public=True)


def may(scope: str, *roles: Role) -> Rule:
    """API tokens with the scope, sessions of these roles. Raises ValueError for an unknown scope or no role."""
    if scope not in SCOPES:
        raise ValueError(f"there is no scope {scope!r}")
    if not roles:
        raise ValueError(f"a rule for {scope!r} needs roles")
    return Rule(scope, frozenset(roles))


def sessions_only(*roles: Role) -> Rule:
    """Sessions of these roles; no API token."""
    return Rule(None, frozenset(roles or EVERYONE))
