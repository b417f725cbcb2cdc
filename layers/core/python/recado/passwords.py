"""Password hashes: argon2id with the parameters that OWASP gives as its minimum (19 MiB, 2 passes, 1 lane), some 25
ms of CPU."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

_MEMORY_KIB = 19_456
_PASSES = 2
_LANES = 1


class Argon2Passwords:
    """Port Passwords. argon2 is imported with the first password."""

    def hash(self, password: str) -> str:
        """The hash to store, with its salt and parameters."""
        return self._hasher.hash(password)

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is right. Without a hash (an unknown e-mail) it takes as long and is False."""
        from argon2.exceptions import InvalidHashError, VerificationError

        try:
            return self._hasher.verify(password_hash or self._nobodys, password) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False

    @cached_property
    def _hasher(self) -> PasswordHasher:
        from argon2 import PasswordHasher

        return PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES)

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash("the password of nobody")
