"""/v1/chats: lists, one chat, what people do with it, its receipts; and the chats of a contact."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec

from recado.api.bodies import Body, LongText, Meta, Nothing, PublicId, Query
from recado.api.calls import Found
from recado.api.chat_compat import AnySituation, AskedCompat, AskedSituation, situation_meant, spelled
from recado.api.routes import Call, Resource
from recado.api.rules import EVERYONE, STAFF, may
from recado.domain.agents import Standing
from recado.domain.chats import Chat
from recado.domain.errors import FieldError, Invalid
from recado.domain.events import AssignedBecause
from recado.domain.flow_starts import FlowStart
from recado.domain.ids import is_id
from recado.domain.windows import MaySend
from recado.ports.chats import ChatFilter

chats = Resource("chats")

Outcome = Standing | Literal["chosen", "did_not_start"]
Rating = Literal[1, 2, 3, 4, 5]
Variables = Annotated[dict[str, Any], Meta(max_length=50)]
Moment = Annotated[str, Meta(max_length=40)]
_MOMENT = "a moment with its zone (RFC 3339), or a day (YYYY-MM-DD) of UTC"
_KINDS = {"department_id": "dp", "agent_id": "us", "channel_id": "ch", "contact_id": "ct"}


class ChatQuery(Query, frozen=True):
    situation: AskedSituation = None
    compat: AskedCompat = None
    department_id: PublicId | None = None
    agent_id: PublicId | None = None
    channel_id: PublicId | None = None
    contact_id: PublicId | None = None
    from_: Annotated[
        Moment | None, Meta(description=f"Opened then or later: {_MOMENT}, which counts from its beginning.")
    ] = msgspec.field(name="from", default=None)
    to: Annotated[Moment | None, Meta(description=f"Opened then or before: {_MOMENT}, which counts to its end.")] = None
    q: Annotated[
        Annotated[str, Meta(max_length=200)] | None,
        Meta(description="A chat's id, or what contacts are found by; with `contact_id`, a part of what was said."),
    ] = None


class ContactChatQuery(Query, frozen=True):
    situation: AskedSituation = None
    compat: AskedCompat = None


class OneChatQuery(Query, frozen=True):
    compat: AskedCompat = None


class FeedbackShape(msgspec.Struct):
    """What the customer said of the chat when asked."""

    rating: int
    comment: str | None


class ChatShape(msgspec.Struct):
    """One conversation from its opening to its close, with what its thread knows of the messages. `flow_id`,
    `execution_id`: of the flow that leads an automatic one, and the execution in which it does."""

    id: str
    contact_id: str
    channel_id: str
    channel_type: str
    department_id: str
    agent_id: str | None
    situation: AnySituation
    opened_at: str
    queued_at: str | None
    assigned_at: str | None
    started_at: str | None
    closed_at: str | None
    reopened_at: str | None
    last_message_at: str | None
    last_inbound_at: str | None
    window_expires_at: str | None
    may_send: MaySend
    unread: int
    flow_id: str | None
    execution_id: str | None
    workflow_step_id: str | None
    tabulation_id: str | None
    attribution: dict[str, Any]
    feedback: FeedbackShape | None
    version: int


class CandidateShape(msgspec.Struct):
    """A member at whom was looked: `chosen`, or what stood against giving them the chat. `did_not_start`: they had it
    and did not start it in time. `load`: how many chats they had before."""

    agent_id: str
    outcome: Outcome
    load: int
    cap: int | None


class ReceiptShape(msgspec.Struct):
    """Why a chat went to whom it went; `agent_id` null: why it could go to nobody. `turn`: which turn of the
    department it was, 0 when it was taken or given by hand. `candidates`: at whom was looked, in the order of
    turns; `not_listed`: how many more were passed over. `load_after`: how many chats the agent had then.

    `cause`: what gave it. `last_agent`: who served the customer last comes first; `assumed`, `transferred`,
    `reopened`, `started`: somebody did so; else it was their turn, and the cause is what set that off: the chat
    came to wait (`chat_waits`, `queued`, `overflow`, `not_started`, `unattended`, `agent_gone`,
    `automatic_timeout`, `department_gone`), an agent became free (`agent_free`, `agent_returned`, `cap_raised`,
    `member_changed`, `slot_freed`), the department changed or began to work (`department_changed`,
    `department_opened`, `distribution_enabled`), a check mended something (`reconciled`), or nothing told (`look`)."""

    chat_id: str
    decided_at: str
    department_id: str
    agent_id: str | None
    turn: int
    candidates: list[CandidateShape]
    not_listed: int
    load_after: int | None
    cause: AssignedBecause


class ClosingBody(Body, frozen=True):
    """`feedback`: the customer is going to be asked, which the event tells whoever does so."""

    tabulation_id: PublicId | None = None
    comment: LongText | None = None
    feedback: bool = False


class TransferBody(Body, frozen=True):
    """Exactly one of the two: who gets the chat, or the department in which it waits."""

    one_of = ("agent_id", "department_id")
    agent_id: PublicId | None = None
    department_id: PublicId | None = None


class StartBody(Body, frozen=True):
    channel_id: PublicId


class StepPlace(Body, frozen=True):
    """Null: at no step."""

    step_id: PublicId | None


class FlowBody(Body, frozen=True):
    """`variables`: what the flow begins with, by names of small letters, digits and _; texts, numbers, true, false."""

    flow_id: PublicId
    variables: Variables = msgspec.field(default_factory=dict)


class TabulationPlace(Body, frozen=True):
    """Null: under none."""

    tabulation_id: PublicId | None


class FeedbackBody(Body, frozen=True):
    rating: Rating
    comment: LongText | None = None


@chats.get("/v1/chats", may("chats:read", *EVERYONE), query=ChatQuery, paged=str, answers=ChatShape)
def list_chats(call: Call) -> Any:
    """Chats that the caller may see, newest first. With `q` those of the contacts whom it finds, or of that id; of a
    contact (`contact_id`), those in which a message holds it. A page may be short before the end: go on while there is
    a cursor."""
    wanted, text = _filter(call.caller.account, call.query), (call.query.q or "").strip()
    if call.query.contact_id:
        wanted = replace(
            wanted, contact_ids=call.services.contact_service.family_of(call.caller, call.query.contact_id)
        )
    if text:
        page, following = call.services.chat_search.page(call.caller, wanted, text, call.limit, call.after)
    else:
        page, following = call.services.chat_service.page(call.caller, wanted, call.limit, call.after)
    return call.list([spelled(_now(call, one), call.query.compat) for one in page], following)


@chats.get(
    "/v1/contacts/{contact_id}/chats", may("chats:read", *STAFF), query=ContactChatQuery, paged=str, answers=ChatShape
)
def list_contact_chats(call: Call, contact_id: str) -> Any:
    """The chats of a contact that the caller may see, newest first."""
    family = call.services.contact_service.family(call.caller, contact_id)
    wanted = ChatFilter(situation=situation_meant(call.query.situation, call.query.compat), contact_ids=family)
    page, following = call.services.chat_service.page(call.caller, wanted, call.limit, call.after)
    return call.list([spelled(_now(call, one), call.query.compat) for one in page], following)


@chats.post(
    "/v1/contacts/{contact_id}/chats",
    may("chats:write", *STAFF),
    body=StartBody,
    answers=ChatShape,
    status=201,
    finds=True,
    problems=("channel_unusable", "cannot_start", "agent_at_cap", "another_chat_open"),
)
def start_chat(call: Call, contact_id: str) -> Any:
    """Start a chat with a contact on a channel; 200 with the open one where there is one."""
    started = call.services.chat_starting.start(call.caller, contact_id, call.body.channel_id)
    view = _view(call, started.chat)
    return Found(view) if started.was_open else view


@chats.get("/v1/chats/{chat_id}", may("chats:read", *EVERYONE), query=OneChatQuery, answers=ChatShape)
def get_chat(call: Call, chat_id: str) -> Any:
    """One chat."""
    return spelled(_now(call, call.services.chat_service.get(call.caller, chat_id)), call.query.compat)


@chats.post(
    "/v1/chats/{chat_id}/assume",
    may("chats:write", *EVERYONE),
    body=Nothing,
    answers=ChatShape,
    problems=("no_user", "not_your_chat", "chat_taken", "agent_at_cap", "chat_moved", "chat_closed"),
)
def assume_chat(call: Call, chat_id: str) -> Any:
    """Take a waiting chat, or start the one that was given."""
    return _view(call, call.services.chat_actions.assume(call.caller, chat_id))


@chats.post(
    "/v1/chats/{chat_id}/queue",
    may("chats:write", *EVERYONE),
    body=Nothing,
    answers=ChatShape,
    problems=("not_your_chat", "already_queued", "chat_moved", "chat_closed"),
)
def queue_chat(call: Call, chat_id: str) -> Any:
    """Put the chat back in its department's queue."""
    return _view(call, call.services.chat_actions.queue(call.caller, chat_id))


