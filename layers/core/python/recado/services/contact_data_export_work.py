"""Writing all that is kept of one contact into a ZIP file in the bucket, in parts, however much it is.

Memory holds one part. The file is there once it is complete, never before: a worker that dies leaves parts that nobody
counts, and another begins anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from recado.domain.chats import Event, ThreadKey
from recado.domain.contact_data_exports import MOST_TRIES, PART_BYTES, DataExport, begun, failed, finished
from recado.domain.contacts import Contact
from recado.domain.files import served_key
from recado.domain.ids import is_id
from recado.ports.contact_data_exports import ContactData, DataExportStore, DuePlace, FileChunks
from recado.ports.contact_exports import ExportObjects
from recado.ports.contacts import Contacts
from recado.ports.core import Clock, Queue
from recado.ports.files import FileStore
from recado.ports.message_search import SaidMessages
from recado.ports.sweeps import Swept
from recado.services.contact_data_exports import data_export_command
from recado.services.contact_shapes import ContactShapes
from recado.services.exports import sent_again
from recado.services.flow_views import traced_view
from recado.services.views import chat_view, event_view, message_view, moment
from recado.services.zip_parts import ZipParts

_CHUNK_BYTES = 1_048_576
_AGAIN_AFTER = timedelta(seconds=60)


class Overtaken(Exception):
    """Somebody else goes on with the export, or it is gone."""


class OutOfTime(Exception):
    """One run of a worker is too short for it."""


class ContactDataExportWork:
    """One export at a time. Whoever asks says how long there is time."""

    def __init__(
        self,
        exports: DataExportStore,
        contacts: Contacts,
        data: ContactData,
        said: SaidMessages,
        shapes: ContactShapes,
        files: FileStore,
        objects: ExportObjects,
        chunks: FileChunks,
        queue: Queue,
        clock: Clock,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self._exports = exports
        self._contacts = contacts
        self._data = data
        self._said = said
        self._shapes = shapes
        self._files = files
        self._objects = objects
        self._chunks = chunks
        self._queue = queue
        self._clock = clock
        self._part_bytes = part_bytes

    def work(self, a: str, contact_id: str, export_id: str, version: int, has_time: Callable[[], bool]) -> None:
        """Write an export that is at this version; at another one somebody else has it. Raises what went wrong: it is
        taken up again after a pause."""
        export = self._exports.get(a, contact_id, export_id)
        if export is None or export.is_over or export.version != version:
            return
        contact = self._contacts.get(a, contact_id)
        if contact is None or export.tries >= MOST_TRIES:
            self._exports.move(a, export, failed(export, "gave_up", self._clock.now()))
            return
        taken = begun(export, self._clock.now())
        if not self._exports.move(a, export, taken):
            return
        try:
            self._write(a, taken, contact, has_time)
        except Overtaken:
            return
        except OutOfTime:
            self._exports.move(a, taken, failed(taken, "too_large", self._clock.now()))
        except Exception:
            with suppress(Exception):  # what failed first is told; without this it is taken up when its lease is over
                self._exports.look_again_at(DuePlace(a, contact_id, export_id), self._clock.now() + _AGAIN_AFTER)
            raise

    def sweep(self, limit: int) -> Swept:
        """Exports whose worker died, or whose command got lost, go into the queue again."""
        now = self._clock.now()
        places, more = self._exports.due(now, limit)
        return sent_again(
            places, more, now, lambda place: place.export_id, lambda place: self._exports.get(*place),
            lambda place, export, look: data_export_command(place.a, export, look), self._queue,
            self._exports.look_again_at,
        )  # fmt: skip

    def _write(self, a: str, export: DataExport, contact: Contact, has_time: Callable[[], bool]) -> None:
        key = served_key(a, export.file_id, export.mark)
        upload_id = self._objects.begin(key, "application/zip", f'attachment; filename="{export.contact_id}.zip"')
        done = 0

        def put(number: int, body: bytes) -> str:
            if not has_time():
                raise OutOfTime
            if not self._exports.move(a, export, replace(export, done=done)):
                raise Overtaken
            return self._objects.put_part(key, upload_id, number, body)

        try:
            with ZipParts(put, self._part_bytes) as parts:
                for written in self._entries(a, export, contact, parts):
                    done += written
            self._objects.complete(key, upload_id, parts.parts)
        except BaseException:
            with suppress(Exception):  # what is left of it goes by the bucket's own rule
                self._objects.give_up(key, upload_id)
            raise
        if not self._exports.move(a, export, finished(export, done, parts.size, self._clock.now())):
            self._chunks.remove_under(key)

    def _entries(self, a: str, export: DataExport, contact: Contact, parts: ZipParts) -> Iterator[int]:
        """Entry by entry; how many things each held."""
        at, ids = self._clock.now(), export.contact_ids
        view = self._shapes.of(a, contact, {})
        about = {"contact_id": contact.id, "contact_ids": list(ids), "exported_at": moment(at)}
        yield _lines(parts, "profile.json", at, [{**view, "merged_ids": list(contact.merged_ids), "export": about}])
        merges = (merge for one in ids for merge in self._data.merges(a, one))
        yield _lines(
            parts, "merges.jsonl", at,
            ({"id": one.id, "made_at": moment(one.made_at), "undone_at": moment(one.undone_at),
              "contact": self._shapes.of(a, one.other, {})} for one in merges),
        )  # fmt: skip
        threads = dict.fromkeys(self._said.threads(a, contact))
        threads |= dict.fromkeys(ThreadKey(one.channel_id, one.key) for one in contact.identities)
        files: dict[str, None] = {contact.photo_file_id: None} if contact.photo_file_id else {}
        yield _lines(parts, "timeline.jsonl", at, self._events(a, ids, files))
        yield _lines(parts, "chats.jsonl", at, self._chats(a, ids, threads))
        yield _lines(parts, "chat_events.jsonl", at, self._events_of_chats(a, ids))
        executions = (one for contact_id in ids for one in self._data.executions(a, contact_id))
        yield _lines(parts, "executions.jsonl", at, (traced_view(*one) for one in executions))
        yield _lines(parts, "messages.jsonl", at, self._messages(a, ids, list(threads), files))
        for file_id in files:
            yield self._file(a, file_id, parts, at)

    def _events(self, a: str, ids: Iterable[str], files: dict[str, None]) -> Iterator[Mapping[str, Any]]:
        for event in (event for one in ids for event in self._data.events(a, one)):
            _note_photo(event, files)
            yield event_view(event)

    def _chats(self, a: str, ids: Iterable[str], threads: dict[ThreadKey, None]) -> Iterator[Mapping[str, Any]]:
        for chat in (chat for one in ids for chat in self._data.chats(a, one)):
            threads[chat.thread] = None
            yield chat_view(chat, None, None)

    def _events_of_chats(self, a: str, ids: Iterable[str]) -> Iterator[Mapping[str, Any]]:
        chats = (chat for one in ids for chat in self._data.chats(a, one))
        return (event_view(event) for chat in chats for event in self._data.events_of(a, chat.id))

    def _messages(
        self, a: str, ids: Iterable[str], threads: Iterable[ThreadKey], files: dict[str, None]
    ) -> Iterator[Mapping[str, Any]]:
        own = {*ids}
        for message in (message for thread in threads for message in self._data.messages(a, thread)):
            if message.contact_id in own:
                file_id = (message.file or {}).get("id")
                if is_id(file_id, "fi", a):
                    files[str(file_id)] = None
                yield {**message_view(message), "channel_id": message.thread.channel_id}

    def _file(self, a: str, file_id: str, parts: ZipParts, at: datetime) -> int:
        file = self._files.get(a, file_id)
        if file is None or file.state != "accepted" or file.etag is None:
            return 0
        name = "".join("_" if sign in "/\\:\x00" else sign for sign in file.name)
        with parts.entry(f"files/{file_id}-{name}", at, stored=True) as out:
            for chunk in self._chunks.chunks(served_key(a, file_id, file.etag), _CHUNK_BYTES):
                out.write(chunk)
        return 1


def _note_photo(event: Event, files: dict[str, None]) -> None:
    photo = event.data.get("photo_file_id")
    if photo:
        files[str(photo)] = None


def _lines(parts: ZipParts, name: str, at: datetime, things: Iterable[Mapping[str, Any]]) -> int:
    """A thing in each line."""
    count = 0
    with parts.entry(name, at) as out:
        for thing in things:
            out.write(json.dumps(thing, ensure_ascii=False, default=str).encode() + b"\n")
            count += 1
    return count
