"""Runs of tasks over 10,000 and 100,000 contacts, and over as many open chats, whose workers die and run out of time at
random: memory stays flat, each is acted on once, and how many a second. Stores take what is written and keep a few
bytes for each target.

`make soak` runs it; pytest by itself does not, for its name. `make soak TASK_CONTACTS=1000000` goes over so many
contacts instead of 100,000."""

from __future__ import annotations

import gc
import json
import os
import random
import subprocess
import sys
import time
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from zlib import crc32

import pytest

from recado.domain.chats import OPEN_SITUATIONS
from recado.domain.ids import make_id
from recado.domain.segment_fields import Table
from recado.domain.task_runs import Lane, Result, Run, Target, TargetState
from recado.ports.task_runs import Owner
from recado.storage import keys, segment_reads
from recado.storage.chat_records import ChatRecord
from recado.storage.segment_reads import DynamoSegmentReads
from recado.storage.task_targets import part_of
from tests.conftest import CountedIds, FixedClock
from tests.soak.peaks import peak_mb
from tests.task_world import A, Acts, Killed, Killer, Tables, World

SMALL, LARGE = 10_000, int(os.environ.get("TASK_CONTACTS", 100_000))
CHATS = 100_000
MOST_MEMORY = 1.3
DIES, DIES_AT_A_TARGET = 0.002, 0.0001
UNMADE, ENDED = 255, 16
PAGE = 500


class Chance(Killer):
    """Kills whoever writes, now and then."""

    def __init__(self, each: float) -> None:
        super().__init__()
        self._each, self._random = each, random.Random(7)

    def around(self, place: Any, write: Callable[[], Any]) -> Any:
        self.maybe(self._each)
        answer = write()
        self.maybe(self._each)
        return answer

    def maybe(self, each: float) -> None:
        """Here, with this chance."""
        if self._each and self._random.random() < each:
            self.kills += 1
            raise Killed

    def time(self) -> Callable[[], bool]:
        """A worker that has no time any more at some point."""
        left = iter(range(self._random.randrange(50, 3_000))) if self._each else iter(lambda: 0, 1)
        return lambda: next(left, None) is not None


class Numbered:
    """People by their numbers: the ids are made when they are asked for. `state` of each as a target: UNMADE, its part
    while it is pending, or ENDED."""

    def __init__(self, table: Table, count: int) -> None:
        self._kind = "ca" if table == "chats" else "ct"
        self._at = FixedClock().now()
        self.count = count
        self.parts = bytearray(part_of(self.id(number)) for number in range(count))
        self.state = bytearray([UNMADE]) * count

    def id(self, number: int) -> str:
        """Of who has this number; ids order as numbers do."""
        return make_id(self._kind, A, self._at, f"{number:016x}")

    def number(self, public_id: str) -> int:
        """Of whom an id is."""
        return int(public_id[-16:], 16)


class Bytes(Tables):
    """Targets are bytes, contacts nothing at all."""

    def __init__(self, killer: Killer, people: Numbered) -> None:
        super().__init__(killer)
        self._people = people
        self.made_anew = 0

    def freeze(self, a: str, run: Run, before: Lane, after: Lane, ids: Sequence[str]) -> bool:
        def make() -> None:
            for one in ids:
                number = self._people.number(one)
                self.made_anew += self._people.state[number] != UNMADE
                self._people.state[number] = self._people.parts[number]

        return self.runs[run.id].state == "freezing" and self._lane(run, before, after, make)

    def _write(self, owner: Owner, target: Target) -> None:
        self._people.state[self._people.number(target.id)] = ENDED

    def targets_page(
        self, a: str, run_id: str, part: int, after: str | None, limit: int, state: TargetState | None
    ) -> tuple[list[Target], str | None]:
        at, targets = (self._people.number(after) + 1 if after else 0), list[Target]()
        while (at := self._people.state.find(part, at)) >= 0:
            if len(targets) == limit:
                return targets, targets[-1].id
            targets.append(Target(self._people.id(at)))
            at += 1
        return targets, None

    def part(
        self, a: str, table: Table, bounds: Any, part: int, after: str | None
    ) -> Callable[[], Iterator[list[dict[str, Any]]]]:
        def pages() -> Iterator[list[dict[str, Any]]]:
            before, page = (self._people.number(after) if after else self._people.count), list[dict[str, Any]]()
            while (before := self._people.parts.rfind(part, 0, before)) >= 0:
                page.append({"id": {"S": self._people.id(before)}, "name": {"S": f"Pessoa {before}"}})
                if len(page) == PAGE:
                    yield page
                    page = []
            yield page

        return pages


