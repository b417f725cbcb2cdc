"""Message templates (PRODUCT J3): what the provider reviews before it may be sent outside the window. Pure.

The provider decides of a template; this is its mirror, by which agents choose and sends are checked. What is told of a
template carries its own time and is applied only when it is not older than what is known, whatever order it comes in. A
submission is noted before it is made: one without an answer is `unknown` until the provider's own list tells what
became of it, and is never made twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from recado.domain.messages import TemplateUpdate

Components = Sequence[Mapping[str, Any]]
SubmissionState = Literal["sending", "taken", "unknown", "refused"]

EDITABLE = frozenset({"APPROVED", "REJECTED", "PAUSED"})
CLOCK_ALLOWANCE = timedelta(seconds=60)
"""By how much our clock may be ahead of the provider's, whose word on a submission comes after it all the same."""
ANSWER_WITHIN = timedelta(seconds=60)
"""A submission that is noted and has no outcome after this long was broken off."""
SHOWS_WITHIN = timedelta(minutes=10)
"""What was submitted is in the provider's list by then; what is not, never arrived."""
NOT_SUBMITTED = "NOT_SUBMITTED"
"""`rejected_reason` of a template that never reached the provider."""


GOING = frozenset({"DELETED", "PENDING_DELETION"})
Left = Literal["known", "older", "of_another", "unknown"]
"""Why what a provider told of a template changes nothing: it stands already · something newer stands · it is of an
earlier template of the name · there is none here."""


@dataclass(frozen=True)
class MessageTemplate:
    """A template of a channel, one for each name and language.

    `department_ids` empty: every department may send it. `status` is what it counts as, `provider_status` the
    provider's own last word. `draft` is an edit that is being submitted: until it is taken, what was approved stands in
    `components`. The times `…_at` are the provider's of what was applied last; `status_words` are those applied of that
    very second, as times are told in whole seconds. `due`: when the sweep must look what became of a submission."""

    id: str
    channel_id: str
    name: str
    language: str
    category: str
    components: Components
    created_at: datetime
    updated_at: datetime
    department_ids: tuple[str, ...] = ()
    status: str = "PENDING"
    provider_status: str = "PENDING"
    provider_id: str | None = None
    quality: str = "UNKNOWN"
    rejected_reason: str | None = None
    submission: SubmissionState = "taken"
    submitted_at: datetime | None = None
    submission_error: Mapping[str, str] | None = None
    draft: Mapping[str, Any] | None = None
    status_at: datetime | None = None
    status_words: tuple[str, ...] = ()
    quality_at: datetime | None = None
    category_at: datetime | None = None
    due: datetime | None = None
    version: int = 1

    @property
    def in_submission(self) -> bool:
        """Whether nobody knows yet what the provider says to the last submission."""
        return self.submission in ("sending", "unknown")


class Found(NamedTuple):
    """A template as the provider's list tells it."""

    provider_id: str
    name: str
    language: str
    category: str
    status: str
    word: str
    components: Components
    quality: str = "UNKNOWN"
    rejected_reason: str | None = None


class Listed(NamedTuple):
    """A page of the provider's list, and the cursor of the next one."""

    items: Sequence[Found]
    after: str | None = None


class Taken(NamedTuple):
    """The provider took it. None: the answer does not say."""

    provider_id: str | None = None
    status: str | None = None
    category: str | None = None


class Refused(NamedTuple):
    """The provider did not take it: its code, and its words."""

    code: str
    title: str


class Unclear(NamedTuple):
    """No answer that says whether it was taken."""

    code: str = "no_answer"


Answered = Taken | Refused | Unclear


def submitted(template: MessageTemplate, draft: Mapping[str, Any] | None, now: datetime) -> MessageTemplate:
    """The template with a submission about to be made, of an edit or (None) of what it is."""
    since = now - CLOCK_ALLOWANCE
    return replace(
        template,
        draft=draft,
        submission="sending",
        submission_error=None,
        submitted_at=now,
        status_at=max(template.status_at or since, since),
        status_words=(),
        due=now + ANSWER_WITHIN,
        updated_at=now,
        version=template.version + 1,
    )


def concluded(template: MessageTemplate, outcome: Answered, now: datetime) -> MessageTemplate:
    """What follows from the provider's answer to a submission. A review that ended before the answer was written
    down stands."""
    base = replace(template, updated_at=now, version=template.version + 1)
    if isinstance(outcome, Unclear):
        return replace(base, submission="unknown", due=now + ANSWER_WITHIN)
    if isinstance(outcome, Refused):
        error = {"code": outcome.code, "title": outcome.title}
        return replace(base, submission="refused", submission_error=error, draft=None, due=None)
    since = (template.submitted_at or now) - CLOCK_ALLOWANCE
    after = replace(base, submission="taken", draft=None, due=None)
    after = replace(after, provider_id=outcome.provider_id or after.provider_id)
    if template.draft is not None:
        after = replace(after, category=template.draft["category"], components=template.draft["components"])
    if outcome.category and (template.category_at is None or template.category_at < since):
        after = replace(after, category=outcome.category, category_at=since)
    if template.status_words:
        return after
    status = outcome.status or "PENDING"
    return replace(after, status=status, provider_status=status, rejected_reason=None)


