"""No kind of item is kept of which nobody has said who erases it, and whether a contact's export has it
(recado/storage/item_kinds.py)."""

from __future__ import annotations

import ast
import importlib
import itertools
import pkgutil
import re
from collections.abc import Iterator

import pytest

import recado.storage
from recado.storage.item_kinds import KINDS, ItemKind
from recado.storage.tables import ChatsRecord, ContactsRecord, Record, WorkspaceRecord
from tests.architecture.sources import product, shipped

TABLES = {"contacts": ContactsRecord, "chats": ChatsRecord, "workspace": WorkspaceRecord}
ACCOUNT = re.compile(r"a|account|.*\.account|.*\['account'\]")

for module in pkgutil.iter_modules(recado.storage.__path__, "recado.storage."):
    importlib.import_module(module.name)


def _records(base: type[Record]) -> Iterator[type[Record]]:
    for one in base.__subclasses__():
        yield from _records(one)
        if one.__module__.startswith("recado.") and not one.__name__.startswith("_"):
            yield one


def _named(*places: str) -> list[str]:
    return sorted(kind.written_as for kind in KINDS if kind.place in places)


def _keys_of_objects(tree: ast.AST) -> Iterator[ast.JoinedStr]:
    """Texts with the account and a slash, one right behind the other."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [one.value if isinstance(one, ast.Constant) else one for one in node.values]
            for first, second in itertools.pairwise(parts):
                before = _is_account(first) and isinstance(second, str) and second.startswith("/")
                behind = _is_account(second) and isinstance(first, str) and re.search(r"(^|[^/])/$", first)
                if before or behind:
                    yield node
                    break


def _is_account(part: object) -> bool:
    return isinstance(part, ast.FormattedValue) and ACCOUNT.fullmatch(ast.unparse(part.value)) is not None


def _makers(ending: str) -> dict[str, set[int]]:
    """The functions of recado.domain that make keys of buckets, or what they begin with, with the lines of those."""
    return {
        node.name: {text.lineno for text in _keys_of_objects(node)}
        for source in product()
        if source.area == "domain"
        for node in source.tree.body
        if isinstance(node, ast.FunctionDef) and node.name.endswith(ending) and any(_keys_of_objects(node))
    }


@pytest.mark.parametrize("table", TABLES)
def test_every_record_is_a_known_kind(table: str) -> None:
    assert _named(table) == sorted(one.__name__ for one in set(_records(TABLES[table])))


def test_every_key_of_a_bucket_is_a_known_kind() -> None:
    assert _named("raw", "files", "mail") == sorted(_makers("_key"))


def test_keys_of_buckets_are_made_by_such_functions_alone() -> None:
    made = set().union(*_makers("_key").values(), *_makers("_prefix").values())
    found = [
        f"{source.name}:{text.lineno}"
        for source in shipped()
        for text in _keys_of_objects(source.tree)
        if not (source.name.startswith("layers/core/python/recado/domain/") and text.lineno in made)
    ]
    assert found == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.written_as)
def test_what_is_said_of_a_kind_makes_sense(kind: ItemKind) -> None:
    if kind.holds in ("content", "address"):
        assert kind.erased_by not in ("ttl", "stays"), "nobody erases it"
    if kind.holds == "content":
        assert kind.exported or kind.why, "why is it in no export?"
    if kind.erased_by == "stays" and kind.holds != "nothing":
        assert kind.why, "why does it stay?"
