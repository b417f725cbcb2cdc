"""Templates as the provider has them: its own word by webhook, its list, and submissions without an answer."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from recado.domain.chats import Author
from recado.domain.errors import Busy, Conflict, Invalid, NotFound
from recado.domain.ids import is_id
from recado.domain.messages import TemplateUpdate
from recado.domain.templates import GOING, Found, Left, Listed, MessageTemplate, adopted, imported, missing, updated
from recado.ports.channels import ChannelStore
from recado.ports.core import Clock, Ids
from recado.ports.reception import ChannelDirectory, ConnectedChannel
from recado.ports.sweeps import Swept
from recado.ports.templates import TemplateProvider, TemplateStore
from recado.services.template_views import status_event

MAX_CHANNELS = 200
MAX_PAGES = 120
SYNC_S = 15.0
"""How long a synchronisation goes on before it says that it is not complete."""
SWEEP_S, LOOK_S = 2.0, 2.0
"""How long a page of the sweep, and the look-up of one template, go on to the next request; one takes 8 s at most."""
_LOOK_AGAIN, _FAILED_AGAIN = timedelta(minutes=5), timedelta(seconds=60)
_TRIES = 5
_SYSTEM = Author("system")
_Key = tuple[str, str]


class Synced(NamedTuple):
    """What a synchronisation did. `complete` False: the time ran out before the end of the list."""

    imported: int
    updated: int
    vanished: int
    complete: bool


class TemplateMirror:
    """Keeps templates as their provider has them. Everything may come twice, late and in any order."""

    def __init__(
        self,
        store: TemplateStore,
        provider: TemplateProvider,
        directory: ChannelDirectory,
        channels: ChannelStore,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._provider = provider
        self._directory = directory
        self._channels = channels
        self._clock = clock
        self._ids = ids

    # -- the provider's own word
    # ------------------------------------------------------------------------------------------

    def apply(self, a: str, channel: ConnectedChannel, update: TemplateUpdate) -> Left | None:
        """Take up what a provider told of a template, on every channel of its account there; why it was left, where
        nobody needed it."""
        outcomes = [self._apply(a, channel_id, update) for channel_id in self._of_account(a, channel, update.account)]
        if None in outcomes:
            return None
        return next((one for one in outcomes if one != "unknown"), "unknown")

    def _of_account(self, a: str, channel: ConnectedChannel, account: str) -> list[str]:
        """The channels of that account at the provider; the one it was told to where that does not know its account."""
        every = self._channels.page(a, MAX_CHANNELS, None)
        of_it = [
            one.id
            for one in every
            if one.type == channel.type and self._provider.account(one.type, one.settings) == account
        ]
        return of_it or ([channel.id] if self._provider.account(channel.type, channel.settings) is None else [])

    def _apply(self, a: str, channel_id: str, update: TemplateUpdate) -> Left | None:
        for _ in range(_TRIES):
            before = self._store.named(a, channel_id, update.name, update.language)
            if before is None:
                before = self._store.with_provider_id(a, channel_id, update.provider_id)
            if before is None:
                return "unknown"
            after = updated(before, update, self._clock.now())
            if isinstance(after, str):
                return after
            if self._changed(a, before, after):
                return None
        raise Busy(f"template {update.provider_id}")

    # -- the provider's list
    # ------------------------------------------------------------------------------------------

    def refresh(self, a: str, template_id: str) -> MessageTemplate:
        """The template as the provider has it now. Raises NotFound, Conflict `provider_refused`, `provider_unclear`."""
        template = self._store.get(a, template_id) if is_id(template_id, "tm", a) else None
        if template is None:
            raise NotFound("There is no such template.")
        channel = self._directory.find(a, template.channel_id, fresh=True)
        if channel is None or channel.state == "removed":
            return template
        return self._looked_up(a, channel, template) or template

    def sync(self, a: str, channel_id: str) -> Synced:
        """Import what there is at the provider, take over what changed, mark what is gone there as DELETED. Raises
        Invalid `/channel_id`, Conflict as above."""
        channel = self._directory.find(a, channel_id, fresh=True) if is_id(channel_id, "ch", a) else None
        if channel is None or channel.state == "removed":
            raise Invalid.field("/channel_id", "not_found", "There is no such channel.")
        if self._provider.limits(channel.type) is None:
            raise Invalid.field("/channel_id", "kind_not_supported", "This channel has no templates.")
        if self._provider.account(channel.type, channel.settings) is None:
            detail = "The channel's settings do not say of which account at the provider its templates are."
            raise Invalid.field("/channel_id", "no_template_account", detail)
        asked_at = self._clock.now()
        mine: dict[_Key, MessageTemplate] = {
            (one.name, one.language): one for one in self._store.of_channel(a, channel.id)
        }
        seen: set[_Key] = set()
        made = moved = 0
        after: str | None = None
        for _ in range(MAX_PAGES):
            page = self._page(channel, None, after)
            for found in page.items:
                key = (found.name, found.language)
                seen.add(key)
                if key not in mine:
                    made += self._import(a, channel.id, found, asked_at)
                else:
                    moved += self._adopt(a, mine[key], found, asked_at)
            after = page.after
            if after is None:
                break
            if (self._clock.now() - asked_at).total_seconds() > SYNC_S:
                break
        if after is not None:
            return Synced(made, moved, 0, False)
        gone = sum(self._lose(a, one, asked_at) for key, one in mine.items() if key not in seen)
        return Synced(made, moved, gone, True)

    def settle_due(self, limit: int) -> Swept:
        """The sweep: submissions without an answer are looked up in the provider's list. One that raises is looked at
        again later, the others are done."""
        now = self._clock.now()
        page = self._store.due(now, limit)
        done = 0
        failed: dict[str, Exception] = {}
        for looked, (a, template_id) in enumerate(page.found):
            if (self._clock.now() - now).total_seconds() > SWEEP_S:
                return Swept(looked, done, True, failed)
            try:
                done += self._settle(a, template_id, now)
            except Exception as error:  # whatever it is, it stops no other template
                failed[template_id] = error
                with suppress(Exception):  # what failed first is told; the template stays due
                    self._store.look_again_at(a, template_id, now + _FAILED_AGAIN)
        return Swept(len(page.found), done, page.more, failed)

    def _settle(self, a: str, template_id: str, now: datetime) -> int:
        template = self._store.get(a, template_id)
        if template is None or template.due is None or template.due > now:
            return 0
        later = replace(template, due=now + _LOOK_AGAIN, version=template.version + 1)
        if not self._store.change(a, template, later, None):  # before the provider is asked: whatever comes of that
            return 0
        channel = self._directory.find(a, template.channel_id)
        if channel is None or channel.state == "removed":
            self._changed(a, later, replace(later, due=None, submission="unknown", version=later.version + 1))
            return 1
        return int(self._looked_up(a, channel, later) is not None)

    def _looked_up(self, a: str, channel: ConnectedChannel, template: MessageTemplate) -> MessageTemplate | None:
        """The template after a look at the provider's list; None when nothing changed."""
        asked_at, after = self._clock.now(), None
        for _ in range(MAX_PAGES):
            page = self._page(channel, template.name, after)
            for found in page.items:
                if (found.name, found.language) == (template.name, template.language):
                    self._adopt(a, template, found, asked_at)
                    return self._store.get(a, template.id)
            after = page.after
            if after is None:
                self._lose(a, template, asked_at)
                return self._store.get(a, template.id)
            if (self._clock.now() - asked_at).total_seconds() > LOOK_S:
                break
        return None

    def _page(self, channel: ConnectedChannel, name: str | None, after: str | None) -> Listed:
        page = self._provider.listed(channel, name, after)
        if isinstance(page, Listed):
            return page
        code = getattr(page, "code", "no_answer")
        title = getattr(page, "title", "The provider did not answer.")
        raise Conflict(
            f"The provider did not list its templates: {title}",
            code="provider_refused",
            extra={"provider_code": code, "provider_title": title},
        )

    def _import(self, a: str, channel_id: str, found: Found, asked_at: datetime) -> int:
        if found.status in GOING:
            return 0
        template = imported(self._ids.new("tm", a), channel_id, found, asked_at, self._clock.now())
        event = status_event(self._ids.new("ev", a), None, template, _SYSTEM)
        return int(self._store.create(a, template, event))

    def _adopt(self, a: str, seen: MessageTemplate, found: Found, asked_at: datetime) -> int:
        for _ in range(_TRIES):
            after = adopted(seen, found, asked_at, self._clock.now())
            if after is None or self._changed(a, seen, after):
                return int(after is not None)
            latest = self._store.get(a, seen.id)
            if latest is None or (latest.submitted_at or asked_at) > asked_at:
                return 0  # it was submitted anew since the list was asked for
            seen = latest
        raise Busy(f"template {seen.id}")

    def _lose(self, a: str, seen: MessageTemplate, asked_at: datetime) -> int:
        after = missing(seen, asked_at, self._clock.now())
        return int(after is not None and self._changed(a, seen, after))

    def _changed(self, a: str, before: MessageTemplate, after: MessageTemplate) -> bool:
        event = status_event(self._ids.new("ev", a), before.status, after, _SYSTEM)
        return self._store.change(a, before, after, event)


def synced_view(synced: Synced) -> Mapping[str, object]:
    """What a synchronisation did, in its public shape."""
    return synced._asdict()