def updated(template: MessageTemplate, update: TemplateUpdate, now: datetime) -> MessageTemplate | Left:
    """The template after what the provider told, or why that changes nothing. One of this name with another id at the
    provider was made anew there: what is told of it from now on is of this one. Only that it goes may be told of the
    one that was before."""
    if template.provider_id not in (None, update.provider_id) and update.value in GOING:
        return "of_another"
    base = replace(template, provider_id=update.provider_id, updated_at=now, version=template.version + 1)
    if update.kind == "quality":
        if _is_old(template.quality_at, update.at):
            return "older"
        if template.quality == update.value:
            return "known"
        return replace(base, quality=update.value or "UNKNOWN", quality_at=update.at)
    if update.kind == "category":
        if _is_old(template.category_at, update.at):
            return "older"
        if template.category == update.value:
            return "known"
        return replace(base, category=update.value or template.category, category_at=update.at)
    same_second = template.status_at == update.at
    if same_second and update.word in template.status_words:
        return "known"
    if _is_old(template.status_at, update.at):
        return "older"
    status = update.value or template.status
    words = (*template.status_words, update.word) if same_second else (update.word,)
    reason = update.reason if status in ("REJECTED", "DISABLED", "PAUSED") else None
    after = replace(
        base, status=status, provider_status=update.word, rejected_reason=reason, status_at=update.at,
        status_words=words,
    )  # fmt: skip
    unasked = template.submission in ("unknown", "sending") and template.draft is None
    return replace(after, submission="taken", due=None) if unasked else after


def adopted(template: MessageTemplate, found: Found, asked_at: datetime, now: datetime) -> MessageTemplate | None:
    """The template as the provider's list has it, which was asked for at `asked_at`; None when nothing differs. It
    settles a submission without an answer, but none that may still get one."""
    if template.submission == "sending" and template.submitted_at and asked_at < template.submitted_at + ANSWER_WITHIN:
        return None
    components = _with_own_example(
        found.components, [template.components, (template.draft or {}).get("components", ())]
    )
    after = replace(
        template, provider_id=found.provider_id, category=found.category, components=components,
        quality=found.quality, submission="taken" if template.in_submission else template.submission, draft=None,
        due=None,
    )  # fmt: skip
    if not _is_old(template.status_at, asked_at):
        after = replace(
            after, status=found.status, provider_status=found.word, rejected_reason=found.rejected_reason
        )  # fmt: skip
    if after == template:
        return None
    since = asked_at - CLOCK_ALLOWANCE
    if template.status_at is None or template.status_at < since:
        after = replace(after, status_at=since, status_words=())
    return replace(after, updated_at=now, version=template.version + 1)


def _with_own_example(found: Components, ours: Sequence[Components]) -> Components:
    """What the provider lists, with the file of ours that its header was given as an example: the provider tells an
    address of its own instead, which runs out and cannot be submitted again. As it is listed where our own word is of
    two files."""

    def listed(component: Mapping[str, Any]) -> Mapping[str, Any]:
        files = {
            one["example"]["file_id"]
            for components in ours
            for one in components
            if one.get("type") == component.get("type") == "HEADER" and one.get("format") == component.get("format")
            if isinstance(one.get("example"), Mapping) and "file_id" in one["example"]
        }
        return {**component, "example": {"file_id": files.pop()}} if len(files) == 1 else component

    return tuple(listed(one) for one in found)


def imported(template_id: str, channel_id: str, found: Found, asked_at: datetime, now: datetime) -> MessageTemplate:
    """The mirror of a template that was made elsewhere."""
    return MessageTemplate(
        template_id, channel_id, found.name, found.language, found.category, found.components, now, now,
        status=found.status, provider_status=found.word, provider_id=found.provider_id, quality=found.quality,
        rejected_reason=found.rejected_reason, status_at=asked_at - CLOCK_ALLOWANCE,
    )  # fmt: skip


def missing(template: MessageTemplate, asked_at: datetime, now: datetime) -> MessageTemplate | None:
    """The template when the provider's list does not have it; None when that changes nothing yet. What was there is
    deleted; what was submitted and does not show in time never arrived."""
    if template.provider_id is None:
        if template.submitted_at is not None and asked_at - template.submitted_at < SHOWS_WITHIN:
            return replace(
                template, submission="unknown", due=now + ANSWER_WITHIN, version=template.version + 1, updated_at=now
            )
        status, reason = "REJECTED", NOT_SUBMITTED
    else:
        status, reason = "DELETED", None
    if template.status == status and not template.in_submission:
        return None
    return replace(
        template, status=status, provider_status=status, rejected_reason=reason, draft=None, due=None,
        submission="refused" if status == "REJECTED" else "taken", status_at=asked_at - CLOCK_ALLOWANCE,
        status_words=(),
        updated_at=now, version=template.version + 1,
    )  # fmt: skip


def _is_old(known: datetime | None, told: datetime) -> bool:
    return known is not None and told < known
