"""Child processes of the local stack: started in groups of their own, watched, and stopped to the last one."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"


class StartFailed(Exception):
    """A process did not come up; the text says why and what to do."""


@dataclass
class Child:
    """A running child in a group of its own: Ctrl-C in the terminal reaches the parent alone, who stops all."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def stop(self, grace_s: float) -> None:
        """SIGTERM, up to `grace_s` seconds, then SIGKILL; what it started itself goes with it. At once with 0 s."""
        group = self.process.pid
        if grace_s:
            self._ask_to_stop(grace_s)
        # The group outlives its leader when the leader forgot a child.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
        self.process.wait()

    def _ask_to_stop(self, grace_s: float) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            self.process.wait(grace_s)
        except subprocess.TimeoutExpired:
            print(f"  {self.name} did not stop within {grace_s:.0f} s and was killed", flush=True)


def require_free_port(port: int, what: str, option: str) -> None:
    """StartFailed when somebody listens there already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise StartFailed(
                f"port {port} ({what}) is taken ({error.strerror}).\n"
                f"Stop what listens there (perhaps another `make run`), or take another port:\n"
                f"  make run ARGS='{option} {port + 1000}'"
            ) from error


def start(name: str, command: list[str], log: Path, environment: dict[str, str], cwd: Path) -> Child:
    """Start a child whose output goes to `log`, written anew."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    return Child(name, process, log)


def wait_for_http(child: Child, url: str, timeout_s: float) -> None:
    """Wait until `url` answers anything but a 5xx. StartFailed with the end of the child's log."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if child.process.poll() is not None:
            raise StartFailed(f"{child.name} ended with code {child.process.returncode}:\n{tail(child.log)}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except urllib.error.HTTPError as answer:
            if answer.code < 500:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise StartFailed(f"{child.name} does not answer at {url} after {timeout_s:.0f} s:\n{tail(child.log)}")


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, indented."""
    text = log.read_text(errors="replace") if log.is_file() else ""
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:]) + f"\n  (all of it: {log})"
