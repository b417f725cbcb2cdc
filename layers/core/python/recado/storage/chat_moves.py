"""Writing moves of chats: CHAT, WAIT, agents' loads, the queue's head, the thread and the facts, all in one
transaction."""

from __future__ import annotations

from pynamodb.expressions.update import Action

from recado.domain.chat_moves import ChatMove, MoveCommit
from recado.domain.distribution import Turn
from recado.storage import keys
from recado.storage.acts import add_act, was_done
from recado.storage.agents import add_agent_change, add_lease_check
from recado.storage.alerts import add_alert
from recado.storage.chat_records import (
    ChatEventRecord,
    ChatRecord,
    HeadRecord,
    ServedRecord,
    ThreadRecord,
    WaitRecord,
    wait_record,
)
from recado.storage.contact_records import check_contact
from recado.storage.flow_executions import add_beginning, add_ending
from recado.storage.transaction import Cancelled, Transaction, guard

CHAT_MOVES = guard(
    "chat-moves-from-seen-version", "two actions on one chat at once: each decides from the state it read"
)
THREAD_STANDS = guard(
    "thread-stands-at-seen-seq",
    "the customer writes while the chat is being closed or opened again, a flow begins in it, or a task acts on it: "
    "the message would fall into a closed chat, two chats would be open, the flow would not hear it, or a chat that is "
    "not meant any more would be moved",
)
TURN_ONCE = guard(
    "turn-is-taken-once",
    "a member comes or goes between two assignments at once: both would take the turn after the same one",
)


def add_move(tx: Transaction, a: str, move: ChatMove) -> None:
    """CHAT, its WAIT items, SERVED of who leaves it and, when it closes or opens again or a flow begins or ends, its
    thread and the executions; a check of the thread when the chat was judged with it. Labels `chat:<id>`, `wait…:<id>`,
    `served:<id>`, `thread:<id>`, and those of executions; `contact` of whom a flow begins with."""
    before, after = move.before, move.after
    tx.put(f"chat:{after.id}", ChatRecord.of_chat(a, after), CHAT_MOVES(ChatRecord.version == before.version))
    old = wait_record(a, before) if before.situation == "queued" else None
    new = wait_record(a, after) if after.situation == "queued" else None
    if old is not None and (new is None or (old.pk, old.sk) != (new.pk, new.sk)):
        tx.delete(f"wait-left:{after.id}", WaitRecord(old.pk, old.sk))
    if new is not None:
        tx.put(f"wait:{after.id}", new)
    if move.left is not None:
        tx.put(f"served:{after.id}", ServedRecord(keys.served_pk(a, move.left), after.id))
    if move.begins is not None:
        add_beginning(tx, a, move.begins)
    if move.begins_with is not None:
        check_contact(tx, a, move.begins_with)
    if move.left_execution is not None:
        add_ending(tx, a, move.left_execution, move.how_it_ended, after.moved_at or after.opened_at)
    _add_thread(tx, a, move)


def _add_thread(tx: Transaction, a: str, move: ChatMove) -> None:
    """The thread has no open chat any more, or has this one again, or a flow leads it. It moves by one seq, so that a
    message that was being written meanwhile reads it again. Where a flow ends it does not: what is written meanwhile
    is heard by nobody. Where the chat was judged with it, it stands as it was then, whatever moves."""
    before, after = move.before.situation, move.after.situation
    actions: list[Action] = []
    if after == "closed" and before != after:
        last = ThreadRecord.last_chat_id.set(move.after.id)
        actions += [ThreadRecord.open_chat_id.remove(), ThreadRecord.unread.set(0), last]
    elif before == "closed" and before != after:
        actions.append(ThreadRecord.open_chat_id.set(move.after.id))
    stands_at = move.judged_seq
    if move.thread is not None and (actions or move.begins is not None):
        actions.append(ThreadRecord.last_seq.set(move.thread.last_seq + 1))
        stands_at = move.thread.last_seq
    else:
        actions = []
    if move.begins is not None:
        actions.append(ThreadRecord.led_by.set(move.begins.id))
    elif move.left_execution is not None:
        actions.append(ThreadRecord.led_by.remove())
    label, thread = f"thread:{move.after.id}", ThreadRecord(keys.thread_pk(a, move.after.thread), "THREAD")
    condition = None if stands_at is None else THREAD_STANDS(ThreadRecord.last_seq == stands_at)
    if actions:
        tx.update(label, thread, actions, condition)
    else:
        tx.check(label, thread, condition)


def add_turn(tx: Transaction, a: str, turn: Turn) -> None:
    """The queue's head goes on. A queue that never had a turn has no head. Label `head`."""
    unseen = HeadRecord.turn.does_not_exist()
    head = HeadRecord(keys.queue_pk(a, turn.department_id), "HEAD")
    actions = [HeadRecord.cursor.set(turn.cursor), HeadRecord.turn.set(turn.turn)]
    tx.update("head", head, actions, TURN_ONCE(unseen if turn.seen == 0 else HeadRecord.turn == turn.seen))


class ChatMoveStore:
    """Commits moves of chats."""

    def commit(self, a: str, commit: MoveCommit) -> frozenset[str]:
        """Write everything or nothing. Answers the labels of what was lost to somebody else; none means it is done."""
        try:
            _transaction(a, commit).commit()
        except Cancelled as lost:
            return lost.failed
        return frozenset()

    def is_done(self, a: str, act_id: str) -> bool:
        """Whether a move of this act was written."""
        return was_done(a, act_id)

    def operations(self, a: str, commit: MoveCommit) -> int:
        """How many operations of one transaction (at most 100) this takes."""
        return len(_transaction(a, commit))


def _transaction(a: str, commit: MoveCommit) -> Transaction:
    tx = Transaction()
    if commit.act_id is not None:
        add_act(tx, a, commit.act_id)
    for move in commit.moves:
        add_move(tx, a, move)
    for change in commit.agents:
        add_agent_change(tx, a, change)
    if commit.now is not None:
        for user_id in commit.live:
            add_lease_check(tx, a, user_id, commit.now)
    if commit.turn is not None:
        add_turn(tx, a, commit.turn)
    for event in commit.events:
        tx.put(f"event:{event.id}", ChatEventRecord.of_event(a, event))
    for department_id, event in commit.alerts:
        add_alert(tx, a, department_id, event)
    return tx
