"""The work of exports of contacts: read, write lines, put them into the file, part by part.

It may be stopped anywhere and goes on where it was. A part has the number of the version that its worker holds, so
nobody else ever writes it; it counts once the step behind it is written, which also says where the next part begins.
What a stopped worker left is a part that nobody counts. The file is complete before the export is told to be done, and
being complete is found out again where only that was not written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from io import BytesIO
from operator import itemgetter

from recado.domain.chats import Event
from recado.domain.contact_columns import CUSTOM, Names
from recado.domain.contact_exports import (
    MOST_PARTS,
    MOST_TRIES,
    PART_BYTES,
    ContactExport,
    ExportFailure,
    ExportRows,
    begun,
    failed,
    finished,
    further,
    pause,
    uploading,
)
from recado.domain.contacts import Contact
from recado.domain.files import served_key
from recado.domain.groups import GroupKind
from recado.ports.contact_exports import ContactPages, ExportJournal, ExportObjects, ExportStore, UploadGone
from recado.ports.core import Clock, Ids, Queue
from recado.ports.groups import CustomFieldStore, GroupStore
from recado.ports.people import UserStore
from recado.ports.sweeps import Swept
from recado.services.contact_exports import export_command, export_view
from recado.services.exports import sent_again
from recado.services.file_checks import disposition

_SERVED_AS = "text/csv; charset=utf-8"
_NAMES_AT_ONCE = 100
_MOST_NAMES = 20_000
"""Names that one worker remembers."""


class Overtaken(Exception):
    """Somebody else went on with the export."""


class ContactExportWork:
    """Goes on with exports. Whoever asks says how long there is time."""

    def __init__(
        self,
        exports: ExportStore,
        pages: ContactPages,
        groups: GroupStore,
        fields: CustomFieldStore,
        users: UserStore,
        objects: ExportObjects,
        queue: Queue,
        clock: Clock,
        ids: Ids,
        journal: ExportJournal,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self._exports = exports
        self._pages = pages
        self._groups = groups
        self._fields = fields
        self._users = users
        self._objects = objects
        self._queue = queue
        self._clock = clock
        self._ids = ids
        self._journal = journal
        self._part_bytes = part_bytes

    def work(self, a: str, export_id: str, version: int, has_time: Callable[[], bool]) -> None:
        """Bring an export that is at this version as far as there is time, then ask for more; at another version
        somebody else has it. Raises what went wrong: it is taken up again after a pause."""
        export = self._exports.get(a, export_id)
        if export is None or export.is_over or export.version != version:
            return
        if export.tries >= MOST_TRIES:
            self._fail(a, export, "gave_up")
            return
        try:
            self._go_on(a, self._moved(a, export, begun(export, self._clock.now())), has_time)
        except Overtaken:
            self._journal.stepped(export_id, "overtaken", export.done, export.size)
        except Exception:
            with suppress(Exception):  # what failed first is told; without this it is taken up when its lease is over
                self._exports.look_again_at(a, export_id, self._clock.now() + pause(export.tries + 1))
            raise

    def sweep(self, limit: int) -> Swept:
        """Exports whose worker died, or whose command got lost, go into the queue again."""
        now = self._clock.now()
        page = self._exports.due(now, limit)
        return sent_again(
            page.found, page.more, now, itemgetter(1), lambda place: self._exports.get(*place),
            lambda place, export, look: export_command(place[0], export, look), self._queue,
            lambda place, when: self._exports.look_again_at(*place, when),
        )  # fmt: skip

    def _go_on(self, a: str, export: ContactExport, has_time: Callable[[], bool]) -> None:
        key = served_key(a, export.file_id, export.mark)
        if export.upload_id is None:
            upload_id = self._objects.begin(key, _SERVED_AS, disposition(export.file()))
            export = self._moved(a, export, uploading(export, upload_id, self._clock.now()))
        agents = self._agents(a, export.columns)
        names = _RememberedNames(self._groups, self._users, a, agents)
        rows = ExportRows(export.columns, export.format, agents)
        try:
            while export.place is not None:
                if len(export.parts) >= MOST_PARTS:
                    self._fail(a, export, "too_large")
                    return
                export = self._part(a, export, key, rows, names)
                if export.place is not None and not has_time():
                    self._queue.send([export_command(a, export)])
                    self._journal.stepped(export.id, "waits", export.done, export.size)
                    return
            self._finish(a, export, key)
        except UploadGone:
            self._fail(a, export, "upload_gone")

    def _agents(self, a: str, columns: Sequence[str]) -> list[str]:
        """Slugs of the custom fields among these columns that hold users."""
        own = {column.removeprefix(CUSTOM) for column in columns if column.startswith(CUSTOM)}
        every = self._fields.all(a, "contacts") if own else ()
        return [field.slug for field in every if field.type == "agent" and field.slug in own]

    def _part(
        self, a: str, export: ContactExport, key: str, rows: ExportRows, names: _RememberedNames
    ) -> ContactExport:
        """Write one part and the step behind it."""
        place, count = export.place, 0
        group = (export.group_kind, export.group_id) if export.group_kind and export.group_id else None
        body = BytesIO()
        if not export.parts:
            body.write(rows.header())
        while place is not None and body.tell() < self._part_bytes:
            page = self._pages.read(a, group, place)
            body.write(rows.lines(page.contacts, names.of(page.contacts)))
            place, count = page.next, count + len(page.contacts)
        size = body.tell()
        etag = self._objects.put_part(key, export.upload_id or "", export.version, body.getvalue())
        return self._moved(a, export, further(export, etag, size, count, place, self._clock.now()))

    def _finish(self, a: str, export: ContactExport, key: str) -> None:
        try:
            self._objects.complete(key, export.upload_id or "", export.parts)
        except UploadGone:
            if not self._objects.exists(key):  # completed by who died before it was told
                raise
        after = finished(export, self._clock.now())
        event = Event(self._ids.new("ev", a), "contact.exported", self._clock.now(), after.author, export_view(after))
        if not self._exports.finish(a, export, after, after.file(), event):
            found = self._exports.get(a, export.id)
            if (
                found is None or found.state == "failed"
            ):  # as one whose contact was erased meanwhile: nobody tells of it
                self._objects.remove(key)
            raise Overtaken
        self._journal.stepped(export.id, "done", after.done, after.size)

    def _fail(self, a: str, export: ContactExport, reason: ExportFailure) -> None:
        """Who overtook this worker goes on; else nobody does, and the parts are thrown away. What is left of them when
        that fails goes by the bucket's own rule."""
        if not self._exports.move(a, export, failed(export, reason, self._clock.now())):
            return
        self._journal.stepped(export.id, "failed", export.done, export.size)
        if export.upload_id is not None:
            self._objects.give_up(served_key(a, export.file_id, export.mark), export.upload_id)

    def _moved(self, a: str, before: ContactExport, after: ContactExport) -> ContactExport:
        """The export as it now is. Raises Overtaken."""
        if not self._exports.move(a, before, after):
            raise Overtaken
        return after


