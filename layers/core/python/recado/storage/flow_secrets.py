"""Secrets of flows, each in an item of its own, encrypted at rest with the table."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pynamodb.attributes import UnicodeAttribute

from recado.domain.flow_secrets import FlowSecret
from recado.storage import keys
from recado.storage.tables import TimeAttribute, WorkspaceRecord


class FlowSecretRecord(WorkspaceRecord):
    """FLOWSECRET."""

    value = UnicodeAttribute()
    updated_at = TimeAttribute()


class DynamoFlowSecrets:
    """The port `recado.ports.flow_secrets.FlowSecretStore`."""

    def all(self, a: str) -> list[FlowSecret]:
        """One query, which asks for no value."""
        records = FlowSecretRecord.query(_pk(a), consistent_read=True, attributes_to_get=["pk", "sk", "updated_at"])
        return [FlowSecret(record.sk, record.updated_at) for record in records]

    def put(self, a: str, name: str, value: str, now: datetime) -> None:
        """One put; of two at once the later one holds."""
        FlowSecretRecord(_pk(a), name, value=value, updated_at=now).save()

    def delete(self, a: str, name: str) -> None:
        """One delete."""
        FlowSecretRecord(_pk(a), name).delete()

    def values(self, a: str, names: Iterable[str]) -> dict[str, str]:
        """One batch get, strongly consistent."""
        wanted = [(_pk(a), name) for name in sorted(set(names))]
        return {record.sk: record.value for record in FlowSecretRecord.batch_get(wanted, consistent_read=True)}


def _pk(a: str) -> str:
    return keys.workspace_pk(a, "FLOWSECRETS")
