"""Open chats of an account on the real storage, which change their situations as a test says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from recado.domain.chats import Chat, Situation, ThreadKey
from recado.domain.ids import make_id
from recado.storage import segment_reads
from recado.storage.chat_records import ChatRecord

A = "accounta"
CHANNEL = f"ch_{A}_{1:027x}"


class OpenChats:
    """By their ids."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self.all: dict[str, Chat] = {}

    def add(self, situation: Situation) -> str:
        """One more, later than those before; its id."""
        self._clock.move(0.001)
        now, number = self._clock.now(), len(self.all)
        chat_id, contact_id = make_id("ca", A, now, f"{number:016x}"), make_id("ct", A, now, f"{number:016x}")
        thread = ThreadKey(CHANNEL, f"+55119{number:08}")
        chat = Chat(chat_id, contact_id, CHANNEL, "custom", thread, "dp_1", situation, now, 1)
        self._write(chat)
        return chat_id

    def move(self, chat_id: str, situation: Situation) -> None:
        """It is in another situation now."""
        self._write(replace(self.all[chat_id], situation=situation))

    def open(self) -> list[str]:
        """Those that are not closed."""
        return [one.id for one in self.all.values() if one.situation != "closed"]

    def _write(self, chat: Chat) -> None:
        self.all[chat.id] = chat
        ChatRecord.of_chat(A, chat).save()


class _Client:
    """DynamoDB's client; something happens before each call."""

    def __init__(self, client: Any, happens: Callable[[], None]) -> None:
        self._client, self._happens = client, happens

    def __getattr__(self, name: str) -> Any:
        def call(**asked: Any) -> Any:
            self._happens()
            return getattr(self._client, name)(**asked)

        return call


def between_reads(monkeypatch: pytest.MonkeyPatch, happens: Callable[[int], None]) -> None:
    """This happens before each call of what segments read; the calls are counted from 0."""
    client, calls = segment_reads._client, iter(range(1_000_000))
    monkeypatch.setattr(segment_reads, "_client", lambda kind: _Client(client(kind), lambda: happens(next(calls))))
