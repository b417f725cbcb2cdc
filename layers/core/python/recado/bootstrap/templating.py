"""Templates: made, submitted, kept as their provider has them, chosen for a send."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from recado.bootstrap.filing import Filing

if TYPE_CHECKING:
    from recado.ports.core import Http
    from recado.ports.templates import TemplateProvider
    from recado.services.template_choice import TemplateChoice
    from recado.services.template_mirror import TemplateMirror
    from recado.services.templates import TemplateService


class Templating(Filing):
    """Templates: made, submitted, kept as their provider has them, chosen for a send."""

    @cached_property
    def template_http(self) -> Http:
        """The way out to the providers that review templates."""
        from recado.outside.http import OutsideHttp

        return OutsideHttp()

    @cached_property
    def template_provider(self) -> TemplateProvider:
        """The providers' side of templates."""
        from recado.channels.provider_templates import ProviderTemplates

        return ProviderTemplates(self.template_http, self.provider_addresses)

    @cached_property
    def template_service(self) -> TemplateService:
        """Templates as people work with them."""
        from recado.services.sent_files import Attachments
        from recado.services.template_examples import TemplateExamples
        from recado.services.templates import TemplateService
        from recado.storage.templates import DynamoTemplates

        examples = TemplateExamples(
            Attachments(self.file_service, self.sent_files), self.sent_files, self.template_provider
        )
        return TemplateService(
            DynamoTemplates(), self.template_provider, examples, self.channel_directory, self.departments,
            self.references, self.clock, self.ids,
        )  # fmt: skip

    @cached_property
    def template_mirror(self) -> TemplateMirror:
        """Templates as their provider has them."""
        from recado.services.template_mirror import TemplateMirror
        from recado.storage.templates import DynamoTemplates

        return TemplateMirror(
            DynamoTemplates(), self.template_provider, self.channel_directory, self.channels, self.clock, self.ids
        )

    @cached_property
    def template_choice(self) -> TemplateChoice:
        """Templates for a send."""
        from recado.services.template_choice import TemplateChoice
        from recado.storage.templates import DynamoTemplates

        return TemplateChoice(DynamoTemplates())
