"""What fetching files of messages needs from outside: the adapters' part in it, downloads, the store of
placeholders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import IO, Any, NamedTuple, Protocol

from recado.domain.chats import ThreadKey
from recado.domain.fetching import Fetching
from recado.domain.file_limits import Feature, MediaLimit
from recado.domain.files import File
from recado.domain.messages import Media, Rejected
from recado.ports.core import HttpResponse
from recado.ports.outbox import ProviderRequest, Retries


class TooLong(Exception):
    """A body has more bytes than are taken; what was read of it is thrown away."""


class Download(NamedTuple):
    """An answer. `body`: a temporary file at its beginning, to be closed; empty unless the status is a success."""

    status: int
    headers: Mapping[str, str]
    body: IO[bytes]


class Downloads(Protocol):
    """The way of files into the product."""

    def get(self, url: str, headers: Mapping[str, str], timeout_s: float, most_bytes: int) -> Download:
        """One request, no redirects followed. Raises ConnectFailed, NoAnswer, TooLong."""
        ...


class FetchingAdapter(Protocol):
    """A channel's adapter as far as fetching goes (channels.base.ChannelAdapter)."""

    @property
    def base_url(self) -> str: ...

    @property
    def media_hosts(self) -> frozenset[str]: ...

    @property
    def media_limits(self) -> Mapping[str, MediaLimit]: ...

    @property
    def file_feature(self) -> Feature: ...

    @property
    def media_retries(self) -> Retries: ...

    @property
    def media_comes_later_s(self) -> float: ...

    def locate_media(
        self, media: Media, settings: Mapping[str, Any], secrets: Mapping[str, tuple[str, ...]]
    ) -> ProviderRequest | None:
        """The request that tells where the bytes lie. Raises CannotSend."""
        ...

    def located(self, media: Media, response: HttpResponse) -> Media | Rejected:
        """The file with its URL."""
        ...

    def download(
        self, media: Media, settings: Mapping[str, Any], secrets: Mapping[str, tuple[str, ...]]
    ) -> ProviderRequest:
        """The request for the bytes. Raises CannotSend."""
        ...


class FetchingAdapters(Protocol):
    """Adapters by channel type."""

    def __call__(self, channel_type: str) -> FetchingAdapter: ...


class Place(NamedTuple):
    """Where a message lies: account, thread, seq."""

    a: str
    thread: ThreadKey
    seq: int


class DuePlaces(NamedTuple):
    """Candidates of a sweep, and whether there may be others behind them."""

    found: list[Place]
    more: bool


class FetchStore(Protocol):
    """Messages whose file is a placeholder still."""

    def get(self, place: Place) -> Fetching | None:
        """The message, strongly consistent; None when it is gone or its file is settled."""
        ...

    def take(self, place: Place, before: Fetching, after: Fetching) -> bool:
        """Write the next attempt. False when another one was begun meanwhile, or the file is settled."""
        ...

    def put_off(self, place: Place, taken: Fetching, until: datetime) -> bool:
        """Nobody tries before then. False as `take`."""
        ...

    def accept(self, place: Place, found: Fetching, file: File) -> bool:
        """The file comes to be, and the message shows it, both or none. False when the message's file was settled
        before."""
        ...

    def reject(self, place: Place, found: Fetching, reason: str) -> bool:
        """The message shows why its file will not come. False as `accept`."""
        ...

    def due(self, now: datetime, limit: int) -> DuePlaces:
        """Messages whose next attempt is due, or whose first one nobody made."""
        ...

    def look_again_at(self, place: Place, when: datetime) -> None:
        """Let the sweep come back then, whatever it is due for."""
        ...


class FetchJournal(Protocol):
    """What is told of fetches to those who run the product: ids, numbers and codes only."""

    def tried(self, message_id: str, attempt: int, outcome: str, code: str, size: int) -> None: ...
