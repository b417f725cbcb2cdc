"""The HTTP side of the demo: JSON calls, the demo account's description, waiting for something to happen."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

STEP_TIMEOUT_S = 20
POLL_S = 0.15
NEEDED = ("base_url", "providers_url", "api_token", "agents", "channels")
Found = TypeVar("Found")
# A proxy of the machine has no business between two addresses of the machine itself.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class DemoFailed(Exception):
    """A step did not come as it should; the text says which and why."""


class Unreachable(Exception):
    """Nobody answers there, or the stack never finished starting."""


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    text: str


@dataclass(frozen=True)
class Client:
    """Calls under one base URL, as one bearer. `timeout_s`: how long an answer may take; a step's time unless said."""

    base_url: str
    token: str = ""
    timeout_s: float | None = None

    def as_bearer(self, token: str) -> Client:
        return Client(self.base_url, token, self.timeout_s)

    def send(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> HttpAnswer:
        """One request to a full URL. Unreachable: nobody takes it; DemoFailed: no answer within the time."""
        timeout_s = self.timeout_s or STEP_TIMEOUT_S
        request = urllib.request.Request(url, data=body, headers=dict(headers), method=method)
        try:
            with _OPENER.open(request, timeout=timeout_s) as answer:
                return HttpAnswer(answer.status, answer.read().decode(errors="replace"))
        except urllib.error.HTTPError as error:
            return HttpAnswer(error.code, error.read().decode(errors="replace"))
        except TimeoutError:
            raise DemoFailed(f"{method} {url} gave no answer within {timeout_s} s") from None
        except (OSError, HTTPException) as error:
            raise Unreachable(f"{method} {url}: {getattr(error, 'reason', None) or error}") from None

    def call(
        self, method: str, path: str, value: object = None, expect: int = 200, headers: Mapping[str, str] | None = None
    ) -> Any:
        """The answer's JSON. DemoFailed when the status is not the expected one."""
        sent = {"Accept": "application/json", **(headers or {})}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if value is not None:
            sent["Content-Type"] = "application/json"
        answer = self.send(method, self.base_url + path, None if value is None else json.dumps(value).encode(), sent)
        if answer.status != expect:
            raise DemoFailed(f"{method} {path} answered {answer.status} instead of {expect}: {brief(answer.text)}")
        try:
            return json.loads(answer.text) if answer.text else None
        except ValueError:
            raise DemoFailed(f"{method} {path} answered no JSON: {brief(answer.text)}") from None

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def post(self, path: str, value: object, expect: int = 200, headers: Mapping[str, str] | None = None) -> Any:
        return self.call("POST", path, value, expect, headers)

    def put(self, path: str, value: object) -> Any:
        return self.call("PUT", path, value)

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        """The first page of a list."""
        listed: list[dict[str, Any]] = self.get(path + ("?" + urlencode(query) if query else ""))["items"]
        return listed


@dataclass(frozen=True)
class Agent:
    """A demo agent at work, and the client that speaks as them."""

    id: str
    name: str
    client: Client

    def go_home(self) -> None:
        """Unavailable and logged out, as the demo found them; a stack that has gone away is no further news."""
        try:
            self.client.put(f"/v1/users/{self.id}/presence", {"status": "unavailable"})
            self.client.call("DELETE", "/v1/sessions/current", expect=204)
        except (DemoFailed, Unreachable):
            return


def brief(body: str) -> str:
    """A body for a person: JSON up to 300 characters; anything else (somebody else's page) as a line of 120 at most."""
    try:
        json.loads(body)
    except ValueError:
        line = " ".join(body.split())
        return line if len(line) <= 120 else line[:119] + "…"
    return body[:300]


def read_demo(path: Path) -> dict[str, Any]:
    """demo.json. Unreachable: there is none, or it is not whole yet; DemoFailed: it lacks what the demo needs."""
    try:
        demo = json.loads(path.read_text())
    except (OSError, ValueError):
        raise Unreachable(f"{path} cannot be read") from None
    missing = [name for name in NEEDED if not isinstance(demo, dict) or name not in demo]
    if missing:
        raise DemoFailed(f"{path} has no {missing[0]}")
    if "whatsapp" not in demo["channels"]:
        raise DemoFailed(f"{path} lists no whatsapp channel")
    return dict(demo)


def wait_for(what: str, look: Callable[[], Found | None]) -> Found:
    """The first truthy thing `look` sees. DemoFailed when none came in time."""
    deadline = time.monotonic() + STEP_TIMEOUT_S
    while True:
        if found := look():
            return found
        if time.monotonic() >= deadline:
            raise DemoFailed(f"{what} did not come within {STEP_TIMEOUT_S} s")
        time.sleep(POLL_S)
