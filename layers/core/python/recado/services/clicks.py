"""Where a button's link leads: to the channel, with a text that bears the click's tag."""

from __future__ import annotations

from typing import NamedTuple

from recado.domain.buttons import Click, Visit, details_of, is_click, is_code, new_tag, tagged
from recado.ports.buttons import ButtonStore, ClickJournal, ClickLinks, ClickStore, LinkAdapters, Linked
from recado.ports.core import Clock, Ids

_TRIES = 3


class Redirect(NamedTuple):
    """302 with a URL, 404 where nothing is, 410 where there was a channel."""

    status: int
    url: str | None = None


class ClickService:
    """The visitor reaches the company whatever fails: without a tag, then, and so unattributed."""

    def __init__(
        self,
        buttons: ButtonStore,
        clicks: ClickStore,
        adapters: LinkAdapters,
        clock: Clock,
        ids: Ids,
        journal: ClickJournal,
    ) -> None:
        self._buttons = buttons
        self._clicks = clicks
        self._adapters = adapters
        self._clock = clock
        self._ids = ids
        self._journal = journal

    def follow(self, code: str, visit: Visit) -> Redirect:
        """The click is kept before the visitor goes on."""
        linked = self._buttons.linked(code) if is_code(code) else None
        if linked is None:
            return Redirect(404)
        channel = linked.channel
        if channel is None or channel.state == "removed":
            return Redirect(410)
        adapter = self._adapters(channel.type)
        tag = self._tag(linked, visit, adapter)
        url = adapter.click_link(channel.settings, tagged(linked.button.text, tag))
        return Redirect(302, url) if url else Redirect(410)

    def _tag(self, linked: Linked, visit: Visit, adapter: ClickLinks) -> str | None:
        if not is_click(visit, adapter.link_previews):
            return None
        button = linked.button
        try:
            for _ in range(_TRIES):
                tag = new_tag(self._ids.secret())
                click = Click(tag, button.id, button.channel_id, self._clock.now(), details_of(visit))
                if self._clicks.put(linked.account, click):
                    return tag
        except Exception as error:  # whatever storage raises: the visitor goes on
            self._journal.not_kept(button.id, error)
        return None
