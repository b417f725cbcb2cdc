"""Erasing what tells of a contact elsewhere for a while: answers that the API keeps for a day, events in the feed and
raw bodies, for a month."""

from __future__ import annotations

import json
import re
from datetime import timedelta

from recado.domain.contact_erasure import Erasing, concerns, is_redacted, names_of, redacted, speaks_of
from recado.domain.raw_keys import is_on_its_way, is_split
from recado.ports.contact_erasures import ErasedElsewhere, ErasureStore, Page, RawBodies
from recado.ports.core import Clock
from recado.ports.files import FileStore

ANSWERS_AT_ONCE, ENTRIES_AT_ONCE, REDACTED_AT_ONCE, BODIES_AT_ONCE = 40, 200, 40, 10
CALLERS_AT_ONCE = 50
"""Of whom most have no answers."""
ON_ITS_WAY = timedelta(minutes=15)
"""So long a body may wait to be worked off. It is left until then: what the customer wrote since is a new contact's."""
_FILE_IDS = re.compile(rb'"(fi_[a-z2-7]{8}_[0-9a-f]{27})"')


class ErasingAnswers:
    """Answers that tell of the contact, or of a file that is no more. What is sealed holds none of either."""

    def __init__(self, elsewhere: ErasedElsewhere, files: FileStore, store: ErasureStore) -> None:
        self._elsewhere = elsewhere
        self._files = files
        self._store = store

    def page(self, a: str, work: Erasing) -> Erasing | None:
        """A page; None when there is nothing more."""
        begun, _, key = (work.place or "").partition("\t")
        left = [one for one in self._elsewhere.callers(a) if one >= begun]
        for number, caller in enumerate(left):
            if number == CALLERS_AT_ONCE:
                after = work.moved(caller)
                self._store.go_on(a, Page(work, after, {}))
                return after
            answers = self._elsewhere.answers(a, caller, (key or None) if caller == begun else None, ANSWERS_AT_ONCE)
            if answers:
                after = work.moved(f"{caller}\t{answers[-1][0]}")
                doomed = [(one, claim) for one, claim, body in answers if self._tells(a, work, body)]
                self._elsewhere.forget_answers(a, Page(work, after, {"kept_answers": len(doomed)}), caller, doomed)
                return after
        return None

    def _tells(self, a: str, work: Erasing, body: bytes) -> bool:
        if any(one.encode() in body for one in work.contact_ids):
            return True
        unquoted = body.replace(b'\\"', b'"')
        ids = {one.decode() for one in _FILE_IDS.findall(unquoted)}
        return any(self._files.get(a, one) is None for one in ids)


class ErasingFeed:
    """Events stay in their places, without what they tell."""

    def __init__(self, elsewhere: ErasedElsewhere, store: ErasureStore) -> None:
        self._elsewhere = elsewhere
        self._store = store

    def page(self, a: str, work: Erasing) -> Erasing | None:
        """A page; None when there is nothing more."""
        entries, reached = self._elsewhere.feed(a, int(work.place or 0), ENTRIES_AT_ONCE)
        doomed = [
            (seq, redacted(event)) for seq, event in entries if concerns(event, work) and not is_redacted(event["data"])
        ]
        if not doomed and reached is None:
            return None
        last = entries[-1][0] if reached is None else reached
        if len(doomed) > REDACTED_AT_ONCE:
            doomed = doomed[:REDACTED_AT_ONCE]
            last = doomed[-1][0]
        after = work.moved(str(last))
        self._elsewhere.write_feed(a, Page(work, after, {"feed_events": len(doomed)}), dict(doomed))
        return after


class ErasingRaw:
    """Bodies that speak of the contact. First it is written down which, then they are removed, then counted: whoever
    dies between removes them again, and counts them once."""

    def __init__(
        self, bodies: RawBodies, store: ErasureStore, clock: Clock, on_its_way: timedelta = ON_ITS_WAY
    ) -> None:
        self._bodies = bodies
        self._store = store
        self._clock = clock
        self._on_its_way = on_its_way

    def page(self, a: str, work: Erasing) -> Erasing | None:
        """A page; None when there is nothing more."""
        last, doomed = json.loads(work.place) if work.place else ("", [])
        if doomed:
            for key in doomed:
                self._remove(work, key)
            after = work.moved(json.dumps([last, []]))
            self._store.go_on(a, Page(work, after, {"raw_bodies": len(doomed)}))
            return after
        return self._look(a, work, last)

    def _look(self, a: str, work: Erasing, last: str) -> Erasing | None:
        found = self._bodies.page(a, last or None, BODIES_AT_ONCE)
        if not found:
            return None
        names = _names(work)
        doomed: list[str] = []
        for key, age_s in found:
            if speaks_of(self._read(key), names):
                if is_on_its_way(key) and age_s < self._on_its_way.total_seconds():
                    due = self._clock.now() + self._on_its_way
                    after = work.moved(json.dumps([last, doomed]), due=due)
                    self._store.go_on(a, Page(work, after, {}))
                    return after
                doomed.append(key)
            last = key
        after = work.moved(json.dumps([last, doomed]))
        self._store.go_on(a, Page(work, after, {}))
        return after

    def _read(self, key: str) -> str:
        try:
            return self._bodies.get(key).decode("utf-8", "replace")
        except KeyError:
            return ""

    def _remove(self, work: Erasing, key: str) -> None:
        """Of a body with many customers' commands those of the contact; of any other all."""
        if not is_split(key):
            self._bodies.remove(key)
            return
        names = _names(work)
        commands = json.loads(self._read(key) or "[]")
        left = [one for one in commands if not speaks_of(json.dumps(one, ensure_ascii=False), names)]
        if left:
            self._bodies.put(key, json.dumps(left).encode("ascii"), "application/json")
        else:
            self._bodies.remove(key)


def _names(work: Erasing) -> tuple[str, ...]:
    return names_of((*work.contact_ids, *work.names, *(one.sender for one in work.threads)))
