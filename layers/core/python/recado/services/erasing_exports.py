"""Erasing exports that hold the contact: those of its own data, and CSV files of contacts that were asked for before it
was gone."""

from __future__ import annotations

from recado.domain.contact_data_exports import DataExport
from recado.domain.contact_erasure import Erasing
from recado.domain.contact_exports import ContactExport, failed
from recado.domain.files import served_key
from recado.ports.contact_data_exports import DataExportStore
from recado.ports.contact_erasures import ErasedDataExports, ErasedFiles, ErasedObjects, Overtaken, Page
from recado.ports.contact_exports import ExportObjects, ExportStore
from recado.ports.core import Clock
from recado.services.erased_files import DoomedFiles

_AT_ONCE = 20


class ErasingExports:
    """Nobody can say who is in a CSV file without reading it, so whichever was begun before goes; one that is still
    being made comes to nothing."""

    def __init__(
        self,
        own: DataExportStore,
        erased: ErasedDataExports,
        exports: ExportStore,
        uploads: ExportObjects,
        items: ErasedFiles,
        files: DoomedFiles,
        objects: ErasedObjects,
        clock: Clock,
    ) -> None:
        self._own = own
        self._erased = erased
        self._exports = exports
        self._uploads = uploads
        self._items = items
        self._files = files
        self._objects = objects
        self._clock = clock

    def page(self, a: str, work: Erasing) -> Erasing | None:
        """A page; None when there is nothing more."""
        for contact_id in work.contact_ids:
            own = self._own.all(a, contact_id)
            if own:
                return self._erase_own(a, work, own)
        last: str | None = None
        while found := self._exports.page(a, _AT_ONCE, last):
            for export in found:
                done = self._erase(a, work, export) if export.created_at <= work.gone_at else None
                if done is not None:
                    return done
            last = found[-1].id
        return None

    def _erase_own(self, a: str, work: Erasing, own: list[DataExport]) -> Erasing:
        for export in own:
            self._objects.remove_under(served_key(a, export.file_id, ""))
        after = work.moved(None)
        self._erased.erase_data_exports(a, Page(work, after, {"exports": len(own)}), own)
        return after

    def _erase(self, a: str, work: Erasing, export: ContactExport) -> Erasing | None:
        """None: its file is not there any more, and nobody makes it."""
        if export.state == "done" and self._files.find(a, export.file_id) is not None:
            self._files.remove(a, export.file_id)
            after = work.moved(None)
            self._items.erase_files(a, Page(work, after, {"exports": 1}), [export.file_id])
            return after
        if export.state == "failed":
            return None
        if not self._exports.move(a, export, failed(export, "contact_erased", self._clock.now())):
            raise Overtaken
        if export.upload_id is not None and not export.is_over:
            self._uploads.give_up(served_key(a, export.file_id, export.mark), export.upload_id)
        return None
