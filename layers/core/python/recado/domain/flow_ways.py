"""The ways through flows: that every step that is named is there, and that none leads round without waiting for
somebody, neither within a flow nor through those that it runs (PRODUCT F1). Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from recado.domain.errors import FieldError, Invalid
from recado.domain.flow_choices import repeated_labels
from recado.domain.flow_definitions import SENDING, WAITING, Definition, Step

Place = tuple[str, str]
"""A step: of which flow, and its id there."""
Find = Callable[[str], Definition | None]
"""What is published of a flow; None: there is no such flow, or nothing was."""
_SAME_LABEL = "But for case, accents and blanks this is the label of an option before: no answer could tell them apart."


def check_whole(drawn: Definition) -> None:
    """Raises Invalid for a definition that cannot be published: a step that is named and is not there, a way that leads
    round without waiting, or a label that an answer cannot tell from another."""
    errors = list[FieldError]()
    if drawn.start not in drawn.steps:
        errors.append(FieldError("/start", "no_such_step", "There is no such step."))
    for step in drawn.steps.values():
        errors += [
            FieldError(f"/steps/{step.id}{pointer}", "no_such_step", f"There is no step {target!r}.")
            for target, pointer in step.targets
            if target not in drawn.steps
        ]
        labels = [str(one["label"]) for one in step.fields.get("options", ())]
        errors += [
            FieldError(f"/steps/{step.id}/options/{index}/label", "repeated", _SAME_LABEL)
            for index in repeated_labels(labels)
        ]
    looping = _round([("", step_id) for step_id in drawn.steps], lambda at: _at_once("", drawn.steps.get(at[1])))
    if looping:
        _, way = looping
        errors.append(_endless(f"/steps/{way[0][1]}", [step_id for _, step_id in way]))
    if errors:
        raise Invalid(errors[0].detail, errors=errors[:50])


def check_runs(flow_id: str, drawn: Definition, find: Find) -> None:
    """Raises Invalid for a flow that would lead round, without waiting, through flows that it runs, once it is
    published. A loop of others that it runs into is told as well."""

    def steps_of(flow: str) -> Definition | None:
        return drawn if flow == flow_id else find(flow)

    def onward(at: Place) -> Iterator[Place]:
        known = steps_of(at[0])
        step = known.steps.get(at[1]) if known else None
        yield from _at_once(at[0], step)
        if step is not None and step.type == "run_flow":
            other = steps_of(step.fields["flow_id"])
            if other is not None:
                yield step.fields["flow_id"], other.start

    runs = [(flow_id, step.id) for step in drawn.steps.values() if step.type == "run_flow"]
    looping = _round(runs, onward)
    if looping:
        first, way = looping
        at = next((one for one in way if one in runs), first)
        named = [step_id if flow == flow_id else f"{flow}/{step_id}" for flow, step_id in way]
        error = _endless(f"/steps/{at[1]}/flow_id", named)
        raise Invalid(error.detail, errors=[error])


def unreachable(drawn: Definition) -> list[str]:
    """The steps to which no way leads from the first."""
    seen, left = set[str](), [drawn.start]
    while left:
        step = drawn.steps.get(left.pop())
        if step is not None and step.id not in seen:
            seen.add(step.id)
            left += [target for target, _ in step.targets]
    return [step_id for step_id in drawn.steps if step_id not in seen]


def window_may_be_closed(drawn: Definition) -> list[str]:
    """The steps that write freely and to which a way leads from a template without an answer of the customer: a channel
    with a window refuses them when it is closed."""
    seen, found = set[str](), set[str]()
    left = [target for step in drawn.steps.values() if step.type == "send_template" for target, _ in step.targets]
    while left:
        step = drawn.steps.get(left.pop())
        if step is None or step.id in seen:
            continue
        seen.add(step.id)
        if step.type in _WRITING_FREELY:
            found.add(step.id)
        else:
            answered = step.type == "wait_answer"
            left += [target for target, pointer in step.targets if not answered or pointer == "/on_timeout"]
    return [step_id for step_id in drawn.steps if step_id in found]


_WRITING_FREELY = SENDING - {"send_template"}


def _endless(pointer: str, steps: Iterable[str]) -> FieldError:
    detail = "These steps lead round without waiting: " + " → ".join(steps) + "."
    return FieldError(pointer, "endless_loop", detail)


def _round(firsts: Iterable[Place], onward: Callable[[Place], Iterable[Place]]) -> tuple[Place, list[Place]] | None:
    """From which of the firsts a way leads round, and that way from where it closes to there again; None: from
    none."""
    done = set[Place]()
    for first in firsts:
        way: dict[Place, None] = {}
        left: list[tuple[Place, bool]] = [(first, False)]
        while left:
            at, is_left = left.pop()
            if is_left:
                done.add(way.popitem()[0])
                continue
            if at in way:
                passed = list(way)
                return first, [*passed[passed.index(at) :], at]
            if at in done:
                continue
            way[at] = None
            left.append((at, True))
            left += [(target, False) for target in onward(at)]
    return None


def _at_once(flow: str, step: Step | None) -> list[Place]:
    """Where a step leads without waiting, in its flow. A question that cannot be put is not waited at."""
    if step is None:
        return []
    return [(flow, target) for target, pointer in step.targets if step.type not in WAITING or pointer == "/on_error"]
