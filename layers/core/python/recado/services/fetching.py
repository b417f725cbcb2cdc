"""The worker that fetches files of messages from their providers: find where the bytes are, take them within bounds,
look at them, write down what came of it.

Repeating it at any point is harmless: an attempt leaves nothing behind but bytes under a key made of themselves, and
one condition decides which attempt settles the message."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from recado.domain.chats import Message
from recado.domain.fetching import Fetching, Reason, begun, media_of
from recado.domain.file_limits import FEATURES
from recado.domain.files import File
from recado.domain.ids import sibling_id
from recado.domain.messages import CannotSend, Failure, Media, Rejected
from recado.ports.core import AddressRefused, Clock, Command, ConnectFailed, Http, NoAnswer, Queue
from recado.ports.fetching import (
    Download,
    Downloads,
    FetchingAdapter,
    FetchingAdapters,
    FetchJournal,
    FetchStore,
    Place,
    TooLong,
)
from recado.ports.inbound import ChannelProblems
from recado.ports.outbox import ProviderRequest
from recado.ports.reception import ChannelDirectory, ConnectedChannel
from recado.ports.sweeps import Swept
from recado.services.received_files import ReceivedFiles, Refused

PATIENCE_S = 20.0
"""How long one command waits in all for a further attempt, reckoned from its beginning; later ones are the sweep's."""
MAX_REDIRECTS = 3
_LOOKED_AGAIN_S = 60
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})
_NOT_ALLOWED = frozenset({401, 403})
_ABOUT_FILES: dict[str, Reason] = {"media_gone": "expired", "media_too_large": "too_large"}


