"""Channels as webhooks find them: two plain reads in one call, remembered for some seconds. Ingress has no time for
more.

The items are those of storage.channels; a test writes with the one and reads with the other.
"""

from __future__ import annotations

import json
from datetime import datetime
from time import monotonic
from typing import Any

from recado.aws.session import dynamodb
from recado.domain.signing_secrets import held
from recado.ports.core import Clock
from recado.ports.reception import ConnectedChannel

REMEMBERED_S = 3.0
"""How long a removed channel goes on being answered, or a changed department goes on being used."""
FRESH_S = 1.0
_MOST = 10_000


class DynamoChannelDirectory:
    """The directory (ports.reception.ChannelDirectory). What is not found is not remembered: a channel works as soon as
    it exists."""

    def __init__(self, table: str, clock: Clock) -> None:
        if not table:
            raise ValueError("a directory of channels without a table")
        self._table = table
        self._clock = clock
        self._known: dict[str, tuple[float, ConnectedChannel]] = {}
        self._addresses: dict[tuple[str, str, str], tuple[float, str]] = {}

    def find(self, a: str, channel_id: str, fresh: bool = False) -> ConnectedChannel | None:
        """A channel with its secrets: one strongly consistent BatchGetItem of two items."""
        read_at, channel = self._known.get(channel_id, (0.0, None))
        if channel is not None and monotonic() - read_at < (FRESH_S if fresh else REMEMBERED_S):
            return channel
        return self.latest(a, channel_id)

    def latest(self, a: str, channel_id: str) -> ConnectedChannel | None:
        """As `find`, never from memory."""
        channel = self._read(a, channel_id)
        if channel is None:
            self._known.pop(channel_id, None)
        else:
            _remember(self._known, channel_id, channel)
        return channel

    def by_address(self, a: str, channel_type: str, address: str) -> ConnectedChannel | None:
        """The channel that holds an address: one read more."""
        key = (a, channel_type, address)
        read_at, channel_id = self._addresses.get(key, (0.0, None))
        if channel_id is None or monotonic() - read_at >= REMEMBERED_S:
            found = dynamodb().get_item(
                TableName=self._table,
                Key=_key(f"{a}#CHANNELADDR#{channel_type}", address),
                ConsistentRead=True,
            )
            item = found.get("Item")
            if item is None:
                return None
            channel_id = str(item["channel_id"]["S"])
            _remember(self._addresses, key, channel_id)
        return self.find(a, channel_id)

    def _read(self, a: str, channel_id: str) -> ConnectedChannel | None:
        wanted = [_key(f"{a}#CHANNELS", channel_id), _key(f"{a}#CHANNELSECRETS", channel_id)]
        answer = dynamodb().batch_get_item(RequestItems={self._table: {"Keys": wanted, "ConsistentRead": True}})
        if answer.get("UnprocessedKeys"):
            raise TimeoutError("channels are throttled")
        items: dict[str, Any] = {item["pk"]["S"]: item for item in answer["Responses"].get(self._table, [])}
        item, secrets = items.get(f"{a}#CHANNELS"), items.get(f"{a}#CHANNELSECRETS")
        if item is None:
            return None
        return ConnectedChannel(
            id=channel_id,
            type=item["type"]["S"],
            department_id=item["department_id"]["S"],
            state=item["state"]["S"],
            address=item["address"]["S"] if "address" in item else "",
            settings=json.loads(item["settings"]["S"]),
            secrets=_secrets(item, secrets, self._clock.now()) if secrets else {},
            token_expires_at=json.loads(item["token"]["S"]).get("expires_at") if "token" in item else None,
        )


def _key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _secrets(channel: dict[str, Any], secrets: dict[str, Any], now: datetime) -> dict[str, tuple[str, ...]]:
    """Each one's values that hold, the newest first."""
    former = json.loads(channel["former"]["S"]) if "former" in channel else {}
    until = {name: tuple(map(datetime.fromisoformat, ends)) for name, ends in former.items()}
    return {
        name: held(tuple(values), until.get(name, ()), now)
        for name, values in json.loads(secrets["secrets"]["S"]).items()
    }


def _remember(memory: dict[Any, tuple[float, Any]], key: Any, value: Any) -> None:
    """Forgetting all when there is much keeps the memory of a long-lived process small."""
    if len(memory) >= _MOST:
        memory.clear()
    memory[key] = (monotonic(), value)
