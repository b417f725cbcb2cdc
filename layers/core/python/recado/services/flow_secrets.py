"""Secrets of flows: written, never read back (PRODUCT F1)."""

from __future__ import annotations

from typing import Any

from recado.domain.errors import Conflict, NotFound
from recado.domain.flow_secrets import MAX_SECRETS, FlowSecret, check_name
from recado.ports.core import Clock
from recado.ports.flow_secrets import FlowSecretStore
from recado.services.views import moment


class FlowSecretService:
    """Steps name a secret; its value is put in when the request goes out (services.flow_requests)."""

    def __init__(self, store: FlowSecretStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def all(self, a: str) -> list[FlowSecret]:
        """Their names, in order."""
        return self._store.all(a)

    def put(self, a: str, name: str, value: str) -> FlowSecret:
        """Write one; another value holds from the next request on. Raises Invalid, Conflict
        `too_many_flow_secrets`."""
        check_name(name)
        there = self._store.all(a)
        if len(there) >= MAX_SECRETS and all(one.name != name for one in there):
            detail = f"An account has at most {MAX_SECRETS} secrets of flows."
            raise Conflict(detail, code="too_many_flow_secrets", extra={"limit": MAX_SECRETS})
        made = FlowSecret(name, self._clock.now())
        self._store.put(a, name, value, made.updated_at)
        return made

    def delete(self, a: str, name: str) -> None:
        """Steps that name it fail with `secret_missing` from now on. Raises NotFound."""
        if all(one.name != name for one in self._store.all(a)):
            raise NotFound("There is no such secret.")
        self._store.delete(a, name)


def flow_secret_view(secret: FlowSecret) -> dict[str, Any]:
    """A secret in its public shape, which has no value."""
    return {"name": secret.name, "updated_at": moment(secret.updated_at)}
