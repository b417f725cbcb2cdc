"""What the items of all exports have, and how they move."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Self

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition

from recado.domain.chats import Author
from recado.domain.exports import Export
from recado.storage import keys
from recado.storage.tables import Record, TimeAttribute
from recado.storage.transaction import condition_failed


class LongExportRecord(Record):
    """An export: its place in the index while it is not over, its end by `ttl` when it is."""

    id = UnicodeAttribute()
    file_id = UnicodeAttribute()
    author = JSONAttribute()
    created_at = TimeAttribute()
    state = UnicodeAttribute()
    version = NumberAttribute()
    tries = NumberAttribute()
    done = NumberAttribute()
    size = NumberAttribute()
    finished_at = TimeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    due_pk = UnicodeAttribute(null=True)
    due_sk = UnicodeAttribute(null=True)

    @classmethod
    def of_any(cls, kind: str, export: Export, pk: str, remembered_for: timedelta, **own: Any) -> Self:
        """The item; `kind`: as in `keys.due_pk`, `own`: what its kind spells otherwise."""
        ends = export.finished_at + remembered_for if export.finished_at else None
        return cls.of(
            export,
            pk=pk,
            sk=export.id,
            author=[export.author.type, export.author.id],
            due=None,
            due_pk=keys.due_pk(kind, export.id) if export.due else None,
            due_sk=keys.stamp(export.due) if export.due else None,
            ttl=int(ends.timestamp()) if ends else None,
            **own,
        )

    def known(self) -> dict[str, Any]:
        """Fields of the entity that every kind spells otherwise than its item."""
        numbers = {name: int(getattr(self, name)) for name in ("version", "tries", "done", "size")}
        due = datetime.fromisoformat(self.due_sk) if self.due_sk else None
        return {"author": Author(*self.author), "due": due, **numbers}

    def put_off(self, when: datetime, is_there: Condition | None) -> None:
        """Look at it again at this time, if it is not over: 1 WRU for each KB, and the index."""
        try:
            self.update([type(self).due_sk.set(keys.stamp(when))], condition=is_there)
        except UpdateError as error:
            if not condition_failed(error):
                raise
