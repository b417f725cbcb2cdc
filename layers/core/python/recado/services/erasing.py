"""Going on with erasures, a page at a time: each erases something and says where to go on, in one transaction, so that
whoever dies has counted what is gone and nothing else (docs/decisions/2026-11-29-erasure.md)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from recado.domain.chats import Author, Event
from recado.domain.contact_erasure import Erasing, Step, after_step
from recado.ports.contact_erasures import ErasureStore, Overtaken, Page
from recado.ports.core import Clock, Ids
from recado.ports.sweeps import Swept
from recado.services.erasure_shapes import erasure_view

PAGES_AT_ONCE = 40
LOOK_FOR = timedelta(seconds=5)
"""A look has to end in the reserve of the tick, its last page too."""
_FAILED_AGAIN = timedelta(seconds=60)


class ErasingStep(Protocol):
    """One step of erasures."""

    def page(self, a: str, work: Erasing) -> Erasing | None:
        """Do a page; what is left then, None when the step is done. Raises Overtaken."""
        ...


class ErasingService:
    """`steps` are all of domain.contact_erasure's."""

    def __init__(self, store: ErasureStore, steps: Mapping[Step, ErasingStep], clock: Clock, ids: Ids) -> None:
        self._store = store
        self._steps = steps
        self._clock = clock
        self._ids = ids

    def look_due(self, limit: int) -> Swept:
        """Go on with erasures whose time has come; done are the pages. One that raises is looked at again in a minute,
        the others are done."""
        begun = self._clock.now()
        page = self._store.due(begun, min(limit, 16))
        failed: dict[str, Exception] = {}
        pages = 0
        for a, erasure_id in page.found:
            if pages >= PAGES_AT_ONCE or self._clock.now() - begun > LOOK_FOR:
                return Swept(len(page.found), pages, True, failed)
            try:
                pages += self.look(a, erasure_id)
            except Exception as error:  # whatever it is, it stops no other erasure
                failed[erasure_id] = error
                with suppress(Exception):  # what failed first is told; the erasure stays due
                    self._store.put_off(a, erasure_id, self._clock.now() + _FAILED_AGAIN)
        return Swept(len(page.found), pages, page.more or pages > 0, failed)

    def look(self, a: str, erasure_id: str) -> int:
        """Some pages of an erasure, from where the last look ended; how many."""
        begun = self._clock.now()
        work = self._store.work(a, erasure_id)
        pages = 0
        while work is not None and work.due <= begun and pages < PAGES_AT_ONCE:
            if self._clock.now() - begun > LOOK_FOR:
                break
            try:
                work = self._page(a, work)
            except Overtaken:
                break
            pages += 1
        return pages

    def _page(self, a: str, work: Erasing) -> Erasing | None:
        now = self._clock.now()
        if work.pass_from is None:
            work = replace(work, pass_from=now)
        done = self._steps[work.step].page(a, work)
        if done is not None:
            return done
        left = after_step(work, now)
        if left is None:
            self._finish(a, work)
        elif left.version > work.version:
            self._store.go_on(a, Page(work, left, {}))
        return left  # a step that found nothing is not written down: done again, it finds nothing

    def _finish(self, a: str, work: Erasing) -> None:
        found = self._store.get(a, work.id)
        if found is None:
            raise LookupError(f"no record of {work.id}")
        now = self._clock.now()
        ended = replace(found, state="done", finished_at=now)
        event = Event(self._ids.new("ev", a), "contact.erased", now, Author("system"), erasure_view(ended))
        self._store.finish(a, work, ended, event)
