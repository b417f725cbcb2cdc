"""What an API token can be allowed: `<resource>:read` and `<resource>:write`. Writing does not imply reading."""

from __future__ import annotations

RESOURCES = (
    "contacts",
    "chats",
    "messages",
    "channels",
    "people",
    "tasks",
    "flows",
    "files",
    "templates",
    "integration",
    "account",
)
SCOPES: tuple[str, ...] = tuple(f"{resource}:{right}" for resource in RESOURCES for right in ("read", "write"))
