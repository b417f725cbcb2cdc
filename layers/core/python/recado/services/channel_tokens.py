"""Access tokens of channels: renewed before they end where the provider does that, else told of in time (PRODUCT C3).

A look is decided from what stands when it is made, and every step is written from the version of the channel that was
read: two looks at once renew once and tell once. A renewal is claimed first; one whose answer was lost does no harm, as
the old token goes on holding until its own end, and is tried again after a day."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from recado.domain import tokens
from recado.domain.channels import Channel
from recado.domain.chats import Author, Event
from recado.domain.errors import Busy, Conflict, NotFound, Unreachable
from recado.domain.messages import Rejected, Renewed
from recado.domain.tokens import Token
from recado.ports.channel_tokens import DueChannels, ProviderTokens
from recado.ports.channels import ChannelStore, Secrets
from recado.ports.core import Clock, ConnectFailed, Ids, NoAnswer
from recado.ports.sweeps import Swept
from recado.services.people_views import channel_view
from recado.services.views import moment

AT_ONCE = 16
LOOK_S = 2.0
"""Channels looked at in a page, and how long it goes on to the next one: each may wait for its provider, 8 s at most,
and a page has to end in the reserve of the tick."""
ASK_AGAIN = timedelta(hours=1)
_FAILED_AGAIN = timedelta(seconds=60)
_TRIES = 5


@dataclass(frozen=True)
class Tested:
    """What a channel's provider said; `ok` None: there was nothing to ask."""

    ok: bool | None
    detail: str


