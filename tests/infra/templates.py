"""The templates as dictionaries, with !Ref and the like written out."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from infra.local.deployment import load_template

ROOT = Path(__file__).resolve().parents[2]
FILES = (
    "template.yaml",
    "infra/data.yaml",
    "infra/access.yaml",
    "infra/observability.yaml",
    "infra/mail.yaml",
    "infra/sockets.yaml",
)


@lru_cache
def template(name: str = "template.yaml") -> dict[str, Any]:
    return load_template(ROOT / name)


def of_kind(kind: str, name: str = "template.yaml") -> dict[str, dict[str, Any]]:
    """Logical id → properties of all resources of a kind."""
    resources = template(name)["Resources"]
    return {key: one.get("Properties", {}) for key, one in resources.items() if one["Type"] == kind}


def functions() -> dict[str, dict[str, Any]]:
    return of_kind("AWS::Serverless::Function")


def output(reference: Any) -> str:
    """`InboundQueueArn` of {"Fn::GetAtt": ["Data", "Outputs.InboundQueueArn"]}."""
    return str(reference["Fn::GetAtt"][-1]).removeprefix("Outputs.")
