"""Buttons with their codes, and clicks by their tags (docs/data-model.md C4)."""

from __future__ import annotations

from collections.abc import Collection

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError

from recado.domain.buttons import CLICK_HOLDS, Button, Click
from recado.ports.buttons import Linked
from recado.storage import keys
from recado.storage.channels import ChannelRecord
from recado.storage.tables import TimeAttribute, WorkspaceRecord, read_together
from recado.storage.transaction import Transaction, condition_failed, guard

CODE_IS_NOBODYS = guard(
    "button-code-is-nobodys", "two buttons are made with one code at once: the link of one leads to the other's company"
)
BUTTON_SEEN = guard(
    "button-from-seen-version",
    "two admins change a button at once, or one deletes it: the change of one is lost, or it comes back",
)
TAG_IS_NOBODYS = guard(
    "click-tag-is-nobodys", "two clicks are given one tag: who comes by the first is told to have come by the second"
)
CLICK_USED_ONCE = guard(
    "click-is-used-once", "two people send the text of one click at once: both would be told to have clicked"
)


class ButtonRecord(WorkspaceRecord):
    """BUTTON."""

    id = UnicodeAttribute()
    kind = UnicodeAttribute()
    channel_id = UnicodeAttribute()
    text = UnicodeAttribute()
    label = UnicodeAttribute()
    code = UnicodeAttribute()
    created_at = TimeAttribute()
    version = NumberAttribute()

    @classmethod
    def of_button(cls, a: str, button: Button) -> ButtonRecord:
        """The item of a button."""
        return cls.of(button, pk=keys.workspace_pk(a, "BUTTONS"), sk=button.id)

    def button(self) -> Button:
        """The entity."""
        return self.to(Button, version=int(self.version))


class ButtonCodeRecord(WorkspaceRecord):
    """DIR of a code: which account's button it leads to, and into which channel."""

    account = UnicodeAttribute()
    button_id = UnicodeAttribute()
    channel_id = UnicodeAttribute()


class ClickRecord(WorkspaceRecord):
    """CLICK."""

    tag = UnicodeAttribute()
    button_id = UnicodeAttribute()
    channel_id = UnicodeAttribute()
    at = TimeAttribute()
    details = JSONAttribute(null=True)
    used_by = UnicodeAttribute(null=True)

    def click(self) -> Click:
        """The entity."""
        return self.to(Click, details=self.details or {})


class DynamoButtons:
    """The port `recado.ports.buttons.ButtonStore`."""

    def get(self, a: str, button_id: str) -> Button | None:
        """1 RRU."""
        found = ButtonRecord.find(keys.workspace_pk(a, "BUTTONS"), button_id)
        return None if found is None else found.button()

    def all(self, a: str) -> list[Button]:
        """1 query; an account has at most some hundred."""
        return [one.button() for one in ButtonRecord.query(keys.workspace_pk(a, "BUTTONS"), consistent_read=True)]

    def create(self, a: str, button: Button) -> bool:
        """BUTTON and DIR."""
        tx = Transaction()
        tx.put("button", ButtonRecord.of_button(a, button))
        tx.put("code", _code(a, button), CODE_IS_NOBODYS(ButtonCodeRecord.pk.does_not_exist()))
        return tx.committed()

    def change(self, a: str, before: Button, after: Button) -> bool:
        """BUTTON and DIR, which names the channel too."""
        tx = Transaction()
        tx.put("button", ButtonRecord.of_button(a, after), BUTTON_SEEN(ButtonRecord.version == before.version))
        tx.put("code", _code(a, after))
        return tx.committed()

    def delete(self, a: str, button: Button) -> bool:
        """BUTTON and DIR."""
        tx = Transaction()
        record = ButtonRecord(keys.workspace_pk(a, "BUTTONS"), button.id)
        tx.delete("button", record, BUTTON_SEEN(ButtonRecord.version == button.version))
        tx.delete("code", ButtonCodeRecord(keys.directory_pk("button", button.code), "DIR"))
        return tx.committed()

    def linked(self, code: str) -> Linked | None:
        """1 get, 1 batch get of BUTTON and CHANNEL."""
        found = ButtonCodeRecord.find(keys.directory_pk("button", code), "DIR")
        if found is None:
            return None
        a = found.account
        places = (
            (keys.workspace_pk(a, "BUTTONS"), found.button_id),
            (keys.workspace_pk(a, "CHANNELS"), found.channel_id),
        )
        read = read_together([(ButtonRecord, *places[0]), (ChannelRecord, *places[1])])
        button, channel = read.get(places[0]), read.get(places[1])
        if not isinstance(button, ButtonRecord):
            return None
        return Linked(a, button.button(), channel.channel() if isinstance(channel, ChannelRecord) else None)


class DynamoClicks:
    """The port `recado.ports.buttons.ClickStore`."""

    def put(self, a: str, click: Click) -> bool:
        """1 put."""
        record = ClickRecord.of(
            click,
            pk=keys.click_pk(a, click.tag),
            sk="CLICK",
            details=dict(click.details) or None,
            ttl=int((click.at + CLICK_HOLDS).timestamp()),
        )
        try:
            record.save(condition=TAG_IS_NOBODYS(ClickRecord.pk.does_not_exist()))
        except PutError as error:
            if condition_failed(error):
                return False
            raise
        return True

    def read(self, a: str, tags: Collection[str]) -> dict[str, Click]:
        """1 batch get; nothing without a tag."""
        records = read_together([(ClickRecord, keys.click_pk(a, tag), "CLICK") for tag in tags]) if tags else {}
        return {one.tag: one.click() for one in records.values() if isinstance(one, ClickRecord)}


def add_click_use(tx: Transaction, a: str, tag: str, message_id: str) -> None:
    """The click is tied to the message, if no other is."""
    record = ClickRecord(keys.click_pk(a, tag), "CLICK")
    unused = ClickRecord.pk.exists() & ClickRecord.used_by.does_not_exist()
    tx.update(f"click:{tag}", record, [ClickRecord.used_by.set(message_id)], CLICK_USED_ONCE(unused))


def _code(a: str, button: Button) -> ButtonCodeRecord:
    return ButtonCodeRecord(
        keys.directory_pk("button", button.code),
        "DIR",
        account=a,
        button_id=button.id,
        channel_id=button.channel_id,
    )
