"""`make run` as a person has it: it gets ready, keeps its data over Ctrl-C, leaves nothing, says what is wrong.

With stacks of its own: a worker has this file alone (tests/side_by_side.py).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.local.demo_client import Client
from infra.local.demo_message import new_customer, signed_text
from tests.e2e.conftest import free_ports
from tests.e2e.live import eventually

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 90
SECOND_START_WITHIN_S = 30


class Run:
    """One `make run` without make, in a folder of its own."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
        self.folder, self.ports = folder, ports
        self.output = folder / "output.txt"
        port, ministack, providers = map(str, ports)
        command = [sys.executable, "-m", "infra.local.stack", "--state-dir", str(folder / "state"), "--port", port]
        command += ["--ministack-port", ministack, "--providers-port", providers]
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True, env=dict(os.environ)
            )

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        """A failed test leaves nothing behind either."""
        if self.process.poll() is None:
            self.stop(signal.SIGTERM)

    def wait_until_ready(self, within_s: float) -> float:
        """Seconds until the line that begins with `Ready`."""
        started = time.monotonic()
        while time.monotonic() - started < within_s:
            if any(line.startswith("Ready") for line in self.output.read_text().splitlines()):
                return time.monotonic() - started
            assert self.process.poll() is None, self.output.read_text()
            time.sleep(0.1)
        raise AssertionError(f"not ready within {within_s} s:\n{self.output.read_text()}")

    def customers_write(self, count: int) -> list[str]:
        """New customers write; their chats, once they all wait."""
        channel = self.demo()["channels"]["whatsapp"]
        for _ in range(count):
            body, headers = signed_text(channel, new_customer(), "Oi!", datetime.now(UTC))
            request = urllib.request.Request(channel["webhook_url"], data=body, headers=headers, method="POST")
            with urllib.request.urlopen(request, timeout=20) as answer:
                assert answer.status == 200
        eventually(lambda: len(self.situations()) == count)
        return list(self.situations())

    def situations(self) -> dict[str, str]:
        """Situation by chat."""
        return {chat["id"]: chat["situation"] for chat in self.call("GET", "/v1/chats")["items"]}

    def ana_comes_to_work(self) -> None:
        ana = self.demo()["agents"][0]
        product = Client(self.demo()["base_url"])
        login = {"email": ana["email"], "password": ana["password"]}
        token = product.post("/v1/sessions", login, expect=201)["token"]
        product.as_bearer(token).put(f"/v1/users/{ana['id']}/presence", {"status": "available"})

    def paused_run(self, chats: list[str]) -> str:
        """The path of a run of a task that will close these chats, and stands still."""
        wanted = {"field": "id", "op": "in", "value": chats}
        task = {"name": "Fechar", "table": "chats", "filter": wanted, "action": {"type": "close"}}
        runs = f"/v1/tasks/{self.call('POST', '/v1/tasks', task)['id']}/runs"
        path = f"{runs}/{self.call('POST', runs, {})['id']}"
        assert self.call("POST", f"{path}/pause", {})["state"] == "paused"
        return path

    def stop(self, how: signal.Signals) -> int:
        """As Ctrl-C in a terminal does it (SIGINT), or `kill` (SIGTERM)."""
        self.process.send_signal(how)
        return self.process.wait(60)

    def demo(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "state" / "demo.json").read_text())
        return found

    def call(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.demo()['api_token']}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports[0]}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def left_behind(self) -> list[str]:
        """Ports that somebody still listens on, and processes that still name the folder."""
        listening = [f"port {port}" for port in self.ports if _listens(port)]
        return listening + [command for command in _command_lines() if str(self.folder) in command]


def _command_lines() -> Iterator[str]:
    """Of all other processes; one may end while they are read."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        if file.parent.name != str(os.getpid()):
            with suppress(OSError):
                yield file.read_bytes().replace(b"\0", b" ").decode()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_data_outlives_ctrl_c_and_a_paused_run_stays_paused(tmp_path: Path) -> None:
    ports = free_ports(3)
    with Run(tmp_path, ports) as first:
        first.wait_until_ready(READY_WITHIN_S)
        account = first.demo()["account_id"]
        contact = first.call("POST", "/v1/contacts", {"name": "Maria Souza", "mobile": "+5511987654321"})
        waiting = first.customers_write(3)
        run = first.paused_run(waiting)
        assert first.stop(signal.SIGINT) == 0
        assert first.left_behind() == []
    with Run(tmp_path, ports) as second:
        second.wait_until_ready(SECOND_START_WITHIN_S)
        assert "nothing changed" in second.output.read_text()
        assert second.situations() == dict.fromkeys(waiting, "queued")
        for _ in range(2):
            second.call("POST", "/_local/tick", {})
        assert second.call("GET", run)["state"] == "paused"
        second.ana_comes_to_work()
        eventually(lambda: second.situations() == dict.fromkeys(waiting, "in_service"))
        second.call("POST", f"{run}/resume", {})
        done = eventually(lambda: (found := second.call("GET", run))["state"] == "done" and found, within_s=60)
        assert (done["audience"], done["executed"]) == (3, 3)
        assert second.demo()["account_id"] == account
        assert second.call("GET", f"/v1/contacts/{contact['id']}")["name"] == "Maria Souza"
        assert second.stop(signal.SIGTERM) == 0
        assert second.left_behind() == []


def test_a_taken_port_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    ports = free_ports(3)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports[0]))
        taken.listen()
        with Run(tmp_path, ports) as run:
            assert run.process.wait(30) == 1
            assert f"port {ports[0]} (the front) is taken" in run.output.read_text()
            assert not _listens(ports[1]) and not _listens(ports[2])


def test_stopping_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    with Run(tmp_path, free_ports(3)) as run:
        deadline = time.monotonic() + 60
        while "deploy" not in run.output.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert run.stop(signal.SIGINT) == 0
        assert run.left_behind() == []
