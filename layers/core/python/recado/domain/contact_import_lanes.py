"""How the rows of a file are divided: into windows that come one after the other, and each window into lanes that go
side by side. Rows that may be about one contact go in one lane, in their order. Back they go by their contacts alone.

In most windows no two rows are about one contact, or only neighbours are: then each lane has a slice of it, and reads
nothing else. Else each lane reads the window and finds out which rows are its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

from recado.domain.csv_files import Record

LANES = 16
WINDOW_ROWS = 8_000
WINDOW_BYTES = 8 * 1_048_576
"""A window is held in memory, and is as many rows or bytes, whatever is less."""
ROWS_FOR_A_LANE = 500
"""A slice has so many: a window never has more of them than there are lanes."""


@dataclass(frozen=True)
class Window:
    """Bytes from `start`, where row `row` begins, to before `end`, where row `next_row` does; `rows` records. `slices`
    are the bytes and rows where they begin; none where rows of two would be about one contact."""

    start: int
    end: int
    row: int
    next_row: int
    rows: int
    slices: tuple[tuple[int, int], ...] = ()

    def slice_of(self, lane: int) -> tuple[int, int, int] | None:
        """From where to where a lane's slice goes, in bytes, and its first row; None when it has none."""
        if lane >= len(self.slices):
            return None
        start, row = self.slices[lane]
        return start, self.slices[lane + 1][0] if lane + 1 < len(self.slices) else self.end, row


def lanes_for(total: int) -> int:
    """How many lanes a file of so many rows has."""
    return max(1, min(LANES, -(-total // ROWS_FOR_A_LANE)))


def lanes_back(lanes: int) -> int:
    """How many lanes lead back from an import that had so many; one that failed early had none."""
    return max(1, lanes)


def lane_back(contact_id: str, lanes: int) -> int:
    """In which of so many lanes back a contact's rows are taken: all of them in one, whatever window they were in."""
    return crc32(contact_id.encode()) % lanes


def windows(found: Iterable[Record], keys: Callable[[Record], Iterable[str]], start: int, row: int) -> Iterator[Window]:
    """The windows of a file from byte `start` on, where row `row` begins, and a window. `keys`: by what a row may be
    about the same contact as another."""
    window = _Growing(start, row)
    for record in found:
        window.take(record, keys(record))
        if window.rows == WINDOW_ROWS or window.end - window.start >= WINDOW_BYTES:
            yield window.grown()
            window = _Growing(window.end, window.next_row)
    if window.rows:
        yield window.grown()


class _Growing:
    """A window that rows come to."""

    def __init__(self, start: int, row: int) -> None:
        self.start = self.end = start
        self._row = self.next_row = row
        self.rows = 0
        self._slices: list[tuple[int, int]] = []
        self._slice_with: dict[str, int] = {}
        self._tangled = False

    def take(self, record: Record, keys: Iterable[str]) -> None:
        """One row more."""
        if self.rows % ROWS_FOR_A_LANE == 0:
            self._slices.append((self.end, self.next_row))
        if not self._tangled:
            here = len(self._slices)
            for key in keys:
                if self._slice_with.setdefault(key, here) != here:
                    self._tangled = True
        self.rows, self.end, self.next_row = self.rows + 1, record.end, record.row + 1

    def grown(self) -> Window:
        """The window."""
        slices = () if self._tangled else tuple(self._slices)
        return Window(self.start, self.end, self._row, self.next_row, self.rows, slices)


def lanes_of(keys: Sequence[Sequence[str]], lanes: int) -> list[int]:
    """The lane of each row of a window, by the keys it has: the same for rows that one or more keys connect."""
    leaders = list(range(len(keys)))

    def leader(row: int) -> int:
        while leaders[row] != row:
            leaders[row] = leaders[leaders[row]]
            row = leaders[row]
        return row

    first_with: dict[str, int] = {}
    for row, known in enumerate(keys):
        for key in known:
            one, other = leader(first_with.setdefault(key, row)), leader(row)
            leaders[max(one, other)] = min(one, other)
    lane_of_leader: dict[int, int] = {}
    return [lane_of_leader.setdefault(leader(row), len(lane_of_leader) % lanes) for row in range(len(keys))]
