"""Distribution on the real stack: caps, turns and draining through the product, and eight threads at once on its
tables."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from infra.local.deployment import client
from infra.local.stack import Stack
from recado.aws.clock import RandomIds, SystemClock
from recado.aws.queue import SqsQueue
from recado.aws.waking import DistributionWaker
from recado.domain.chats import Chat
from recado.domain.errors import Busy
from tests.e2e.live import Customer, Live, eventually
from tests.e2e.workbench import CountingMoves, MovingClock
from tests.team import ACCOUNT, Team


@pytest.fixture
def live(stack: Stack) -> Live:
    return Live(stack)


def test_cap_2_nine_chats_give_2_2_2_and_a_close_serves_the_oldest_within_3_s(live: Live) -> None:
    with live.agents_at_work(max_chats=2) as agents:
        chats = []
        for number in range(9):
            chats.append(live.writes(Customer(f"Cliente {number}"))["id"])
            if number < 6:
                eventually(lambda: live.owner(chats[-1]) != "-")
        owners = [live.owner(chat) for chat in chats]
        first = live.admin.get(f"/v1/chats/{chats[0]}/assignments")["items"][0]["turn"]
        turns = [live.admin.get(f"/v1/chats/{chat}/assignments")["items"][0]["turn"] for chat in chats[:6]]
        assert turns == list(range(first, first + 6))
        assert owners[6:] == ["-", "-", "-"]
        assert owners[:3] == owners[3:6], "the same order twice"
        assert sorted(owners[:3]) == ["Ana", "Bruno", "Carla"]
        freed = owners[1]
        agents[freed].post(f"/v1/chats/{chats[1]}/close", {})
        began = time.monotonic()
        eventually(lambda: live.owner(chats[6]) == freed, within_s=3)
        print(f"a freed slot served the oldest waiting chat after {time.monotonic() - began:.2f} s")
        assert [live.owner(chat) for chat in chats[7:]] == ["-", "-"]


def test_turns_go_round_with_closures_in_between(live: Live) -> None:
    with live.agents_at_work() as agents:
        owners = []
        for number in range(7):
            chat = live.writes(Customer(f"Cliente {number}"))["id"]
            owners.append(eventually(lambda chat=chat: (name := live.owner(chat)) != "-" and name))
            if number % 2:
                agents[owners[-1]].post(f"/v1/chats/{chat}/close", {})
        start = ["Ana", "Bruno", "Carla"].index(owners[0])
        assert owners == [["Ana", "Bruno", "Carla"][(start + number) % 3] for number in range(7)]


def _team() -> tuple[Team, CountingMoves, list[str]]:
    clock, moves = SystemClock(), CountingMoves()
    team = Team(MovingClock(clock), RandomIds(clock), moves)
    return team, moves, [team.join(f"{position}", position, cap=20) for position in range(10)]


def _check(team: Team, agents: list[str], chats: list[Chat]) -> None:
    """300 chats, 10 agents with a cap of 20: 200 are given out, each once, in turn, the oldest first."""
    state = [team.chat(chat) for chat in chats]
    loads = {agent: team.presence.get(ACCOUNT, agent)[0].load for agent in agents}
    owned = {agent: sum(chat.agent_id == agent for chat in state) for agent in agents}
    assert loads == owned == dict.fromkeys(agents, 20), "all caps are reached, none is exceeded: the spread is 0"
    assert len(team.waiting()) == 100
    given = {chat.id: [one for one in team.receipts(chat) if one["agent_id"]] for chat in state}
    assert all(len(given[chat.id]) == (chat.agent_id is not None) for chat in state), "assigned once"
    turns = {given[chat.id][0]["turn"]: chat for chat in state if chat.agent_id}
    assert sorted(turns) == list(range(1, 201))
    assert [agents.index(str(turns[turn].agent_id)) for turn in sorted(turns)] == [turn % 10 for turn in range(200)]
    assert [turns[turn].id for turn in sorted(turns)] == [chat.id for chat in state[:200]], "nobody overtook"


def _in_threads(
    count: int, work: Callable[[], None], arrivals: Callable[[], list[Chat]], done: Callable[[], bool]
) -> list[Chat]:
    """`work` again and again in threads while chats arrive, until `done`. What a thread raises fails the test."""
    stop = threading.Event()

    def loop() -> None:
        while not stop.is_set():
            work()

    with ThreadPoolExecutor(count) as pool:
        threads = [pool.submit(loop) for _ in range(count)]
        try:
            chats = [chat for _ in range(30) for chat in arrivals()]
            eventually(done, within_s=90, every_s=0.3)
        finally:
            stop.set()
    for thread in threads:
        thread.result()
    return chats


@pytest.mark.usefixtures("stack_tables")
def test_8_workers_of_the_queue_give_300_chats_to_10_agents_and_at_most_5_percent_is_cancelled(stack: Stack) -> None:
    """As it runs: a FIFO group for each department, eight pollers."""
    sqs = client("sqs", stack.ministack_url)
    url = sqs.create_queue(QueueName="eight-workers.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    team, moves, agents = _team()
    waker = DistributionWaker(SqsQueue(url), team.ids)

    def arrivals() -> list[Chat]:
        chats = team.arrive(10)
        for _ in chats:
            waker.wake(ACCOUNT, [team.department], "queued")
        return chats

    def work() -> None:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1, WaitTimeSeconds=1).get("Messages", []):
            team.look()
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    chats = _in_threads(8, work, arrivals, lambda: len(team.waiting()) == 100)
    print(f"by the queue: {moves.done} transactions for 200 chats, {moves.cancelled} cancelled ({moves.share:.1%})")
    _check(team, agents, chats)
    assert moves.share <= 0.05


@pytest.mark.usefixtures("stack_tables")
def test_8_threads_without_a_queue_between_them_break_no_cap_and_no_order() -> None:
    """What the conditions hold by themselves, when nothing keeps looks at one department apart."""
    team, moves, agents = _team()

    def work() -> None:
        with suppress(Busy):  # the queue would bring the command again
            team.look()
        time.sleep(0.005)

    chats = _in_threads(8, work, lambda: team.arrive(10), lambda: len(team.waiting()) == 100)
    print(f"without it: {moves.done} transactions for 200 chats, {moves.cancelled} cancelled ({moves.share:.1%})")
    _check(team, agents, chats)
