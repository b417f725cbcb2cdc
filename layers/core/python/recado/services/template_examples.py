"""Files of ours that templates give as examples: checked, and brought to the provider that is to review them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recado.domain.access import Caller
from recado.domain.errors import Conflict, FieldError, NotFound, TooLarge, WrongType
from recado.domain.file_limits import sent_as
from recado.domain.files import File
from recado.domain.messages import CannotSend
from recado.domain.template_rules import ExampleFile, TemplateLimits, example_file
from recado.domain.templates import Refused
from recado.ports.reception import ConnectedChannel
from recado.ports.templates import TemplateProvider
from recado.services.sent_files import Attachments, SentFiles


class TemplateExamples:
    """Nothing of an upload is kept: a handle runs out, and whoever submits again, after a crash too, brings the file
    anew. An upload that no submission follows is forgotten by the provider."""

    def __init__(self, attachments: Attachments, files: SentFiles, provider: TemplateProvider) -> None:
        self._attachments = attachments
        self._files = files
        self._provider = provider

    def handles(
        self,
        caller: Caller,
        channel: ConnectedChannel,
        components: Sequence[Mapping[str, Any]],
        limits: TemplateLimits,
        known: Mapping[str, str],
    ) -> Mapping[str, str]:
        """The provider's handle of the file in checked components, by its id; empty when there is none, `known` when
        that has it. In memory the file lies whole, at most 15 MB. Raises NotFound, Conflict `file_not_accepted`,
        `provider_refused`, `provider_unclear`, Invalid, WrongType, TooLarge, each pointing to where the file is
        named."""
        example = example_file(components)
        if example is None:
            return {}
        if example.file_id in known:
            return known
        file = self._attachments.take(caller, example.file_id, example.pointer)
        _check(file, example, limits)
        try:
            content = self._files.content(caller.account, file)
        except CannotSend as gone:
            detail = gone.failure.title
            raise NotFound(detail, errors=[FieldError(example.pointer, "not_found", detail)]) from None
        handle = self._provider.upload_example(channel, self._files.of_file(caller.account, file, content))
        if not isinstance(handle, str):
            raise _not_taken(handle, example.pointer)
        return {file.id: handle}


def _check(file: File, example: ExampleFile, limits: TemplateLimits) -> None:
    """That the file is what the header shows, and no larger than files that are sent."""
    kind = example.form.lower()
    try:
        sent_as(kind, file.content_type, file.size, {kind: limits.media_formats[example.form]}, "service")
    except (WrongType, TooLarge) as refusal:
        refusal.errors = (FieldError(example.pointer, refusal.code, refusal.detail),)
        raise


def _not_taken(outcome: Any, pointer: str) -> Conflict:
    if isinstance(outcome, Refused):
        detail = f"The example was not taken: {outcome.title}"
        extra = {"provider_code": outcome.code, "provider_title": outcome.title}
        return Conflict(
            detail, code="provider_refused", errors=[FieldError(pointer, "provider_refused", detail)], extra=extra
        )  # fmt: skip
    detail = "The provider did not say whether it took the example. Nothing was submitted: try again."
    return Conflict(detail, code="provider_unclear", errors=[FieldError(pointer, "provider_unclear", detail)])
