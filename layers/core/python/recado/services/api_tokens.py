"""API tokens: keys of other systems, shown once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from recado.domain.access import Caller
from recado.domain.credentials import ApiToken, hash_of, token_of
from recado.domain.errors import FieldError, Forbidden, Invalid, NotFound
from recado.domain.scopes import SCOPES
from recado.ports.core import Clock, Ids
from recado.ports.people import ApiTokenStore


class ApiTokenService:
    """A token that makes tokens cannot give what it does not have."""

    def __init__(self, tokens: ApiTokenStore, clock: Clock, ids: Ids) -> None:
        self._tokens = tokens
        self._clock = clock
        self._ids = ids

    def create(self, caller: Caller, name: str, scopes: Sequence[str]) -> tuple[ApiToken, str]:
        """A token of the caller's user, and its text, which is stored nowhere. Raises Invalid for unknown scopes,
        Forbidden."""
        if caller.user_id is None:
            raise Forbidden("A token belongs to a user: nobody is known to make this one.")
        a, secret = caller.account, self._ids.secret()
        allowed = _checked(caller, scopes)
        token = ApiToken(self._ids.new("tk", a), name, allowed, hash_of(secret), self._clock.now(), caller.user_id)
        self._tokens.create(a, token)
        return token, token_of(token.id, token.created_by, secret)

    def get(self, a: str, token_id: str) -> ApiToken:
        """Raises NotFound."""
        token = self._tokens.get(a, token_id)
        if token is None:
            raise NotFound("There is no such token.")
        return token

    def page(self, a: str, limit: int, after: str | None) -> tuple[list[ApiToken], str | None]:
        """A page of tokens, oldest first, and the last id when there may be more."""
        tokens = self._tokens.page(a, limit, after)
        return tokens, tokens[-1].id if len(tokens) == limit else None

    def change(self, caller: Caller, token_id: str, name: str | None, scopes: Sequence[str] | None) -> ApiToken:
        """Change name or scopes; None leaves them. Raises Invalid, Forbidden, NotFound."""
        before = self.get(caller.account, token_id)
        after = replace(
            before,
            name=before.name if name is None else name,
            scopes=before.scopes if scopes is None else _checked(caller, scopes),
        )
        if not self._tokens.change(caller.account, after):
            raise NotFound("There is no such token.")
        return after

    def delete(self, a: str, token_id: str) -> None:
        """The token is refused from now on. Raises NotFound."""
        self.get(a, token_id)
        self._tokens.delete(a, token_id)


def _checked(caller: Caller, scopes: Sequence[str]) -> tuple[str, ...]:
    """Known scopes, each once, that the caller may give."""
    wrong = [
        FieldError(f"/scopes/{place}", "unknown_scope", "There is no such scope.")
        for place, scope in enumerate(scopes)
        if scope not in SCOPES
    ]
    if wrong:
        raise Invalid("Some scopes do not exist.", errors=wrong)
    if caller.scopes is not None and not caller.scopes.issuperset(scopes):
        raise Forbidden("An API token cannot give scopes that it lacks.", code="scope_missing")
    return tuple(dict.fromkeys(scopes))
