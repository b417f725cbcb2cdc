"""The registry imports a channel only when it is asked for, and nothing that a cold start would pay for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from recado.channels import registry

PACKAGE = Path(__file__).resolve().parents[2] / "layers" / "core" / "python"
HEAVY = {
    "boto3",
    "botocore",
    "httpx",
    "pydantic",
    "phonenumbers",
    "pynamodb",
    "standardwebhooks",
    "requests",
    "asyncio",
}


def imported_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after the code."""
    script = f"import sys; sys.path.insert(0, {str(PACKAGE)!r}); {code}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("channel_type", registry.types())
def test_a_channel_costs_only_its_own_import(channel_type: str) -> None:
    others = set(registry.types()) - {channel_type}
    modules = imported_by(f"from recado.channels import registry; registry.adapter({channel_type!r})")
    assert f"recado.channels.{channel_type}" in modules
    assert not {f"recado.channels.{other}" for other in others} & modules
    assert not {module.split(".")[0] for module in modules} & HEAVY


def test_the_registry_alone_imports_no_channel() -> None:
    modules = imported_by("from recado.channels import registry; registry.types()")
    assert not {f"recado.channels.{channel_type}" for channel_type in registry.types()} & modules


@pytest.mark.parametrize("channel_type", registry.types())
def test_an_adapter_says_its_own_type(channel_type: str) -> None:
    assert registry.adapter(channel_type).type == channel_type


def test_a_base_url_is_found_by_the_providers_name() -> None:
    base_urls = {"graph": "http://127.0.0.1:9000/graph"}
    assert registry.adapter("whatsapp", base_urls).base_url == "http://127.0.0.1:9000/graph"
    assert registry.adapter("whatsapp", {"graph": ""}).base_url == "https://graph.facebook.com"
    assert registry.adapter("whatsapp").base_url == "https://graph.facebook.com"
