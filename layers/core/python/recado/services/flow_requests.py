"""The HTTP step of a flow, done (PRODUCT F1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from recado.domain.flow_definitions import Step
from recado.domain.flow_progress import act
from recado.domain.flow_secrets import named
from recado.ports.flow_http import FlowRequestFailed, FlowRequests, FlowResponse
from recado.ports.flow_secrets import FlowSecretStore

_DECODED = 4
"""So often a segment is decoded to see what it may mean to whoever is asked: gateways decode once or twice."""
_UNSEEN = "".join(map(chr, [*range(0x21), 0x7F]))
"""Blanks and signs for control, which some servers leave out."""


class FlowRequesting:
    """Secrets are put in here, in one go with the variables, and nowhere else: what a customer wrote never becomes the
    name of one, and what `act` gives a trace to show holds none."""

    def __init__(self, requests: FlowRequests, secrets: FlowSecretStore) -> None:
        self._requests = requests
        self._secrets = secrets

    def ask(self, a: str, step: Step, values: Mapping[str, Any], headers: Mapping[str, str]) -> FlowResponse:
        """One request; `headers` come over those of the step. Raises FlowRequestFailed, with `secret_missing` too:
        then nothing was sent, as with `wrong_address`, when a value would lead to another place than the step says."""
        names = {name for name, _ in named(step.fields)}
        secrets = self._secrets.values(a, names) if names else {}
        if names - secrets.keys():
            raise FlowRequestFailed("secret_missing")
        asked = act(step, {**values, "secret": secrets}, part_of_address).fields
        if _leads_elsewhere(step.fields["url"], asked["url"]):
            raise FlowRequestFailed("wrong_address")
        every = {**asked.get("headers", {}), **headers}
        return self._requests.request(asked["method"], asked["url"], every, asked.get("body"))


def part_of_address(text: str) -> str:
    """A text as it stands in a path or query, whatever signs it has."""
    return quote(text, safe="")


def _leads_elsewhere(written: str, filled: str) -> bool:
    """Whether a value makes of a segment of the path a step up (`..`), none (`.`) or an empty one, which stands for all
    that is there. `part_of_address` keeps each value within its segment, but for who decodes before looking."""
    before, after = (address.partition("?")[0].split("/") for address in (written, filled))
    return any(_is_no_name(now) for was, now in zip(before, after, strict=True) if was != now)


def _is_no_name(segment: str) -> bool:
    text = segment
    for _ in range(_DECODED + 1):
        parts = text.replace("\\", "/").split("/")
        if any(part.partition(";")[0].strip(_UNSEEN) in ("", ".", "..") for part in parts):
            return True
        text = unquote(text)
    return False
