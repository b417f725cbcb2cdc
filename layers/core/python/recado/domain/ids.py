"""Public ids: `<kind>_<account>_<27 hex>`; the first 11 hex digits are milliseconds, so ids of one kind order by
time."""

from __future__ import annotations

import re
from datetime import UTC, datetime

ACCOUNT_LENGTH = 8
_ID = re.compile(r"^([a-z]{2})_([a-z2-7]{8})_([0-9a-f]{27})$")
_ACCOUNT_ID = re.compile(r"^ac_([a-z2-7]{8})$")


def make_id(kind: str, account: str, at: datetime, randomness: str) -> str:
    """Build an id. `account` is the 8 characters, `randomness` 16 hex digits."""
    return f"{kind}_{account}_{int(at.timestamp() * 1000):011x}{randomness}"


def sibling_id(kind: str, public_id: str) -> str:
    """The id of another kind with the same account, moment and randomness: the same one whenever it is made."""
    return kind + public_id[2:]


def moment_of(public_id: str) -> datetime:
    """When an id was made, UTC."""
    return datetime.fromtimestamp(int(public_id.rsplit("_", 1)[1][:11], 16) / 1000, UTC)


def account_of(public_id: str) -> str | None:
    """The account's 8 characters in any public id, or None when the text is no id."""
    match = _ID.match(public_id)
    if match:
        return match.group(2)
    match = _ACCOUNT_ID.match(public_id)
    return match.group(1) if match else None


def is_id(public_id: object, kind: str, account: str) -> bool:
    """True when this is an id of that kind under that account: the first gate of every foreign id."""
    if not isinstance(public_id, str):
        return False
    match = _ID.match(public_id)
    return match is not None and match.group(1) == kind and match.group(2) == account
