"""What all exports have that take longer than a request: they are begun by a command, sent again where it got lost,
looked at, and fetched by a link while their file is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar

from recado.domain.errors import Conflict
from recado.domain.exports import Export
from recado.domain.files import SERVED_FOR_S, served_key
from recado.ports.contact_exports import ExportJournal
from recado.ports.core import Clock, Command, Ids, Queue
from recado.ports.files import FileObjects
from recado.ports.sweeps import Swept
from recado.services.views import author_view, moment

_LOOKED_AGAIN = timedelta(seconds=60)
_P = TypeVar("_P")
_E = TypeVar("_E", bound=Export)


class ExportDesk:
    """Where exports are asked for."""

    def __init__(self, objects: FileObjects, queue: Queue, clock: Clock, ids: Ids, journal: ExportJournal) -> None:
        self._objects = objects
        self._queue = queue
        self._journal = journal
        self.clock = clock
        self.ids = ids

    def ask(self, export: Export, command: Command) -> None:
        """Send the command of an export that was written down."""
        try:
            self._queue.send([command])
        except Exception as error:  # whatever it is, the minute's look sends it
            self._journal.not_enqueued(export.id, error)

    def link(self, a: str, export: Export) -> str | None:
        """From where its file is fetched, as long as it is there."""
        if export.kept_until and self.clock.now() < export.kept_until:
            return self._objects.link(served_key(a, export.file_id, export.mark), SERVED_FOR_S)
        return None


def check_room(going: int, most: int, what: str) -> None:
    """Raises Conflict `too_many_exports`. Two that are asked for at the same moment may each count as the last one: the
    bound is one of cost."""
    if going >= most:
        detail = f"{most} {what} are still being made. Wait for one of them."
        raise Conflict(detail, code="too_many_exports", extra={"limit": most})


def progress_view(export: Export) -> dict[str, Any]:
    """What is told of every export."""
    return {
        "id": export.id,
        "state": export.state,
        "reason": export.reason,
        "done": export.done,
        "size": export.size,
        "created_by": author_view(export.author),
        "created_at": moment(export.created_at),
        "finished_at": moment(export.finished_at),
        "expires_at": moment(export.kept_until),
    }


def command_of(a: str, export: Export, body: Mapping[str, Any], look: str) -> Command:
    """The command by which a worker goes on with an export as it is at this version; `look` tells commands for the same
    version apart. Each is a group of its own: the item says who may work, and no group is ever stopped by a worker that
    died."""
    name = f"{export.id}-{export.version}{look}"
    return Command(name, name, {"account": a, **body, "version": export.version})


def sent_again(
    places: Sequence[_P],
    more: bool,
    now: datetime,
    name: Callable[[_P], str],
    find: Callable[[_P], _E | None],
    command: Callable[[_P, _E, str], Command],
    queue: Queue,
    look_again_at: Callable[[_P, datetime], None],
) -> Swept:
    """Exports whose worker died, or whose command got lost, go into the queue again. `command` is given what tells it
    apart. One that breaks is put off as well: it stands before no other."""
    later = now + _LOOKED_AGAIN
    sent, errors = 0, dict[str, Exception]()
    for place in places:
        try:
            export = find(place)
            if export is not None and export.due is not None and export.due <= now:
                queue.send([command(place, export, f"-{now:%H%M%S}")])
                look_again_at(place, later)
                sent += 1
        except Exception as error:  # whatever it is, it stops no other
            errors[name(place)] = error
            with suppress(Exception):  # what failed first is told; the export stays due
                look_again_at(place, later)
    return Swept(len(places), sent, more, errors)
