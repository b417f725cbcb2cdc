"""Tasks and their runs."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from recado.bootstrap.flows import Flows

if TYPE_CHECKING:
    from recado.services.task_actions import TaskActions
    from recado.services.task_flows import TaskFlows
    from recado.services.task_forecast import TaskForecast
    from recado.services.task_pacing import TaskPacing
    from recado.services.task_reach import TaskReach
    from recado.services.task_references import KnownActionReferences
    from recado.services.task_run_work import TaskRunWork
    from recado.services.task_runs import RunBeginnings, TaskRunService
    from recado.services.task_schedule import TaskSchedule
    from recado.services.task_sends import TaskSends
    from recado.services.task_templates import ActionTemplates
    from recado.services.tasks import TaskService


class Tasks(Flows):
    """Tasks and their runs."""

    @cached_property
    def task_references(self) -> KnownActionReferences:
        """What actions name."""
        from recado.services.task_references import KnownActionReferences
        from recado.storage.flows import DynamoFlows, DynamoProjects

        return KnownActionReferences(
            DynamoProjects(),
            DynamoFlows(),
            self.channels,
            self.users,
            self.departments,
            self.workflow_service,
            self.tabulation_service,
            self.adapters,
        )

    @cached_property
    def task_templates(self) -> ActionTemplates:
        """Templates that actions send."""
        from recado.services.task_templates import ActionTemplates

        return ActionTemplates(
            self.template_choice, self.flow_library, self.channels, self.adapters, self.custom_field_service
        )

    @cached_property
    def task_service(self) -> TaskService:
        """Tasks as admins make them."""
        from recado.services.tasks import TaskService
        from recado.storage.task_runs import DynamoRuns
        from recado.storage.tasks import DynamoTasks

        return TaskService(
            DynamoTasks(),
            DynamoRuns(),
            self.task_references,
            self.task_templates,
            self.segment_service,
            self.accounts,
            self.clock,
            self.ids,
        )

    @cached_property
    def task_pacing(self) -> TaskPacing:
        """How fast runs write."""
        from recado.services.task_pacing import TaskPacing
        from recado.storage.speeds import DynamoSpeeds

        speeds = DynamoSpeeds()
        return TaskPacing(speeds, self.channels, self.chats, lambda one: self.adapters(one).speed, self.clock)

    @cached_property
    def task_beginnings(self) -> RunBeginnings:
        """Runs begin."""
        from recado.journal import LoggedRuns
        from recado.services.task_runs import RunBeginnings
        from recado.storage.task_runs import DynamoRuns

        return RunBeginnings(DynamoRuns(), self.task_pacing, self.task_run_queue, self.clock, self.ids, LoggedRuns())

    @cached_property
    def task_schedule(self) -> TaskSchedule:
        """Tasks that come due."""
        from recado.services.task_schedule import TaskSchedule
        from recado.storage.tasks import DynamoTasks

        return TaskSchedule(DynamoTasks(), self.task_beginnings, self.accounts, self.clock)

    @cached_property
    def task_run_service(self) -> TaskRunService:
        """Runs as admins see them."""
        from recado.services.task_runs import TaskRunService
        from recado.storage.task_runs import DynamoRuns
        from recado.storage.task_targets import DynamoTargets

        return TaskRunService(
            self.task_service, DynamoRuns(), DynamoTargets(), self.task_beginnings, self.clock, self.ids
        )

    @cached_property
    def task_flows(self) -> TaskFlows:
        """Flows as runs begin them."""
        from recado.services.task_flows import TaskFlows
        from recado.services.task_merges import MergedTargets
        from recado.storage.contacts import ContactStore
        from recado.storage.outbox import DynamoOutbox
        from recado.storage.task_runs import DynamoRuns
        from recado.storage.task_targets import DynamoTargets

        return TaskFlows(
            self.flow_starting,
            self.executions,
            self.flow_library,
            ContactStore(),
            self.chats,
            self.channels,
            self.task_reach,
            self.flow_steps,
            MergedTargets(DynamoRuns(), DynamoTargets(), self.executions),
            DynamoOutbox(),
            self.clock,
        )

    @cached_property
    def task_reach(self) -> TaskReach:
        """Whom tasks can write to."""
        from recado.channels.reach import ChannelReach
        from recado.services.task_reach import TaskReach

        return TaskReach(ChannelReach(), self.chats, self.adapters, self.clock)

    @cached_property
    def task_forecast(self) -> TaskForecast:
        """What a run would meet."""
        from recado.services.task_forecast import TaskForecast
        from recado.storage.contacts import ContactStore
        from recado.storage.segment_reads import DynamoSegmentReads

        return TaskForecast(
            self.task_service,
            self.segment_service,
            DynamoSegmentReads(),
            ContactStore(),
            self.chats,
            self.channels,
            self.task_reach,
            self.flow_library,
            self.clock,
        )

    @cached_property
    def task_actions(self) -> TaskActions:
        """What tasks do to one target."""
        from recado.services.task_actions import TaskActions
        from recado.services.task_meaning import StillMeant
        from recado.storage.chat_moves import ChatMoveStore
        from recado.storage.segment_reads import DynamoSegmentReads
        from recado.storage.task_runs import DynamoRuns

        meant = StillMeant(DynamoRuns(), self.segment_service, DynamoSegmentReads())
        return TaskActions(self.chat_actions, self.chat_marks, self.task_flows, meant, ChatMoveStore())

    @cached_property
    def task_sends(self) -> TaskSends:
        """What became of what runs began."""
        from recado.services.task_sends import TaskSends
        from recado.storage.outbox import DynamoOutbox
        from recado.storage.task_targets import DynamoTargets

        return TaskSends(DynamoTargets(), DynamoOutbox(), self.task_flows, self.clock)

    @cached_property
    def task_run_work(self) -> TaskRunWork:
        """The work of runs."""
        from time import sleep

        from recado.journal import LoggedRuns
        from recado.services.task_endings import RunEndings
        from recado.services.task_run_work import TaskRunWork
        from recado.storage.segment_reads import DynamoSegmentReads
        from recado.storage.task_runs import DynamoRuns
        from recado.storage.task_targets import DynamoLanes, DynamoTargets

        return TaskRunWork(
            DynamoRuns(),
            DynamoLanes(),
            DynamoTargets(),
            DynamoSegmentReads(),
            self.segment_service,
            self.task_references,
            self.task_actions,
            self.task_pacing,
            self.task_sends,
            self.task_beginnings,
            RunEndings(DynamoRuns(), self.task_upkeep, self.departments, self.clock, self.ids),
            self.clock,
            sleep,
            LoggedRuns(),
        )
