"""The resources of the API: the one list of their modules."""

from __future__ import annotations

from importlib import import_module

from recado.api.calls import Route
from recado.api.routes import Resource

RESOURCES = (
    "accounts",
    "sessions",
    "users",
    "departments",
    "reconciliation",
    "alerts",
    "api_tokens",
    "channels",
    "buttons",
    "contacts",
    "contact_erasures",
    "contact_data_exports",
    "organizations",
    "groups",
    "custom_fields",
    "contact_exports",
    "contact_imports",
    "chats",
    "messages",
    "files",
    "templates",
    "workflows",
    "tabulations",
    "shortcuts",
    "triggers",
    "projects",
    "flows",
    "flow_executions",
    "flow_secrets",
    "segments",
    "tasks",
    "events",
    "reports",
    "billing_report",
    "openapi",
)
"""Modules of recado.api, each with its Resource under the module's own name."""


def resources() -> list[Resource]:
    """All resources, their routes declared."""
    return [getattr(import_module(f"recado.api.{name}"), name) for name in RESOURCES]


def routes() -> list[Route]:
    """All routes."""
    return [route for resource in resources() for route in resource.routes]
