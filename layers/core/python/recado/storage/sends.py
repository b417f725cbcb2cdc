"""The items of sends."""

from __future__ import annotations

from datetime import timedelta

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from recado.domain.chats import ThreadKey
from recado.domain.sending import Outgoing
from recado.storage import keys
from recado.storage.due import Due
from recado.storage.tables import ChatsRecord, TimeAttribute

KEPT_DAYS = 7


class OutRecord(ChatsRecord):
    """OUT: a send; in the `due` index while something is to be done about it, gone some days after it ended."""

    message_id = UnicodeAttribute()
    channel_id = UnicodeAttribute()
    sender = UnicodeAttribute()
    seq = NumberAttribute()
    created_at = TimeAttribute()
    state = UnicodeAttribute()
    attempt = NumberAttribute()
    version = NumberAttribute()
    due_at = TimeAttribute(null=True)
    reply_seq = NumberAttribute(null=True)
    provider_id = UnicodeAttribute(null=True)
    correlation_id = UnicodeAttribute(null=True)
    claim = UnicodeAttribute(null=True)
    not_before = TimeAttribute(null=True)
    in_line = BooleanAttribute(null=True)
    due_pk = UnicodeAttribute(null=True)
    due_sk = UnicodeAttribute(null=True)
    due = Due()

    @classmethod
    def of_send(cls, a: str, out: Outgoing) -> OutRecord:
        """The item of a send, with its place in the `due` index while it has one; when it has ended, with the day it
        goes."""
        ended = out.state in ("settled", "unknown")
        return cls.of(
            out,
            pk=keys.out_pk(a, out.message_id),
            sk="OUT",
            channel_id=out.thread.channel_id,
            sender=out.thread.sender,
            correlation_id=out.correlation_id or None,
            in_line=out.in_line or None,
            due=None,
            due_at=out.due,
            due_pk=keys.due_pk("OUT", out.message_id) if out.due else None,
            due_sk=keys.stamp(out.due) if out.due else None,
            ttl=int((out.created_at + timedelta(days=KEPT_DAYS)).timestamp()) if ended else None,
        )

    def send(self) -> Outgoing:
        """The entity."""
        return self.to(
            Outgoing,
            thread=ThreadKey(self.channel_id, self.sender),
            seq=int(self.seq),
            attempt=int(self.attempt),
            version=int(self.version),
            due=self.due_at,
            in_line=bool(self.in_line),
            reply_seq=None if self.reply_seq is None else int(self.reply_seq),
        )
