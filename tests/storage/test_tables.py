"""How long a call to a table may last."""

from __future__ import annotations

from typing import Any

import pytest

from recado.storage.tables import ChatsRecord, ContactsRecord, Record, WorkspaceRecord
from tests.infra.templates import functions, template

WITHOUT_TABLES = {"IngressFunction"}
"""It reads two items with the plain client (aws.channel_directory)."""


@pytest.mark.parametrize("record", [ContactsRecord, ChatsRecord, WorkspaceRecord])
def test_all_attempts_of_a_call_end_before_the_shortest_function(dynamodb: Any, record: type[Record]) -> None:
    config = record._get_connection().connection.client.meta.config
    attempts = config.retries["total_max_attempts"]
    pauses = sum(2**number for number in range(attempts - 1))  # at most, by botocore's standard mode
    standard = template()["Globals"]["Function"]["Timeout"]
    shortest = min(one.get("Timeout", standard) for name, one in functions().items() if name not in WITHOUT_TABLES)
    assert config.retries["mode"] == "standard" and attempts > 1
    assert attempts * (config.connect_timeout + config.read_timeout) + pauses < shortest
