"""How the demo tells what happens: a line per step with the milliseconds since the customer wrote."""

from __future__ import annotations

import time
from typing import TextIO


class Story:
    """Writes plain text; colours only where somebody reads it on a terminal."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._started: float | None = None
        self._colours = out.isatty()

    def start(self) -> None:
        """The customer writes now: elapsed time counts from here."""
        self._started = time.monotonic()

    def step(self, title: str, text: str) -> None:
        elapsed = "" if self._started is None else f"{(time.monotonic() - self._started) * 1000:.0f} ms"
        self._write(f"{elapsed:>9}  {self._paint('1;32', '✓')} {self._paint('1', f'{title:<18}')} {text}")

    def more(self, text: str) -> None:
        """A detail of the step above."""
        self._write(f"{'':>32}{self._paint('2', text)}")

    def end(self, title: str, lines: list[str]) -> None:
        self._write("\n" + self._paint("1", title))
        for line in lines:
            self._write(f"  {line}")

    def failure(self, reason: str) -> None:
        self._write(f"{'':>9}  {self._paint('1;31', '✗')} {reason}")

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colours else text

    def _write(self, line: str) -> None:
        print(line, file=self._out, flush=True)
