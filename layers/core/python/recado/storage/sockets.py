"""Open sockets of listeners, and whose each connection is (port: recado/ports/sockets.py). API Gateway tells of a
connection that ended by its id alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError

from recado.domain.sockets import Sockets
from recado.storage import keys
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import condition_failed, guard

DIRECTORY = "socket"
_UNCHANGED = guard(
    "sockets-unchanged",
    "two pages open a socket with one ticket at once: both would get one; or with two, and one is forgotten",
)


class SocketsRecord(WorkspaceRecord):
    """SOCKETS: the open connections of a listener, and the tickets that were used of late."""

    open = JSONAttribute()
    spent = JSONAttribute()
    version = NumberAttribute()


class SocketOwnerRecord(WorkspaceRecord):
    """DIR of a connection."""

    account = UnicodeAttribute()
    listener = UnicodeAttribute()
    ends_at = TimeAttribute()


class DynamoSockets:
    """The port `recado.ports.sockets.SocketStore`."""

    def get(self, a: str, listener: str) -> Sockets:
        """1 RRU."""
        found = SocketsRecord.find(keys.sockets_pk(a, listener), "SOCKETS")
        if found is None:
            return Sockets(listener)
        return Sockets(listener, _moments(found.open), _moments(found.spent), int(found.version))

    def write(self, a: str, after: Sockets) -> bool:
        """1 WRU: five connections and twenty tickets are less than 2 KB, then 2."""
        stored = replace(after, version=after.version + 1)
        ends_at = stored.ends_at
        record = SocketsRecord(
            keys.sockets_pk(a, after.listener),
            "SOCKETS",
            open=_texts(stored.open),
            spent=_texts(stored.spent),
            version=stored.version,
            ttl=int(ends_at.timestamp()) + 1 if ends_at else 0,
        )
        seen = SocketsRecord.version == after.version if after.version else SocketsRecord.pk.does_not_exist()
        try:
            record.save(_UNCHANGED(seen))
        except PutError as error:
            if condition_failed(error):
                return False
            raise
        return True

    def note_owner(self, connection_id: str, a: str, listener: str, ends_at: datetime) -> None:
        """1 WRU."""
        pk, ttl = keys.directory_pk(DIRECTORY, connection_id), int(ends_at.timestamp()) + 1
        SocketOwnerRecord(pk, "DIR", account=a, listener=listener, ends_at=ends_at, ttl=ttl).save()

    def owner(self, connection_id: str) -> tuple[str, str] | None:
        """1 RRU."""
        found = SocketOwnerRecord.find(keys.directory_pk(DIRECTORY, connection_id), "DIR")
        return None if found is None else (found.account, found.listener)

    def forget_owner(self, connection_id: str) -> None:
        """1 WRU."""
        SocketOwnerRecord(keys.directory_pk(DIRECTORY, connection_id), "DIR").delete()


def _moments(texts: Mapping[str, Any]) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(text) for name, text in texts.items()}


def _texts(moments: Mapping[str, datetime]) -> dict[str, str]:
    return {name: keys.stamp(at) for name, at in moments.items()}
