"""Erasing a contact's own events, and what merges keep of it; of another contact, what its events told while both were
one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from recado.domain.chats import Event
from recado.domain.contact_erasure import TELLS_ALL, Erasing, is_redacted, redacted_data
from recado.domain.contact_merging import Merge
from recado.domain.moments import rfc3339
from recado.ports.contact_erasures import ErasedFiles, ErasedTimelines, ErasureStore, ForgottenRows, Page
from recado.ports.core import Clock
from recado.services.erased_files import DoomedFiles

EVENTS_AT_ONCE = 90
MERGES_AT_ONCE = 10
"""Each holds three contacts."""


class ErasingTimeline:
    """Photos, and what rows of imports keep, before the events that name them."""

    def __init__(self, timelines: ErasedTimelines, items: ErasedFiles, files: DoomedFiles, rows: ForgottenRows) -> None:
        self._timelines = timelines
        self._items = items
        self._files = files
        self._rows = rows

    def page(self, a: str, work: Erasing) -> Erasing | None:
        """A page; None when there is nothing more."""
        for index in range(int(work.place or 0), len(work.contact_ids)):
            events = self._timelines.own_events(a, work.contact_ids[index], EVENTS_AT_ONCE)
            if events:
                return self._erase(a, work, str(index), events)
        return None

    def _erase(self, a: str, work: Erasing, place: str, events: Sequence[Event]) -> Erasing:
        named = dict.fromkeys(event.data.get("photo_file_id") for event in events)
        photos = [file for one in named if one and (file := self._files.find(a, one)) and file.feature == "photo"]
        if photos:
            for photo in photos:
                self._files.remove(a, photo.id)
            after = work.moved(place, len(photos))
            self._items.erase_files(a, Page(work, after, {"files": len(photos)}), [photo.id for photo in photos])
            return after
        for event in events:
            if event.data.get("import_id") and event.data.get("import_row"):
                self._rows.forget_row(a, str(event.data["import_id"]), int(event.data["import_row"]))
        met = (event.data.get("other_id") for event in events)
        others = tuple(dict.fromkeys((*work.others, *(str(one) for one in met if one and one not in work.contact_ids))))
        after = work.moved(place, len(events), others=others)
        self._timelines.erase_own(a, Page(work, after, {"timeline_entries": len(events)}), events)
        return after


class ErasingMerges:
    """The merges of the contact itself, then those into others that were undone, then what these others' events tell of
    the time between."""

    def __init__(self, timelines: ErasedTimelines, store: ErasureStore, clock: Clock) -> None:
        self._timelines = timelines
        self._store = store
        self._clock = clock

    def page(self, a: str, work: Erasing) -> Erasing | None:
        """A page; None when there is nothing more."""
        kind, _, rest = (work.place or "own").partition("#")
        if kind == "own":
            return self._own(a, work)
        if kind == "others":
            return self._others(a, work, int(rest or 0))
        return self._told(a, work, rest)

    def _own(self, a: str, work: Erasing) -> Erasing:
        every = (merge for one in work.contact_ids for merge in self._timelines.merges(a, one))
        merges = [merge for _, merge in zip(range(MERGES_AT_ONCE), every, strict=False)]
        after = work.moved("own" if merges else "others", len(merges))
        page = Page(work, after, {"merges": len(merges)})
        self._timelines.erase_merges(a, page, merges, work.contact_ids[1:] if not merges else ())
        return after

    def _others(self, a: str, work: Erasing, index: int) -> Erasing:
        for at in range(index, len(work.others)):
            merges = [one for one in self._timelines.merges(a, work.others[at]) if _is_with(one, work)]
            if merges:
                merges = merges[:MERGES_AT_ONCE]
                spans = tuple(dict.fromkeys((*work.spans, *(self._span(one) for one in merges))))
                after = work.moved(f"others#{at}", len(merges), spans=spans)
                self._timelines.erase_merges(a, Page(work, after, {"merges": len(merges)}), merges, ())
                return after
        after = work.moved("told")
        self._store.go_on(a, Page(work, after, {}))
        return after

    def _span(self, merge: Merge) -> tuple[str, str, str]:
        return merge.kept.id, rfc3339(merge.made_at), rfc3339(merge.undone_at or self._clock.now())

    def _told(self, a: str, work: Erasing, rest: str) -> Erasing | None:
        at, _, behind = (rest or "0").partition("#")
        for index in range(int(at), len(work.spans)):
            contact_id, since, until = work.spans[index]
            events = self._timelines.between(
                a,
                contact_id,
                datetime.fromisoformat(since),
                datetime.fromisoformat(until),
                behind or None,
                EVENTS_AT_ONCE,
            )
            if events:
                after = work.moved(f"told#{index}#{events[-1].id}")
                doomed = [_emptied(one) for one in events if _is_doomed(one, since, until)]
                page = Page(work, replace(after, found=after.found + len(doomed)), {"timeline_entries": len(doomed)})
                self._timelines.redact_own(a, page, doomed)
                return page.after
            behind = ""
        return None


def _is_with(merge: Merge, work: Erasing) -> bool:
    return merge.other.id in work.contact_ids


def _is_doomed(event: Event, since: str, until: str) -> bool:
    in_time = since <= rfc3339(event.at) <= until
    return in_time and event.type in TELLS_ALL and not is_redacted(event.data)


def _emptied(event: Event) -> Event:
    return replace(event, data=redacted_data(event.data))
