"""The commands by which workers drive an execution: look at it, and do what is to be done."""

from __future__ import annotations

from zlib import crc32

from recado.ports.core import Command

LANES = 5
"""HTTP steps that one account has at work at once, and so the most workers that its servers hold, however slow they
are. A tenth of those that there are, or half of the fewest (FlowRequestConcurrency of template.yaml)."""

COMES_AGAIN_AFTER_S = (10, 30, 120)
"""After each time that a look failed. Its chat is silent until then, and all behind it in its group wait; the queue's
own time is many minutes."""
COMES_BACK_AFTER_S = 900
"""When not even the end of an execution could be written, which is tried from then on: the tables do not answer."""


def comes_again_after(receives: int) -> int:
    """In how many seconds a command that failed when it was handed out for the `receives`-th time comes again."""
    return COMES_AGAIN_AFTER_S[receives - 1] if receives <= len(COMES_AGAIN_AFTER_S) else COMES_BACK_AFTER_S


def flow_command(a: str, execution_id: str, chat_id: str, why: str) -> Command:
    """Commands of one chat share a group: one worker drives it at a time. `why`: the id of what is to be looked at; the
    same command twice is one."""
    body = {"account": a, "execution_id": execution_id, "correlation_id": ""}
    return Command(group=chat_id, dedup=f"flow-{why}", body=body)


def request_command(a: str, execution_id: str, chat_id: str, why: str) -> Command:
    """An execution stands at an HTTP step: for the queue of those. A chat has one lane of its account's, so one worker
    does its requests at a time. `why`: as of `flow_command`."""
    body = {"account": a, "execution_id": execution_id, "correlation_id": ""}
    lane = crc32(chat_id.encode()) % LANES
    return Command(group=f"{a}#http#{lane}", dedup=f"flow-request-{why}", body=body)


def failure_command(a: str, chat_id: str, seq: int, why: str) -> Command:
    """A message of a flow failed, at `seq` of the thread: whichever leads the chat has to know."""
    body = {"account": a, "chat_id": chat_id, "failed_seq": seq, "correlation_id": ""}
    return Command(group=chat_id, dedup=f"flow-failure-{why}", body=body)