class _RememberedNames:
    """Names of organizations and groups, and addresses of the users in the fields `agents`, each asked for once by a
    worker."""

    def __init__(self, groups: GroupStore, users: UserStore, a: str, agents: Sequence[str]) -> None:
        self._groups = groups
        self._users = users
        self._a = a
        self._agents = agents
        self._names: dict[GroupKind, dict[str, str]] = {"organization": {}, "group": {}}
        self._gone: set[str] = set()
        self._addresses: dict[str, str] = {}

    def of(self, contacts: Sequence[Contact]) -> Names:
        """Names of all that these contacts are in."""
        organizations = self._known("organization", {one.organization_id for one in contacts if one.organization_id})
        groups = self._known("group", {group_id for one in contacts for group_id in one.group_ids})
        users = {one.custom_fields[slug] for slug in self._agents for one in contacts if one.custom_fields.get(slug)}
        return Names(organizations, groups, self._addresses_of(users) if users else {})

    def _addresses_of(self, wanted: set[str]) -> Mapping[str, str]:
        """By id; of those who are gone the id itself."""
        if len(self._addresses) > _MOST_NAMES:
            self._addresses.clear()
        missing = sorted(wanted - self._addresses.keys())
        for start in range(0, len(missing), _NAMES_AT_ONCE):
            asked = missing[start : start + _NAMES_AT_ONCE]
            found = {user.id: user.email for user in self._users.read(self._a, asked)}
            self._addresses |= {one: found.get(one, one) for one in asked}
        return self._addresses

    def _known(self, kind: GroupKind, wanted: set[str]) -> Mapping[str, str]:
        names = self._names[kind]
        if len(names) + len(self._gone) > _MOST_NAMES:
            names.clear()
            self._gone.clear()
        missing = sorted(wanted - names.keys() - self._gone)
        for start in range(0, len(missing), _NAMES_AT_ONCE):
            asked = missing[start : start + _NAMES_AT_ONCE]
            found = self._groups.get_many(self._a, kind, asked)
            names |= {one: group.name for one, group in found.items()}
            for one in set(asked) - found.keys():  # deleted, or so new that only a consistent read finds it
                group = self._groups.get(self._a, kind, one)
                if group is None:
                    self._gone.add(one)
                else:
                    names[one] = group.name
        return names
