"""What a flow does at a step, by the same services as people use: messages, the chat, the contact, the way out (PRODUCT
F1).

Each may be asked for again after a crash: a message has its id from the execution and the place, a chat is moved from
where the flow leads it, values are written as they are, and a request that may have been received is not sent again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from recado.domain.access import Caller
from recado.domain.chats import Chat, Message
from recado.domain.contact_columns import cell_value
from recado.domain.contact_import_cells import value_of
from recado.domain.contact_rules import region_of
from recado.domain.custom_fields import CustomField
from recado.domain.errors import DomainError, Invalid
from recado.domain.flow_definitions import Definition, Step
from recado.domain.flow_executions import Execution, effect_origin
from recado.domain.flow_progress import Act, Outcome, act, question_of, typed_answers, ways_to_ask, with_each_value
from recado.domain.flow_secrets import texts_of
from recado.domain.flow_variables import filled
from recado.domain.messages import Template
from recado.ports.flow_http import FlowRequestFailed
from recado.ports.idempotency import Attempt
from recado.services.chat_actions import ChatActions
from recado.services.chat_marks import ChatMarks
from recado.services.contacts import ContactService
from recado.services.custom_fields import CustomFieldService
from recado.services.flow_conditions import FlowConditions
from recado.services.flow_library import FlowLibrary
from recado.services.flow_requests import FlowRequesting, part_of_address
from recado.services.sending import NewMessage, SendingService
from recado.services.variables import Variables

MAX_ANSWER_CHARACTERS = 20_000
"""Of what an HTTP step saves, as JSON."""


@dataclass(frozen=True)
class Standing:
    """Where an execution stands: its chat as it was read, and its flow. `behind`: the thread's last message behind
    which alone it may speak; None: wherever the thread is."""

    a: str
    chat: Chat
    one: Execution
    drawn: Definition
    behind: int | None = None

    @property
    def caller(self) -> Caller:
        """The flow as it acts upon its chat."""
        return Caller(self.a, "admin", flow_id=self.one.flow_id, execution_id=self.one.id)


@dataclass(frozen=True)
class Done:
    """`given`: what went into the step, and `told`: what became of it, for the trace. `moved`: the chat is out of the
    flow's hands with it, and so the execution has ended."""

    outcome: Outcome
    given: str = ""
    told: str = "done"
    moved: bool = False


