"""Telephone calls: what a provider tells of one, what is known of it, and what the caller hears next. Pure.

What is known only grows (answered, ended, recorded, how long), and the state that people see follows from it: signals
may come twice and in any order. A call is level-triggered: each step is decided from the call and its chat as they
stand, so that a step which is asked for again, as its answer was lost, is given again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from recado.domain.chats import Chat
from recado.domain.messages import InboundMessage

Stage = Literal["menu", "waiting", "dialling", "voicemail"]
CallState = Literal["ringing", "in_progress", "completed", "missed", "voicemail"]

MENU_TRIES = 2
"""How often a menu is said before the channel's own department takes the call."""
DEFAULT_WAIT_S = 60
RING_S = 20
"""How long an agent's telephone rings."""
POLL_S = 3
"""How long a waiting caller hears nothing between two looks."""
VOICEMAIL_S = 300
KEPT_DAYS = 30
LASTS_AT_MOST = timedelta(hours=5)
"""A call of which nothing more was told for so long has ended: providers cut one that is talked after four hours, and a
caller who waits hears something of us all the time."""


class Recording(NamedTuple):
    """A recording that can be fetched. `voicemail`: the caller spoke to nobody."""

    id: str
    voicemail: bool
    message: InboundMessage


class CallSignal(NamedTuple):
    """What one request of the provider tells of a call. `asks`: it waits to hear what comes next."""

    call_id: str
    asks: bool
    message: InboundMessage | None
    """The call as the message it becomes; None where the caller is not named."""
    resumed: bool = False
    """The caller has heard something of us before."""
    digits: str | None = None
    dialled: Literal["talked", "not_answered"] | None = None
    """What became of the agent's telephone, once that is over."""
    answered: bool = False
    """An agent's telephone was answered."""
    ended: bool = False
    spoke: bool = False
    """The caller has left a message."""
    duration_s: int | None = None
    talk_s: int | None = None
    recording: Recording | None = None


class MenuOption(NamedTuple):
    """A key, what it stands for, and where it leads."""

    digit: str
    label: str
    department_id: str


class CallPlan(NamedTuple):
    """How a channel takes calls."""

    language: str
    greeting: str | None = None
    options: tuple[MenuOption, ...] = ()
    wait_s: int = DEFAULT_WAIT_S
    record: bool = False

    def department_of(self, digit: str | None) -> str | None:
        """Where a key leads; None for one that the menu does not have."""
        return next((one.department_id for one in self.options if one.digit == digit), None)


class Menu(NamedTuple):
    """Say the menu and wait for a key."""

    again: bool


class Greet(NamedTuple):
    """Say the greeting."""


class Hold(NamedTuple):
    """Let the caller wait, then ask again. `first`: tell them so."""

    seconds: int
    first: bool


class Dial(NamedTuple):
    """Let an agent's telephone ring and connect the caller when it is answered."""

    phone: str
    ring_s: int
    record: bool


class Voicemail(NamedTuple):
    """Say that nobody is there, or what the department says when it is closed, and record the caller."""

    away: str | None
    seconds: int


class Goodbye(NamedTuple):
    """Thank for the message and hang up."""


class HangUp(NamedTuple):
    """End the call."""


Step = Menu | Greet | Hold | Dial | Voicemail | Goodbye | HangUp