class ChannelTokens:
    """Looks at channels whose tokens are due, and what people ask for about them."""

    def __init__(
        self,
        channels: ChannelStore,
        due: DueChannels,
        provider: ProviderTokens,
        clock: Clock,
        ids: Ids,
        webhook_url: Callable[[Channel], str],
    ) -> None:
        self._channels = channels
        self._due = due
        self._provider = provider
        self._clock = clock
        self._ids = ids
        self._webhook_url = webhook_url

    def view(self, channel: Channel) -> dict[str, Any]:
        """The channel as it is shown, with what its token is called now."""
        return channel_view(channel, self._webhook_url(channel), self._clock.now())

    def look_due(self, limit: int) -> Swept:
        """Look at a page of channels; one that raises is looked at again in a minute, the others are done."""
        now = self._clock.now()
        page = self._due.due(now, min(limit, AT_ONCE))
        failed: dict[str, Exception] = {}
        done = 0
        for looked, (a, channel_id) in enumerate(page.found):
            if (self._clock.now() - now).total_seconds() > LOOK_S:
                return Swept(looked, done, True, failed)
            try:
                done += self.look(a, channel_id)
            except Exception as error:  # whatever it is, it stops no other channel
                failed[channel_id] = error
                with suppress(Exception):  # what failed first is told; the channel stays due
                    self._due.look_again_at(a, channel_id, now + _FAILED_AGAIN)
        return Swept(len(page.found), done, page.more, failed)

    def look(self, a: str, channel_id: str) -> bool:
        """Do what is due about a channel's token. Raises Busy after five lost races."""
        for _ in range(_TRIES):
            channel, now = self._channels.get(a, channel_id), self._clock.now()
            if channel is None or channel.token is None or channel.due_at is None:
                return False
            if channel.due_at > now:  # the index told an older time: a look that failed had put it off
                self._due.look_again_at(a, channel_id, channel.due_at)
                return False
            secrets = self._channels.secrets(a, channel_id)
            token = channel.token
            min_age = self._min_age(channel, secrets)
            if token.ask_at is not None and now >= token.ask_at:
                token = self._asked(channel, token, secrets, now)
            elif min_age is not None and tokens.wants_renewal(token, min_age, now):
                claimed = self._claim(a, channel, token, now)
                if claimed is None:
                    continue
                outcome = self._renewal(claimed, secrets)
                if isinstance(outcome, Renewed):
                    self._store(a, claimed, secrets, outcome)
                    return True
                channel, token = claimed, _after_refusal(outcome, replace(token, tried_at=now), now)
            if self._tell(a, channel, token, min_age, now):
                return True
        raise Busy(f"token of {channel_id}")

    def renew(self, a: str, channel_id: str) -> Channel:
        """Renew now. 404; 409 `channel_removed`, `not_renewable`, `token_expired`, `too_early` with when,
        `renewal_in_progress`, `renewal_refused`; 502 `provider_unreachable`."""
        for _ in range(_TRIES):
            channel, now = self._existing(a, channel_id), self._clock.now()
            secrets = self._channels.secrets(a, channel_id)
            token = self._renewable(channel, secrets, now)
            claimed = self._claim(a, channel, token, now)
            if claimed is None:
                continue
            outcome = self._renewal(claimed, secrets)
            if isinstance(outcome, Renewed):
                return self._store(a, claimed, secrets, outcome)
            if outcome is None:
                raise Unreachable("The provider did not answer. Try again.", code="provider_unreachable")
            told = _after_refusal(outcome, replace(token, tried_at=now), now)
            self._tell(a, claimed, told, self._min_age(channel, secrets), now)
            raise Conflict(outcome.failure.title, code="renewal_refused")
        raise Busy(f"token of {channel_id}")

    def test(self, a: str, channel_id: str) -> Tested:
        """Ask the channel's provider something harmless. 404, 409 `channel_removed`."""
        channel = self._existing(a, channel_id)
        try:
            said = self._provider.probe(channel.type, channel.settings, self._channels.secrets(a, channel_id))
        except (ConnectFailed, NoAnswer):
            return Tested(False, "The provider did not answer.")
        if said is None:
            return Tested(None, "This channel's provider cannot be asked, or a secret for it is missing.")
        return Tested(said.ok, said.detail)

    def refused(self, a: str, channel_id: str, used: Secrets) -> None:
        """A send was refused because the token does not hold: from now on it has ended. Not so when it is another one
        by now."""
        for _ in range(_TRIES):
            channel, now = self._channels.get(a, channel_id), self._clock.now()
            if channel is None or channel.token is None or tokens.state_of(channel.token, now) == "expired":
                return
            name = self._provider.secret(channel.type) or ""
            secrets = self._channels.secrets(a, channel_id)
            if secrets.get(name) != used.get(name):
                return
            if self._tell(a, channel, tokens.ended(channel.token, now), self._min_age(channel, secrets), now):
                return
        raise Busy(f"token of {channel_id}")

    # -- steps ---------------------------------------------------------------------------------------------------------

    def _min_age(self, channel: Channel, secrets: Secrets) -> timedelta | None:
        return self._provider.min_age(channel.type, channel.settings, secrets)

    def _existing(self, a: str, channel_id: str) -> Channel:
        channel = self._channels.get(a, channel_id)
        if channel is None:
            raise NotFound("There is no such channel.")
        if channel.state == "removed":
            raise Conflict("The channel is removed.", code="channel_removed")
        return channel

    def _renewable(self, channel: Channel, secrets: Secrets, now: datetime) -> Token:
        token, min_age = channel.token, self._min_age(channel, secrets)
        if token is None or min_age is None:
            detail = "The provider does not renew this channel's token: give a new one in access_token."
            raise Conflict(detail, code="not_renewable")
        if tokens.state_of(token, now) == "expired":
            raise Conflict("The token has ended: give a new one in access_token.", code="token_expired")
        earliest = tokens.renewable_at(token, min_age)
        if now < earliest:
            detail = "The provider does not renew so young a token."
            raise Conflict(detail, code="too_early", extra={"renewable_at": moment(earliest)})
        if tokens.is_claimed(token, now):
            raise Conflict("The token is being renewed already.", code="renewal_in_progress")
        return token

    def _claim(self, a: str, channel: Channel, token: Token, now: datetime) -> Channel | None:
        """The channel whose renewal is ours to make; None when it moved. Who dies now is found by its time."""
        claimed = replace(
            channel,
            token=replace(token, tried_at=now),
            due_at=now + timedelta(seconds=tokens.CLAIM_S),
            version=channel.version + 1,
        )
        return claimed if self._channels.change(a, channel, claimed, None) else None

    def _renewal(self, channel: Channel, secrets: Secrets) -> Renewed | Rejected | None:
        """What the provider says; None when it did not answer."""
        try:
            return self._provider.renew(channel.type, channel.settings, secrets)
        except (ConnectFailed, NoAnswer):
            return None

    def _store(self, a: str, channel: Channel, used: Secrets, renewed: Renewed) -> Channel:
        """The channel with its new token, unless somebody gave it another one meanwhile."""
        name = self._provider.secret(channel.type) or ""
        for _ in range(_TRIES):
            now, secrets = self._clock.now(), self._channels.secrets(a, channel.id)
            if channel.state == "removed" or secrets.get(name) != used.get(name):
                return channel
            kept = {**secrets, name: (renewed.token,)}
            life = timedelta(seconds=renewed.expires_in_s) if renewed.expires_in_s else None
            token = tokens.fresh(life or self._provider.life(channel.type, kept), now)
            if life is not None:
                token = replace(token, assumed=False)
            due = tokens.next_look(token, self._min_age(channel, kept), now)
            after = replace(channel, token=token, due_at=due, version=channel.version + 1)
            if self._channels.change(a, channel, after, kept):
                return after
            channel = self._channels.get(a, channel.id) or channel
        raise Busy(f"token of {channel.id}")

    def _asked(self, channel: Channel, token: Token, secrets: Secrets, now: datetime) -> Token:
        """The token with what its provider says of it."""
        try:
            said = self._provider.probe(channel.type, channel.settings, secrets)
        except (ConnectFailed, NoAnswer):
            return replace(token, ask_at=now + ASK_AGAIN)
        known = replace(token, ask_at=None)
        if said is None or not said.told:
            return known
        if not said.ok:
            return tokens.ended(known, now)
        return replace(known, expires_at=said.expires_at, issued_at=said.issued_at or token.issued_at)

    def _tell(self, a: str, channel: Channel, token: Token, min_age: timedelta | None, now: datetime) -> bool:
        """Write what is known of the token, when to look again and, once, what the account is to be told. False when
        the channel moved."""
        days = tokens.reminder(token, now)
        told = token if days is None else replace(token, told=days)
        due = tokens.next_look(told, min_age, now)
        after = replace(channel, token=told, due_at=due, version=channel.version + 1)
        events = [] if days is None else [self._event(a, after, days, now)]
        return self._channels.change(a, channel, after, None, events)

    def _event(self, a: str, channel: Channel, days: int, now: datetime) -> Event:
        data = channel_view(channel, self._webhook_url(channel), now)
        if days == 0:
            return Event(self._ids.new("ev", a), "channel.token_expired", now, Author("system"), data)
        data["days_left"] = days
        return Event(self._ids.new("ev", a), "channel.token_expiring", now, Author("system"), data)


def _after_refusal(outcome: Rejected | None, token: Token, now: datetime) -> Token:
    """The token after a renewal that came to nothing: over, when the provider says that it does not hold."""
    over = outcome is not None and outcome.failure.klass == "pause_channel"
    return tokens.ended(token, now) if over else token