class Later(Exception):
    """The file could not be had now: `code` is why, `asked_s` how long the provider asks to wait."""

    def __init__(self, code: str, asked_s: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.asked_s = asked_s


class _Request(NamedTuple):
    """A request for bytes (ports.outbox.ProviderRequest), perhaps redirected."""

    url: str
    headers: dict[str, str]
    timeout_s: float
    customer_url: bool


class FetchService:
    """Fetches what messages hold placeholders for. `pause` waits some seconds; `chance` gives a number in [0, 1)."""

    def __init__(
        self,
        store: FetchStore,
        channels: ChannelDirectory,
        problems: ChannelProblems,
        adapters: FetchingAdapters,
        http: Http,
        downloads: Downloads,
        customer_downloads: Downloads,
        received: ReceivedFiles,
        queue: Queue,
        clock: Clock,
        pause: Callable[[float], None],
        chance: Callable[[], float],
        journal: FetchJournal,
    ) -> None:
        self._store = store
        self._channels = channels
        self._problems = problems
        self._adapters = adapters
        self._http = http
        self._downloads = downloads
        self._customer_downloads = customer_downloads
        self._received = received
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
            if found.attempt > 0 and found.due > now:
                if found.due > patience:
                    return
                self._pause((found.due - now).total_seconds())
            self._go_on(place, found)

    def sweep(self, limit: int) -> Swept:
        """Files whose next attempt is due, or whose first command got lost, go into the queue (again)."""
        now = self._clock.now()
        page = self._store.due(now, limit)
        commands: list[Command] = []
        failed: dict[str, Exception] = {}
        for place in page.found:
            try:
                found = self._store.get(place)
                if found is not None and found.due <= now:
                    commands.append(fetch_command(place, found.message.id, found.attempt + 1))
                self._store.look_again_at(place, now + timedelta(seconds=_LOOKED_AGAIN_S))
            except Exception as error:  # whatever it is, it stops no other
                failed[f"{place.thread.channel_id}/{place.seq}"] = error
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
            file = self._bytes_of(place.a, taken.message, channel, adapter)
        except Refused as refusal:
            self._refuse(place, taken, refusal.reason)
        except Later as later:
            self._put_off(place, taken, adapter, later)
        else:
            self._store.accept(place, taken, file)
            self._journal.tried(taken.message.id, taken.attempt, "accepted", "", file.size)

    def _refuse(self, place: Place, found: Fetching, reason: Reason) -> None:
        self._store.reject(place, found, reason)
        self._journal.tried(found.message.id, found.attempt, "rejected", reason, 0)

    def _put_off(self, place: Place, taken: Fetching, adapter: FetchingAdapter, later: Later) -> None:
        """The next attempt after a wait; none when its time would be over by then."""
        wait_s = adapter.media_retries.wait_s(taken.attempt, self._chance(), later.asked_s)
        again_at = self._clock.now() + timedelta(seconds=wait_s)
        if (again_at - taken.message.created_at).total_seconds() > adapter.media_retries.give_up_after_s:
            self._refuse(place, taken, "not_fetched")
            return
        self._store.put_off(place, taken, again_at)
        self._journal.tried(taken.message.id, taken.attempt, "waits", later.code, 0)

    # -- the bytes -----------------------------------------------------------------------------------------------------

    def _bytes_of(self, a: str, message: Message, channel: ConnectedChannel, adapter: FetchingAdapter) -> File:
        """The accepted file, its bytes in our store. Raises Refused, Later."""
        try:
            media = self._located(media_of(message), channel, adapter)
            most = max((limit.max_bytes for limit in adapter.media_limits.values()), default=0)
            most = min(most or FEATURES[adapter.file_feature].max_bytes, FEATURES[adapter.file_feature].max_bytes)
            if (media.size or 0) > most:
                raise Refused("too_large")
            request = adapter.download(media, channel.settings, channel.secrets)
        except CannotSend as problem:
            raise self._told(a, channel, problem.failure) from None
        answer = self._download(adapter, request, most)
        with closing(answer.body):
            self._judge(answer, message, adapter, located=media.url != media_of(message).url)
            told = media if media.content_type else media._replace(content_type=answer.headers.get("content-type"))
            return self._received.keep(
                a, sibling_id("fi", message.id), told, message.kind, answer.body, adapter.file_feature,
                message.author.id or "",
            )  # fmt: skip

    def _located(self, media: Media, channel: ConnectedChannel, adapter: FetchingAdapter) -> Media:
        request = adapter.locate_media(media, channel.settings, channel.secrets)
        if request is None:
            return media
        try:
            response = self._http.request(
                request.method, request.url, request.headers, request.body or None, request.timeout_s
            )
        except (ConnectFailed, NoAnswer) as error:
            raise Later(type(error).__name__) from None
        found = adapter.located(media, response)
        if isinstance(found, Rejected):
            raise CannotSend(found.failure)
        return found

    def _told(self, a: str, channel: ConnectedChannel, failure: Failure) -> Refused | Later:
        """What a provider's refusal, or the lack of what a request needs, comes to. What somebody can mend on the
        channel is told there."""
        if failure.klass == "pause_channel":
            self._problems.report(a, channel.id, failure.code, failure.title)
        if failure.klass in ("retry", "unknown", "pause_channel"):
            return Later(failure.code, failure.retry_after_s)
        return Refused(_ABOUT_FILES.get(failure.code, "refused"))

    def _download(self, adapter: FetchingAdapter, asked: ProviderRequest, most: int) -> Download:
        """The answer with the bytes, after at most three redirects. What stands in the headers, such as a token, goes
        to the first host alone; a URL that a customer chose is redirected nowhere."""
        request = _Request(asked.url, dict(asked.headers), asked.timeout_s, asked.customer_url)
        for _ in range(1 + MAX_REDIRECTS):
            if not request.customer_url and not is_allowed(request.url, adapter.base_url, adapter.media_hosts):
                raise Refused("host_not_allowed")
            answer = self._get(request, most)
            if answer.status not in _REDIRECTS or request.customer_url:
                return answer
            answer.body.close()
            request = _redirected(request, answer.headers.get("location", ""))
        raise Later("redirects")

    def _get(self, request: _Request, most: int) -> Download:
        downloads = self._customer_downloads if request.customer_url else self._downloads
        try:
            return downloads.get(request.url, request.headers, request.timeout_s, most)
        except TooLong:
            raise Refused("too_large") from None
        except (AddressRefused, ValueError):
            raise Refused("host_not_allowed") from None
        except (ConnectFailed, NoAnswer) as error:
            raise Later(type(error).__name__) from None

    def _judge(self, answer: Download, message: Message, adapter: FetchingAdapter, located: bool) -> None:
        """Return only when the body is the file. A URL that was just told and is refused is told anew next time; one
        that came with the message has run out."""
        status = answer.status
        if status == 200:
            return
        code, asked_s = f"http_{status}", _seconds(answer.headers.get("retry-after", ""))
        if status in _GONE:
            age_s = (self._clock.now() - message.created_at).total_seconds()
            if age_s < adapter.media_comes_later_s:
                raise Later(code, asked_s)
            raise Refused("expired")
        if status in _NOT_ALLOWED and not located:
            raise Refused("expired")
        if status in _NOT_ALLOWED or status in (408, 425, 429) or status >= 500:
            raise Later(code, asked_s)
        raise Refused("refused")


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


def is_allowed(url: str, base_url: str, hosts: frozenset[str]) -> bool:
    """Whether files are fetched from a URL: of the provider's API itself, or by https of one of its hosts."""
    try:
        parts, base = urlsplit(url), urlsplit(base_url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if "@" in parts.netloc or not host:
        return False
    if (parts.scheme, host, port) == (base.scheme, base.hostname, base.port):
        return True
    known = any(host == one or host.endswith("." + one) for one in hosts)
    return parts.scheme == "https" and port in (None, 443) and known


def _redirected(request: _Request, location: str) -> _Request:
    """The request to where it is redirected, without its headers when that is another origin."""
    try:
        url = urljoin(request.url, location)
        stays = urlsplit(url)[:2] == urlsplit(request.url)[:2]
    except ValueError:
        raise Refused("host_not_allowed") from None
    return request._replace(url=url, headers=request.headers if stays else {})


def _seconds(value: str) -> float | None:
    return float(value) if value.isascii() and value.isdigit() and len(value) <= 6 else None
