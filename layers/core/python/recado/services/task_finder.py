"""Things that tasks and triggers name: those stay (PRODUCT G1, G5)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from recado.domain.flow_uses import named_in
from recado.domain.tasks import Task
from recado.ports.tasks import TaskStore
from recado.ports.triggers import TriggerStore


class TaskFinder:
    """The port `recado.services.references.Finder`: tasks by their action and filter, switched on or not, as
    `task_ids`."""

    def __init__(self, tasks: TaskStore) -> None:
        self._tasks = tasks

    def naming(self, a: str, names: Collection[str]) -> Mapping[str, list[str]]:
        """Reads all tasks of the account."""
        return {"task_ids": [one.id for one in self._tasks.all(a) if not _named_by(one).isdisjoint(names)]}


class TriggerFinder:
    """The same of triggers, by the flow that they start, as `trigger_ids`."""

    def __init__(self, triggers: TriggerStore) -> None:
        self._triggers = triggers

    def naming(self, a: str, names: Collection[str]) -> Mapping[str, list[str]]:
        """Reads all triggers of the account."""
        return {"trigger_ids": [one.id for one in self._triggers.all(a) if one.action.flow_id in names]}


def template_name(channel_id: str, name: str, language: str) -> str:
    """How a template is named among other things: by what a task says of it."""
    return f"template.{channel_id}.{name}.{language}"


def _named_by(task: Task) -> set[str]:
    found = named_in({"action": task.action, "filter": task.filter})
    template = task.action.get("template_fallback")
    if task.channel_id is not None and template is not None:
        found.add(template_name(task.channel_id, template["name"], template["language"]))
    return found
