"""Templates, and the claims on their names, which say beside whose they are what a choice of templates needs."""

from __future__ import annotations

from datetime import datetime

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError

from recado.domain.chats import Event
from recado.domain.templates import MessageTemplate
from recado.ports.sweeps import DuePage
from recado.ports.templates import TemplateFilter
from recado.storage import keys
from recado.storage.due import Due, due_page
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import Transaction, condition_failed, guard
from recado.storage.workspace_events import add_workspace_event

NAME_FREE = guard(
    "template-name-free", "two make a channel's template of one name at once: the second would hide the first"
)
TEMPLATE_SEEN = guard(
    "template-from-seen-version",
    "the provider's word on a template comes while it is edited, submitted or deleted: one would undo the other",
)
PUT_OFF = guard(
    "template-is-put-off-only-later",
    "a template is settled, or put off for longer, while the sweep puts it off: it would be looked at for ever",
)
READ_AHEAD = 1_000
_PAGE = 200


class TemplateRecord(WorkspaceRecord):
    """TEMPLATE."""

    id = UnicodeAttribute()
    channel_id = UnicodeAttribute()
    name = UnicodeAttribute()
    language = UnicodeAttribute()
    category = UnicodeAttribute()
    components = JSONAttribute()
    created_at = TimeAttribute()
    updated_at = TimeAttribute()
    department_ids = JSONAttribute(null=True)
    status = UnicodeAttribute()
    provider_status = UnicodeAttribute()
    provider_id = UnicodeAttribute(null=True)
    quality = UnicodeAttribute()
    rejected_reason = UnicodeAttribute(null=True)
    submission = UnicodeAttribute()
    submitted_at = TimeAttribute(null=True)
    submission_error = JSONAttribute(null=True)
    draft = JSONAttribute(null=True)
    status_at = TimeAttribute(null=True)
    status_words = JSONAttribute(null=True)
    quality_at = TimeAttribute(null=True)
    category_at = TimeAttribute(null=True)
    version = NumberAttribute()
    due_pk = UnicodeAttribute(null=True)
    due_sk = UnicodeAttribute(null=True)
    due = Due()

    @classmethod
    def of_template(cls, a: str, template: MessageTemplate) -> TemplateRecord:
        """The item of a template."""
        return cls.of(
            template,
            pk=keys.workspace_pk(a, "TEMPLATES"),
            sk=template.id,
            components=[dict(one) for one in template.components],
            department_ids=list(template.department_ids) or None,
            submission_error=dict(template.submission_error) if template.submission_error else None,
            draft=dict(template.draft) if template.draft else None,
            status_words=list(template.status_words) or None,
            due_pk=keys.due_pk("TEMPLATES", template.id) if template.due else None,
            due_sk=keys.stamp(template.due) if template.due else None,
        )

    def template(self) -> MessageTemplate:
        """The entity."""
        return self.to(
            MessageTemplate,
            components=tuple(self.components),
            department_ids=tuple(self.department_ids or ()),
            status_words=tuple(self.status_words or ()),
            due=datetime.fromisoformat(self.due_sk) if self.due_sk else None,
            version=int(self.version),
        )


class TemplateNameRecord(WorkspaceRecord):
    """TEMPLATENAME: a channel's template of a name and language."""

    template_id = UnicodeAttribute()
    status = UnicodeAttribute()
    department_ids = JSONAttribute(null=True)


