"""The kept answers of POSTs: items `{a}#IDEM#{caller}` / key (port: recado/ports/idempotency.py)."""

from __future__ import annotations

from datetime import datetime

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DeleteError, DoesNotExist, PutError, UpdateError
from pynamodb.expressions.update import Action

from recado.ports.core import Ids
from recado.ports.idempotency import Claimed, Kept, Running
from recado.storage import keys
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import guard

_CLAIM = guard(
    "idempotency-claim",
    "two requests with one key at once, or a second one after the first was answered, would both run",
)
_HOLDER = guard(
    "idempotency-holder", "a holder that outlived its lease would overwrite the answer of who took the key over"
)


class IdempotencyRecord(WorkspaceRecord):
    """A key in use: `claim` of its holder while running (until `lease_until`), then the answer."""

    request = UnicodeAttribute()
    claim = UnicodeAttribute()
    lease_until = TimeAttribute()
    kept_until = TimeAttribute()
    status = NumberAttribute(null=True)
    body = BinaryAttribute(legacy_encoding=False, null=True)


class DynamoIdempotency:
    """IdempotencyStore in the workspace table."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def claim(
        self, a: str, caller: str, key: str, request: str, now: datetime, lease_until: datetime, kept_until: datetime
    ) -> Claimed | Running | Kept:
        """One conditional put; when it is refused, one read says why."""
        record = IdempotencyRecord(
            pk=keys.idempotency_pk(a, caller),
            sk=key,
            request=request,
            claim=self._ids.secret(),
            lease_until=lease_until,
            kept_until=kept_until,
            ttl=int(kept_until.timestamp()),
        )
        free = (
            IdempotencyRecord.pk.does_not_exist()
            | (IdempotencyRecord.kept_until <= now)
            | (IdempotencyRecord.status.does_not_exist() & (IdempotencyRecord.lease_until <= now))
        )
        try:
            record.save(condition=_CLAIM(free))
        except PutError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
            return self._holder(a, caller, key, request)
        return Claimed(record.claim)

    def _holder(self, a: str, caller: str, key: str, request: str) -> Running | Kept:
        try:
            found = IdempotencyRecord.get(keys.idempotency_pk(a, caller), key, consistent_read=True)
        except DoesNotExist:
            return Running(request)  # freed this very moment: the caller tries again
        if found.status is None or found.body is None:
            return Running(found.request)
        return Kept(found.request, int(found.status), found.body)

    def keep(self, a: str, caller: str, key: str, claim: str, answer: Kept) -> None:
        """One conditional update; losing the key leaves the other's answer."""
        record = IdempotencyRecord(pk=keys.idempotency_pk(a, caller), sk=key)
        actions: list[Action] = [IdempotencyRecord.status.set(answer.status), IdempotencyRecord.body.set(answer.body)]
        try:
            record.update(actions=actions, condition=_HOLDER(IdempotencyRecord.claim == claim))
        except UpdateError as error:
            _unless_lost(error)

    def release(self, a: str, caller: str, key: str, claim: str) -> None:
        """One conditional delete."""
        record = IdempotencyRecord(pk=keys.idempotency_pk(a, caller), sk=key)
        try:
            record.delete(condition=_HOLDER(IdempotencyRecord.claim == claim))
        except DeleteError as error:
            _unless_lost(error)


def _unless_lost(error: UpdateError | DeleteError) -> None:
    if error.cause_response_code != "ConditionalCheckFailedException":
        raise error
