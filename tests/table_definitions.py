"""The tables of infra/data.yaml as boto3 arguments: defined once, there."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from cfn_flip import load_yaml

_TAKEN = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode", "StreamSpecification")
_NAMES = {"ContactsTable": "contacts", "ChatsTable": "chats", "WorkspaceTable": "workspace"}


@lru_cache
def table_definitions(template: Path) -> list[dict[str, Any]]:
    """Arguments of create_table for each of the three tables."""
    resources = load_yaml(template.read_text())["Resources"]
    definitions = []
    for logical, name in _NAMES.items():
        properties = resources[logical]["Properties"]
        definition = {key: properties[key] for key in _TAKEN if key in properties}
        if "StreamSpecification" in definition:
            definition["StreamSpecification"] = {**definition["StreamSpecification"], "StreamEnabled": True}
        definitions.append({"TableName": name, **definition})
    return definitions