@chats.post(
    "/v1/chats/{chat_id}/close",
    may("chats:write", *EVERYONE),
    body=ClosingBody,
    answers=ChatShape,
    problems=("not_your_chat", "already_closed", "chat_moved"),
)
def close_chat(call: Call, chat_id: str) -> Any:
    """End the chat."""
    body = call.body
    return _view(
        call,
        call.services.chat_actions.close(call.caller, chat_id, body.tabulation_id, body.comment, body.feedback),
    )


@chats.post(
    "/v1/chats/{chat_id}/reopen",
    may("chats:write", *EVERYONE),
    body=Nothing,
    answers=ChatShape,
    problems=(
        "not_your_chat",
        "reopen_not_allowed",
        "channel_unusable",
        "another_chat_open",
        "agent_at_cap",
        "already_open",
        "chat_moved",
    ),
)
def reopen_chat(call: Call, chat_id: str) -> Any:
    """Open a closed chat again, where its department allows it."""
    return _view(call, call.services.chat_actions.reopen(call.caller, chat_id))


@chats.post(
    "/v1/chats/{chat_id}/read",
    may("chats:write", *EVERYONE),
    body=Nothing,
    answers=ChatShape,
    problems=("not_your_chat",),
)
def read_chat(call: Call, chat_id: str) -> Any:
    """Nothing of the chat is unread any more."""
    return _view(call, call.services.chat_marks.read(call.caller, chat_id))