@dataclass(frozen=True)
class Call:
    """One call of a customer, CALL. `sender`, `seq`, `message_id` and `chat_id`: the message that shows it, once it has
    a department. `agent_id`: whose telephone rang last; `answered_by`: who talked. `version` 0: not stored yet."""

    id: str
    channel_id: str
    begun_at: datetime
    stage: Stage = "menu"
    asked: int = 0
    sender: str = ""
    seq: int = 0
    message_id: str = ""
    chat_id: str = ""
    waits_since: datetime | None = None
    agent_id: str | None = None
    answered_at: datetime | None = None
    answered_by: str | None = None
    ended_at: datetime | None = None
    voicemail_id: str | None = None
    duration_s: int | None = None
    talk_s: int | None = None
    version: int = 0

    @property
    def joined(self) -> bool:
        """Whether the call is a message of a chat."""
        return self.seq > 0

    @property
    def state(self) -> CallState:
        """What people see of it."""
        if self.answered_at is not None:
            return "completed" if self.ended_at is not None else "in_progress"
        if self.voicemail_id is not None:
            return "voicemail"
        return "missed" if self.ended_at is not None else "ringing"

    def payload(self) -> dict[str, Any]:
        """The payload of the message that shows it."""
        told = {"duration_s": self.duration_s, "talk_s": self.talk_s, "answered_by": self.answered_by}
        known = {name: value for name, value in told.items() if value is not None}
        return {"call_sid": self.id, "direction": "inbound", "state": self.state, **known}

    def waited(self, now: datetime) -> timedelta:
        """How long the caller has waited for an agent."""
        return now - (self.waits_since or now)


def open_until(call: Call) -> datetime | None:
    """When a call counts as ended though nobody told so; None once it has ended."""
    return None if call.ended_at is not None else (call.answered_at or call.begun_at) + LASTS_AT_MOST


def learned(call: Call, signal: CallSignal, now: datetime) -> Call:
    """The call with what a signal tells of it. Nothing known is taken back."""
    answers = (signal.answered or signal.dialled == "talked") and call.answered_at is None and call.agent_id is not None
    ends = (signal.ended or signal.dialled == "talked") and call.ended_at is None
    recording = signal.recording
    heard = recording is not None and recording.voicemail and call.voicemail_id is None
    talk_s = call.talk_s if signal.talk_s is None else signal.talk_s
    durations = (signal.duration_s, call.duration_s, talk_s)
    return replace(
        call,
        answered_at=now if answers else call.answered_at,
        answered_by=call.agent_id if answers else call.answered_by,
        ended_at=now if ends else call.ended_at,
        voicemail_id=recording.id if heard and recording else call.voicemail_id,
        talk_s=talk_s,
        duration_s=next((one for one in durations if one is not None), None),
    )


def chosen(call: Call, signal: CallSignal, plan: CallPlan, own: str) -> tuple[Call, str | None]:
    """The call after its menu, and the department that takes it; None while the menu is still to be answered. `own`:
    the channel's department, for callers who choose nothing. A first request that comes again is no wrong key."""
    if not plan.options:
        return call, own
    department_id = plan.department_of(signal.digits)
    if department_id is not None:
        return call, department_id
    if not signal.resumed and signal.digits is None:
        return replace(call, asked=1), None
    asked = call.asked + 1
    return replace(call, asked=asked), None if asked <= MENU_TRIES else own


class Surroundings(NamedTuple):
    """What a waiting call depends on. `phone`: that of the agent who has the chat, None while they cannot be reached;
    `staffed`: somebody of the department is at work."""

    chat: Chat | None
    phone: str | None
    open: bool
    staffed: bool
    away: str | None = None


def while_waiting(call: Call, plan: CallPlan, around: Surroundings, now: datetime) -> tuple[Call, Step]:
    """What a caller hears next who waits for an agent: the agent's telephone rings as soon as the chat is somebody's;
    nobody waits where nobody can come, or longer than the channel says."""
    chat = around.chat
    served = chat is not None and chat.situation == "in_service"
    if chat is not None and served and around.phone is not None and around.open:
        return replace(call, stage="dialling", agent_id=chat.agent_id), Dial(around.phone, RING_S, plan.record)
    ended = chat is None or chat.situation == "closed"
    late = call.waited(now) >= timedelta(seconds=plan.wait_s)
    if ended or late or not around.open or not (served or around.staffed):
        return replace(call, stage="voicemail"), Voicemail(None if around.open else around.away, VOICEMAIL_S)
    return replace(call, stage="waiting"), Hold(POLL_S, first=call.stage == "menu")
