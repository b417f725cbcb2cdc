"""Take out of a folder of installed packages what no function imports. Usage: prune.py <folder>

A layer may hold 250 MB, and each cold start reads from it: botocore alone carries the data of 400 services. What is
removed by mistake shows at once: tests/infra imports the whole product from a pruned layer.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

AWS_SERVICES = {"dynamodb", "s3", "sqs", "sts", "lambda", "secretsmanager", "ses", "sesv2", "apigatewaymanagementapi"}

# Chalice's own deployment tool, interactive pages and examples; documentation, tests and type stubs of all packages.
UNUSED = (
    "bin",
    "boto3/data",
    "boto3/examples",
    "chalice/api",
    "chalice/cdk",
    "chalice/cli",
    "chalice/deploy",
    "chalice/templates",
    "chalice/vendored",
    "aws_lambda_powertools/event_handler/openapi/swagger_ui",
)
UNUSED_EVERYWHERE = ("tests", "test", "docs_source", "__pycache__")


def prune(root: Path) -> None:
    """Prune `root` in place; what a package no longer ships is passed over."""
    for name in UNUSED:
        shutil.rmtree(root / name, ignore_errors=True)
    for service in (root / "botocore" / "data").iterdir():
        if service.is_dir() and service.name not in AWS_SERVICES:
            shutil.rmtree(service)
    for folder in [path for path in root.rglob("*") if path.is_dir() and path.name in UNUSED_EVERYWHERE]:
        shutil.rmtree(folder, ignore_errors=True)
    for stub in root.rglob("*.pyi"):
        stub.unlink()
    _drop_old_service_versions(root / "botocore" / "data")


def _drop_old_service_versions(data: Path) -> None:
    """botocore loads the newest dated folder of a service; the older ones are dead weight."""
    for service in data.iterdir():
        if service.is_dir():
            for version in sorted(path for path in service.iterdir() if path.is_dir())[:-1]:
                shutil.rmtree(version)


if __name__ == "__main__":
    prune(Path(sys.argv[1]))
