"""The worker that fetches files of messages from their providers: find where the bytes are, take them within bounds,
look at them, write down what came of it.

Repeating it at any point is harmless: an attempt leaves nothing behind but bytes under a key made of themselves, and
one condition decides which attempt settles the message."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from recado.domain.fetching import Fetching, Reason, begun
from recado.ports.core import Clock, Command, Queue
from recado.ports.fetching import FetchingAdapter, FetchingAdapters, FetchJournal, FetchStore, Place
from recado.ports.reception import ChannelDirectory
from recado.ports.sweeps import Swept
from recado.services.provider_files import Later, ProviderFiles
from recado.services.received_files import Refused

PATIENCE_S = 20.0
"""How long one command waits in all for a further attempt, reckoned from its beginning; later ones are the sweep's."""
_LOOKED_AGAIN_S = 60


class FetchService:
    """Fetches what messages hold placeholders for. `pause` waits some seconds; `chance` gives a number in [0, 1)."""

    def __init__(
        self,
        store: FetchStore,
        channels: ChannelDirectory,
        adapters: FetchingAdapters,
        files: ProviderFiles,
        queue: Queue,
        clock: Clock,
        pause: Callable[[float], None],
        chance: Callable[[], float],
        journal: FetchJournal,
    ) -> None:
        self._store = store
        self._channels = channels
        self._adapters = adapters
        self._files = files
        self._queue = queue
        self._clock = clock
        self._pause = pause
        self._chance = chance
        self._journal = journal

    def fetch(self, place: Place) -> None:
        """Bring one file as far as it goes now. Raises what storage raises; the queue delivers the command again
        then."""
        patience = self._clock.now() + timedelta(seconds=PATIENCE_S)
        while (found := self._store.get(place)) is not None:
            now = self._clock.now()
            if found.attempt > 0:
                if max(found.due, now) > patience:
                    return
                self._pause(max(0.0, (found.due - now).total_seconds()))
            self._go_on(place, found)

    def sweep(self, limit: int) -> Swept:
        """Files whose next attempt is due, or whose first command got lost, go into the queue (again). One that cannot
        be read is put off as well: it stands before no other."""
        now = self._clock.now()
        later = now + timedelta(seconds=_LOOKED_AGAIN_S)
        page = self._store.due(now, limit)
        commands: list[Command] = []
        failed: dict[str, Exception] = {}
        for place in page.found:
            try:
                found = self._store.get(place)
                if found is not None and found.due <= now:
                    commands.append(fetch_command(place, found.message.id, found.attempt + 1))
                self._store.look_again_at(place, later)
            except Exception as error:  # whatever it is, it stops no other
                failed[f"{place.thread.channel_id}/{place.seq}"] = error
                with suppress(Exception):  # what failed first is told; the file stays due
                    self._store.look_again_at(place, later)
        if commands:
            self._queue.send(commands)
        return Swept(len(page.found), len(commands), page.more, failed)

    def _go_on(self, place: Place, found: Fetching) -> None:
        """One attempt, unless somebody else begins it."""
        channel = self._channels.find(place.a, place.thread.channel_id)
        if channel is None or channel.state == "removed":
            self._refuse(place, found, "channel_removed")
            return
        adapter = self._adapters(channel.type)
        retries = adapter.media_retries
        now = self._clock.now()
        if (now - found.message.created_at).total_seconds() > retries.give_up_after_s:
            self._refuse(place, found, "not_fetched")
            return
        taken = begun(found, retries.wait_s(found.attempt + 1, self._chance()), now)
        if not self._store.take(place, found, taken):
            return
        try:
            file = self._files.bytes_of(place.a, taken.message, channel, adapter)
        except Refused as refusal:
            self._refuse(place, taken, refusal.reason)
        except Later as later:
            self._put_off(place, taken, adapter, later)
        else:
            settled = self._store.accept(place, taken, file)
            outcome = "accepted" if settled else "settled_before"
            self._journal.tried(taken.message.id, taken.attempt, outcome, "", file.size)

    def _refuse(self, place: Place, found: Fetching, reason: Reason) -> None:
        settled = self._store.reject(place, found, reason)
        self._journal.tried(found.message.id, found.attempt, "rejected" if settled else "settled_before", reason, 0)

    def _put_off(self, place: Place, taken: Fetching, adapter: FetchingAdapter, later: Later) -> None:
        """The next attempt after a wait; none when its time would be over by then."""
        wait_s = adapter.media_retries.wait_s(taken.attempt, self._chance(), later.asked_s)
        again_at = self._clock.now() + timedelta(seconds=wait_s)
        if (again_at - taken.message.created_at).total_seconds() > adapter.media_retries.give_up_after_s:
            self._refuse(place, taken, "not_fetched")
            return
        self._store.put_off(place, taken, again_at)
        self._journal.tried(taken.message.id, taken.attempt, "waits", later.code, 0)


def fetch_command(place: Place, message_id: str, attempt: int = 1) -> Command:
    """The command by which a worker fetches a message's file; `attempt` is the one it is for, so that the same command
    twice is one. Each file is a group of its own: nothing waits for a large one."""
    body = {
        "account": place.a,
        "channel_id": place.thread.channel_id,
        "sender": place.thread.sender,
        "seq": place.seq,
    }
    return Command(group=message_id, dedup=f"{message_id}-{attempt}", body=body)
