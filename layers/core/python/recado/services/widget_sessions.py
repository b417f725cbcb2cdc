"""Sessions of the online chat: who may begin one from where, and whom a token or a ticket speaks for. Nothing is
stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from recado.domain.errors import DomainError, Forbidden, TooMany, Unauthenticated
from recado.domain.ids import account_of, is_id
from recado.domain.widget_tokens import (
    TICKET_LIFE,
    TOKEN_LIFE,
    Ticket,
    Visitor,
    anonymous_key,
    channel_of_site,
    channel_of_token,
    external_key,
    is_visitor_id,
    new_visitor_id,
    proves_identity,
    read_ticket,
    read_token,
    ticket_of,
    token_of,
)
from recado.ports.core import Clock, Ids
from recado.ports.reception import ChannelDirectory, ConnectedChannel
from recado.ports.widget import RateLimits

SESSIONS_A_MINUTE = 300
"""From one address to one site: a whole office may share an address."""


@dataclass(frozen=True)
class ToldIdentity:
    """Who the page says its visitor is. Only `external_id` can be proved."""

    external_id: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True)
class OpenedSession:
    """What the page keeps: the token for this session, the id for the next one. `socket_url`: where it may open one
    socket within a minute; None where there are no sockets."""

    token: str
    visitor_id: str
    expires_at: datetime
    socket_url: str | None


class WidgetSessions:
    """A channel is read from what the directory remembers; whatever that refuses is held against a fresh reading, as
    its settings may have been changed a moment ago. `sockets_at`: the address of sockets; None: there are none."""

    def __init__(
        self, channels: ChannelDirectory, limits: RateLimits, clock: Clock, ids: Ids, sockets_at: str | None
    ) -> None:
        self._channels = channels
        self._limits = limits
        self._clock = clock
        self._ids = ids
        self._sockets_at = sockets_at

    def site(self, site_key: str) -> ConnectedChannel | None:
        """The channel of a site key; None when there is none, or none any more."""
        channel = self._find(channel_of_site(site_key))
        return channel if channel and channel.settings.get("site_key") == site_key else None

    def claimed(self, token: str) -> ConnectedChannel | None:
        """The channel that a token or ticket claims to be of, before anything of it is proved."""
        return self._find(channel_of_token(token))

    def allows(self, channel: ConnectedChannel, origin: str | None) -> bool:
        """Whether pages of this origin may use the site. Without an origin no browser of another site is behind it:
        they always tell it."""
        return origin is None or self._current(channel, lambda one: _refused_origin(one, origin)) is None

    def open(
        self,
        channel: ConnectedChannel,
        origin: str | None,
        address: str,
        visitor_id: str | None,
        told: ToldIdentity,
        identity_hash: str | None,
    ) -> OpenedSession:
        """A session. A visitor id that is none of this site's begins a new visitor. `address` is the network's. Raises
        Forbidden `origin_not_allowed`, `identity_required`, `identity_not_proved`; TooMany."""
        refusal = self._current(
            channel, lambda one: _refused_origin(one, origin) or _refused_identity(one, told, identity_hash)
        )
        if refusal is not None:
            raise refusal
        account, now = account_of(channel.id) or "", self._clock.now()
        take(self._limits, account, f"session#{channel.id}#{address}", SESSIONS_A_MINUTE, now)
        [secret, *_] = channel.secrets["token_secret"]
        if visitor_id is None or not is_visitor_id(secret, visitor_id):
            visitor_id = new_visitor_id(secret, self._ids.secret())
        proved = told.external_id if channel.secrets.get("site_secret") else None
        key = anonymous_key(visitor_id) if proved is None else external_key(proved)
        visitor = Visitor(channel.id, key, proved, told.name, told.email, told.phone)
        expires_at = now + TOKEN_LIFE
        socket_url = None
        if self._sockets_at is not None:
            socket_url = (
                f"{self._sockets_at}?ticket={ticket_of(visitor, secret, self._ids.secret(), now + TICKET_LIFE)}"
            )
        return OpenedSession(token_of(visitor, secret, expires_at), visitor_id, expires_at, socket_url)

    def visitor(self, channel: ConnectedChannel, origin: str | None, token: str) -> Visitor:
        """Whom the token speaks for. Raises Unauthenticated, Forbidden `origin_not_allowed`."""
        visitor = read_token(token, channel.secrets["token_secret"], self._clock.now())
        if visitor is None:
            raise no_session()
        self._check_origin(channel, origin)
        return visitor

    def ticket(self, text: str, origin: str | None) -> Ticket:
        """Whose socket the ticket opens; whether it was used, the sockets know. Raises Unauthenticated, Forbidden
        `origin_not_allowed`."""
        channel = self.claimed(text)
        ticket = read_ticket(text, channel.secrets["token_secret"], self._clock.now()) if channel else None
        if channel is None or ticket is None:
            raise no_session()
        self._check_origin(channel, origin)
        return ticket

    def _check_origin(self, channel: ConnectedChannel, origin: str | None) -> None:
        refusal = self._current(channel, lambda one: _refused_origin(one, origin))
        if refusal is not None:
            raise refusal

    def _current(
        self, channel: ConnectedChannel, refused: Callable[[ConnectedChannel], DomainError | None]
    ) -> DomainError | None:
        """Why the channel refuses, as it is now."""
        refusal = refused(channel)
        if refusal is None:
            return None
        renewed = self._find(channel.id, fresh=True)
        return refused(renewed) if renewed else refusal

    def _find(self, channel_id: str | None, fresh: bool = False) -> ConnectedChannel | None:
        a = account_of(channel_id) if channel_id else None
        if a is None or not is_id(channel_id, "ch", a):
            return None
        channel = self._channels.find(a, channel_id or "", fresh)
        known = channel is not None and channel.state != "removed" and channel.secrets.get("token_secret")
        return channel if known else None


def take(limits: RateLimits, a: str, what: str, most: int, now: datetime) -> None:
    """Raises TooMany with `retry_after_s` when it was done too often."""
    wait_s = limits.take(a, what, most, now)
    if wait_s is not None:
        raise TooMany("This was done too often. Wait, then try again.", extra={"retry_after_s": wait_s})


def no_session() -> Unauthenticated:
    """Of whatever is wrong with a token."""
    return Unauthenticated("Begin a session with `POST /widget/sessions` and send its token.")


def _refused_origin(channel: ConnectedChannel, origin: str | None) -> DomainError | None:
    if origin is None or origin in channel.settings.get("allowed_origins", ()):
        return None
    return Forbidden("Pages of this origin may not use this site.", code="origin_not_allowed")


def _refused_identity(channel: ConnectedChannel, told: ToldIdentity, identity_hash: str | None) -> DomainError | None:
    secrets = channel.secrets.get("site_secret", ())
    if told.external_id is None:
        if channel.settings.get("identity_required"):
            return Forbidden("This site's chat is for visitors whom it knows.", code="identity_required")
        return None
    if secrets and not proves_identity(secrets, told.external_id, identity_hash or ""):
        return Forbidden("identity_hash does not prove this external_id.", code="identity_not_proved")
    return None
