"""Removing a channel: asked for, confirmed by a code that an admin got by mail, and then for good (PRODUCT C2)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from recado.domain.access import Caller
from recado.domain.channel_removal import (
    CODE_LIFE,
    Closing,
    OpenChats,
    RemovalCode,
    digits,
    is_code,
    new_code,
    next_code_at,
)
from recado.domain.channels import Channel
from recado.domain.chats import Event
from recado.domain.errors import Busy, Conflict, FieldError, Forbidden, Invalid, NotFound, TooMany, Unreachable
from recado.domain.system_mails import removal_code_mail
from recado.ports.channel_removals import Deregistration, RemovalStore
from recado.ports.channels import ChannelStore
from recado.ports.core import Clock, Ids
from recado.ports.people import AccountStore, Passwords, UserStore
from recado.ports.system_mail import MailNotSent, SystemMail
from recado.services.people_views import channel_view
from recado.services.removed_channels import RemovedChannels

_TRIES = 5
MINUTES = int(CODE_LIFE.total_seconds() // 60)


@dataclass(frozen=True)
class Asked:
    """A removal that waits to be confirmed: until when, by the code that went to which address, and what is open."""

    expires_at: datetime
    sent_to: str
    open_chats: OpenChats


class ChannelRemoval:
    """The channel is removed in one transaction; its open chats are closed after it, here and by the minute's sweep."""

    def __init__(
        self,
        channels: ChannelStore,
        removals: RemovalStore,
        removed: RemovedChannels,
        accounts: AccountStore,
        users: UserStore,
        mail: SystemMail,
        passwords: Passwords,
        deregistration: Deregistration,
        clock: Clock,
        ids: Ids,
        webhook_url: Callable[[Channel], str],
    ) -> None:
        self._channels = channels
        self._removals = removals
        self._removed = removed
        self._accounts = accounts
        self._users = users
        self._mail = mail
        self._passwords = passwords
        self._deregistration = deregistration
        self._clock = clock
        self._ids = ids
        self._webhook_url = webhook_url

    def ask(self, caller: Caller, channel_id: str) -> Asked:
        """Mail a code, which takes the place of an earlier one. 404, 409 `channel_removed`, 429 `too_many_codes`, 502
        `mail_not_sent`."""
        a = caller.account
        channel = self._existing(a, channel_id)
        user = self._users.get(a, caller.user_id) if caller.user_id else None
        if user is None:
            raise Forbidden("There is nobody to send the code to.")
        code = digits(self._ids.secret())
        written = self._write(a, channel_id, self._passwords.hash(code))
        account = self._accounts.get(a)
        mail = removal_code_mail(account.locale if account else "", channel.name, code, MINUTES)
        try:
            self._mail.send(user.email, mail.subject, mail.text)
        except MailNotSent:
            raise Unreachable("The mail with the code could not be sent. Ask again.", code="mail_not_sent") from None
        return Asked(written.expires_at, user.email, self._removed.open_on(a, channel_id))

    def remove(self, caller: Caller, channel_id: str, code: str | None, force: bool) -> None:
        """Remove the channel; nothing to do where it is removed already. 409 `channel_has_open_chats` unless forced,
        which costs no try; 400 `?code`, `wrong_code`; 409 `code_expired`."""
        a = caller.account
        if self._found(a, channel_id).state == "removed":
            return
        if not force:
            self._refuse_open(self._removed.open_on(a, channel_id))
        self._confirm(a, channel_id, code)
        for _ in range(_TRIES):
            channel = self._found(a, channel_id)
            if channel.state == "removed":
                return
            secrets = self._channels.secrets(a, channel_id)
            after = replace(
                channel,
                state="removed",
                address="",
                problems=(),
                token=None,
                due_at=None,
                former={},
                version=channel.version + 1,
            )
            now = self._clock.now()
            data = channel_view(after, self._webhook_url(after), now)
            event = Event(self._ids.new("ev", a), "channel.removed", now, caller.author, data)
            if self._removals.remove(a, channel, after, event, Closing(channel_id, now, due=now)):
                self._deregistration.deregister(channel, secrets)
                with suppress(Exception):  # the channel is removed; the sweep finds the same chats
                    self._removed.look(a, channel_id)
                return
        raise Busy(f"removal of {channel_id}")

    def _write(self, a: str, channel_id: str, code_hash: str) -> RemovalCode:
        for _ in range(_TRIES):
            before = self._removals.code(a, channel_id)
            now = self._clock.now()
            after = new_code(code_hash, before, now)
            if after is None and before is not None:
                wait_s = max(1, round((next_code_at(before) - now).total_seconds()))
                detail = "Too many codes were sent for this channel: wait, as Retry-After says."
                raise TooMany(detail, code="too_many_codes", extra={"retry_after_s": wait_s})
            if after is not None and self._removals.move_code(a, channel_id, before, after):
                return after
        raise Busy(f"removal code of {channel_id}")

    def _confirm(self, a: str, channel_id: str, code: str | None) -> None:
        """Return when the code is right. A try is counted before it is compared, so that no two count as one."""
        if code is None:
            raise Invalid.field("?code", "required", "Ask for the removal; the code comes by mail.")
        if not is_code(code):
            raise Invalid.field("?code", "invalid", "A code has six digits.")
        for _ in range(_TRIES):
            seen = self._removals.code(a, channel_id)
            left = seen.tries_left(self._clock.now()) if seen else 0
            if seen is None or not left:
                detail = "There is no code, or it is over: ask for the removal again."
                error = FieldError("?code", "code_expired", detail)
                raise Conflict(detail, code="code_expired", errors=[error], extra={"tries_left": 0})
            if not self._removals.move_code(a, channel_id, seen, seen.tried()):
                continue
            if self._passwords.matches(seen.code_hash, code):
                return
            detail = "The code is wrong."
            error = FieldError("?code", "wrong_code", detail)
            raise Invalid(detail, code="wrong_code", errors=[error], extra={"tries_left": left - 1})
        raise Busy(f"removal code of {channel_id}")

    def _refuse_open(self, found: OpenChats) -> None:
        if found.none:
            return
        count = f"at least {found.count}" if found.more else str(found.count)
        raise Conflict(
            f"The channel has open chats ({count}). Close them, or remove it with force, which closes them.",
            code="channel_has_open_chats",
            extra={"open_chats": open_chats_view(found)},
        )

    def _found(self, a: str, channel_id: str) -> Channel:
        channel = self._channels.get(a, channel_id)
        if channel is None:
            raise NotFound("There is no such channel.")
        return channel

    def _existing(self, a: str, channel_id: str) -> Channel:
        channel = self._found(a, channel_id)
        if channel.state == "removed":
            raise Conflict("The channel is removed.", code="channel_removed")
        return channel


def open_chats_view(found: OpenChats) -> dict[str, object]:
    """How many chats are open, and the ids of the first; `complete` false: there may be more than were looked at."""
    return {"count": found.count, "ids": [one.id for one in found.chats], "complete": not found.more}