class FlowSteps:
    """One step at a time. Refusals of the product (DomainError) are outcomes, anything else is raised."""

    def __init__(
        self,
        variables: Variables,
        sending: SendingService,
        actions: ChatActions,
        marks: ChatMarks,
        contacts: ContactService,
        fields: CustomFieldService,
        conditions: FlowConditions,
        library: FlowLibrary,
        requests: FlowRequesting,
    ) -> None:
        self._variables = variables
        self._sending = sending
        self._actions = actions
        self._marks = marks
        self._contacts = contacts
        self._fields = fields
        self._conditions = conditions
        self._library = library
        self._requests = requests
        self._doers: Mapping[str, Callable[[Standing, Step, Act], Done]] = {
            "send_text": self._send_text,
            "send_file": self._send_file,
            "send_template": self._send_template,
            "ask": self._send_text,
            "ask_choice": self._ask_choice,
            "condition": self._condition,
            "set_field": self._set_field,
            "run_flow": self._run_flow,
            "transfer": self._transfer,
            "queue": self._queue,
            "close": self._close,
            "workflow_step": self._workflow_step,
            "tabulate": self._tabulate,
        }

    def do(self, at: Standing, step: Step) -> Done:
        """Do what is to be done there. `delay`, `goto` and `wait_answer` do nothing."""
        if step.type in ("delay", "goto", "wait_answer"):
            return Done(Outcome())
        texts = [text for _, text in texts_of(step.fields)]
        values = self._variables.of(at.a, _where_it_goes(at.chat, step), texts, at.one.variables, at.one.said)
        what = act(step, values, part_of_address, self._variables.writer(at.a, typed_answers(at.drawn)))
        try:
            return self._http(at, step, what, values) if step.type == "http" else self._doers[step.type](at, step, what)
        except DomainError as refusal:
            code = refusal.errors[0].code if refusal.errors and refusal.code == "invalid" else refusal.code
            return Done(Outcome(failed=code), _given(what), f"{code}: {refusal.detail}")

    def check_template(self, a: str, chat: Chat, given: Mapping[str, Any]) -> None:
        """Whether a template, as a step gives it, could be sent in a chat as a flow's first message; the chat need not
        be there yet, and nothing is written. Raises as sending it would."""
        values, write = self._variables.of(a, chat, [text for _, text in texts_of(given)]), self._variables.writer(a)
        filled_in = with_each_value(given, lambda text: filled(text, values, write))
        self._sending.check_template(a, chat, template_of(filled_in))

    # -- messages ------------------------------------------------------------------------------------------------------

    def _send(self, at: Standing, new: NewMessage, given: str) -> Done:
        attempt = Attempt(effect_origin(at.a, at.one), again=True)
        message: Message = self._sending.send(at.caller, at.chat.id, new, attempt=attempt, behind=at.behind)
        return Done(Outcome(seq=message.seq), given, f"message {message.id}")

    def _send_text(self, at: Standing, step: Step, what: Act) -> Done:
        return self._send(at, NewMessage(text=what.fields["text"]), what.fields["text"])

    def _send_file(self, at: Standing, step: Step, what: Act) -> Done:
        new = NewMessage(file_id=what.fields["file_id"], text=what.fields.get("text") or None)
        return self._send(at, new, what.fields["file_id"])

    def _send_template(self, at: Standing, step: Step, what: Act) -> Done:
        template = template_of(what.fields["template"])
        return self._send(at, NewMessage(template=template), f"{template.name} {template.language}")

    def _ask_choice(self, at: Standing, step: Step, what: Act) -> Done:
        """As the best of what the channel takes."""
        opener = what.fields.get("button_text") or self._variables.manner(at.a).see_options
        *better, last = ways_to_ask(what.fields, question_of(at.one), opener)
        for kind, text, payload in better:
            try:
                return self._send(at, NewMessage(kind, text, payload=payload), text)
            except Invalid:  # the next way is one for less able channels
                continue
        kind, text, payload = last
        return self._send(at, NewMessage(kind, text, payload=payload), text)

    # -- the chat ------------------------------------------------------------------------------------------------------

    def _transfer(self, at: Standing, step: Step, what: Act) -> Done:
        agent_id, department_id = what.fields.get("agent_id"), what.fields.get("department_id")
        told = self._say_before(at, what)
        if agent_id is not None:
            self._actions.transfer_to_agent(at.caller, at.chat.id, agent_id)
        else:
            self._actions.transfer_to_department(at.caller, at.chat.id, str(department_id))
        return Done(Outcome(), str(agent_id or department_id), f"transferred{told}", moved=True)

    def _queue(self, at: Standing, step: Step, what: Act) -> Done:
        department_id = what.fields.get("department_id")
        told = self._say_before(at, what)
        self._actions.queue(at.caller, at.chat.id, department_id)
        return Done(Outcome(), department_id or at.chat.department_id, f"queued{told}", moved=True)

    def _say_before(self, at: Standing, what: Act) -> str:
        """What is said to the customer before their chat goes: afterwards it is in other hands. A refusal keeps nobody
        from people; it is told."""
        if "text" not in what.fields:
            return ""
        try:
            return ", " + self._send(at, NewMessage(text=what.fields["text"]), "").told
        except DomainError as refusal:
            return f", {refusal.code}: {refusal.detail}"

    def _close(self, at: Standing, step: Step, what: Act) -> Done:
        tabulation_id = what.fields.get("tabulation_id")
        self._actions.close(at.caller, at.chat.id, tabulation_id)
        return Done(Outcome(), tabulation_id or "", "closed", moved=True)

    def _workflow_step(self, at: Standing, step: Step, what: Act) -> Done:
        self._marks.step(at.caller, at.chat.id, what.fields["step_id"])
        return Done(Outcome(), what.fields["step_id"])

    def _tabulate(self, at: Standing, step: Step, what: Act) -> Done:
        self._marks.tabulate(at.caller, at.chat.id, what.fields["tabulation_id"])
        return Done(Outcome(), what.fields["tabulation_id"])

    # -- what it knows, and others -------------------------------------------------------------------------------------

    def _condition(self, at: Standing, step: Step, what: Act) -> Done:
        held = self._conditions.holds(at.a, at.chat, step, at.one.variables)
        return Done(Outcome(held=held), json.dumps(step.fields["filter"], ensure_ascii=False), "yes" if held else "no")

    def _set_field(self, at: Standing, step: Step, what: Act) -> Done:
        name, value = str(what.fields["field"]), str(what.fields["value"])
        given: dict[str, Any] = {name: value}
        if name.startswith("custom."):
            slug = name.removeprefix("custom.")
            known = {one.slug: one for one in self._fields.all(at.a, "contacts") if one.active}
            given = {"custom_fields": {slug: self._meant(at.a, known.get(slug), value)}}
        self._contacts.change(at.caller, at.chat.contact_id, given)
        return Done(Outcome(), f"{name} = {value}")

    def _meant(self, a: str, field: CustomField | None, value: str) -> Any:
        """As a cell of an import means it: an option in other letters is the option."""
        if field is None:
            return cell_value("text", value)
        return value_of(field, value, region_of(self._variables.manner(a).locale), ",")

    def _http(self, at: Standing, step: Step, what: Act, values: Mapping[str, Any]) -> Done:
        """The receiver may know a request again by its key."""
        given = f"{what.fields['method']} {what.fields['url']}"
        if at.one.claimed == at.one.place and claims_first(step):
            return Done(Outcome(failed="no_answer"), given, "no_answer: it may have been received")
        try:
            answer = self._requests.ask(at.a, step, values, {"Idempotency-Key": effect_origin(at.a, at.one)})
        except FlowRequestFailed as failed:
            return Done(Outcome(failed=failed.code), given, failed.code)
        if len(json.dumps(answer.value, ensure_ascii=False, default=str)) > MAX_ANSWER_CHARACTERS:
            return Done(Outcome(failed="answer_too_large"), given, "answer_too_large")
        return Done(Outcome(value=answer.value), given, str(answer.status))

    def _run_flow(self, at: Standing, step: Step, what: Act) -> Done:
        found = self._library.begin_at(at.a, what.fields["flow_id"])
        if found is None:
            return Done(Outcome(failed="flow_not_published"), what.fields["flow_id"], "flow_not_published")
        number, start = found
        return Done(Outcome(value={"version": number, "start": start}), what.fields["flow_id"], f"version {number}")


def _where_it_goes(chat: Chat, step: Step) -> Chat:
    """The chat as what is said of it at a step that gives it away has it."""
    if step.type not in ("transfer", "queue"):
        return chat
    department_id = step.fields.get("department_id", chat.department_id)
    return replace(chat, department_id=department_id, agent_id=step.fields.get("agent_id"))


def template_of(given: Mapping[str, Any]) -> Template:
    """A template as a step gives it, as a message has it."""
    variables = given.get("variables") or ()
    return Template(given["name"], given["language"], variables if isinstance(variables, Mapping) else tuple(variables))


def claims_first(step: Step) -> bool:
    """Whether it is written down before a step is done: what it does cannot be known again."""
    return step.type == "http" and step.fields["method"] != "GET"


def _given(what: Act) -> str:
    return json.dumps(what.fields, ensure_ascii=False, default=str)
