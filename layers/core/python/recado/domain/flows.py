"""Projects and the flows in them (PRODUCT F1): a draft that people draw at, and versions that were published. Pure.

What runs is a version, which never changes; drawing on changes the draft alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from recado.domain.errors import Invalid

MAX_PROJECTS = 200
MAX_FLOWS = 1_000
MAX_RUN_FLOWS = 90
"""Others that a flow leads to without waiting: the transaction that holds them still has a hundred items."""
MAX_STEPS_CHARACTERS = 100_000
"""Of a flow's steps as JSON."""
MAX_STEPS_BYTES = 360_000
"""Of the steps as they are stored, where every sign that is not ASCII has 6 bytes, an emoji 12: with everything else
they fit an item of 400 KB."""


@dataclass(frozen=True)
class Project:
    """What flows are kept in. `version` moves by one with each change."""

    id: str
    name: str
    created_at: datetime
    version: int = 1


@dataclass(frozen=True)
class Flow:
    """`start` and `steps` are the draft as it was given (`domain.flow_definitions`); `published`: the number of the
    version that was published last, None when none was. `version` moves by one with each change."""

    id: str
    project_id: str
    name: str
    start: str
    steps: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    published: int | None = None
    published_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True)
class FlowVersion:
    """What was published under a number, counted from 1. `published_by`: the user; None: nobody kept who."""

    flow_id: str
    number: int
    start: str
    steps: Mapping[str, Any]
    published_at: datetime
    published_by: str | None = None


def check_size(steps: Mapping[str, Any]) -> None:
    """Raises Invalid for steps that together are too large."""
    if len(json.dumps(steps, ensure_ascii=False)) > MAX_STEPS_CHARACTERS:
        detail = f"The steps may have at most {MAX_STEPS_CHARACTERS:,} characters together."
        raise Invalid.field("/steps", "too_large", detail)
    if len(json.dumps(steps)) > MAX_STEPS_BYTES:
        detail = "The steps have too many letters with accents, or emoji, together."
        raise Invalid.field("/steps", "too_large", detail)
