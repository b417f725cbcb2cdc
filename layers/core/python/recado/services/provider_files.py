"""The bytes of files at providers: where they are, fetched within bounds, looked at and put into our store."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from recado.domain.chats import Message
from recado.domain.fetching import Reason, media_of
from recado.domain.file_limits import most_received
from recado.domain.files import File
from recado.domain.ids import sibling_id
from recado.domain.messages import CannotSend, Failure, Media, Rejected
from recado.ports.core import AddressRefused, Clock, ConnectFailed, Http, NoAnswer
from recado.ports.fetching import Download, Downloads, FetchingAdapter, TooLong
from recado.ports.inbound import ChannelProblems
from recado.ports.outbox import ProviderRequest
from recado.ports.reception import ConnectedChannel
from recado.services.received_files import ReceivedFiles, Refused

MAX_REDIRECTS = 3
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


class ProviderFiles:
    """One file at a time; asking again does no harm."""

    def __init__(
        self,
        http: Http,
        downloads: Downloads,
        customer_downloads: Downloads,
        problems: ChannelProblems,
        received: ReceivedFiles,
        clock: Clock,
        local_origins: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        """`local_origins` (`scheme://host:port`) pass as if they were each provider's: the local stack's door, empty in
        AWS."""
        self._http = http
        self._downloads = downloads
        self._customer_downloads = customer_downloads
        self._problems = problems
        self._received = received
        self._clock = clock
        self._local_origins = local_origins

    def bytes_of(self, a: str, message: Message, channel: ConnectedChannel, adapter: FetchingAdapter) -> File:
        """The accepted file, its bytes in our store. Raises Refused, Later."""
        try:
            media = self._located(media_of(message), channel, adapter)
            most = most_received(adapter.file_feature, adapter.media_limits)
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
        until = self._clock.now() + timedelta(seconds=asked.timeout_s)
        for _ in range(1 + MAX_REDIRECTS):
            allowed = is_allowed(request.url, adapter.base_url, adapter.media_hosts) or self._is_local(request.url)
            if not request.customer_url and not allowed:
                raise Refused("host_not_allowed")
            answer = self._get(request, most)
            if answer.status not in _REDIRECTS or request.customer_url:
                return answer
            answer.body.close()
            left_s = max(1.0, (until - self._clock.now()).total_seconds())
            request = _redirected(request, answer.headers.get("location", ""))._replace(timeout_s=left_s)
        raise Later("redirects")

    def _is_local(self, url: str) -> bool:
        origin, _, _ = url.removeprefix("http://").partition("/")
        return f"http://{origin}" in self._local_origins()

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
