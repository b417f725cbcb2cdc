"""The commands by which a worker drives an execution: look at it, and do what is to be done."""

from __future__ import annotations

from recado.ports.core import Command


def flow_command(a: str, execution_id: str, chat_id: str, why: str) -> Command:
    """Commands of one chat share a group: one worker drives it at a time. `why`: the id of what is to be looked at; the
    same command twice is one."""
    body = {"account": a, "execution_id": execution_id, "correlation_id": ""}
    return Command(group=chat_id, dedup=f"flow-{why}", body=body)


def failure_command(a: str, chat_id: str, seq: int, why: str) -> Command:
    """A message of a flow failed, at `seq` of the thread: whichever leads the chat has to know."""
    body = {"account": a, "chat_id": chat_id, "failed_seq": seq, "correlation_id": ""}
    return Command(group=chat_id, dedup=f"flow-failure-{why}", body=body)
