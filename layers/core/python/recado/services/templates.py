"""Templates as people make, submit, edit and delete them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from recado.domain.access import Caller
from recado.domain.chats import Author
from recado.domain.errors import Busy, Conflict, FieldError, Invalid, NotFound
from recado.domain.ids import is_id, sibling_id
from recado.domain.template_rules import TemplateLimits, check_components, check_names
from recado.domain.templates import (
    EDITABLE,
    Answered,
    MessageTemplate,
    Refused,
    Unclear,
    concluded,
    submitted,
)
from recado.ports.agents import Departments
from recado.ports.core import Clock, Ids
from recado.ports.idempotency import Attempt
from recado.ports.reception import ChannelDirectory, ConnectedChannel
from recado.ports.templates import TemplateFilter, TemplateProvider, TemplateStore
from recado.services.references import References
from recado.services.task_finder import template_name
from recado.services.template_examples import TemplateExamples
from recado.services.template_views import status_event

MAX_COMPONENTS_CHARACTERS = 20_000
_TRIES = 5


@dataclass(frozen=True)
class NewTemplate:
    """What POST templates asks for."""

    name: str
    language: str
    category: str
    components: Sequence[Mapping[str, Any]]
    channel_id: str
    department_ids: tuple[str, ...] = ()


class TemplateService:
    """A submission is written down, then made once, then its outcome is written down; where that is not known, the
    sweep asks the provider's list (`TemplateMirror`)."""

    def __init__(
        self,
        store: TemplateStore,
        provider: TemplateProvider,
        examples: TemplateExamples,
        channels: ChannelDirectory,
        departments: Departments,
        used: References,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._provider = provider
        self._examples = examples
        self._channels = channels
        self._departments = departments
        self._used = used
        self._clock = clock
        self._ids = ids

    def page(
        self, a: str, wanted: TemplateFilter, limit: int, after: str | None
    ) -> tuple[list[MessageTemplate], str | None]:
        """Templates, oldest first, and the id to go on from."""
        return self._store.page(a, wanted, limit, after)

    def get(self, a: str, template_id: str) -> MessageTemplate:
        """Raises NotFound."""
        found = self._store.get(a, template_id) if is_id(template_id, "tm", a) else None
        if found is None:
            raise NotFound("There is no such template.")
        return found

    def create(self, caller: Caller, wanted: NewTemplate, attempt: Attempt | None = None) -> MessageTemplate:
        """Bring its example to the provider, write it down and submit it. Raises Invalid with pointers, Conflict
        `template_exists`, `provider_refused` (nothing is kept then), what `TemplateExamples` raises. With an `attempt`
        what an earlier run of the request made is found again."""
        a = caller.account
        channel, limits = self._channel(a, wanted.channel_id)
        _refuse(check_names(wanted.name, wanted.language, wanted.category, limits))
        _check(wanted.category, wanted.components, limits)
        self._check_departments(a, wanted.department_ids)
        template_id = sibling_id("tm", attempt.origin) if attempt else self._ids.new("tm", a)
        if attempt and attempt.again and (made := self._store.get(a, template_id)):
            return made
        self._refuse_second(a, wanted)
        handles = self._examples.handles(caller, channel, wanted.components, limits, {})
        now = self._clock.now()
        fresh = MessageTemplate(
            template_id, wanted.channel_id, wanted.name, wanted.language, wanted.category, tuple(wanted.components),
            now, now, wanted.department_ids,
        )  # fmt: skip
        template = replace(submitted(fresh, None, now), version=1)
        if not self._store.create(a, template):
            self._refuse_second(a, wanted)
            raise Busy(f"template {wanted.name}")  # the other one is gone again
        outcome = self._provider.submit(channel, template, handles)
        if isinstance(outcome, Refused) and self._store.delete(a, template, None):
            raise _refused(outcome)
        return self._conclude(caller.author, a, template_id, outcome)

    def change(self, caller: Caller, template_id: str, fields: Mapping[str, Any]) -> MessageTemplate:
        """Change who may send it, and submit an edit of what it says. Raises NotFound, Invalid with pointers, Conflict
        `template_not_editable`, `provider_refused` (what was approved stands then), what `TemplateExamples` raises."""
        a = caller.account
        handles: Mapping[str, str] = {}
        if "department_ids" in fields:
            self._check_departments(a, fields["department_ids"])
        for _ in range(_TRIES):
            before = self.get(a, template_id)
            after = before
            if "department_ids" in fields:
                after = replace(after, department_ids=tuple(fields["department_ids"]))
            draft = {
                "category": fields.get("category", before.category),
                "components": [dict(one) for one in fields.get("components", before.components)],
            }
            edits = draft != {"category": before.category, "components": [dict(one) for one in before.components]}
            again = before.provider_id is None and before.submission == "refused"
            if not edits and not (again and "components" in fields):
                if after == before:
                    return before
                after = replace(after, updated_at=self._clock.now(), version=before.version + 1)
                if self._store.change(a, before, after, None):
                    return after
                continue
            channel, limits = self._editable(a, before, draft)
            handles = self._examples.handles(caller, channel, draft["components"], limits, handles)
            after = submitted(after, draft, self._clock.now())
            if self._store.change(a, before, after, None):
                outcome = self._provider.submit(channel, after, handles)
                return self._conclude(caller.author, a, template_id, outcome)
        raise Busy(f"template {template_id}")

    def delete(self, caller: Caller, template_id: str) -> None:
        """Delete it at the provider, then here; again is harmless. Raises NotFound, Conflict `template_not_editable`
        while it is submitted and the provider's id of it is not known, as by its name alone its other languages would
        go too, `provider_refused`, `provider_unclear`, `in_use` while a task would send it."""
        a = caller.account
        template = self.get(a, template_id)
        called = template_name(template.channel_id, template.name, template.language)
        self._used.refuse(a, [called], "The template")
        if template.provider_id is None and template.status != "DELETED" and template.submission != "refused":
            detail = "What became of its submission is not known yet: it is looked up within minutes, or by `refresh`."
            raise _not_editable(template, detail)
        channel = self._channels.latest(a, template.channel_id)
        at_provider = template.status != "DELETED" and template.provider_id
        if channel is not None and channel.state != "removed" and at_provider:
            outcome = self._provider.delete(channel, template)
            if isinstance(outcome, Refused):
                raise _refused(outcome)
            if isinstance(outcome, Unclear):
                detail = "The provider did not say whether it deleted the template. Try again."
                raise Conflict(detail, code="provider_unclear")
        for _ in range(_TRIES):
            gone = replace(template, updated_at=self._clock.now())
            event = status_event(self._ids.new("ev", a), template.status, gone, caller.author, "DELETED")
            if self._store.delete(a, template, event):
                return
            latest = self._store.get(a, template_id)
            if latest is None:
                return
            template = latest
        raise Busy(f"template {template_id}")

    def _conclude(self, author: Author, a: str, template_id: str, outcome: Answered) -> MessageTemplate:
        """Write the outcome over what the template is by now: the provider's own word may have come before. Raises
        Conflict `provider_refused` once that is written."""
        for _ in range(_TRIES):
            before = self._store.get(a, template_id)
            if before is None:
                raise NotFound("The template was deleted meanwhile.")
            after = concluded(before, outcome, self._clock.now())
            event = status_event(self._ids.new("ev", a), before.status, after, author)
            if self._store.change(a, before, after, event):
                if isinstance(outcome, Refused):
                    raise _refused(outcome)
                return after
        raise Busy(f"template {template_id}")

    def _refuse_second(self, a: str, wanted: NewTemplate) -> None:
        known = self._store.named(a, wanted.channel_id, wanted.name, wanted.language)
        if known is not None:
            detail = "The channel has a template of this name and language."
            raise Conflict(detail, code="template_exists", extra={"template_id": known.id})

    def _editable(
        self, a: str, template: MessageTemplate, draft: Mapping[str, Any]
    ) -> tuple[ConnectedChannel, TemplateLimits]:
        if template.in_submission:
            raise _not_editable(template, "What became of its last submission is not known yet.")
        if template.status not in EDITABLE:
            raise _not_editable(template, f"It is {template.status}; only {', '.join(sorted(EDITABLE))} can be edited.")
        channel, limits = self._channel(a, template.channel_id)
        _check(draft["category"], draft["components"], limits)
        return channel, limits

    def _channel(self, a: str, channel_id: str) -> tuple[ConnectedChannel, TemplateLimits]:
        channel = self._channels.latest(a, channel_id) if is_id(channel_id, "ch", a) else None
        if channel is None or channel.state == "removed":
            raise Invalid.field("/channel_id", "not_found", "There is no such channel.")
        limits = self._provider.limits(channel.type)
        if limits is None:
            raise Invalid.field("/channel_id", "kind_not_supported", "This channel has no templates.")
        if self._provider.account(channel.type, channel.settings) is None:
            detail = "The channel's settings do not say of which account at the provider its templates are."
            raise Invalid.field("/channel_id", "no_template_account", detail)
        return channel, limits

    def _check_departments(self, a: str, department_ids: Sequence[str]) -> None:
        for number, one in enumerate(department_ids):
            if not is_id(one, "dp", a) or self._departments.get(a, one) is None:
                detail = "There is no such department."
                raise Invalid.field(f"/department_ids/{number}", "unknown_department", detail)


def _check(category: str, components: Sequence[Mapping[str, Any]], limits: TemplateLimits) -> None:
    if len(json.dumps(list(components))) > MAX_COMPONENTS_CHARACTERS:
        detail = f"At most {MAX_COMPONENTS_CHARACTERS:,} characters in all."
        raise Invalid.field("/components", "too_large", detail)
    _refuse(check_components(category, components, limits))


def _refuse(errors: Sequence[FieldError]) -> None:
    if errors:
        raise Invalid(f"{errors[0].pointer}: {errors[0].detail}", errors=errors)


def _refused(outcome: Refused) -> Conflict:
    return Conflict(
        f"The provider refused: {outcome.title}",
        code="provider_refused",
        extra={"provider_code": outcome.code, "provider_title": outcome.title},
    )


def _not_editable(template: MessageTemplate, detail: str) -> Conflict:
    return Conflict(detail, code="template_not_editable", extra={"template_status": template.status})
