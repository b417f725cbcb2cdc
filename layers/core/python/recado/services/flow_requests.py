"""The HTTP step of a flow, done (PRODUCT F1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from recado.domain.flow_definitions import Step
from recado.domain.flow_runs import act
from recado.domain.flow_secrets import named
from recado.ports.flow_http import FlowRequestFailed, FlowRequests, FlowResponse
from recado.ports.flow_secrets import FlowSecretStore


class FlowRequesting:
    """Secrets are put in here, in one go with the variables, and nowhere else: what a customer wrote never becomes the
    name of one, and what `act` gives a trace to show holds none."""

    def __init__(self, requests: FlowRequests, secrets: FlowSecretStore) -> None:
        self._requests = requests
        self._secrets = secrets

    def ask(self, a: str, step: Step, values: Mapping[str, Any], headers: Mapping[str, str]) -> FlowResponse:
        """One request; `headers` come over those of the step. Raises FlowRequestFailed, with `secret_missing` too:
        then nothing was sent."""
        names = {name for name, _ in named(step.fields)}
        secrets = self._secrets.values(a, names) if names else {}
        if names - secrets.keys():
            raise FlowRequestFailed("secret_missing")
        asked = act(step, {**values, "secret": secrets}, part_of_address).fields
        every = {**asked.get("headers", {}), **headers}
        return self._requests.request(asked["method"], asked["url"], every, asked.get("body"))


def part_of_address(text: str) -> str:
    """A text as it stands in a path or query, whatever signs it has."""
    return quote(text, safe="")
