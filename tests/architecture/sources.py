"""The product's sources, parsed once, and what the architecture tests ask about them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ROOT / "layers" / "core" / "python" / "recado"


@dataclass(frozen=True)
class Source:
    """One file. `name` is its path from the root of the repository, with slashes."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=self.name)

    @property
    def area(self) -> str:
        """The part of the product it belongs to: `domain`, `aws` …; its own name for files beside them."""
        return self.path.relative_to(PRODUCT).parts[0].removesuffix(".py")

    def imports(self) -> Iterator[tuple[str, int]]:
        """Every imported module with its line, wherever in the file; what is imported for types alone is left out."""
        for node in _without_type_checking(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module, node.lineno


def _without_type_checking(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        yield child
        yield from _without_type_checking(child)


def _sources(folder: Path, pattern: str = "*.py") -> tuple[Source, ...]:
    return tuple(Source(path) for path in sorted(folder.rglob(pattern)) if "__pycache__" not in path.parts)


@lru_cache(maxsize=1)
def product() -> tuple[Source, ...]:
    """The shared package."""
    return _sources(PRODUCT)


@lru_cache(maxsize=1)
def handlers() -> tuple[Source, ...]:
    """What Lambda calls."""
    return _sources(ROOT / "functions", "handler.py")


@lru_cache(maxsize=1)
def shipped() -> tuple[Source, ...]:
    """Everything that runs in AWS."""
    app = (Source(ROOT / "app.py"),) if (ROOT / "app.py").is_file() else ()
    return product() + _sources(ROOT / "functions") + app


@lru_cache(maxsize=1)
def everything() -> tuple[Source, ...]:
    """All Python of the repository."""
    return shipped() + _sources(ROOT / "infra") + _sources(ROOT / "tests")
