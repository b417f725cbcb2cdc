"""Shortcuts (PRODUCT F4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from recado.domain.access import Caller
from recado.domain.errors import Busy, Conflict, FieldError, Invalid, NotFound
from recado.domain.flow_variables import filled
from recado.domain.shortcuts import MAX_SHORTCUTS, Shortcut, check
from recado.domain.variable_names import names_of_nothing
from recado.ports.core import Clock, Ids
from recado.ports.shortcuts import ShortcutStore, SlugTaken
from recado.services.chat_actions import VisibleChats
from recado.services.custom_fields import CustomFieldService
from recado.services.sent_files import Attachments
from recado.services.variable_checks import slugs_named
from recado.services.variables import Variables
from recado.services.views import moment

_TRIES = 5


@dataclass(frozen=True)
class Filled:
    """What a shortcut puts into the composer."""

    text: str
    file_id: str | None


class ShortcutService:
    """A shortcut only fills what an agent is writing; sending it is the agent's."""

    def __init__(
        self,
        store: ShortcutStore,
        files: Attachments,
        chats: VisibleChats,
        variables: Variables,
        fields: CustomFieldService,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._files = files
        self._chats = chats
        self._variables = variables
        self._fields = fields
        self._clock = clock
        self._ids = ids

    def all(self, a: str, prefix: str = "") -> list[Shortcut]:
        """Those whose slug begins so, by slug."""
        return [one for one in self._store.all(a) if one.slug.startswith(prefix.strip().removeprefix("/").lower())]

    def get(self, a: str, shortcut_id: str) -> Shortcut:
        """Raises NotFound."""
        found = self._store.get(a, shortcut_id)
        if found is None:
            raise NotFound("There is no such shortcut.")
        return found

    def create(self, caller: Caller, slug: str, text: str, file_id: str | None) -> Shortcut:
        """Raises Invalid, Conflict `slug_taken`, `too_many_shortcuts`, `file_not_accepted`."""
        a, now = caller.account, self._clock.now()
        if len(self._store.all(a)) >= MAX_SHORTCUTS:
            detail = f"An account has at most {MAX_SHORTCUTS:,} shortcuts."
            raise Conflict(detail, code="too_many_shortcuts", extra={"limit": MAX_SHORTCUTS})
        made = Shortcut(self._ids.new("sc", a), slug, text, now, now, file_id)
        check(made)
        self._check_names(a, text)
        self._check_file(caller, file_id)
        try:
            self._store.create(a, made)
        except SlugTaken:
            raise _taken() from None
        return made

    def change(self, caller: Caller, shortcut_id: str, fields: dict[str, Any]) -> Shortcut:
        """Write the given fields (slug, text, file_id) over what is there. Raises as `create`, and NotFound."""
        a = caller.account
        for _ in range(_TRIES):
            before = self.get(a, shortcut_id)
            after = replace(before, **fields)
            if after == before:
                return before
            check(after)
            if after.text != before.text:
                self._check_names(a, after.text)
            if after.file_id != before.file_id:
                self._check_file(caller, after.file_id)
            after = replace(after, updated_at=self._clock.now(), version=before.version + 1)
            try:
                if self._store.change(a, before, after):
                    return after
            except SlugTaken:
                raise _taken() from None
        raise Busy(f"change of {shortcut_id}")

    def delete(self, a: str, shortcut_id: str) -> None:
        """Raises NotFound."""
        for _ in range(_TRIES):
            if self._store.delete(a, self.get(a, shortcut_id)):
                return
        raise Busy(f"deletion of {shortcut_id}")

    def fill(self, caller: Caller, shortcut_id: str, chat_id: str) -> Filled:
        """What it puts into the composer of a chat, with the variables in place. Raises NotFound."""
        chat = self._chats.visible(caller, chat_id)
        shortcut = self.get(caller.account, shortcut_id)
        values = self._variables.of(caller.account, chat, [shortcut.text])
        return Filled(filled(shortcut.text, values, self._variables.writer(caller.account)), shortcut.file_id)

    def _check_names(self, a: str, text: str) -> None:
        wrong = names_of_nothing(text, slugs_named(self._fields, a, [text]))
        if wrong:
            raise Invalid(wrong[0][1], errors=[FieldError("/text", *one) for one in wrong])

    def _check_file(self, caller: Caller, file_id: str | None) -> None:
        if file_id is not None and (feature := self._files.take(caller, file_id).feature) != "shortcut":
            detail = f"The file was uploaded for {feature}: upload it for `shortcut`."
            raise Invalid.field("/file_id", "wrong_feature", detail)


def shortcut_view(shortcut: Shortcut) -> dict[str, Any]:
    """A shortcut in its public shape."""
    return {
        "id": shortcut.id,
        "slug": shortcut.slug,
        "text": shortcut.text,
        "file_id": shortcut.file_id,
        "created_at": moment(shortcut.created_at),
        "updated_at": moment(shortcut.updated_at),
    }


def _taken() -> Conflict:
    return Conflict("There is a shortcut of this slug.", code="slug_taken")
