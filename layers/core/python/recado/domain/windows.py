"""The message window (J1): how long after the customer's last message a company may write freely. One policy for every
sender.

It slides: each message of the customer renews it, none of the company's does. How long it is and what may be sent
later is the channel's rule; a channel without a rule has no window. Some channels have a longer stretch from the same
moment, in which only what a person of the company writes is taken: no flow, no task, nothing of the system's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, Protocol

MaySend = Literal["free", "human_only", "template_only", "nothing"]
"""free: whatever the channel can · human_only: what a person writes · template_only · nothing: they must write
first."""


class WindowRule(Protocol):
    """A channel's rule: `seconds` from the customer's last message; `after` are the kinds that may be sent later too;
    `human_seconds`, from the same moment, is how long a person may write."""

    @property
    def seconds(self) -> int: ...

    @property
    def after(self) -> frozenset[str]: ...

    @property
    def human_seconds(self) -> int | None: ...


def window_expires_at(rule: WindowRule | None, last_inbound_at: datetime | None) -> datetime | None:
    """The moment from which the window is shut. None: the channel has no window, or the customer never wrote."""
    if rule is None or last_inbound_at is None:
        return None
    return last_inbound_at + timedelta(seconds=rule.seconds)


def human_window_expires_at(rule: WindowRule | None, last_inbound_at: datetime | None) -> datetime | None:
    """The moment from which a person may not write either. None: the channel has no such stretch, or the customer never
    wrote."""
    if rule is None or rule.human_seconds is None or last_inbound_at is None:
        return None
    return last_inbound_at + timedelta(seconds=rule.human_seconds)


def may_send(
    rule: WindowRule | None, kind: str, last_inbound_at: datetime | None, now: datetime, human: bool = False
) -> bool:
    """Whether a message of this kind (`template` for one) may be sent now, written by a person or not. A window is shut
    from its last moment on."""
    if rule is None or kind in rule.after:
        return True
    expires_at = window_expires_at(rule, last_inbound_at)
    if human:
        expires_at = human_window_expires_at(rule, last_inbound_at) or expires_at
    return expires_at is not None and now < expires_at


def what_may_be_sent(rule: WindowRule | None, last_inbound_at: datetime | None, now: datetime) -> MaySend:
    """What may be sent now, the freest that there is."""
    if may_send(rule, "text", last_inbound_at, now):
        return "free"
    if may_send(rule, "text", last_inbound_at, now, human=True):
        return "human_only"
    return "template_only" if may_send(rule, "template", last_inbound_at, now) else "nothing"


def sent_as_human_agent(
    rule: WindowRule | None, kind: str, last_inbound_at: datetime | None, now: datetime, human: bool
) -> bool:
    """Whether a message may be sent only because a person wrote it, which the provider wants to be told. A person's
    message that waited until the longer stretch was over is told so too: the provider refuses it then."""
    if not human or rule is None or rule.human_seconds is None:
        return False
    return not may_send(rule, kind, last_inbound_at, now)
