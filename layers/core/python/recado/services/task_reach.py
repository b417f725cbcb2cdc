"""Whom a task can write to at this moment, looked up: before a run for all that it would mean, and again for each of
them when it is their turn (PRODUCT G8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from recado.domain.channels import Channel
from recado.domain.chats import Chat, Thread, ThreadKey
from recado.domain.contacts import Contact
from recado.domain.starting import nearest
from recado.domain.task_reach import Reach, reach_now
from recado.ports.contacts import Reach as Addresses
from recado.ports.core import Clock
from recado.ports.outbox import Adapters


class Threads(Protocol):
    """Threads by their keys (storage.chats)."""

    def thread(self, a: str, key: ThreadKey) -> Thread | None: ...

    def threads(self, a: str, thread_keys: Sequence[ThreadKey]) -> Mapping[ThreadKey, Thread]:
        """Eventually consistent."""
        ...


class TaskReach:
    """Windows, addresses and opt-outs as every sender has them."""

    def __init__(self, addresses: Addresses, threads: Threads, adapters: Adapters, clock: Clock) -> None:
        self._addresses = addresses
        self._threads = threads
        self._adapters = adapters
        self._clock = clock

    def of_contact(self, a: str, contact: Contact, channel: Channel) -> tuple[Reach, Thread | None]:
        """One, consistently, and the thread in which they are reached, where there is one."""
        addresses = self._addresses.addresses(contact, channel)
        if not addresses:
            return self._nowhere(channel), None
        found = [(one, self._threads.thread(a, ThreadKey(channel.id, one.identity.key))) for one in addresses]
        thread = nearest(found)[1]
        return self._in(channel.type, thread), thread

    def unusable(self, channel: Channel | None) -> str | None:
        """Why nothing can be sent on a channel, as far as is known of it; None: it can."""
        if channel is None or channel.state != "active" or not self._adapters(channel.type).writes:
            return "channel_unusable"
        ends = channel.token.expires_at if channel.token else None
        return "token_expired" if ends is not None and self._clock.now() >= ends else None

    def of_chat(self, a: str, chat: Chat) -> Reach:
        """Of an open chat, consistently."""
        return self._in(chat.channel_type, self._threads.thread(a, chat.thread))

    def of_contacts(self, a: str, contacts: Sequence[Contact], channel: Channel) -> list[tuple[Reach, Thread | None]]:
        """Many at once, eventually consistent."""
        addresses = {one.id: self._addresses.addresses(one, channel) for one in contacts}
        wanted = [ThreadKey(channel.id, one.identity.key) for each in addresses.values() for one in each]
        threads = self._threads.threads(a, wanted)
        found = list[tuple[Reach, Thread | None]]()
        for contact in contacts:
            places = [(one, threads.get(ThreadKey(channel.id, one.identity.key))) for one in addresses[contact.id]]
            thread = nearest(places)[1] if places else None
            found.append((self._in(channel.type, thread) if places else self._nowhere(channel), thread))
        return found

    def of_chats(self, a: str, chats: Sequence[Chat]) -> list[Reach]:
        """Many at once, eventually consistent."""
        threads = self._threads.threads(a, [one.thread for one in chats])
        return [self._in(one.channel_type, threads.get(one.thread)) for one in chats]

    def _in(self, channel_type: str, thread: Thread | None) -> Reach:
        return reach_now(self._adapters(channel_type).window, thread, self._clock.now())

    def _nowhere(self, channel: Channel) -> Reach:
        needed = self._addresses.needed(channel)
        return Reach("unreachable", "no_address" if needed else "customer_writes_first")
