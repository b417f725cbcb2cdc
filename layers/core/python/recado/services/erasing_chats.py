"""Erasing chats and their events, and events that lie where no chat is any more."""

from __future__ import annotations

from recado.domain.contact_erasure import Erasing
from recado.ports.contact_erasures import ErasedChats, Overtaken, Page
from recado.services.system_closing import SystemClosing

EVENTS_AT_ONCE = 45
"""Each may have a copy among the alerts of a department."""


class ErasingChats:
    """One chat at a time, its events before it. An open one is closed first, so that its agent is free for another."""

    def __init__(self, chats: ErasedChats, closing: SystemClosing) -> None:
        self._chats = chats
        self._closing = closing

    def page(self, a: str, work: Erasing) -> Erasing | None:
        """A page; None when there is nothing more."""
        index, before = _place(work)
        while index < len(work.contact_ids):
            ids = self._chats.ids(a, work.contact_ids[index], before, 1)
            if not ids:
                index, before = index + 1, None
                continue
            done = self._chat(a, work, index, before, ids[0])
            if done is not None:
                return done
            before = ids[0]
        return None

    def _chat(self, a: str, work: Erasing, index: int, before: str | None, chat_id: str) -> Erasing | None:
        """None: it is gone, and the index does not know yet."""
        chat = self._chats.chat(a, chat_id)
        if chat is not None and chat.situation != "closed":
            self._closing.close(a, chat_id, "contact_erased")
            chat = self._chats.chat(a, chat_id)
        if chat is None:
            return None
        if chat.situation != "closed":
            raise Overtaken
        threads = work.with_threads(chat.thread)
        events = self._chats.events(a, chat_id, EVENTS_AT_ONCE)
        if events:
            after = work.moved(f"{index}#{before or ''}", len(events), threads=threads)
            self._chats.erase_events(a, Page(work, after, {"chat_events": len(events)}), events)
        else:
            after = work.moved(f"{index}#{chat_id}", 1, threads=threads)
            self._chats.erase_chat(a, Page(work, after, {"chats": 1}), chat)
        return after


class ErasingStrays:
    """Events that were written into a chat while it was being erased."""

    def __init__(self, chats: ErasedChats) -> None:
        self._chats = chats

    def page(self, a: str, work: Erasing) -> Erasing | None:
        """A page; None when there is nothing more."""
        index, last = _place(work)
        while index < len(work.contact_ids):
            events, following = self._chats.strays(a, work.contact_ids[index], last, EVENTS_AT_ONCE)
            if events:
                after = work.moved(f"{index}#{last or ''}", len(events))
                self._chats.erase_events(a, Page(work, after, {"chat_events": len(events)}), events)
                return after
            index, last = (index, following) if following else (index + 1, None)
        return None


def _place(work: Erasing) -> tuple[int, str | None]:
    """Which of the contact's ids, and behind what of it."""
    index, _, behind = (work.place or "0").partition("#")
    return int(index), behind or None
