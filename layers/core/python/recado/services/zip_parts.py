"""A ZIP file that is written once from its beginning to its end, and handed on in parts: memory holds one part."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import IO, Self

from recado.domain.contact_exports import Part


class ZipParts:
    """`put` takes the number of a part, from 1, and its bytes, and answers the store's name for them. Leaving the
    context without an error writes the end; `parts` and `size` are known then."""

    def __init__(self, put: Callable[[int, bytes], str], part_bytes: int) -> None:
        self._put = put
        self._part_bytes = part_bytes
        self._waiting = bytearray()
        self.size = 0
        self.parts: list[Part] = []
        self._zip = zipfile.ZipFile(self, "w", zipfile.ZIP_DEFLATED)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:
            self._zip.fp = None  # else it would write its end when it is thrown away
        else:
            self._zip.close()
            if self._waiting or not self.parts:
                self._hand_on(len(self._waiting))

    def entry(self, name: str, at: datetime, stored: bool = False) -> IO[bytes]:
        """A file in the file, one at a time; `stored`: as it is, for what is compressed already."""
        info = zipfile.ZipInfo(name, at.timetuple()[:6])
        info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
        opened: IO[bytes] = self._zip.open(info, "w", force_zip64=True)
        return opened

    # -- what zipfile writes to
    # ---------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> int:
        """Take bytes; hand a part on when there is one."""
        self._waiting += data
        self.size += len(data)
        while len(self._waiting) >= self._part_bytes:
            self._hand_on(self._part_bytes)
        return len(data)

    def tell(self) -> int:
        """Where the next byte stands. There is no `seek`, so zipfile writes sizes behind the contents."""
        return self.size

    def flush(self) -> None:
        """Parts are handed on when they are full."""

    def close(self) -> None:
        """Leaving the context ends it."""

    def _hand_on(self, count: int) -> None:
        number = len(self.parts) + 1
        self.parts.append(Part(number, self._put(number, bytes(self._waiting[:count]))))
        del self._waiting[:count]
