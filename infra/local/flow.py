"""`make flow`: a flow as a conversation in the terminal, for whoever writes it.

    make flow ARGS=examples/flows/welcome.json     a file: {"start": …, "steps": {…}}
    make flow ARGS=fl_…                            the draft of a flow of the running local stack

The flow is checked as publishing checks it, then played: what the customer would read is shown, what you type is what
they answer, `/help` tells the rest. Nothing is sent and nothing is written. Exit 0 when it was played, 1 when the flow
failed, 2 when it cannot be published or read.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.local.demo_client import Client, DemoFailed, Unreachable, read_demo
from infra.local.flow_play import Play
from infra.local.flow_requests import AskedRequests, FailingRequests
from infra.local.flow_world import SOMEBODY, World, contact_of, read_filter
from recado.domain.contacts import Contact
from recado.domain.custom_fields import CustomField
from recado.domain.errors import FieldError, Invalid
from recado.domain.flow_definitions import Definition
from recado.domain.flow_ways import check_runs, check_whole, unreachable, window_may_be_closed
from recado.domain.variable_names import unsaved, wrong_in_steps
from recado.ports.flow_http import FlowRequests
from recado.services.flows import drawn

FLOW_ID = re.compile(r"fl_[a-z2-7]{8}_[0-9a-f]{27}")


class Unplayable(Exception):
    """Why a flow cannot be played, for a person; one line for each thing."""


class Terminal:
    """Lines in, lines out; grey and cyan where somebody looks."""

    def __init__(self) -> None:
        self._colours = sys.stdout.isatty()

    def say(self, text: str) -> None:
        """What the customer reads."""
        print(f"{self._painted('flow> ', '36')}" + text.replace("\n", "\n      "))

    def note(self, text: str) -> None:
        """What happens behind."""
        print(self._painted(f"   ·  {text}", "90"))

    def read(self, prompt: str = "you > ") -> str | None:
        """What is typed; None at the end. Lines that come from a file are shown too."""
        try:
            line = input(self._painted(prompt, "32"))
        except (EOFError, KeyboardInterrupt):
            print()
            return None
        if not sys.stdin.isatty():
            print(line)
        return line

    def _painted(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colours else text


class Source:
    """Flows and custom fields: of the file that was given, or of the running local stack."""

    def __init__(self, demo: Path) -> None:
        self._demo = demo
        self._known: dict[str, Definition | None] = {}

    def first(self, given: str) -> tuple[str, Definition]:
        """The flow to be played, under an id. Raises Unplayable."""
        path = Path(given)
        if FLOW_ID.fullmatch(given) and not path.exists():
            return given, checked(self._fetched(f"/v1/flows/{given}"))
        flow = read_json(path)
        if not isinstance(flow, Mapping) or not {"start", "steps"} <= set(flow):
            raise Unplayable(f'{given}: give an object with "start" and "steps".')
        self._known[given] = checked(flow)
        return given, checked(flow)

    def find(self, flow_id: str) -> Definition | None:
        """A flow that another one runs; None where no stack is there to know it."""
        if flow_id not in self._known:
            try:
                self._known[flow_id] = checked(self._fetched(f"/v1/flows/{flow_id}"))
            except Unplayable:
                self._known[flow_id] = None
        return self._known[flow_id]

    def fields(self, given: str, flow: Definition) -> list[CustomField]:
        """The account's custom fields; of a file those that it names, as texts."""
        now = datetime.now(UTC)
        if FLOW_ID.fullmatch(given):
            items = self._fetched("/v1/custom-fields?limit=200")["items"]
            return [
                CustomField(one["id"], one["table"], one["slug"], one["label"], one["type"], now, False,
                            tuple(one["options"]), one["active"])
                for one in items
            ]  # fmt: skip
        named = sorted(
            set(
                re.findall(
                    r"\bcustom\.([a-z][a-z0-9_]*)", json.dumps([dict(one.fields) for one in flow.steps.values()])
                )
            )
        )
        return [CustomField(slug, "contacts", slug, slug, "text", now) for slug in named]

    def _fetched(self, path: str) -> Any:
        try:
            demo = read_demo(self._demo)
            return Client(demo["base_url"], demo["api_token"]).get(path)
        except Unreachable as nobody:
            raise Unplayable(f"{nobody}. Is the local stack there (`make run`)?") from None
        except DemoFailed as refusal:
            raise Unplayable(str(refusal)) from None


