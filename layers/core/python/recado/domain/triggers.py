"""Triggers of the online chat (gatilhos): what a page of the company's site shows its visitors by itself, when, and
what a click on it does (PRODUCT F3). Pure.

Whether the conditions hold, the visitor's page alone can know: it gets them with the trigger."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, Self

from recado.domain.errors import FieldError, Invalid
from recado.domain.web_addresses import is_web_address

MAX_TRIGGERS = 100
"""Of an account: a page gets those of its channel all at once."""
MAX_TITLE, MAX_TEXT, MAX_LABEL = 80, 500, 40
MAX_PAGES = 20
MAX_ADDRESS = 500
MAX_LINK = 2_000
MAX_OPENING_TEXT = 1_000
MAX_AFTER_S = 3_600
MAX_VISITS = 1_000
COLOUR = r"^#[0-9a-fA-F]{6}$"

TriggerType = Literal["popup", "banner", "bubble"]
Position = Literal["bottom_right", "bottom_left", "top", "bottom"]
Match = Literal["is", "starts_with", "contains"]
ActionType = Literal["open_chat", "open_link", "start_flow"]
_POSITIONS: Mapping[TriggerType, tuple[Position, ...]] = {
    "popup": ("bottom_right", "bottom_left"),
    "banner": ("bottom", "top"),
    "bubble": ("bottom_right", "bottom_left"),
}
"""Where each type may stand; the first is where it stands by itself."""
_FIELDS: Mapping[ActionType, tuple[frozenset[str], frozenset[str]]] = {
    "open_chat": (frozenset({"text"}), frozenset()),
    "open_link": (frozenset({"url"}), frozenset({"url"})),
    "start_flow": (frozenset({"text", "flow_id"}), frozenset({"text", "flow_id"})),
}
"""What each action takes, and what it needs."""
_PATH = re.compile(r"/(?![/\\])[^\s\\]*")


@dataclass(frozen=True)
class Appearance:
    """Texts, and colours as `#rrggbb`; None: the page's own. `button`: the label of what is clicked."""

    title: str = ""
    text: str = ""
    button: str = ""
    position: Position | None = None
    background: str | None = None
    color: str | None = None


@dataclass(frozen=True)
class PageRule:
    """`value` begins with `/`: it is held against path and query of the page's address; else against all of it, without
    what follows `#`."""

    match: Match
    value: str


@dataclass(frozen=True)
class Conditions:
    """All of them hold. `pages`: one of them holds, none: on every page. `after_s`: seconds that this page is open.
    `scroll_percent`: how far down it was scrolled. `min_visits`, `max_visits`: which visit to the site this is."""

    pages: tuple[PageRule, ...] = ()
    after_s: int = 0
    scroll_percent: int = 0
    min_visits: int = 1
    max_visits: int | None = None


@dataclass(frozen=True)
class Action:
    """What a click does. `open_chat`: the chat opens with `text` in its composer, not sent; `open_link`: `url` opens;
    `start_flow`: the visitor says `text`, and the flow answers."""

    type: ActionType
    text: str = ""
    url: str | None = None
    flow_id: str | None = None


@dataclass(frozen=True)
class Trigger:
    """Of one channel, of type online_chat. `file_id`: an image that was uploaded for triggers. `version` moves by one
    with each change."""

    id: str
    name: str
    channel_id: str
    type: TriggerType
    appearance: Appearance
    conditions: Conditions
    action: Action
    created_at: datetime
    updated_at: datetime
    file_id: str | None = None
    enabled: bool = True
    version: int = 1

    @property
    def position(self) -> Position:
        """Where it stands."""
        return self.appearance.position or _POSITIONS[self.type][0]

    def parts(self) -> dict[str, dict[str, Any]]:
        """Its appearance, conditions and action as JSON."""
        return {name: asdict(getattr(self, name)) for name in ("appearance", "conditions", "action")}

    @classmethod
    def of_parts(cls, parts: Mapping[str, Mapping[str, Any]], **fields: Any) -> Self:
        """The trigger of `parts` and all else."""
        conditions = dict(parts["conditions"])
        pages = tuple(PageRule(**rule) for rule in conditions.pop("pages"))
        return cls(
            appearance=Appearance(**parts["appearance"]),
            conditions=Conditions(pages, **conditions),
            action=Action(**parts["action"]),
            **fields,
        )


def check(trigger: Trigger) -> None:
    """Raises Invalid, with a pointer to each thing that does not go with another."""
    errors = [*_of_appearance(trigger), *_of_conditions(trigger.conditions), *_of_action(trigger.action)]
    if errors:
        raise Invalid(errors[0].detail, errors=errors)


def _of_appearance(trigger: Trigger) -> list[FieldError]:
    shown, errors = trigger.appearance, []
    if not (shown.title.strip() or shown.text.strip() or trigger.file_id):
        errors.append(FieldError("/appearance/text", "required", "A trigger shows a title, a text or an image."))
    if trigger.position not in _POSITIONS[trigger.type]:
        detail = f"A {trigger.type} stands at one of {', '.join(_POSITIONS[trigger.type])}."
        errors.append(FieldError("/appearance/position", "invalid", detail))
    return errors


def _of_conditions(conditions: Conditions) -> list[FieldError]:
    errors = [
        FieldError(
            f"/conditions/pages/{index}/value", "invalid", "A page's address begins with /, https:// or http://."
        )
        for index, rule in enumerate(conditions.pages)
        if rule.match != "contains" and not re.match(r"/|https?://", rule.value)
    ]
    if conditions.max_visits is not None and conditions.max_visits < conditions.min_visits:
        errors.append(FieldError("/conditions/max_visits", "out_of_range", "It is at least min_visits."))
    return errors


def _of_action(action: Action) -> list[FieldError]:
    given = {name for name in ("text", "url", "flow_id") if getattr(action, name)}
    takes, needs = _FIELDS[action.type]
    errors = [
        FieldError(f"/action/{name}", "unknown_field", f"{action.type} has no {name}.")
        for name in sorted(given - takes)
    ]
    errors += [
        FieldError(f"/action/{name}", "required", f"{action.type} has a {name}.") for name in sorted(needs - given)
    ]
    if action.url and not _is_link(action.url):
        detail = "A link begins with https:// or http:// and a host, or with / on the site itself."
        errors.append(FieldError("/action/url", "invalid", detail))
    return errors


def _is_link(url: str) -> bool:
    """Without `@` and `\\` whatever stands behind the host: who reads it sees where it leads."""
    if len(url) > MAX_LINK or not url.isprintable():
        return False
    return _PATH.fullmatch(url) is not None or ("@" not in url and "\\" not in url and is_web_address(url))
