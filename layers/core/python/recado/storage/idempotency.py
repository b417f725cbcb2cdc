"""The kept answers of POSTs: items `{a}#IDEM#{caller}` / key (port: recado/ports/idempotency.py)."""

from __future__ import annotations

from datetime import datetime

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DeleteError, PutError, UpdateError
from pynamodb.expressions.update import Action

from recado.ports.core import Ids
from recado.ports.idempotency import Attempt, Claimed, Kept, Running
from recado.storage import keys
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import condition_failed, guard

_CLAIM = guard(
    "idempotency-claim",
    "two requests with one key at once, or a second one after the first was answered, would both run",
)
_TAKE_OVER = guard(
    "idempotency-take-over",
    "two requests take a lapsed key over at once, or one does as its holder's answer is kept: the request would run "
    "once more than needed",
)
_HOLDER = guard(
    "idempotency-holder", "a holder that outlived its lease would overwrite the answer of who took the key over"
)


class IdempotencyRecord(WorkspaceRecord):
    """A key in use: `claim` of its holder while running (until `lease_until`), then the answer. `origin` is of the
    request, whoever runs it."""

    request = UnicodeAttribute()
    origin = UnicodeAttribute()
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
        """One conditional put; when it is refused, one read says why, and one update takes over what has lapsed. The
        claim tells ours from another's: the client repeats what it had no answer to, and is refused by itself."""
        record = IdempotencyRecord(
            pk=keys.idempotency_pk(a, caller),
            sk=key,
            request=request,
            origin=self._ids.new("rq", a),
            claim=self._ids.secret(),
            lease_until=lease_until,
            kept_until=kept_until,
            ttl=int(kept_until.timestamp()),
        )
        free = IdempotencyRecord.pk.does_not_exist() | (IdempotencyRecord.kept_until <= now)
        try:
            record.save(condition=_CLAIM(free))
        except PutError as error:
            found = self._read(a, caller, key)
            if found is not None and found.claim == record.claim:
                return Claimed(record.claim, Attempt(record.origin))
            _unless_lost(error)
            if found is None:
                return Running(request)  # freed this very moment: the caller tries again
            if found.status is not None and found.body is not None:
                return Kept(found.request, int(found.status), found.body)
            if found.request != request or found.lease_until > now:
                return Running(found.request)
            return self._take_over(a, caller, found, record)
        return Claimed(record.claim, Attempt(record.origin))

    def _take_over(self, a: str, caller: str, lapsed: IdempotencyRecord, ours: IdempotencyRecord) -> Claimed | Running:
        actions: list[Action] = [
            IdempotencyRecord.claim.set(ours.claim),
            IdempotencyRecord.lease_until.set(ours.lease_until),
        ]
        untouched = (IdempotencyRecord.claim == lapsed.claim) & IdempotencyRecord.status.does_not_exist()
        try:
            IdempotencyRecord(lapsed.pk, lapsed.sk).update(actions=actions, condition=_TAKE_OVER(untouched))
        except UpdateError as error:
            found = self._read(a, caller, lapsed.sk)
            if found is None or found.claim != ours.claim:
                _unless_lost(error)
                return Running(ours.request)
        return Claimed(ours.claim, Attempt(lapsed.origin, again=True))

    def _read(self, a: str, caller: str, key: str) -> IdempotencyRecord | None:
        return IdempotencyRecord.find(keys.idempotency_pk(a, caller), key)

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


def _unless_lost(error: PutError | UpdateError | DeleteError) -> None:
    if not condition_failed(error):
        raise error