def checked(flow: Mapping[str, Any]) -> Definition:
    """As publishing checks it. Raises Unplayable with a line for each thing that is wrong."""
    try:
        whole = drawn(flow["start"], flow["steps"])
        check_whole(whole)
    except Invalid as refusal:
        raise Unplayable(lines_of(refusal.errors)) from None
    return whole


def check_names(flow: Definition, fields: Sequence[CustomField]) -> None:
    """That variables can be known, and conditions be read. Raises Unplayable."""
    errors = [FieldError(*wrong) for wrong in wrong_in_steps(flow, {one.slug for one in fields if one.active})]
    for step in flow.steps.values():
        if step.type == "condition":
            try:
                read_filter(step.fields["filter"], {}, fields, datetime.now(UTC), f"/steps/{step.id}/filter")
            except Invalid as refusal:
                errors += refusal.errors
    if errors:
        raise Unplayable(lines_of(errors))


def lines_of(errors: Sequence[FieldError]) -> str:
    """Errors for a person."""
    return "\n".join(f"{one.pointer}: {one.detail} ({one.code})" for one in errors)


def read_json(path: Path) -> Any:
    """What a file holds. Raises Unplayable."""
    try:
        return json.loads(path.read_text())
    except OSError as error:
        raise Unplayable(f"{path}: {error.strerror or error}") from None
    except ValueError as error:
        raise Unplayable(f"{path} is not JSON: {error}") from None


def who_writes(given: Path | None) -> Contact:
    """The contact of a JSON file, or somebody. Raises Unplayable."""
    try:
        return contact_of(read_json(given) if given else SOMEBODY)
    except TypeError as error:
        raise Unplayable(f"{given}: {error}") from None


def named_secrets(given: Path | None, invented: bool) -> Callable[[Sequence[str]], dict[str, str]]:
    """Secrets of a JSON file. `invented`: what it lacks is made up, as it goes nowhere."""
    known: dict[str, str] = read_json(given) if given else {}

    def values(names: Sequence[str]) -> dict[str, str]:
        return {name: known.get(name, "•••") for name in names if invented or name in known}

    return values


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code as the module says."""
    parser = argparse.ArgumentParser(prog="make flow ARGS=…", description="Play a flow as a conversation.")
    parser.add_argument("flow", help="a JSON file, or the id of a flow of the running local stack")
    parser.add_argument("-v", "--verbose", action="store_true", help="show what is done at each step")
    parser.add_argument(
        "--http", choices=("ask", "real", "fail"), default="ask",
        help="HTTP steps: ask you for the answer (as it is), send them really, or let them fail",
    )  # fmt: skip
    parser.add_argument("--secrets", type=Path, help="a JSON file {name: value} for {{secret.name}}")
    parser.add_argument("--contact", type=Path, help="a JSON file with the contact; custom fields in custom_fields")
    parser.add_argument("--demo", type=Path, default=Path(".local/demo.json"), help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    terminal, source = Terminal(), Source(options.demo)
    try:
        return _play(options, terminal, source)
    except Unplayable as why:
        print(why, file=sys.stderr)
        return 2


def _play(options: argparse.Namespace, terminal: Terminal, source: Source) -> int:
    flow_id, flow = source.first(options.flow)
    fields = source.fields(options.flow, flow)
    check_names(flow, fields)
    try:
        check_runs(flow_id, flow, source.find)
    except Invalid as refusal:
        raise Unplayable(lines_of(refusal.errors)) from None
    for step_id in unreachable(flow):
        terminal.note(f"no way leads to step {step_id}")
    for step_id in window_may_be_closed(flow):
        terminal.note(f"step {step_id} may find the window closed: a template comes before it, and no answer")
    for name in dict.fromkeys(one.name for one in unsaved(flow)):
        terminal.note(f"no step saves {{{{{name}}}}}: it is empty, unless whoever starts the flow gives it")
    world = World(
        terminal.say, terminal.note, lambda one: flow if one == flow_id else source.find(one),
        _way_out(options, terminal), named_secrets(options.secrets, options.http != "real"),
        who_writes(options.contact), fields,
    )  # fmt: skip
    ended = Play(flow_id, world, print, terminal.read, options.verbose).run()
    return 1 if ended.state == "failed" else 0


def _way_out(options: argparse.Namespace, terminal: Terminal) -> FlowRequests:
    if options.http == "fail":
        return FailingRequests()
    if options.http == "ask":
        return AskedRequests(terminal.note, terminal.read)
    from recado.outside.addresses import PublicAddresses, origins_in
    from recado.outside.flow_http import OutsideFlowRequests

    return OutsideFlowRequests(PublicAddresses(origins_in(str(options.demo.parent))))


if __name__ == "__main__":
    sys.exit(main())