class DynamoTemplates:
    """The port `recado.ports.templates.TemplateStore`."""

    def get(self, a: str, template_id: str) -> MessageTemplate | None:
        """A template, strongly consistent."""
        found = TemplateRecord.find(keys.workspace_pk(a, "TEMPLATES"), template_id)
        return None if found is None else found.template()

    def named(self, a: str, channel_id: str, name: str, language: str) -> MessageTemplate | None:
        """Two gets, strongly consistent."""
        claim = TemplateNameRecord.find(keys.template_names_pk(a, channel_id), keys.template_name_sk(name, language))
        return None if claim is None else self.get(a, claim.template_id)

    def with_provider_id(self, a: str, channel_id: str, provider_id: str) -> MessageTemplate | None:
        """One query of at most 1,000 templates, eventually consistent."""
        pk = keys.workspace_pk(a, "TEMPLATES")
        for record in TemplateRecord.query(pk, limit=READ_AHEAD, page_size=_PAGE):
            if (record.channel_id, record.provider_id) == (channel_id, provider_id):
                return record.template()
        return None

    def page(
        self, a: str, wanted: TemplateFilter, limit: int, after: str | None
    ) -> tuple[list[MessageTemplate], str | None]:
        """One query, of at most 1,000 templates, until the page is full."""
        found: list[MessageTemplate] = []
        beyond = TemplateRecord.sk > after if after else None
        records = TemplateRecord.query(
            keys.workspace_pk(a, "TEMPLATES"), beyond, limit=READ_AHEAD, page_size=min(_PAGE, limit + 1)
        )
        for looked, record in enumerate(records, start=1):
            if len(found) == limit:
                return found, found[-1].id
            if _is_wanted(record, wanted):
                found.append(record.template())
            if looked == READ_AHEAD:
                return found, record.id
        return found, None

    def of_channel(self, a: str, channel_id: str) -> list[MessageTemplate]:
        """The whole collection, strongly consistent: only a synchronisation asks for it."""
        records = TemplateRecord.query(keys.workspace_pk(a, "TEMPLATES"), consistent_read=True)
        return [record.template() for record in records if record.channel_id == channel_id]

    def sendable(self, a: str, channel_id: str, department_id: str, most: int) -> list[MessageTemplate]:
        """One query of at most 1,000 names, eventually consistent, and a batch get."""
        chosen: list[tuple[str, str]] = []
        for claim in TemplateNameRecord.query(keys.template_names_pk(a, channel_id), limit=READ_AHEAD, page_size=_PAGE):
            if claim.status == "APPROVED" and (not claim.department_ids or department_id in claim.department_ids):
                chosen.append((keys.workspace_pk(a, "TEMPLATES"), claim.template_id))
            if len(chosen) == most:
                break
        found = [record.template() for record in TemplateRecord.batch_get(chosen)]
        return sorted(found, key=lambda one: (one.name, one.language))

    def create(self, a: str, template: MessageTemplate, event: Event | None = None) -> bool:
        """One transaction: the template, its name, the fact."""
        tx = Transaction()
        tx.put("template", TemplateRecord.of_template(a, template))
        tx.put("name", _name_of(a, template), NAME_FREE(TemplateNameRecord.pk.does_not_exist()))
        return _written(tx, a, template, event)

    def change(self, a: str, before: MessageTemplate, after: MessageTemplate, event: Event | None) -> bool:
        """One transaction: the template, what its name says of it, the fact."""
        tx = Transaction()
        seen = TEMPLATE_SEEN(TemplateRecord.version == before.version)
        tx.put("template", TemplateRecord.of_template(a, after), seen)
        if (before.status, before.department_ids) != (after.status, after.department_ids):
            tx.put("name", _name_of(a, after))
        return _written(tx, a, after, event)

    def delete(self, a: str, template: MessageTemplate, event: Event | None) -> bool:
        """One transaction: the template, its name, the fact."""
        tx = Transaction()
        record = TemplateRecord(keys.workspace_pk(a, "TEMPLATES"), template.id)
        tx.delete("template", record, TEMPLATE_SEEN(TemplateRecord.version == template.version))
        name = _name_of(a, template)
        tx.delete("name", TemplateNameRecord(name.pk, name.sk))
        return _written(tx, a, template, event)

    def due(self, now: datetime, limit: int) -> DuePage:
        """By the `due` index."""
        return due_page("TEMPLATES", TemplateRecord, now, limit)

    def look_again_at(self, a: str, template_id: str, when: datetime) -> None:
        """Moves the place in the index only. 1 WRU for each KB, and the index."""
        record, at = TemplateRecord(keys.workspace_pk(a, "TEMPLATES"), template_id), keys.stamp(when)
        try:
            record.update([TemplateRecord.due_sk.set(at)], condition=PUT_OFF(TemplateRecord.due_sk < at))
        except UpdateError as error:
            if not condition_failed(error):
                raise


def _is_wanted(record: TemplateRecord, wanted: TemplateFilter) -> bool:
    return (
        wanted.channel_id in (None, record.channel_id)
        and wanted.status in (None, record.status)
        and (wanted.name is None or wanted.name in record.name)
    )


def _name_of(a: str, template: MessageTemplate) -> TemplateNameRecord:
    return TemplateNameRecord(
        keys.template_names_pk(a, template.channel_id),
        keys.template_name_sk(template.name, template.language),
        template_id=template.id,
        status=template.status,
        department_ids=list(template.department_ids) or None,
    )


def _written(tx: Transaction, a: str, template: MessageTemplate, event: Event | None) -> bool:
    if event is not None:
        add_workspace_event(tx, a, template.id, event)
    return tx.committed()
