"""Sessions and API tokens: `rs_` or `rk_`, the account, 27 hex digits of the id, 27 of its user's, a secret; stored is
only the secret's SHA-256. With the user in the token, all that it takes to judge it is read in one call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest

from recado.domain.ids import is_id

SESSION_LIFE = timedelta(days=30)
MAX_SESSIONS = 20
"""Of one user at once; a further log-in ends the oldest."""
MAX_FAILED_LOGINS = 10
FAILED_LOGIN_WINDOW = timedelta(minutes=15)
MIN_PASSWORD = 10
MAX_PASSWORD = 256
_PREFIXES = {"rs": "se", "rk": "tk"}
_MAX_TOKEN = 200


@dataclass(frozen=True)
class Session:
    """A log-in of a user on one device."""

    id: str
    user_id: str
    secret_hash: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class ApiToken:
    """A key of another system. It acts as the admin who made it, within its scopes, and is refused when that user is
    deleted."""

    id: str
    name: str
    scopes: tuple[str, ...]
    secret_hash: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True)
class Presented:
    """A well-formed token: whose it claims to be, and the secret that has to prove it."""

    account: str
    id: str
    user_id: str
    is_session: bool
    secret: str


def token_of(public_id: str, user_id: str, secret: str) -> str:
    """The token of a user's session or API token, shown once."""
    kind, rest = public_id.split("_", 1)
    prefix = next(name for name, of in _PREFIXES.items() if of == kind)
    return f"{prefix}_{rest}_{user_id.rsplit('_', 1)[1]}_{secret}"


def read_token(token: str) -> Presented | None:
    """What a token says, or None when it is not of our form."""
    if len(token) > _MAX_TOKEN or token.count("_") < 4:
        return None
    prefix, account, tail, users_tail, secret = token.split("_", 4)
    kind = _PREFIXES.get(prefix, "")
    public_id, user_id = f"{kind}_{account}_{tail}", f"us_{account}_{users_tail}"
    if not secret or not is_id(public_id, kind, account) or not is_id(user_id, "us", account):
        return None
    return Presented(account, public_id, user_id, prefix == "rs", secret)


def hash_of(secret: str) -> str:
    """SHA-256: a secret of 256 random bits needs no slow hash."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def proves(secret: str, secret_hash: str) -> bool:
    """Whether the secret is the one that was stored, in a time that does not tell where it differs."""
    return compare_digest(hash_of(secret), secret_hash)
