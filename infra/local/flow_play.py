"""A flow played as a conversation: whoever types is the customer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from infra.local.flow_world import LOCALE, A, World, made_id
from recado.domain.flow_definitions import Definition, Step
from recado.domain.flow_executions import Execution, is_over, traced
from recado.domain.flow_progress import answer, follow, silenced, step_of, time_out
from recado.services.flow_steps import Standing

HELP = """Write what the customer writes, or
  /wait     time passes: a delay is over, a question was not answered in time
  /vars     what the flow saved
  /contact  the contact as it is now
  /trace    show what is done at each step, or no longer
  /restart  from the beginning
  /quit     the end"""

ENDINGS = {
    "end": "The flow has ended without saying where the chat goes: it waits for people.",
    "queue": "The flow has ended: the chat waits for people.",
    "transfer": "The flow has ended: the chat was transferred.",
    "close": "The flow has ended: the chat is closed.",
}


class Play:
    """One run after the other. `read` gives the next line of the customer, None at the end of all lines."""

    def __init__(
        self, flow_id: str, world: World, show: Callable[[str], None], read: Callable[[], str | None], verbose: bool
    ) -> None:
        self._flow_id = flow_id
        self._world = world
        self._show = show
        self._read = read
        self._verbose = verbose
        self._steps = world.steps()
        self._first_contact = world.contact

    def run(self) -> Execution:
        """Play until the flow has ended, or nobody writes any more."""
        one = self._begin()
        while not is_over(one):
            if one.state != "waiting":
                one = self._do(one)
                continue
            line = self._read()
            if line is None or line.strip() == "/quit":
                return one
            one = self._hear(one, line)
        self._show(self._ending(one))
        return one

    def _begin(self) -> Execution:
        now = self._world.clock.now()
        self._world.contact = self._first_contact
        start = self._drawn(self._flow_id).start
        chat = self._world.chat
        return Execution(
            made_id("fx", now), chat.id, chat.contact_id, self._flow_id, 1, start, now, "user", moved_at=now
        )

    def _drawn(self, flow_id: str) -> Definition:
        found = self._world.find(flow_id)
        if found is None:
            raise LookupError(flow_id)
        return found

    def _step(self, one: Execution) -> Step:
        found = step_of(one, self._drawn(one.flow_id))
        if found is None:
            raise LookupError(one.step)
        return found

    def _do(self, one: Execution) -> Execution:
        step, now = self._step(one), self._world.clock.now()
        over = silenced(one, step, now)
        if over is not None:
            return over
        done = self._steps.do(Standing(A, self._world.chat, one, self._drawn(one.flow_id)), step)
        self._trace(one, step.type, done.given, done.told, now)
        if step.type == "delay":
            self._world.note(f"it waits for {step.fields['seconds']:,} s (/wait lets them pass)")
        if step.type == "wait_answer":
            labels = [option["label"] for option in step.fields.get("options", ())]
            self._world.note(f"it waits for an answer{': ' if labels else ''}{', '.join(labels)}")
        return follow(one, step, done.outcome, now)

    def _hear(self, one: Execution, line: str) -> Execution:
        step, now = self._step(one), self._world.clock.now()
        match line.strip():
            case "":
                return one
            case "/wait":
                return self._wait(one, step)
            case "/help":
                self._show(HELP)
            case "/vars":
                self._show(json.dumps(dict(one.variables), ensure_ascii=False, indent=2))
            case "/contact":
                contact = self._world.contact
                known = {name: getattr(contact, name) for name in ("name", "mobile", "email", "custom_fields")}
                self._show(json.dumps(known, ensure_ascii=False, indent=2, default=dict))
            case "/trace":
                self._verbose = not self._verbose
            case "/restart":
                return self._begin()
            case unknown if unknown.startswith("/"):
                self._show(f"There is no {unknown.split()[0]}: /help tells what there is.")
            case text:
                after = replace(answer(one, step, text, None, now, lambda: LOCALE), said=text)
                if one.waits_for == "time":
                    self._world.note("the flow waits for time, and takes no answer")
                elif after.tries > one.tries:
                    self._world.note("this was not understood")
                self._trace(one, "answer", text, after.step or after.reason, now)
                return after
        return one

    def _wait(self, one: Execution, step: Step) -> Execution:
        if one.waits_for == "answer" and "timeout_s" not in step.fields:
            self._world.note("a day passes: the question has no timeout_s")
        now = self._world.clock.now()
        self._world.clock.forward += max((one.due_at or now) - now, timedelta())
        after = time_out(one, step, self._world.clock.now())
        self._trace(one, "time", "", after.step or after.reason, self._world.clock.now())
        return after

    def _trace(self, one: Execution, kind: str, given: str, told: str, now: datetime) -> None:
        if self._verbose:
            line = traced(one, one.step or "", kind, given, told, now)
            self._world.note(f"{line.step} {line.type}: {line.input}{' → ' if line.input else ''}{line.outcome}")

    def _ending(self, one: Execution) -> str:
        if one.state == "failed":
            return f"The flow has failed: {one.reason}. The chat waits for people."
        return ENDINGS.get(one.reason, f"The flow has ended: {one.reason}.")
