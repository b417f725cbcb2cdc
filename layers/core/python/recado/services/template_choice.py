"""Which templates may be sent in a chat, and what one says with its values: asked by the one send path."""

from __future__ import annotations

from typing import Any

from recado.domain.chats import Chat
from recado.domain.errors import Conflict, DomainError, FieldError, Forbidden, Invalid, NotFound
from recado.domain.messages import MEDIA_KINDS, Template
from recado.domain.template_texts import fill, media_header
from recado.ports.templates import SendableTemplates
from recado.services.template_views import offered_view

MAX_OFFERED = 50


class TemplateChoice:
    """Templates of a chat's channel."""

    def __init__(self, templates: SendableTemplates) -> None:
        self._templates = templates

    def errors(self, a: str, channel_id: str, department_id: str | None, wanted: Template) -> list[FieldError]:
        """What stands against sending the template alone, without a file; `department_id` None: whatever the chat's
        is. What `filled` says by its code is at `/template/name`."""
        try:
            filled, _ = self._filled(a, channel_id, department_id, wanted)
        except DomainError as refusal:
            return list(refusal.errors) or [FieldError("/template/name", refusal.code, refusal.detail)]
        detail = "The template's header is a file, which has to be given with each message."
        return [FieldError("/template/name", "file_required", detail)] if filled.header else []

    def filled(self, a: str, chat: Chat, wanted: Template) -> tuple[Template, str]:
        """The template with its values where they belong, and the text that the customer sees. Raises NotFound
        `/template/name`, Forbidden `template_not_allowed`, Conflict `template_not_approved`, Invalid
        `/template/variables`."""
        return self._filled(a, chat.channel_id, chat.department_id, wanted)

    def _filled(self, a: str, channel_id: str, department_id: str | None, wanted: Template) -> tuple[Template, str]:
        found = self._templates.named(a, channel_id, wanted.name, wanted.language)
        if found is None:
            detail = "The channel has no template of this name and language."
            raise NotFound(detail, errors=[FieldError("/template/name", "not_found", detail)])
        if found.department_ids and department_id is not None and department_id not in found.department_ids:
            raise Forbidden("The chat's department may not send this template.", code="template_not_allowed")
        if found.status != "APPROVED":
            raise Conflict(
                f"The template is {found.status}: only an approved one can be sent.",
                code="template_not_approved",
                extra={"template_status": found.status},
            )
        header = (media_header(found.components) or "").lower() or None
        if header is not None and header not in MEDIA_KINDS:
            detail = f"Templates with a header of format {header.upper()} cannot be sent."
            raise Invalid.field("/template/name", "header_not_supported", detail)
        filled = fill(found.components, wanted.variables)
        if isinstance(filled, list):
            raise Invalid(filled[0].detail, errors=filled)
        return wanted._replace(parts=filled.parts, category=found.category, header=header), filled.text

    def offered(self, a: str, chat: Chat) -> list[dict[str, Any]]:
        """What may be sent instead of anything else, at most 50."""
        return offered_view(self._templates.sendable(a, chat.channel_id, chat.department_id, MAX_OFFERED))
