"""The templates that a task's action sends: told before anything begins what stands against them (PRODUCT G8). What a
single customer lacks for one is told when it is their turn (services.task_flows)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from recado.domain.channels import Channel
from recado.domain.errors import FieldError
from recado.domain.flow_progress import with_each_value
from recado.domain.flow_secrets import texts_of
from recado.domain.flow_variables import with_any_values
from recado.domain.segment_fields import Table
from recado.domain.task_reach import first_templates
from recado.domain.variable_names import names_of_nothing
from recado.ports.channels import ChannelStore
from recado.ports.outbox import Adapters
from recado.services.custom_fields import CustomFieldService
from recado.services.flow_library import FlowLibrary
from recado.services.flow_steps import template_of
from recado.services.template_choice import TemplateChoice
from recado.services.variable_checks import slugs_named

_MOST_CHANNELS = 1_000
_FALLBACK = "/action/template_fallback"


class ActionTemplates:
    """The port `recado.services.tasks.ActionTemplates`. Of chats, whose channels may be any, one channel that can send
    a template is enough."""

    def __init__(
        self,
        choice: TemplateChoice,
        library: FlowLibrary,
        channels: ChannelStore,
        adapters: Adapters,
        fields: CustomFieldService,
    ) -> None:
        self._choice = choice
        self._library = library
        self._channels = channels
        self._adapters = adapters
        self._fields = fields

    def errors(self, a: str, table: Table, action: Mapping[str, Any]) -> list[FieldError]:
        """What stands against the template with which the action's flow may have to open, and against those with which
        it begins itself. A channel or a flow that is not there is not told here."""
        if action["type"] != "run_flow":
            return []
        flow_id, fallback = action["flow_id"], action.get("template_fallback")
        begins = self._library.begin_at(a, flow_id)
        drawn = self._library.version(a, flow_id, begins[0]) if begins else None
        steps = first_templates(drawn) if drawn else []
        channels = self._on(a, table, action) if steps or fallback is not None else None
        if channels is None:
            return []
        errors = [*self._of_fallback(a, channels, fallback)] if fallback is not None else []
        for step in steps:
            template = step.fields["template"]
            errors += [
                FieldError(
                    "/action/flow_id",
                    f"template_{one.code.removeprefix('template_')}",
                    f"The flow's step {step.id} sends the template {template['name']}: {one.detail}",
                )
                for one in self._against(a, channels, template)
            ]
        return errors

    def _on(self, a: str, table: Table, action: Mapping[str, Any]) -> list[Channel] | None:
        """The channels on which it may be sent; None: that is not known, as the action's own is not there."""
        if table == "chats":
            every = self._channels.page(a, _MOST_CHANNELS, None)
            return [one for one in every if one.state != "removed" and self._has_templates(one)]
        channel = self._channels.get(a, action["channel_id"])
        if channel is None or channel.state == "removed":
            return None
        return [channel] if self._has_templates(channel) else []

    def _has_templates(self, channel: Channel) -> bool:
        return "template" in self._adapters(channel.type).kinds

    def _of_fallback(self, a: str, channels: Sequence[Channel], given: Mapping[str, Any]) -> Iterator[FieldError]:
        for one in self._against(a, channels, given):
            yield replace(one, pointer=one.pointer.replace("/template", _FALLBACK, 1))
        texts = list(texts_of(given.get("variables") or (), "/variables"))
        custom = slugs_named(self._fields, a, [text for _, text in texts])
        for pointer, text in texts:
            for wrong in names_of_nothing(text, custom):
                yield FieldError(f"{_FALLBACK}{pointer}", *wrong)

    def _against(self, a: str, channels: Sequence[Channel], given: Mapping[str, Any]) -> list[FieldError]:
        """What stands against it on the channel on which least does."""
        if not channels:
            return [FieldError("/template", "kind_not_supported", "The channel has no templates.")]
        wanted = template_of(with_each_value(given, with_any_values))
        least: list[FieldError] | None = None
        for channel in channels:
            found = self._choice.errors(a, channel.id, channel.department_id, wanted)
            if not found:
                return []
            if least is None or least[0].code == "not_found":
                least = found
        return least or []