class OpenChats:
    """DynamoDB as what reads open chats asks it: chat `number` is in situation `number % 3`."""

    def __init__(self, chats: Numbered) -> None:
        self._chats = chats

    def query(self, ExpressionAttributeValues: Mapping[str, Any], Limit: int, **asked: Any) -> dict[str, Any]:
        situation = ExpressionAttributeValues[":pk"]["S"].split("#")[1]
        low, high = (ExpressionAttributeValues[name]["S"] for name in (":low", ":high"))
        at = self._chats.number(high) if high[-1] < "\x7f" else self._chats.count - 1
        if "ExclusiveStartKey" in asked:
            at = self._chats.number(asked["ExclusiveStartKey"]["si_sk"]["S"]) - 1
        while at >= 0 and OPEN_SITUATIONS[at % 3] != situation:
            at -= 1
        ids = [self._chats.id(number) for number in range(at, max(-1, at - 3 * Limit), -3)]
        items = [{"pk": {"S": keys.chat_pk(A, one)}, "si_sk": {"S": one}} for one in ids if one >= low]
        more = {"LastEvaluatedKey": items[-1]} if len(items) == Limit else {}
        return {"Items": items, **more}

    def batch_get_item(self, RequestItems: Mapping[str, Any]) -> dict[str, Any]:
        [(table, asked)] = RequestItems.items()
        return {"Responses": {table: [self._chat(key["pk"]["S"].split("#")[2]) for key in asked["Keys"]]}}

    def _chat(self, chat_id: str) -> dict[str, Any]:
        number = self._chats.number(chat_id)
        values = {
            "id": chat_id, "channel_id": "ch_1", "sender": f"+55119{number:08}",
            "situation": OPEN_SITUATIONS[number % 3], "moved_at": "2026-03-01T00:00:00.000Z",
        }  # fmt: skip
        return {name: {"S": value} for name, value in values.items()}


class CountedActs(Acts):
    """Two bytes of the id of the act that each was touched by; one by another id was touched twice."""

    def __init__(self, killer: Chance, people: Numbered) -> None:
        super().__init__(killer)
        self._chance, self._people = killer, people
        self._acts = array("H", bytes(2 * people.count))
        self.twice = self.repeated = 0

    def act(self, a: str, run: Run, target: Target, act_id: str) -> Result:
        self._chance.maybe(DIES_AT_A_TARGET)
        number, mark = self._people.number(target.id), crc32(act_id.encode()) % 65_535 + 1
        self.twice += self._acts[number] not in (0, mark)
        self.repeated += self._acts[number] == mark
        self._acts[number] = mark
        self._chance.maybe(DIES_AT_A_TARGET)
        return Result("executed")

    def ahead(self, a: str, run: Run) -> int | None:
        """What moves chats sends nothing, and is not held back by what is on its way."""
        return None if run.table == "chats" else super().ahead(a, run)

    def touched(self) -> int:
        """How many were."""
        return len(self._acts) - self._acts.count(0)


def gone_over(table: Table, count: int, dies: float) -> dict[str, float]:
    """A run from its beginning to its end: targets a second, deaths, targets asked for again behind them."""
    clock, people, chance = FixedClock(), Numbered(table, count), Chance(dies)
    tables, acts = Bytes(chance, people), CountedActs(chance, people)
    if table == "chats":
        segment_reads._client = lambda kind: OpenChats(people)
        tables.part = DynamoSegmentReads().part  # type: ignore[method-assign]
    world = World(clock, CountedIds(clock), killer=chance, tables=tables, acts=acts)
    start = time.process_time()
    field = "situation" if table == "chats" else "name"
    run_id = world.begin({"field": field, "op": "set"}, lanes=4 if table == "chats" else 8, table=table)
    while not world.run(run_id).is_over:
        while world.queue.waiting:
            command = world.queue.waiting.pop(0)
            if not world.deliver(command, chance.time()):
                clock.move(30)
                world.queue.waiting.append(command)
        try:
            world.minute()
        except Killed:
            continue
    spent = time.process_time() - start
    run = world.run(run_id)
    assert (run.state, run.audience, world.counts(run_id)) == ("done", count, {"executed": count})
    assert people.state.count(ENDED) == acts.touched() == count, "somebody was left out"
    assert (tables.made_anew, acts.twice) == (0, 0), "a target was made, or acted on, twice"
    assert bool(dies) == bool(chance.kills)
    return {"targets_s": count / spent, "deaths": chance.kills, "repeated": acts.repeated}


def measured(table: Table, count: int) -> dict[str, float]:
    """A process of its own goes over so many: its figures."""
    command = [sys.executable, "-m", "tests.soak.task_runs", table, str(count)]
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=paths)
    figures: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return figures


@pytest.mark.parametrize(("table", "large"), [("contacts", LARGE), ("chats", CHATS)])
def test_memory_is_flat_and_each_is_acted_on_once(table: Table, large: int) -> None:
    peaks = []
    for count in (SMALL, large):
        figures = measured(table, count)
        peaks.append(figures["peak_mb"])
        speed, interrupted = figures["targets_s"], figures["interrupted_targets_s"]
        print(
            f"\n{count:>9,} {table}: {speed:,.0f} targets/s ({interrupted:,.0f} with {figures['deaths']:,.0f} deaths, "
            f"{figures['repeated']:,.0f} asked for again), peak {figures['peak_mb']:.0f} MB"
        )
    memory = peaks[1] / peaks[0]
    print(f"P8 memory at {large:,} ÷ at {SMALL:,} {table}: {memory:.2f}")
    assert memory <= MOST_MEMORY


def main(table: Table, count: int) -> None:
    """What one process measures."""
    gc.freeze()  # what the tests themselves brought along is looked through no more
    killed, whole = gone_over(table, count, DIES), gone_over(table, count, 0.0)
    figures = {**killed, "interrupted_targets_s": killed["targets_s"], "targets_s": whole["targets_s"]}
    figures["peak_mb"] = peak_mb()
    print(json.dumps(figures))


if __name__ == "__main__":
    assert ChatRecord.Meta.table_name
    main(sys.argv[1], int(sys.argv[2]))  # type: ignore[arg-type]
