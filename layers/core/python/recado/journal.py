"""What workers put right, set aside or tried, as log lines (ports.inbound.Journal, ports.outbox.SendJournal,
ports.fetching.FetchJournal, ports.contact_exports.ExportJournal, ports.contact_imports.ImportJournal,
ports.buttons.ClickJournal, ports.sockets.HintJournal, ports.reconciliation.DriftJournal,
ports.flow_executions.FlowJournal)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recado import telemetry

if TYPE_CHECKING:
    from recado.domain.reconciliation import Drift


class LoggedJournal:
    """Into the function's log."""

    def kept_raw(self, channel_id: str, blob_key: str, count: int) -> None:
        """A fragment is kept as it came."""
        telemetry.warning("fragment_kept_raw", channel_id=channel_id, blob_key=blob_key, count=count)

    def name_not_learned(self, channel_id: str, error: Exception) -> None:
        """A contact stays without a name."""
        telemetry.failure("name_not_learned", error, channel_id=channel_id)

    def template_word_left(self, channel_id: str, blob_key: str, why: str) -> None:
        """A provider's word on a template is kept and changes nothing."""
        telemetry.warning("template_word_left", channel_id=channel_id, blob_key=blob_key, code=why)

    def failed(self, record_id: str, receives: int, error: Exception) -> None:
        """A command failed."""
        telemetry.failure("command_failed", error, command_id=record_id, receives=receives)

    def parked(self, record_id: str, blob_key: str) -> None:
        """A command was set aside."""
        telemetry.warning("command_parked", command_id=record_id, blob_key=blob_key)


class LoggedMail:
    """What comes of mail (ports.mail.MailJournal)."""

    def mail_taken(self, channel_id: str, blob_key: str, files: int, automatic: bool) -> None:
        """A mail is on its way into a channel."""
        kind = "automatic" if automatic else "written"
        telemetry.info("mail_taken", channel_id=channel_id, blob_key=blob_key, count=files, kind=kind)

    def mail_set_aside(self, reason: str, blob_key: str, channel_id: str = "") -> None:
        """A mail goes no further."""
        telemetry.warning("mail_set_aside", channel_id=channel_id or "none", blob_key=blob_key or "none", code=reason)


class LoggedSends:
    """What comes of sends (ports.outbox.SendJournal)."""

    def tried(self, message_id: str, attempt: int, state: str, code: str) -> None:
        """A try ended."""
        telemetry.info("send_tried", message_id=message_id, attempt=attempt, outcome=state, code=code or "ok")

    def not_enqueued(self, message_id: str, error: Exception) -> None:
        """The queue did not take the command."""
        telemetry.failure("send_not_enqueued", error, message_id=message_id)


class LoggedFlows:
    """What comes of executions of flows (ports.flow_executions.FlowJournal)."""

    def stepped(self, execution_id: str, steps: int, state: str, reason: str) -> None:
        """A worker leaves an execution."""
        telemetry.info("flow_driven", record_id=execution_id, count=steps, outcome=state, code=reason or "ok")

    def gave_up(self, execution_id: str, error: Exception | None) -> None:
        """An execution was ended, as it could not go on."""
        telemetry.failure("flow_given_up", error or TimeoutError(), record_id=execution_id)

    def not_enqueued(self, execution_id: str, error: Exception) -> None:
        """The queue did not take the command."""
        telemetry.failure("flow_not_enqueued", error, record_id=execution_id)


class LoggedFetches:
    """What comes of fetching files (ports.fetching.FetchJournal)."""

    def tried(self, message_id: str, attempt: int, outcome: str, code: str, size: int) -> None:
        """An attempt ended."""
        telemetry.info(
            "file_fetched", message_id=message_id, attempt=attempt, outcome=outcome, code=code or "ok", size_bytes=size
        )


class LoggedHints:
    """Hints that may not have been heard (ports.sockets.HintJournal)."""

    def lost(self, channel_id: str, error: Exception) -> None:
        """The page finds the message when it looks next."""
        telemetry.failure("hint_lost", error, channel_id=channel_id)


class LoggedExports:
    """What comes of exports (ports.contact_exports.ExportJournal)."""

    def stepped(self, export_id: str, outcome: str, done: int, size: int) -> None:
        """A worker leaves an export."""
        telemetry.info("export_worked_on", record_id=export_id, outcome=outcome, done=done, size_bytes=size)

    def not_enqueued(self, export_id: str, error: Exception) -> None:
        """The queue did not take the command."""
        telemetry.failure("export_not_enqueued", error, record_id=export_id)


class LoggedImports:
    """What comes of imports (ports.contact_imports.ImportJournal)."""

    def row_failed(self, import_id: str, stage: str, row: int, error: Exception) -> None:
        """A row is given up."""
        telemetry.failure("import_row_failed", error, record_id=import_id, kind=stage, seq=row)


class LoggedRuns:
    """What comes of runs of tasks (services.task_runs, services.task_run_work)."""

    def not_enqueued(self, run_id: str, error: Exception) -> None:
        """The queue did not take the commands."""
        telemetry.failure("task_run_not_enqueued", error, record_id=run_id)

    def left(self, run_id: str, lane: int, outcome: str, count: int) -> None:
        """A worker leaves a lane."""
        telemetry.info("task_run_worked_on", record_id=run_id, lane=lane, outcome=outcome, count=count)

    def broke(self, run_id: str, lane: int, error: Exception) -> None:
        """Something went wrong in a lane."""
        telemetry.failure("task_run_broke", error, record_id=run_id, lane=lane)


class LoggedClicks:
    """Clicks that could not be kept (ports.buttons.ClickJournal)."""

    def not_kept(self, button_id: str, error: Exception) -> None:
        """The visitor goes on without a tag."""
        telemetry.failure("click_not_kept", error, record_id=button_id)


class LoggedDrifts:
    """What checks of departments find (ports.reconciliation.DriftJournal)."""

    def found(self, a: str, department_id: str, drift: Drift) -> None:
        """One thing is not as it should be, or was not until now."""
        telemetry.warning(
            "drift_found",
            account=a,
            department_id=department_id,
            kind=drift.kind,
            record_id=drift.id,
            outcome="repaired" if drift.repaired else "left",
        )
