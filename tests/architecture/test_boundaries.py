"""Boundaries that import-linter cannot express: single libraries, the environment, the clock, names."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from recado.channels import registry
from tests.architecture.sources import Source, everything, handlers, product, shipped

AWS_LIBRARIES = ("boto3", "botocore", "s3transfer")
CLOCKS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
}
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "shared", "base_utils"}
PROVIDERS = ("whatsapp", "messenger", "instagram", "telegram", "twilio", "facebook")
MAX_HANDLER_LINES = 40
MAX_FILE_LINES = 450


def _outside(area: str) -> list[Source]:
    return [source for source in product() if source.area != area]


def _uses(source: Source, libraries: tuple[str, ...]) -> list[str]:
    return [f"{source.name}:{line} {module}" for module, line in source.imports() if module.split(".")[0] in libraries]


def _all(found: Iterator[list[str]]) -> list[str]:
    return [one for some in found for one in some]


def test_only_aws_imports_boto3() -> None:
    beside = [source for source in shipped() if source not in product()]
    assert _all(_uses(source, AWS_LIBRARIES) for source in [*_outside("aws"), *beside]) == []
    assert _all(_uses(source, AWS_LIBRARIES) for source in product() if source.area == "aws"), "nothing was looked at"


def test_only_storage_imports_pynamodb() -> None:
    beside = [source for source in shipped() if source not in product()]
    assert _all(_uses(source, ("pynamodb",)) for source in [*_outside("storage"), *beside]) == []


def test_only_settings_reads_the_environment() -> None:
    found = [
        f"{source.name}:{node.lineno}"
        for source in shipped()
        if source.name != "layers/core/python/recado/settings.py"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb")
    ]
    assert found == []


def test_clock_and_ids_are_injected() -> None:
    """Only aws/ knows what time it is and makes ids up; everybody else is given both."""
    found = []
    for source in [one for one in shipped() if one not in product()] + _outside("aws"):
        found += _uses(source, ("uuid",))
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                if (node.value.id, node.attr) in CLOCKS:
                    found.append(f"{source.name}:{node.lineno} {node.value.id}.{node.attr}")
            elif isinstance(node, ast.ImportFrom) and node.module == "time":
                found += [
                    f"{source.name}:{node.lineno} time.{one.name}" for one in node.names if ("time", one.name) in CLOCKS
                ]
    assert found == []


def test_decisions_know_no_chance() -> None:
    """What decides is given its random values, so that a test can give it others."""
    deciding = [source for source in product() if source.area in ("domain", "services", "channels")]
    assert _all(_uses(source, ("random", "secrets")) for source in deciding) == []


def test_domain_is_pure() -> None:
    """The domain imports itself, the standard library's harmless part, and phonenumbers."""
    foreign = (
        "os",
        "time",
        "uuid",
        "random",
        "secrets",
        "socket",
        "subprocess",
        "threading",
        "urllib",
        "http",
        "logging",
    )
    libraries = (*AWS_LIBRARIES, "pynamodb", "chalice", "aws_lambda_powertools", "urllib3", "requests")
    domain = [source for source in product() if source.area == "domain"]
    assert domain
    assert _all(_uses(source, (*foreign, *libraries)) for source in domain) == []
    inside = [
        f"{source.name}:{line} {module}"
        for source in domain
        for module, line in source.imports()
        if module.startswith("recado") and not module.startswith("recado.domain")
    ]
    assert inside == []


def test_no_vague_module_names() -> None:
    names = {
        source.name for source in everything() for part in source.path.with_suffix("").parts if part in VAGUE_NAMES
    }
    assert names == set()


def test_no_scan() -> None:
    """A scan reads a whole table: no request and no worker may."""
    found = [
        f"{source.name}:{node.lineno}"
        for source in shipped()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("scan", "rate_limited_scan")
    ]
    assert found == []


@pytest.mark.parametrize("name", PROVIDERS)
def test_channels_are_named_in_channels_only(name: str) -> None:
    """Behaviour that depends on a channel lives on its adapter; nobody else asks which channel it is."""
    found = [
        f"{source.name}:{number} {line.strip()}"
        for source in shipped()
        if not source.name.startswith("layers/core/python/recado/channels/")
        for number, line in enumerate(source.text.splitlines(), start=1)
        if name in _without_public_words(line.lower(), name)
    ]
    assert found == []


def _without_public_words(line: str, name: str) -> str:
    """Where a provider is, is told by the environment; a path of the public contract bears a channel's name."""
    return line.replace(f"{name}_base_url", "").replace("/v1/whatsapp-buttons", "")


def test_every_registered_channel_is_looked_for() -> None:
    """A new adapter joins the list above, so that its name is looked for too."""
    own_words = {"custom", "email", "sms", "telephone", "online_chat"}  # also words of the product itself
    assert set(registry.types()) - own_words <= set(PROVIDERS)


def test_handlers_are_thin() -> None:
    assert handlers(), "nothing was looked at"
    long = {source.name: lines for source in handlers() if (lines := len(source.text.splitlines())) > MAX_HANDLER_LINES}
    assert long == {}


def test_files_are_one_subject() -> None:
    long = {source.name: lines for source in everything() if (lines := len(source.text.splitlines())) > MAX_FILE_LINES}
    assert long == {}


def test_functions_reach_the_product_by_its_bootstrap() -> None:
    """A handler parses, calls one service of the container, answers; it reaches for no store, adapter or AWS client."""
    forbidden = (
        "recado.storage",
        "recado.channels",
        "recado.payments",
        "recado.aws.queue",
        "recado.aws.session",
    )
    found = [
        f"{source.name}:{line} {module}"
        for source in handlers()
        for module, line in source.imports()
        if module.startswith(forbidden)
    ]
    assert found == []
