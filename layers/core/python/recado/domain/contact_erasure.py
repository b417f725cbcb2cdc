"""The erasure of one contact's data (LGPD): what is on record of it, what is left to do, and in which order. No input
or output.

The contact itself goes at once, with all it is found by. What was said and done is erased after it, page by page, in
passes until one that began late enough finds nothing more: until then somebody may still be writing who read the
contact, or a chat of theirs, before. Only then the threads go, and what lies elsewhere for a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from recado.domain.chats import ThreadKey

Reason = Literal["requested", "consent_withdrawn", "no_longer_needed", "other"]
"""A closed list: a sentence would hold the very data that is erased."""
Counted = Literal[
    "identities", "search_tokens", "chats", "chat_events", "executions", "messages", "files", "calls", "clicks",
    "mails", "timeline_entries", "merges", "kept_answers", "feed_events", "raw_bodies", "exports",
]  # fmt: skip
COUNTED: tuple[Counted, ...] = get_args(Counted)
Step = Literal[
    "chats", "strays", "executions", "messages", "timeline", "merges", "threads", "imports", "exports", "answers",
    "feed", "raw",
]  # fmt: skip
PASS: tuple[Step, ...] = ("chats", "strays", "executions", "messages", "timeline", "merges")
"""What may be written anew while it is erased; done again until nothing is found."""
LAST: tuple[Step, ...] = ("threads", "imports", "exports", "answers", "feed", "raw")
TELLS_ALL = frozenset({"contact.updated", "contact.linked", "contact.unlinked", "contact.merged"})
"""Events whose data is the contact as it was: while two were one, it tells of both."""
SETTLED_AFTER = timedelta(minutes=4)
"""After this long nobody writes any more who read the contact, or an open chat of it, before it was gone: no function
runs longer than 180 s."""
LOOK_AGAIN = timedelta(seconds=60)
"""Between two passes. Whoever read a thread before the last pass closed its chat has ended by then: those who write
into threads run 30 s at most."""
LATE_FACTS_FOR = timedelta(days=15)
"""How late a fact of an erased contact may be fed: a dead letter waits 14 days for somebody to bring it back."""
_WHOLE_NAME = 6
"""A shorter name stands in other texts by chance: it has to stand alone."""


@dataclass(frozen=True)
class Erasure:
    """What is on record: ids, counts and times, and nothing of what was erased. `contact_ids`: the contact's, then
    those that had been merged into it."""

    id: str
    contact_id: str
    contact_ids: tuple[str, ...]
    reason: Reason
    requested_by: str
    requested_at: datetime
    state: Literal["running", "done"] = "running"
    finished_at: datetime | None = None
    erased: Mapping[Counted, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Erasing:
    """What is left to do of an erasure. `place`: where in `step` it goes on. `found`: how much this pass has found,
    which began at `pass_from`. `names`: what the contact is called by in bodies that were kept raw. `others`: contacts
    of merges that were undone. `spans`: while which such a contact was one with this one, so that its events tell of
    both. `late_files`: ids that a file may get whose fetching was under way. `version` moves by one with each page."""

    id: str
    contact_ids: tuple[str, ...]
    threads: tuple[ThreadKey, ...]
    names: tuple[str, ...]
    gone_at: datetime
    due: datetime
    step: Step = "chats"
    place: str | None = None
    pass_from: datetime | None = None
    found: int = 0
    others: tuple[str, ...] = ()
    spans: tuple[tuple[str, str, str], ...] = ()
    late_files: tuple[str, ...] = ()
    version: int = 1

    def moved(self, place: str | None, found: int = 0, **learned: Any) -> Erasing:
        """After a page that found so much; `learned` are other fields."""
        return replace(self, place=place, found=self.found + found, version=self.version + 1, **learned)

    def with_threads(self, *more: ThreadKey) -> tuple[ThreadKey, ...]:
        """The threads, these among them."""
        return tuple(dict.fromkeys((*self.threads, *more)))


def after_step(work: Erasing, now: datetime) -> Erasing | None:
    """What is left when a step came to its end; the same version, unless it has to wait. None: nothing."""
    if work.step == PASS[-1]:
        began = work.pass_from or now
        if work.found or began - work.gone_at < SETTLED_AFTER:
            return new_pass(work, now)
    if work.step == LAST[-1]:
        return None
    steps = PASS + LAST
    return replace(work, step=steps[steps.index(work.step) + 1], place=None)


def new_pass(work: Erasing, now: datetime) -> Erasing:
    """All over again, in a minute."""
    return replace(
        work, step=PASS[0], place=None, pass_from=None, found=0, due=now + LOOK_AGAIN, version=work.version + 1
    )


def names_of(texts: tuple[str | None, ...]) -> tuple[str, ...]:
    """What a contact is called by, as it is looked for: without case, without the sign before a number, and without
    what an adapter puts before an id."""
    found: dict[str, None] = {}
    for text in texts:
        if text:
            whole = text.casefold().removeprefix("+")
            found |= dict.fromkeys((whole, whole.partition(":")[2]))
    found.pop("", None)
    return tuple(found)


def speaks_of(text: str, names: tuple[str, ...]) -> bool:
    """Whether a body speaks of whoever is called so."""
    folded = text.casefold()
    return any(name in folded if len(name) >= _WHOLE_NAME else f'"{name}"' in folded for name in names)


def concerns(event: Mapping[str, Any], work: Erasing) -> bool:
    """Whether an event of the feed tells of the contact, or of another one while both were one."""
    if is_of(event, work.contact_ids):
        return True
    own, at = event.get("data", {}).get("id"), str(event.get("timestamp", ""))
    return event.get("type") in TELLS_ALL and any(
        own == other and since <= at <= until for other, since, until in work.spans
    )


def is_of(event: Mapping[str, Any], contact_ids: tuple[str, ...] | frozenset[str]) -> bool:
    """Whether an event is of one of these contacts: about it, about a chat or a message of it, or by it. That it was
    erased is told of it and says nothing else."""
    data, actor = event.get("data", {}), event.get("actor", {})
    if event.get("type") == "contact.erased":
        return False
    return bool({data.get("id"), data.get("contact_id"), actor.get("id")} & {*contact_ids})


def redacted(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with nothing in `data` but ids; its place, time and actor stay, so that the feed has no gap."""
    return {**event, "data": redacted_data(event.get("data", {}))}


def redacted_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """The ids in an event's data, and that the rest was erased."""
    left = {name: data[name] for name in ("id", "contact_id", "chat_id") if isinstance(data.get(name), str)}
    return {**left, "erased": True}


def is_redacted(data: Mapping[str, Any]) -> bool:
    """Whether nothing is left to be taken out of an event's data."""
    return data.get("erased") is True
