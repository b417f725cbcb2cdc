"""Erasing messages with all that lies beside them, and at last the threads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from recado.domain.chats import Message, ThreadKey
from recado.domain.contact_erasure import Counted, Erasing, new_pass
from recado.domain.ids import moment_of
from recado.ports.contact_erasures import (
    ContactsLeft,
    ErasedFiles,
    ErasedThreads,
    ErasureStore,
    Page,
    RawMails,
    Remains,
    ThreadRest,
)
from recado.ports.core import Clock
from recado.services.erased_files import DoomedFiles, late_file

MESSAGES_AT_ONCE = 40
_MAX_ITEMS, _MAX_BYTES = 90, 2_500_000
"""Of one transaction, which takes 100 items and 4 MB."""


class Owners:
    """Whose a message or a thread is. One of a contact that is gone altogether, on the thread of this one, was the same
    person's: a thread is one customer's address."""

    def __init__(self, contacts: ContactsLeft) -> None:
        self._contacts = contacts

    def are_ours(self, a: str, work: Erasing, contact_ids: Sequence[str]) -> dict[str, bool]:
        """For each of the contacts, whether what is theirs goes."""
        return {
            one: one in work.contact_ids or self._contacts.resolved(a, one) is None
            for one in dict.fromkeys(contact_ids)
        }


class ErasingMessages:
    """Messages of another contact, on the same thread, are passed over."""

    def __init__(self, threads: ErasedThreads, files: DoomedFiles, owners: Owners, store: ErasureStore) -> None:
        self._threads = threads
        self._files = files
        self._owners = owners
        self._store = store

    def page(self, a: str, work: Erasing) -> Erasing | None:
        """A page; None when there is nothing more."""
        index, seq = _place(work)
        while index < len(work.threads):
            messages = self._threads.messages(a, work.threads[index], seq, MESSAGES_AT_ONCE)
            if messages:
                return self._erase(a, work, index, messages)
            index, seq = index + 1, 0
        return None

    def _erase(self, a: str, work: Erasing, index: int, messages: Sequence[Message]) -> Erasing:
        ours = self._owners.are_ours(a, work, [one.contact_id for one in messages])
        taken = _as_many_as_fit(self._threads.remains(a, [one for one in messages if ours[one.contact_id]]))
        if not taken:
            after = work.moved(f"{index}#{messages[-1].seq}")
            self._store.go_on(a, Page(work, after, {}))
            return after
        doomed = [self._with_file(a, work, one) for one in taken]
        late = [file_id for one in taken if (file_id := late_file(one.message))]
        counts: dict[Counted, int] = {
            "messages": len(doomed),
            "files": len({one.file_id for one in doomed if one.file_id}),
            "calls": sum(one.call for one in doomed),
            "clicks": sum(len(one.tags) for one in doomed),
        }
        after = work.moved(
            f"{index}#{taken[-1].message.seq}",
            len(doomed),
            late_files=tuple(dict.fromkeys((*work.late_files, *late))),
        )
        self._threads.erase_messages(a, Page(work, after, counts), doomed)
        return after

    def _with_file(self, a: str, work: Erasing, one: Remains) -> Remains:
        file = self._files.of_message(a, work, one.message)
        if file is None:
            return one
        self._files.remove(a, file.id)
        return replace(one, file_id=file.id)


class ErasingThreads:
    """What is left of threads once nobody writes into them any more who knew the contact; a customer who writes again
    begins a new one. What turns out to be there still has everything done again."""

    def __init__(
        self,
        threads: ErasedThreads,
        items: ErasedFiles,
        files: DoomedFiles,
        owners: Owners,
        mails: RawMails,
        store: ErasureStore,
        clock: Clock,
    ) -> None:
        self._threads = threads
        self._items = items
        self._files = files
        self._owners = owners
        self._mails = mails
        self._store = store
        self._clock = clock

    def page(self, a: str, work: Erasing) -> Erasing | None:
        """A page; None when there is nothing more."""
        index, _ = _place(work)
        while index < len(work.threads):
            done = self._thread(a, work, index, work.threads[index])
            if done is not None:
                return done
            index += 1
        return self._late_file(a, work, index - len(work.threads))

    def _thread(self, a: str, work: Erasing, index: int, key: ThreadKey) -> Erasing | None:
        rest = self._threads.rest(a, key)
        if rest.is_empty:
            return None
        first = self._threads.messages(a, key, 0, 1)
        ours = self._owners.are_ours(a, work, [one.contact_id for one in first])
        is_ours = rest.contact_id is None or self._owners.are_ours(a, work, [rest.contact_id])[rest.contact_id]
        if any(ours.values()):
            return self._all_over_again(a, work)
        rest = self._of_before(a, work, rest) if not is_ours else rest
        pointers = bool(rest.mails or rest.announced)
        if not (is_ours or pointers):
            return None
        for mail in rest.mails:
            self._mails.remove(mail.key)
        doomed = [file.id for one in rest.announced if (file := self._files.find(a, one))]
        for file_id in doomed:
            self._files.remove(a, file_id)
        if doomed:
            after = work.moved(str(index))
            self._items.erase_files(a, Page(work, after, {"files": len(doomed)}), doomed)
            return after
        whole = is_ours and not pointers
        after = work.moved(str(index + 1) if whole else str(index))
        self._threads.erase_rest(a, Page(work, after, {"mails": len(rest.mails)}), rest, whole, bool(first))
        return after

    def _of_before(self, a: str, work: Erasing, rest: ThreadRest) -> ThreadRest:
        """Of a thread that is another contact's by now: what was announced, and came, before, and is nobody else's."""
        announced = tuple(
            one
            for one in rest.announced
            if moment_of(one) <= work.gone_at
            and ((file := self._files.find(a, one)) is None or self._files.is_theirs_alone(a, work, file))
        )
        mails = tuple(one for one in rest.mails if one.at <= work.gone_at)
        return replace(rest, announced=announced, mails=mails)

    def _late_file(self, a: str, work: Erasing, index: int) -> Erasing | None:
        """What was being fetched when its message was erased."""
        while index < len(work.late_files):
            file_id = work.late_files[index]
            self._files.remove(a, file_id)
            if self._files.find(a, file_id) is not None:
                after = work.moved(str(len(work.threads) + index + 1))
                self._items.erase_files(a, Page(work, after, {"files": 1}), [file_id])
                return after
            index += 1
        return None

    def _all_over_again(self, a: str, work: Erasing) -> Erasing:
        after = new_pass(work, self._clock.now())
        self._store.go_on(a, Page(work, after, {}))
        return after


def _as_many_as_fit(remains: Sequence[Remains]) -> list[Remains]:
    """At least one."""
    taken: list[Remains] = []
    items = size = 0
    for one in remains:
        items += one.items + 1
        size += 4 * len(one.message.text) + len(json.dumps(dict(one.message.payload), default=str))
        if taken and (items > _MAX_ITEMS or size > _MAX_BYTES):
            break
        taken.append(one)
    return taken


def _place(work: Erasing) -> tuple[int, int]:
    """Which of the threads, and behind which seq of it."""
    index, _, seq = (work.place or "0").partition("#")
    return int(index), int(seq or 0)
