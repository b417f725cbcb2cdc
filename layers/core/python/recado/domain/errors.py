"""What can go wrong, said once. The API maps these to RFC 9457 problems; workers decide by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FieldError:
    """One wrong field: a JSON pointer into the request body (or `?name` for a query parameter), a code and a
    sentence."""

    pointer: str
    code: str
    detail: str


class DomainError(Exception):
    """Base of all refusals. `code` is stable and public; `detail` says what to do; `extra` are public members of the
    problem."""

    status = 500
    code = "internal"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.errors = tuple(errors)
        self.extra = extra or {}


class Invalid(DomainError):
    """The request itself is wrong: 400, with a pointer to each wrong field."""

    status = 400
    code = "invalid"

    @classmethod
    def field(cls, pointer: str, code: str, detail: str) -> Invalid:
        """A refusal of one field."""
        return cls(detail, errors=(FieldError(pointer, code, detail),))


class Unauthenticated(DomainError):
    """No, or no longer valid, credentials: 401."""

    status = 401
    code = "unauthenticated"


class PaymentRequired(DomainError):
    """The account's plan has lapsed: 402."""

    status = 402
    code = "payment_required"


class Forbidden(DomainError):
    """The caller is known and may know of the thing, but not do this: 403."""

    status = 403
    code = "forbidden"


class NotFound(DomainError):
    """Unknown, foreign or invisible to the caller: 404, always in the same words."""

    status = 404
    code = "not_found"


class Conflict(DomainError):
    """The state does not allow it, or somebody else was first: 409."""

    status = 409
    code = "conflict"


class TooLarge(DomainError):
    """Over a size limit: 413."""

    status = 413
    code = "too_large"


class WrongType(DomainError):
    """A content type that is not taken: 415."""

    status = 415
    code = "unsupported_type"


class Unprocessable(DomainError):
    """An Idempotency-Key used again with another body: 422."""

    status = 422
    code = "idempotency_key_reused"


class TooMany(DomainError):
    """A rate limit: 429."""

    status = 429
    code = "too_many_requests"


class Unreachable(DomainError):
    """Somebody else's service did not do its part: 502. Nothing was changed by that."""

    status = 502
    code = "unreachable"


class Busy(Exception):
    """Contention outlasted the tries; nothing was changed, trying later is right."""
