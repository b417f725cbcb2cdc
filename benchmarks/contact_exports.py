"""P7, P8: lines of an export against plain csv.writer over the same contacts, and what a whole export keeps in memory.

P7 is the pure part, contact to bytes, page by page as the worker takes them: ours makes every cell safe and gives back
to the letter what it was; the peer writes the attributes as they are. P8 is the worker itself against a bucket and
tables that keep nothing, each size in a process of its own; its peak is what the operating system saw."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from recado.domain.chats import Author
from recado.domain.contact_columns import COLUMNS, CUSTOM, Names
from recado.domain.contact_exports import PLACES, ContactExport, ExportRows, Place
from recado.domain.contacts import Contact
from recado.domain.groups import Group
from recado.domain.ids import make_id
from recado.ports.contact_exports import ContactsRead
from recado.services.contact_export_work import ContactExportWork

A = "accounta"
AT = datetime(2026, 3, 2, tzinfo=UTC)
PAGE = 250
SLUGS = ("plan", "seats", "since")
GROUPS = {f"gr_{A}_{number:027x}": name for number, name in enumerate(("VIP", "Clientes", "São Paulo"))}
ORGANIZATIONS = {f"og_{A}_{number:027x}": f"Loja {number} Ltda" for number in range(50)}
NAMES = Names(ORGANIZATIONS, GROUPS)
GROUP_IDS, ORGANIZATION_IDS = list(GROUPS), list(ORGANIZATIONS)
FIRST = ("Ana", "João", "Maria", "Luís", "Patrícia", "Antônio", "Bruno", "Íris")
LAST = ("da Silva", "Souza", "d'Ávila", "Gonçalves", "Pereira", "dos Santos")
COLUMNS_OF_ALL = (*COLUMNS, *(f"{CUSTOM}{slug}" for slug in SLUGS))


def contact(number: int) -> Contact:
    """A contact as accounts have them: all have a name and a mobile, many an e-mail, some an address, few notes."""
    first, last = FIRST[number % len(FIRST)], LAST[number % len(LAST)]
    some = number % 3 == 0
    return Contact(
        make_id("ct", A, AT, f"{number:016x}"),
        AT,
        AT,
        name=f"{first} {last}",
        mobile=f"+55119{number % 10**8:08d}",
        email=f"{number}@example.com" if number % 2 else None,
        birthday="1980-02-29" if some else None,
        address=f"Rua das Flores, {number % 900}" if some else None,
        city="São Paulo" if some else None,
        state="SP" if some else None,
        country="BR" if some else None,
        notes="Prefere a manhã; não ligar antes das 9h." if number % 10 == 0 else None,
        organization_id=ORGANIZATION_IDS[number % 50] if number % 5 == 0 else None,
        group_ids=(GROUP_IDS[number % 3],) if some else (),
        custom_fields={"plan": "ouro", "seats": number % 100} if number % 4 == 0 else {},
    )


def ours(pages: Sequence[Sequence[Contact]]) -> int:
    """Bytes of all lines as the worker makes them."""
    rows = ExportRows(COLUMNS_OF_ALL, "csv")
    return sum(len(rows.lines(page, NAMES)) for page in pages)


def plain(pages: Sequence[Sequence[Contact]]) -> int:
    """The same with csv.writer and nothing else."""
    size = 0
    for page in pages:
        buffer = io.StringIO(newline="")
        write = csv.writer(buffer).writerow
        for one in page:
            write(
                [
                    one.id, one.name, one.mobile, one.phone, one.email, one.birthday, one.address, one.city,
                    one.district, one.state, one.country, one.notes, ORGANIZATIONS.get(one.organization_id or ""),
                    "|".join(GROUPS[group_id] for group_id in one.group_ids), one.principal_id,
                    *(one.custom_fields.get(slug) for slug in SLUGS),
                ]
            )  # fmt: skip
        size += len(buffer.getvalue().encode())
    return size


def rate(make: Callable[[Sequence[Sequence[Contact]]], int], pages: Sequence[Sequence[Contact]]) -> float:
    """Rows a second of CPU."""
    began = time.process_time()
    make(pages)
    return sum(map(len, pages)) / (time.process_time() - began)


class Nowhere:
    """Tables with so many contacts, made as they are read, and a bucket that keeps nothing."""

    def __init__(self, contacts: int) -> None:
        self._each = contacts // PLACES
        self.export: Any = None
        self.parts = self.size = 0

    def get(self, a: str, export_id: str) -> Any:
        return self.export

    def get_many(self, a: str, kind: str, ids: Sequence[str]) -> dict[str, Group]:
        names = ORGANIZATIONS if kind == "organization" else GROUPS
        return {one: Group(one, kind, names[one], AT, AT) for one in ids}  # type: ignore[arg-type]

    def all(self, a: str, table: str) -> list[Any]:
        return []

    def move(self, a: str, before: Any, after: Any) -> bool:
        self.export = after
        return True

    def finish(self, a: str, before: Any, after: Any, file: Any, event: Any) -> bool:
        return self.move(a, before, after)

    def read(self, a: str, group: Any, place: Place) -> ContactsRead:
        begin = int(place.after or 0)
        end = min(begin + PAGE, self._each)
        found = [contact(place.shard * self._each + number) for number in range(begin, end)]
        following = Place(place.shard, str(end)) if end < self._each else Place(place.shard + 1)
        return ContactsRead(found, following if following.shard < PLACES else None)

    def begin(self, key: str, content_type: str, disposition: str) -> str:
        return "upload"

    def put_part(self, key: str, upload_id: str, number: int, body: bytes) -> str:
        self.parts += 1
        self.size += len(body)
        return f"{number:034x}"

    def complete(self, key: str, upload_id: str, parts: Any) -> None: ...

    def send(self, commands: Any) -> None: ...

    def stepped(self, export_id: str, outcome: str, done: int, size: int) -> None: ...

    def now(self) -> datetime:
        return AT

    def new(self, kind: str, account: str) -> str:
        return make_id(kind, account, AT, "0" * 16)


def peak_mb() -> float:
    """What this process had at most so far (Linux; `ru_maxrss` would begin with that of its parent)."""
    [line] = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def whole_export(contacts: int) -> dict[str, float]:
    """An export from its first page to its last; what the process had at most, in MB."""
    world: Any = Nowhere(contacts)
    author = Author("user", "us")
    world.export = ContactExport(world.new("ex", A), world.new("fi", A), author, AT, COLUMNS_OF_ALL, due=AT)
    before_mb = peak_mb()
    began = time.process_time()
    ContactExportWork(world, world, world, world, world, world, world, world, world, world).work(
        A, world.export.id, 0, lambda: True
    )
    assert world.export.state == "done" and world.export.size == world.size
    after_mb = peak_mb()
    return {
        "done": world.export.done,
        "seconds": time.process_time() - began,
        "size_mb": world.size / 1e6,
        "parts": world.parts,
        "peak_mb": after_mb,
        "own_mb": after_mb - before_mb,
    }


def in_its_own_process(contacts: int) -> dict[str, float]:
    """As `whole_export`."""
    command = [sys.executable, "-m", "benchmarks.contact_exports", str(contacts)]
    told: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return told


def figures(most: int = 1_000_000) -> Iterator[Figure]:
    """P7 and P8."""
    pages = [[contact(page * PAGE + number) for number in range(PAGE)] for page in range(80)]
    rates = [(rate(ours, pages), rate(plain, pages)) for _ in range(9)]
    own, peer = max(one for one, _ in rates), max(one for _, one in rates)
    yield Figure("P7", "export, rows/s ÷ plain csv.writer", own / peer, 0.7, 0.8, f"{own:,.0f} ÷ {peer:,.0f} rows/s")
    few, many = in_its_own_process(10_000), in_its_own_process(most)
    detail = f"{many['peak_mb']:.1f} ÷ {few['peak_mb']:.1f} MB, of them of the export itself {many['own_mb']:.1f} and "
    detail += f"{few['own_mb']:.1f}; {many['size_mb']:.0f} MB in {many['parts']:.0f} parts, "
    detail += f"{many['done'] / many['seconds']:,.0f} contacts/s with making them"
    ratio = many["peak_mb"] / few["peak_mb"]
    yield Figure("P8", f"export, peak memory at {most:,} ÷ at 10,000", ratio, 1.3, 1.1, detail, at_most=True)


if __name__ == "__main__":
    print(json.dumps(whole_export(int(sys.argv[1]))))
