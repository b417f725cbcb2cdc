"""What segments need of storage."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Protocol

from recado.domain.segment_bounds import Bounds
from recado.domain.segment_fields import Thing
from recado.domain.segment_matching import Record

Pages = Callable[[], Iterator[Sequence[Record]]]
"""A part of a table, read when it is called: pages of records as they lie there, newest first."""


class SegmentReads(Protocol):
    """Records as segments read them, eventually consistent."""

    def contacts(self, a: str, bounds: Bounds) -> Sequence[Pages]:
        """The account's contacts within the bounds, in parts that can be read at the same time."""
        ...

    def chats(self, a: str, bounds: Bounds) -> Sequence[Pages]:
        """As `contacts`, of the chats that are not closed, with what their threads know."""
        ...

    def contact(self, a: str, contact_id: str) -> Record | None:
        """One contact whole, strongly consistent."""
        ...

    def chat(self, a: str, chat_id: str) -> Record | None:
        """One chat, closed ones too, with what its thread knows."""
        ...

    def existing(self, a: str, named: Collection[tuple[Thing, str]]) -> set[tuple[Thing, str]]:
        """Those that are there, strongly consistent: of any things but workflows and their steps, by ids of theirs."""
        ...
