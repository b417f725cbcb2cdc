"""Which names variables may have in the texts of flows, shortcuts and templates of tasks (PRODUCT F2): what is mistyped
would reach customers as nothing at all. Pure.

`contact.…` and `system.…` are known to the letter, so a name that is not among them is wrong; so are braces with
anything but a name between them. Any other name is of what a flow saved, or began with: who checks knows which.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from recado.domain.flow_definitions import TAKEN_NAMES, Definition, Step
from recado.domain.flow_secrets import texts_of
from recado.domain.flow_variables import SYSTEM, left_over, names_in

CONTACT = frozenset({
    "id", "name", "first_name", "mobile", "phone", "email", "birthday", "address", "city", "district", "state",
    "country", "notes", "organization", "organization_id", "group_ids", "principal_id", "linked_ids", "photo_file_id",
    "more_phones", "more_emails", "created_at", "updated_at",
})  # fmt: skip
_PARTED = frozenset({"channels", "attribution"})
"""Fields of contacts with parts that nobody lists here."""
_CUSTOM = ("custom.", "custom_fields.")
_FILLED = frozenset({"text", "value", "body", "url", "headers"})
"""Fields of steps in which variables are put; of a template they are put into the values of its variables."""


@dataclass(frozen=True)
class Unknown:
    """A variable that nothing saves, with the pointer to the text that names it."""

    pointer: str
    name: str


def name_custom_fields(texts: Iterable[str]) -> bool:
    """Whether texts name custom fields: only then has anybody to know which there are."""
    return any(
        name.startswith(("contact.custom.", "contact.custom_fields.")) for text in texts for name in names_in(text)
    )


def wrong_names(text: str, custom: Collection[str]) -> list[tuple[str, str]]:
    """What is wrong with a text's variables, whatever it is of: a code and a detail each. `custom`: the slugs of the
    active custom fields of contacts."""
    found = list[tuple[str, str]]()
    wrong = left_over(text)
    if wrong is not None:
        detail = f"{wrong!r} is no variable: write a name between braces, {{{{contact.name}}}}, and nothing else."
        found.append(("malformed_variable", detail))
    found += [
        ("unknown_variable", f"There is no {name!r}. {_there_is(name, custom)}")
        for name in names_in(text)
        if name.partition(".")[0] in ("contact", "system") and not _is_known(name, custom)
    ]
    return found


def names_of_nothing(text: str, custom: Collection[str]) -> list[tuple[str, str]]:
    """As `wrong_names`, of a text outside of flows, where nothing was saved."""
    detail = "Nothing is known by the name {0!r} here: name contact.… or system.…."
    unknown = [name for name in names_in(text) if name.partition(".")[0] not in ("contact", "system")]
    return wrong_names(text, custom) + [("unknown_variable", detail.format(name)) for name in unknown]


def other_names(text: str) -> list[str]:
    """The names in a text that stand for nothing that Recado knows by itself."""
    return [name for name in names_in(text) if name.partition(".")[0] not in TAKEN_NAMES]


def wrong_in_steps(drawn: Definition, custom: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """A pointer, a code and a detail for each thing that is wrong with the variables of a flow's texts."""
    for step in drawn.steps.values():
        for pointer, text, is_filled in _texts(step):
            if is_filled:
                yield from ((pointer, *wrong) for wrong in wrong_names(text, custom))
            elif "{{" in text:
                yield pointer, "no_variables_here", "No variables are put in here: customers would read the braces."


def unsaved(drawn: Definition, known: Collection[str] = ()) -> list[Unknown]:
    """The variables that a flow's texts and conditions name and none of its steps saves, nor anything else that is
    known to be there."""
    saved = {*known, *(str(step.fields["save_as"]) for step in drawn.steps.values() if "save_as" in step.fields)}
    return [
        Unknown(pointer, name)
        for step in drawn.steps.values()
        for pointer, text, is_filled in _texts(step)
        for name in (other_names(text) + _of_nobody(step, text) if is_filled else _asked(pointer, text))
        if name.partition(".")[0] not in saved
    ]


def saved_before(flow_id: str, flows: Mapping[str, Definition]) -> set[str]:
    """The names that the flows save which lead to one by `run_flow`, also through others. `flows`: all that are
    published."""
    runs = {
        one: {step.fields["flow_id"] for step in drawn.steps.values() if step.type == "run_flow"}
        for one, drawn in flows.items()
    }
    leading, left = set[str](), {flow_id}
    while left:
        left = {one for one, targets in runs.items() if targets & left} - leading
        leading |= left
    steps = (step for one in leading for step in flows[one].steps.values())
    return {str(step.fields["save_as"]) for step in steps if "save_as" in step.fields}


def texts_in(drawn: Definition) -> list[str]:
    """All texts of a flow's steps."""
    return [text for step in drawn.steps.values() for _, text, _ in _texts(step)]


def _texts(step: Step) -> Iterator[tuple[str, str, bool]]:
    """The texts of a step: a pointer, the text, and whether variables are put into it."""
    for pointer, text in texts_of(step.fields):
        name = pointer.split("/")[1]
        yield f"/steps/{step.id}{pointer}", text, name in _FILLED or pointer.startswith("/template/variables/")


def _of_nobody(step: Step, text: str) -> list[str]:
    """The name of the agent, where a step names it and none is there: a chat that a flow leads is nobody's, but for
    where it is given to one."""
    return [name for name in names_in(text) if name.split(".") == ["system", "agent"] and "agent_id" not in step.fields]


def _asked(pointer: str, text: str) -> list[str]:
    """The name of what a condition asks for that a flow saved."""
    return [text.removeprefix("var.")] if pointer.endswith("/field") and text.startswith("var.") else []


def _is_known(name: str, custom: Collection[str]) -> bool:
    first, _, rest = name.partition(".")
    if first == "system":
        return rest in SYSTEM
    if rest.startswith(_CUSTOM):
        return rest.partition(".")[2] in custom
    return rest in CONTACT or rest.partition(".")[0] in _PARTED


def _there_is(name: str, custom: Collection[str]) -> str:
    if name.startswith("system"):
        return "There is system." + ", system.".join(SYSTEM) + "."
    if name.removeprefix("contact.").startswith(_CUSTOM):
        return "A custom field is named by its slug, contact.custom.<slug>, and has to be active."
    return "A contact has " + ", ".join(sorted(CONTACT)) + " and custom.<slug>."
