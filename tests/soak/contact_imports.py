"""Imports of 10,000 and 100,000 rows, interrupted at random: memory stays flat, counts are right, and how fast it is
beside `csv.reader` and the same validation. Stores take what is written and keep one byte for each row.

`make soak` runs it; pytest by itself does not, for its name. `make soak IMPORT_ROWS=1000000` imports so many instead of
100,000: some twenty minutes."""

from __future__ import annotations

import csv
import gc
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from recado.domain import contact_rules
from recado.domain.chats import Event
from recado.domain.contact_imports import ContactImport, Row, created_row
from recado.domain.contacts import Claim, Contact
from recado.ports.contact_imports import RowDone
from recado.ports.contacts import ContactChange
from recado.ports.files import Found
from recado.services.contact_import_results import ContactImportResults
from tests.conftest import CountedIds, FixedClock
from tests.deaths import Died
from tests.import_stores import ADMIN, A, MemoryFiles, MemoryImports, MemoryRowContacts
from tests.import_world import ImportWorld
from tests.soak.peaks import peak_mb

HEADER = ("Nome", "Celular", "E-mail", "Cidade", "Observações")
SMALL, LARGE = 10_000, int(os.environ.get("IMPORT_ROWS", 100_000))
MOST_MEMORY, LEAST_SPEED = 1.3, 0.35


def people(count: int) -> Iterator[tuple[str, ...]]:
    for n in range(count):
        note = 'Pediu "retorno";\nligar às 9h' if n % 5 == 0 else "cliente desde 2019"
        yield f"João da Silva {n}", f"(11) 9{5000_0000 + n}", f"joao{n}@example.com", "São Paulo", note


class Sink(MemoryRowContacts):
    """Takes contacts and forgets them."""

    done: bytearray
    deaths: Any

    def holders(self, a: str, claims: Sequence[Claim]) -> dict[Claim, str]:
        return {}

    def create(self, a: str, contact: Contact, event: Event, others: Sequence[ContactChange] = ()) -> None:
        def write() -> None:
            if self.done[self.number]:
                raise RowDone
            self.done[self.number] = 1

        self.deaths.around(write)
        self.written = created_row(self.number, contact)


class SinkImports(MemoryImports):
    """Rows are bytes."""

    done: bytearray

    def row(self, a: str, import_id: str, number: int) -> Row | None:
        return Row(number, "created", "ct") if self.done[number] else None

    def rows(self, a: str, one: ContactImport, after: int, limit: int) -> tuple[list[Row], int | None]:
        numbers = range(after + 1, min(after + 1 + limit, one.last_row + 1))
        found = [Row(number, "created", f"ct_{A}_{number:027x}") for number in numbers if self.done[number]]
        return found, (numbers[-1] if numbers and numbers[-1] < one.last_row else None)


class Disk(MemoryFiles):
    """The file on disk; results go nowhere."""

    path: Path

    def look(self, key: str) -> Found | None:
        return Found("etag", self.path.stat().st_size)

    def read(self, key: str, found: Found, offset: int, length: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def create(self, a: str, file: Any) -> None: ...

    def begin(self, key: str, content_type: str, disposition: str) -> str:
        return "upload"

    def put_part(self, key: str, upload_id: str, number: int, body: bytes) -> str:
        return "etag"

    def complete(self, key: str, upload_id: str, parts: Any) -> None: ...


def imported(path: Path, count: int, deaths: float) -> float:
    """Rows a second of an import."""
    clock = FixedClock()
    world = ImportWorld(clock, CountedIds(clock))
    Disk.path = path
    Sink.done = SinkImports.done = bytearray(count + 2)
    Sink.deaths = world.memory.deaths
    world.store, world.rows_of = SinkImports(world.memory), lambda one: Sink(world.memory, one)
    world.files_of = Disk
    world.connect()
    world.results(ContactImportResults(world.store, world.objects, world.objects, clock))
    import_id = world.begin(b"")
    world.memory.deaths.each = deaths
    chance = random.Random(9)
    start = time.process_time()
    done = world.finish(import_id, (lambda: chance.randrange(5, 200)) if deaths else (lambda: 10**9))
    spent = time.process_time() - start
    assert (done["state"], done["created"], done["total"]) == ("done", count, count), done
    assert not deaths or world.memory.deaths.count
    return count / spent


def validated(path: Path) -> float:
    """Rows a second of `csv.reader` and the same validation."""
    start, count = time.process_time(), 0
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter=";")
        next(rows)
        for name, mobile, email, city, notes in rows:
            given = {"name": name, "mobile": mobile, "email": email, "city": city, "notes": notes}
            values, errors = contact_rules.cleaned(given, "BR")
            assert values and not errors and not contact_rules.too_much(given)
            count += 1
    return count / (time.process_time() - start)


def measured(count: int, path: Path) -> dict[str, float]:
    """A process of its own imports so many rows: its figures."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(HEADER)
        writer.writerows(people(count))
    command = [sys.executable, "-m", "tests.soak.contact_imports", str(path), str(count)]
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=paths)
    figures: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return figures


def test_memory_is_flat_and_speed_is_near_that_of_reading(tmp_path: Path) -> None:
    small, large = (measured(count, tmp_path / f"{count}.csv") for count in (SMALL, LARGE))
    for count, figures in ((SMALL, small), (LARGE, large)):
        print(
            f"\n{count:>7,} rows: {figures['rows_s']:.0f} rows/s ({figures['interrupted_rows_s']:.0f} interrupted), "
            f"csv.reader and validation {figures['plain_rows_s']:.0f} rows/s, peak {figures['peak_mb']:.0f} MB"
        )
    memory = large["peak_mb"] / small["peak_mb"]
    speed = large["rows_s"] / large["plain_rows_s"]
    print(
        f"P8 memory at {LARGE:,} ÷ at {SMALL:,} rows: {memory:.2f} · P7 speed ÷ csv.reader and validation: {speed:.2f}"
    )
    assert memory <= MOST_MEMORY
    assert speed >= LEAST_SPEED


def main(path: Path, count: int) -> None:
    """What one process measures; the plain reading last, as its memory is not ours."""
    with suppress(Died):
        gc.freeze()  # what the tests themselves brought along is looked through no more
        figures = {"interrupted_rows_s": imported(path, count, 0.0005), "rows_s": imported(path, count, 0.0)}
        figures["peak_mb"] = peak_mb()
        contact_rules.e164_of.cache_clear()
        figures["plain_rows_s"] = validated(path)
        print(json.dumps(figures))


if __name__ == "__main__":
    assert ADMIN.account == A
    main(Path(sys.argv[1]), int(sys.argv[2]))
