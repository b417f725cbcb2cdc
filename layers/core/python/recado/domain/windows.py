"""The message window (J1): how long after the customer's last message a company may write freely. One policy for every
sender.

It slides: each message of the customer renews it, none of the company's does. How long it is and what may be sent
later is the channel's rule; a channel without a rule has no window.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol


class WindowRule(Protocol):
    """A channel's rule: `seconds` from the customer's last message; `after` are the kinds that may be sent later
    too."""

    @property
    def seconds(self) -> int: ...

    @property
    def after(self) -> frozenset[str]: ...


def window_expires_at(rule: WindowRule | None, last_inbound_at: datetime | None) -> datetime | None:
    """The moment from which the window is shut. None: the channel has no window, or the customer never wrote."""
    if rule is None or last_inbound_at is None:
        return None
    return last_inbound_at + timedelta(seconds=rule.seconds)


def may_send(rule: WindowRule | None, kind: str, last_inbound_at: datetime | None, now: datetime) -> bool:
    """Whether a message of this kind (`template` for one) may be sent now. The window is shut from its last moment
    on."""
    if rule is None or kind in rule.after:
        return True
    expires_at = window_expires_at(rule, last_inbound_at)
    return expires_at is not None and now < expires_at
