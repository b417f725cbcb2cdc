"""`Idempotency-Key` on POST: the first answer again for the same request, for 24 hours.

A request is its method, path, body and caller. The key is claimed before the route's function runs; then
- the same request again → the first answer, byte for byte, with its status and `Idempotency-Replayed: true`;
- another body or path → 422; the first still running → 409.
Refusals of 5xx and 429 and Busy are not kept: they say that nothing was done, and the key is free again. Refusals from
before the claim (401, 403, 404 of the path, 400 of the body) leave the key untouched. Public routes (log-in, sign-up)
take no key: repeating a log-in is harmless and an e-mail signs up once.

Exactly once, and what a crash does to it: while all goes well, the function runs once per key. If the process dies
between the commit of its transaction and the keeping of the answer, or the function raises what nobody foresaw (the
answer of a write was lost: it may have been applied), the claim stays until it lapses after LEASE_SECONDS (longer than
the function may run). Whoever asks sees 409 until then; the next one with the key, for the same request only, runs the
function again. It is told so (Attempt.again), with an origin that all runs of the request share:
- a message has its id from the origin, and what an earlier run wrote is found by it, or refused by the guard
  `send-is-written-once`: one key sends once, whatever dies when. A note is looked for among the newest of its thread;
- any other POST runs at least once. It may answer with its own earlier success (409 `email_taken`) or make a second
  thing; a route for which that is too much takes its id from `call.attempt` as messages do.

An answer with a secret shown once (`shows_secret`) is kept sealed: XORed with a SHAKE-256 stream of the caller's own
token, which is stored nowhere, and the key. Such an answer can be had again only with the same token; with another
one it is 422."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256, shake_256

from recado.api.problems import Answer, problem_of
from recado.domain.access import Caller
from recado.domain.errors import Busy, Conflict, DomainError, Invalid, Unprocessable
from recado.ports.core import Clock
from recado.ports.idempotency import Attempt, IdempotencyStore, Kept, Running

LEASE_SECONDS = 60
KEPT_SECONDS = 86_400
MAX_KEY = 255
_MAX_STORED = 350_000
"""Bytes of an answer that still fit an item of 400 KB."""


def once(
    store: IdempotencyStore,
    clock: Clock,
    caller: Caller,
    key: str,
    path: str,
    raw: bytes,
    seal: str | None,
    run: Callable[[Attempt], Answer],
) -> Answer:
    """The answer of `run`, or the first one given for this key. `seal`: the caller's token when the answer shows a
    secret."""
    if not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise Invalid.field(
            "", "invalid_idempotency_key", f"An Idempotency-Key has 1 to {MAX_KEY} printable ASCII characters."
        )
    request = sha256(b"\0".join((path.encode(), (seal or "").encode(), raw))).hexdigest()
    now = clock.now()
    owner = caller.token_id or caller.id  # the keys of an API token are not those of the user who made it
    found = store.claim(
        caller.account,
        owner,
        key,
        request,
        now,
        now + timedelta(seconds=LEASE_SECONDS),
        now + timedelta(seconds=KEPT_SECONDS),
    )
    if isinstance(found, Kept):
        return _again(found, request, key, seal)
    if isinstance(found, Running):
        _same(found.request, request)
        raise Conflict("The first request with this Idempotency-Key is still running.", code="idempotency_in_progress")
    try:
        answer = _ran(run, found.attempt)
    except Busy:
        store.release(caller.account, owner, key, found.claim)
        raise
    if answer.status >= 500 or answer.status == 429:
        store.release(caller.account, owner, key, found.claim)
    elif len(answer.body.encode()) <= _MAX_STORED:
        body = _sealed(json.dumps({"body": answer.body, "headers": answer.headers}).encode(), key, seal)
        store.keep(caller.account, owner, key, found.claim, Kept(request, answer.status, body))
    return answer


def _ran(run: Callable[[Attempt], Answer], attempt: Attempt) -> Answer:
    """A refusal that the function raised is an answer like any other, and kept; what was not foreseen is raised on."""
    try:
        return run(attempt)
    except DomainError as error:
        return problem_of(error)


def _again(kept: Kept, request: str, key: str, seal: str | None) -> Answer:
    _same(kept.request, request)
    stored = json.loads(_sealed(kept.body, key, seal))
    return Answer(kept.status, stored["body"], {**stored["headers"], "Idempotency-Replayed": "true"})


def _same(first: str, request: str) -> None:
    if first != request:
        raise Unprocessable("This Idempotency-Key was used for another request.")


def _sealed(body: bytes, key: str, seal: str | None) -> bytes:
    """The body XOR the key stream; its own inverse. Without a seal the body itself."""
    if seal is None:
        return body
    stream = shake_256(b"recado answer\0" + seal.encode() + b"\0" + key.encode()).digest(len(body))
    return bytes(one ^ other for one, other in zip(body, stream, strict=True))
