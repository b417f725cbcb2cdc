"""Flows at work, and the one way by which messages are written."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from recado.bootstrap.automating import Automating
from recado.bootstrap.templating import Templating

if TYPE_CHECKING:
    from recado.ports.flow_executions import ExecutionStore
    from recado.services.flow_engine import FlowEngine
    from recado.services.flow_executions import FlowExecutions
    from recado.services.flow_library import FlowLibrary
    from recado.services.flow_starting import FlowStarting
    from recado.services.flow_steps import FlowSteps
    from recado.services.sending import SendingService


class Flows(Templating, Automating):
    """Flows at work, and the one way by which messages are written."""

    @cached_property
    def sending_service(self) -> SendingService:
        """Writing messages."""
        from recado.journal import LoggedSends
        from recado.services.sending import SendingService
        from recado.services.sent_files import Attachments
        from recado.storage.outbox import DynamoOutbox

        return SendingService(
            self.chat_service,
            self.chats,
            DynamoOutbox(),
            self.channel_directory,
            self.adapters,
            self.departments,
            self.template_choice,
            Attachments(self.file_service, self.sent_files),
            self.outbound_queue,
            self.clock,
            self.ids,
            LoggedSends(),
        )

    @cached_property
    def flow_library(self) -> FlowLibrary:
        """Published flows as they run."""
        from recado.services.flow_library import FlowLibrary
        from recado.storage.flows import DynamoFlows

        return FlowLibrary(DynamoFlows())

    @cached_property
    def executions(self) -> ExecutionStore:
        """Executions of flows."""
        from recado.storage.flow_executions import DynamoExecutions

        return DynamoExecutions()

    @cached_property
    def flow_executions(self) -> FlowExecutions:
        """What flows did."""
        from recado.services.flow_executions import FlowExecutions
        from recado.storage.flows import DynamoFlows

        return FlowExecutions(self.executions, DynamoFlows(), self.chat_service)

    @cached_property
    def flow_starting(self) -> FlowStarting:
        """Letting flows lead chats."""
        from recado.journal import LoggedFlows
        from recado.services.flow_starting import FlowStarting

        return FlowStarting(
            self.chat_service,
            self.chats,
            self.chat_commits,
            self.chat_starting,
            self.executions,
            self.flow_library,
            self.outbound_queue,
            self.clock,
            self.ids,
            LoggedFlows(),
        )

    @cached_property
    def flow_steps(self) -> FlowSteps:
        """What flows do at their steps."""
        from recado.services.flow_conditions import FlowConditions
        from recado.services.flow_steps import FlowSteps
        from recado.storage.contacts import ContactStore

        return FlowSteps(
            self.variables,
            self.sending_service,
            self.chat_actions,
            self.chat_marks,
            self.contact_service,
            self.custom_field_service,
            FlowConditions(self.segment_service, ContactStore(), self.chats),
            self.flow_library,
            self.flow_requesting,
        )

    @cached_property
    def flow_engine(self) -> FlowEngine:
        """Driving executions of flows."""
        from time import sleep

        from recado.journal import LoggedFlows
        from recado.services.flow_engine import FlowEngine
        from recado.services.flow_leaving import FlowLeaving
        from recado.services.flow_stops import FlowStops
        from recado.storage.chat_timers import DynamoChatTimers
        from recado.storage.task_runs import DynamoRuns

        leaving = FlowLeaving(
            self.chats, self.departments, self.system_moves, self.empty_chats, DynamoChatTimers(), self.clock
        )
        return FlowEngine(
            self.executions,
            self.chats,
            self.flow_library,
            self.flow_steps,
            FlowStops(DynamoRuns(), self.chats, self.sending_service),
            leaving,
            self.accounts,
            self.outbound_queue,
            self.flow_requests_queue,
            self.clock,
            LoggedFlows(),
            sleep,
        )
