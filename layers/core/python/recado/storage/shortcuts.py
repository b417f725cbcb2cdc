"""Shortcuts and their slugs."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from recado.domain.shortcuts import Shortcut
from recado.ports.shortcuts import SlugTaken
from recado.storage import keys
from recado.storage.own_names import OwnName, change_named, create_named, delete_named
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import Transaction, guard

SLUG_FREE = guard("shortcut-slug-free", "two people make a shortcut of one slug at once: nobody knows which comes up")
SHORTCUT_SEEN = guard(
    "shortcut-from-seen-version", "a shortcut is given another slug while it is deleted: the slug is taken for ever"
)


class ShortcutRecord(WorkspaceRecord):
    """SHORTCUT."""

    id = UnicodeAttribute()
    slug = UnicodeAttribute()
    text = UnicodeAttribute()
    file_id = UnicodeAttribute(null=True)
    created_at = TimeAttribute()
    updated_at = TimeAttribute()
    version = NumberAttribute()

    @classmethod
    def of_shortcut(cls, a: str, shortcut: Shortcut) -> ShortcutRecord:
        """The item of a shortcut."""
        return cls.of(shortcut, pk=_pk(a), sk=shortcut.id)

    def shortcut(self) -> Shortcut:
        """The entity."""
        return self.to(Shortcut, version=int(self.version))


class ShortcutSlugRecord(WorkspaceRecord):
    """The slug of a shortcut: whose it is."""

    shortcut_id = UnicodeAttribute()


class DynamoShortcuts:
    """The port `recado.ports.shortcuts.ShortcutStore`."""

    def get(self, a: str, shortcut_id: str) -> Shortcut | None:
        """One get."""
        found = ShortcutRecord.find(_pk(a), shortcut_id)
        return None if found is None else found.shortcut()

    def all(self, a: str) -> list[Shortcut]:
        """One query, eventually consistent."""
        return sorted((record.shortcut() for record in ShortcutRecord.query(_pk(a))), key=lambda one: one.slug)

    def create(self, a: str, shortcut: Shortcut) -> None:
        """One transaction with its slug. Raises SlugTaken."""
        create_named(ShortcutRecord.of_shortcut(a, shortcut), _slug(a, shortcut))

    def change(self, a: str, before: Shortcut, after: Shortcut) -> bool:
        """One transaction, with another slug where it has one. Raises SlugTaken."""
        seen = SHORTCUT_SEEN(ShortcutRecord.version == before.version)
        return change_named(ShortcutRecord.of_shortcut(a, after), seen, _slug(a, before).record, _slug(a, after))

    def delete(self, a: str, shortcut: Shortcut) -> bool:
        """One transaction: the shortcut and its slug."""
        tx = Transaction()
        seen = SHORTCUT_SEEN(ShortcutRecord.version == shortcut.version)
        delete_named(tx, ShortcutRecord(_pk(a), shortcut.id), seen, _slug(a, shortcut).record)
        return tx.committed()


def _slug(a: str, shortcut: Shortcut) -> OwnName:
    record = ShortcutSlugRecord(keys.workspace_pk(a, "SHORTCUTSLUGS"), shortcut.slug, shortcut_id=shortcut.id)
    return OwnName(record, SLUG_FREE(ShortcutSlugRecord.pk.does_not_exist()), SlugTaken)


def _pk(a: str) -> str:
    return keys.workspace_pk(a, "SHORTCUTS")