@chats.put(
    "/v1/chats/{chat_id}/workflow-step",
    may("chats:write", *EVERYONE),
    body=StepPlace,
    answers=ChatShape,
    problems=("not_your_chat", "chat_closed"),
)
def put_step(call: Call, chat_id: str) -> Any:
    """Put an open chat at a step of a workflow, or at none."""
    return _view(call, call.services.chat_marks.step(call.caller, chat_id, call.body.step_id))


@chats.put(
    "/v1/chats/{chat_id}/tabulation",
    may("chats:write", *EVERYONE),
    body=TabulationPlace,
    answers=ChatShape,
    problems=("not_your_chat",),
)
def put_tabulation(call: Call, chat_id: str) -> Any:
    """File a chat, open or closed, under a tabulation, or under none."""
    return _view(call, call.services.chat_marks.tabulate(call.caller, chat_id, call.body.tabulation_id))


@chats.put(
    "/v1/chats/{chat_id}/feedback",
    may("chats:write", *EVERYONE),
    body=FeedbackBody,
    answers=ChatShape,
    problems=("not_your_chat", "chat_open"),
)
def put_feedback(call: Call, chat_id: str) -> Any:
    """Keep what the customer said of a closed chat."""
    body = call.body
    return _view(call, call.services.chat_marks.feedback(call.caller, chat_id, body.rating, body.comment))


