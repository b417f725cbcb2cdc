"""Erasing the CSV files of imports that were there before the contact was gone: what was uploaded, and what came of
its rows."""

from __future__ import annotations

from datetime import timedelta

from recado.domain.contact_erasure import LOOK_AGAIN, Erasing
from recado.domain.contact_imports import ContactImport
from recado.domain.ids import moment_of
from recado.ports.contact_erasures import ErasedFiles, ErasureStore, Page
from recado.ports.contact_imports import ImportStore
from recado.ports.core import Clock
from recado.services.erased_files import DoomedFiles

WAITED_FOR = timedelta(hours=12)
"""So long an import may still read its file; then the file goes, and the import fails as `file_gone`."""
_AT_ONCE = 20
_READS_ITS_FILE = ("survey", "rows", "result")


class ErasingImports:
    """Nobody can say who is in a CSV file without reading it, so whichever was there before goes. What the import
    wrote stays, and can be undone: that needs no file."""

    def __init__(
        self, imports: ImportStore, items: ErasedFiles, files: DoomedFiles, store: ErasureStore, clock: Clock
    ) -> None:
        self._imports = imports
        self._items = items
        self._files = files
        self._store = store
        self._clock = clock

    def page(self, a: str, work: Erasing) -> Erasing | None:
        """A page; None when there is nothing more."""
        last: str | None = None
        while found := self._imports.page(a, _AT_ONCE, last):
            for one in found:
                file_ids = self._of_before(a, work, one)
                if file_ids:
                    return self._erase(a, work, one, file_ids)
            last = found[-1].id
        return None

    def _of_before(self, a: str, work: Erasing, one: ContactImport) -> list[str]:
        """The files of an import that are as old as the contact's end, or older, and still there."""
        named = [file_id for file_id in (one.file_id, one.result_file_id) if file_id]
        return [one for one in named if moment_of(one) <= work.gone_at and self._files.find(a, one) is not None]

    def _erase(self, a: str, work: Erasing, one: ContactImport, file_ids: list[str]) -> Erasing:
        now = self._clock.now()
        if one.stage in _READS_ITS_FILE and now - work.gone_at < WAITED_FOR:
            after = work.moved(None, due=now + LOOK_AGAIN)
            self._store.go_on(a, Page(work, after, {}))
            return after
        for file_id in file_ids:
            self._files.remove(a, file_id)
        after = work.moved(None)
        self._items.erase_files(a, Page(work, after, {"files": len(file_ids)}), file_ids)
        return after
