"""Secrets of flows: what a step sends to another system and nobody reads, named in it as `{{secret.name}}` and kept
apart from it (PRODUCT F1). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from recado.domain.errors import Invalid
from recado.domain.flow_variables import names_in

MAX_SECRETS = 100
MAX_VALUE = 2_000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
_FIRST = "secret."


@dataclass(frozen=True)
class FlowSecret:
    """A secret without its value."""

    name: str
    updated_at: datetime


def check_name(name: str) -> None:
    """Raises Invalid."""
    if not _NAME.fullmatch(name):
        raise Invalid.field("/name", "invalid", "A name has small letters, digits and _, at most 50, a letter first.")


def named(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The secrets that a step's fields name, each with the pointer within the step."""
    return [
        (name.removeprefix(_FIRST), pointer)
        for pointer, text in texts_of(fields)
        for name in names_in(text)
        if name.startswith(_FIRST)
    ]


def misplaced(kind: str, fields: Mapping[str, Any]) -> list[str]:
    """Pointers to the texts of a step that name a secret where none may be: anywhere but in the headers, the body and
    the query of the address of an HTTP step, which no customer reads and no log of addresses keeps."""
    if kind != "http":
        return sorted({pointer for _, pointer in named(fields)})
    address = str(fields.get("url", "")).partition("?")[0]
    found = {pointer for _, pointer in named(fields) if not pointer.startswith(("/headers/", "/body", "/url"))}
    return sorted(found | ({"/url"} if named({"url": address}) else set()))


def texts_of(value: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """The texts within a value of JSON, each with its pointer."""
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield from texts_of(one, f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from texts_of(one, f"{pointer}/{index}")