@chats.post(
    "/v1/chats/{chat_id}/transfer",
    may("chats:write", *EVERYONE),
    body=TransferBody,
    answers=ChatShape,
    problems=(
        "not_your_chat",
        "agent_at_cap",
        "agent_offline",
        "department_unavailable",
        "already_transferred",
        "chat_moved",
        "chat_closed",
    ),
)
def transfer_chat(call: Call, chat_id: str) -> Any:
    """Give the chat to another agent, or let it wait in another department."""
    actions, agent_id = call.services.chat_actions, call.body.agent_id
    if agent_id is not None:
        return _view(call, actions.transfer_to_agent(call.caller, chat_id, agent_id))
    return _view(call, actions.transfer_to_department(call.caller, chat_id, call.body.department_id))


@chats.post(
    "/v1/chats/{chat_id}/flow",
    may("chats:write", *EVERYONE),
    body=FlowBody,
    answers=ChatShape,
    problems=("not_your_chat", "chat_moved", "chat_closed"),
)
def start_flow(call: Call, chat_id: str) -> Any:
    """Let a published flow lead the chat from now on: it is automatic, an agent who has it is released, and a flow that
    leads it is broken off."""
    origin = call.attempt.origin if call.attempt else None
    body = call.body
    started = call.services.flow_starting.in_chat(
        call.caller, chat_id, FlowStart(body.flow_id, "user", body.variables, origin)
    )
    return _view(call, started.chat)


@chats.get("/v1/chats/{chat_id}/assignments", may("chats:read", *EVERYONE), paged=str, answers=ReceiptShape)
def list_assignments(call: Call, chat_id: str) -> Any:
    """The receipts of the chat's assignments, oldest first."""
    page, following = call.services.chat_service.assignments(call.caller, chat_id, call.limit, call.after)
    return call.list(page, following)


def _view(call: Call, chat: Chat) -> Any:
    return _now(call, call.services.chat_service.view(call.caller, chat))


def _now(call: Call, view: dict[str, Any]) -> dict[str, Any]:
    """The chat with what may be sent at this moment."""
    return call.services.sending_room.told(view)


def _filter(a: str, query: ChatQuery) -> ChatFilter:
    """The filter of a query. Raises Invalid with a pointer to each value that is wrong."""
    errors = [
        FieldError(f"?{name}", "invalid", f"{name} is no id of that kind in this account.")
        for name, kind in _KINDS.items()
        if getattr(query, name) is not None and not is_id(getattr(query, name), kind, a)
    ]
    opened_from, opened_to = _moment(query.from_, False), _moment(query.to, True)
    for name, text, value in (("from", query.from_, opened_from), ("to", query.to, opened_to)):
        if text is not None and value is None:
            errors.append(
                FieldError(f"?{name}", "invalid", f"{name} is a moment as in RFC 3339 or a day as YYYY-MM-DD.")
            )
    if errors:
        raise Invalid(errors[0].detail, errors=errors)
    situation = situation_meant(query.situation, query.compat)
    return ChatFilter(situation, query.department_id, query.agent_id, query.channel_id, (), opened_from, opened_to)


def _moment(text: str | None, to_the_end: bool) -> datetime | None:
    """A moment; a day is its beginning or its last millisecond. None for what is neither."""
    try:
        value = datetime.fromisoformat((text or "").strip().replace(" ", "+"))
        if len((text or "").strip()) == 10:
            return value.replace(tzinfo=UTC) + (timedelta(days=1, milliseconds=-1) if to_the_end else timedelta(0))
        return value.astimezone(UTC) if value.tzinfo else None
    except (ValueError, OverflowError):
        return None
