"""An export into a file that takes longer than a request: who asked for it, how far it is, how long its file is there.
What is exported, and how, is said by its kinds. Pure."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from datetime import datetime, timedelta
from typing import Literal

from recado.domain.chats import Author

ExportState = Literal["queued", "running", "done", "failed"]
KEPT_FOR = timedelta(days=7)
"""How long the file is there (infra/data.yaml)."""


@dataclass(frozen=True)
class Export:
    """`file_id`: that of the file which comes of it. `version` moves by one with each step; who is overtaken stops.
    `tries`: how often somebody began to work on it. `due`: when somebody looks whether it goes on. `done` of what is
    exported, `size` in bytes. `reason` why it failed."""

    id: str
    file_id: str
    author: Author
    created_at: datetime
    _: KW_ONLY
    state: ExportState = "queued"
    version: int = 0
    tries: int = 0
    due: datetime | None = None
    done: int = 0
    size: int = 0
    finished_at: datetime | None = None
    reason: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ("done", "failed")

    @property
    def kept_until(self) -> datetime | None:
        """Until when its file is there."""
        return self.finished_at + KEPT_FOR if self.state == "done" and self.finished_at else None

    @property
    def mark(self) -> str:
        """What stands for the etag in the place of its file: a name that no other bytes will ever have."""
        return self.id
