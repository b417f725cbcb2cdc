"""Files from providers: as any request, but the body goes into a temporary file, up to so many bytes and no further.

Memory holds one chunk, whatever the size of the file."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO

from urllib3.response import HTTPResponse

from recado.outside.addresses import Route
from recado.outside.http import as_it_is, exchange, whole
from recado.ports.fetching import Download, TooLong

CHUNK_BYTES = 256 * 1024
IN_MEMORY_BYTES = 1024 * 1024
"""A body is kept in memory up to this size, and on disk beyond it."""


class OutsideDownloads:
    """ports.fetching.Downloads. `route` as that of `OutsideHttp`."""

    def __init__(self, route: Route | None = None) -> None:
        self._route = route

    def get(self, url: str, headers: Mapping[str, str], timeout_s: float, most_bytes: int) -> Download:
        """One request; redirects are answers like any other, and of what is no success the body is not read. Raises
        ConnectFailed, NoAnswer and ValueError as `OutsideHttp.request` does, TooLong."""
        take = partial(_into_file, most_bytes)
        return Download(*exchange(self._route, "GET", url, headers, None, timeout_s, take))


def _into_file(most_bytes: int, response: HTTPResponse) -> IO[bytes]:
    """The body, at its beginning; an empty one of an answer that is no success."""
    with ExitStack() as if_it_fails:
        file = if_it_fails.enter_context(SpooledTemporaryFile(IN_MEMORY_BYTES))
        if 200 <= response.status < 300:
            _copy(response, file, most_bytes)
        file.seek(0)
        if_it_fails.pop_all()
    return file


def _copy(response: HTTPResponse, file: SpooledTemporaryFile[bytes], most_bytes: int) -> None:
    """Raises TooLong at the first byte too many, and before anything is read where the answer tells its length."""
    as_it_is(response)
    if (response.length_remaining or 0) > most_bytes:
        raise TooLong
    left = most_bytes
    while chunk := response.read(min(CHUNK_BYTES, left + 1)):
        left -= len(chunk)
        if left < 0:
            raise TooLong
        file.write(chunk)
    whole(response)
