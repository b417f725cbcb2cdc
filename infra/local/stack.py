"""The local stack: Recado on this machine, with MiniStack in the place of AWS.

    .venv/bin/python -m infra.local.stack [--fresh] [--port 8080] [--ministack-port 4566] [--providers-port 8090]

`Stack` is the same thing for tests: own ports, own folder, `start()` and `stop()`, or a `with` block.
"""

from __future__ import annotations

import os
import signal

if __name__ == "__main__":
    # Ctrl-C among the imports below, when nothing runs yet that must be stopped, ends in a word, not a traceback.
    def leave(number: int, frame: object) -> None:
        os.write(2, b"\nStopped.\n")
        os._exit(130)

    signal.signal(signal.SIGINT, leave)

import argparse
import fcntl
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, TextIO

from botocore.exceptions import BotoCoreError, ClientError

from infra.local import local_aws, processes, seed
from infra.local.deployment import REGION, DeployFailed, Deployment, client, load_template
from infra.local.packages import BuildFailed, build_packages, unpack_layer
from infra.local.processes import HOST, Child, StartFailed

ROOT = Path(__file__).resolve().parents[2]
# Nothing outside has an address there (RFC 2606); POST /_local/email plays what receives its mail.
MAIL_DOMAIN = "mail.example"
# Saving takes MiniStack a moment for each service; killed before, it would lose what came after the last stop.
MINISTACK_GRACE_S = 30
# A child that takes longer than this to stop is named, so that nobody takes the stop for stuck.
SLOW_STOP_S = 2.0


@dataclass
class Stack:
    """One local stack. `state_dir` keeps its data, logs and demo.json; a checkout's stacks share built packages."""

    state_dir: Path = ROOT / ".local"
    port: int = 8080
    ministack_port: int = 4566
    providers_port: int = 8090
    root: Path = ROOT
    quiet: bool = False
    throwaway: bool = False
    """Nobody starts on this folder again: everything is ended at once, without saving. MiniStack takes up to a minute
    for that, and a test worker that was interrupted has ten seconds."""
    parameters: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict, init=False)
    demo: dict[str, Any] = field(default_factory=dict, init=False)
    _children: list[Child] = field(default_factory=list, init=False)
    _lock: TextIO | None = field(default=None, init=False)

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def ministack_url(self) -> str:
        return f"http://{HOST}:{self.ministack_port}"

    @property
    def providers_url(self) -> str:
        return f"http://{HOST}:{self.providers_port}"

    @property
    def running(self) -> bool:
        """Whether there is something to stop."""
        return bool(self._children)

    @property
    def demo_file(self) -> Path:
        return self.state_dir / "demo.json"

    def __enter__(self) -> Stack:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Bring everything up. When a phase fails, what was started is stopped before the error goes on."""
        self.state_dir = self.state_dir.resolve()
        self.state_dir.mkdir(parents=True, exist_ok=True)
        try:
            with self._phase("ports"):
                self._take_folder()
                processes.require_free_port(self.port, "the front", "--port")
                processes.require_free_port(self.ministack_port, "MiniStack", "--ministack-port")
                processes.require_free_port(self.providers_port, "the provider simulator", "--providers-port")
            with self._phase("build"):
                template = load_template(self.root / "template.yaml")
                packages = build_packages(self.root, template, self.root / ".local" / "packages")
                packages = [
                    unpack_layer(one, self.state_dir / "layers") if one.resource == "CoreLayer" else one
                    for one in packages
                ]
            with self._phase("MiniStack"):
                self._start_ministack()
            with self._phase("deploy") as note:
                deployment = Deployment(self.root, self.ministack_url)
                self.outputs = deployment.run(packages, self._template_parameters(), self._local_environment())
                note("" if deployment.changed else "nothing changed")
            with self._phase("providers and front"):
                seed.open_local_doors(self)
                self._start_providers()
                self._start_front()
            with self._phase("demo account"):
                self.demo = seed.ensure_demo(self)
            with self._phase("first calls"):
                local_aws.warm_up(self.ministack_url, self.outputs)
                seed.call_apis(self)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything, the youngest first; MiniStack saves its state on the way."""
        while self._children:
            child = self._children.pop()
            with self._told_when_slow(child.name):
                if self.throwaway:
                    child.stop(0)
                elif child.name != "MiniStack":
                    child.stop(5)
                else:
                    self._let_ministack_finish(child)
                    child.stop(MINISTACK_GRACE_S)
        if self._lock is not None:
            shutil.rmtree(self.state_dir / "tmp", ignore_errors=True)
            self._lock.close()
            self._lock = None

    def wait_until_one_ends(self, stopping: threading.Event) -> Child | None:
        """Block until `stopping` is set (None) or a process ends by itself (that one)."""
        while not stopping.wait(0.5):
            for child in self._children:
                if child.process.poll() is not None:
                    return child
        return None

    def function_environment(self) -> dict[str, str]:
        """The environment that the functions run with: how seed and tests reach the same tables and queues."""
        configuration = client("lambda", self.ministack_url).get_function_configuration(
            FunctionName=self.outputs["ApiFunctionName"]
        )
        return dict(configuration["Environment"]["Variables"])

    def _let_ministack_finish(self, child: Child) -> None:
        """The front is gone, nothing new arrives. What fails here must not keep MiniStack from saving."""
        if not self.outputs or child.process.poll() is not None:
            return
        try:
            calm = local_aws.wait_until_calm(self.ministack_url, self.function_environment())
        except (BotoCoreError, ClientError) as error:
            print(f"  MiniStack could not be asked whether it is done: {error}", file=sys.stderr)
        else:
            if not calm:
                self._say("  commands still wait: they go on with the next start")

    def _take_folder(self) -> None:
        """Two stacks on one folder would save over each other's data: the lock ends with this process."""
        lock = (self.state_dir / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise StartFailed(
                f"another Recado runs on the data in {self.state_dir}.\n"
                "Stop it with Ctrl-C, or use another folder: make run ARGS='--state-dir .local/second --port 9080 …'"
            ) from error
        self._lock = lock

    def child_environment(self) -> dict[str, str]:
        """The children's environment, without the person's AWS settings: nothing here may reach a real account."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RECADO_"))}
        return {**kept, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}

    def _template_parameters(self) -> dict[str, str]:
        return {
            "PublicBaseUrl": self.base_url,
            "GraphBaseUrl": f"{self.providers_url}/graph",
            "TelegramBaseUrl": f"{self.providers_url}/telegram",
            "TwilioBaseUrl": f"{self.providers_url}/twilio",
            "SesBaseUrl": f"{self.providers_url}/email",
            "MailDomain": MAIL_DOMAIN,
            "MailBySes": "false",
            "SocketsBaseUrl": f"{self.ministack_url}/_aws/execute-api",
            "SystemMailBaseUrl": f"{self.providers_url}/system_mail",
            "SystemMailFrom": "recado@recado.example",
            "DeletionProtection": "false",
            **self.parameters,
        }

    def _local_environment(self) -> dict[str, str]:
        """Joins the environment of the functions; none of it exists in AWS."""
        return {"RECADO_LOCAL_DIR": str(self.state_dir), "AWS_ENDPOINT_URL": self.ministack_url}

    def _start_ministack(self) -> None:
        temporary = self.state_dir / "tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        local_aws.forget_stream_positions(self.state_dir)
        environment = {
            **self.child_environment(),
            **local_aws.environment(self.state_dir, HOST, self.ministack_port, temporary),
        }
        python = self.root / ".venv-ministack" / "bin" / "python"
        if not python.is_file():
            raise StartFailed("the environment .venv-ministack is missing: use `make run`, which makes it")
        child = self._start("MiniStack", [str(python), "-m", "ministack.app"], environment)
        processes.wait_for_http(child, f"{self.ministack_url}/_ministack/health", 60)

    def _start_providers(self) -> None:
        command = [
            sys.executable,
            "infra/local/providers",
            "--port",
            str(self.providers_port),
            "--demo",
            str(self.demo_file),
        ]
        child = self._start("providers", command, self.child_environment())
        processes.wait_for_http(child, f"{self.providers_url}/calls", 20)

    def _start_front(self) -> None:
        rest = (
            f"{self.ministack_url}/restapis/{self.outputs['RestApiId']}/{self.outputs['RestApiStage']}/_user_request_"
        )
        http = f"{self.ministack_url}/_aws/execute-api/{self.outputs['HttpApiId']}/$default"
        sockets = f"ws{self.ministack_url.removeprefix('http')}/_aws/execute-api/{self.outputs['SocketApiId']}/socket"
        command = [
            sys.executable,
            "infra/local/front.py",
            "--port",
            str(self.port),
            "--rest-url",
            rest,
            "--http-url",
            http,
            "--files-url",
            f"{self.ministack_url}/{self.function_environment()['FILES_BUCKET']}",
            "--socket-url",
            sockets,
        ]
        command += ["--ministack-url", self.ministack_url, "--tick-function", self.outputs["TickFunctionName"]]
        command += ["--local-dir", str(self.state_dir)]
        command += ["--mail-bucket", self.outputs["MailBucketName"], "--mail-queue-url", self.outputs["MailQueueUrl"]]
        child = self._start("front", command, self.child_environment())
        processes.wait_for_http(child, f"{self.base_url}/_local/clock", 20)

    def _start(self, name: str, command: list[str], environment: dict[str, str]) -> Child:
        child = processes.start(name, command, self.state_dir / "logs" / f"{name.lower()}.log", environment, self.root)
        self._children.append(child)
        return child

    @contextmanager
    def _told_when_slow(self, name: str) -> Iterator[None]:
        """Say that the child still stops once that takes long, and how many seconds it took."""
        started = time.monotonic()
        notice = threading.Timer(SLOW_STOP_S, self._say, [f"  {name}: still stopping …"])
        notice.daemon = True
        notice.start()
        try:
            yield
        finally:
            notice.cancel()
            if (took := time.monotonic() - started) > SLOW_STOP_S:
                self._say(f"  {name}: stopped after {took:.1f} s")

    @contextmanager
    def _phase(self, name: str) -> Iterator[Any]:
        """Print the phase and how long it took; the phase may add a word by calling what it is given."""
        words: list[str] = []
        started = time.monotonic()
        # In a terminal the finished line takes the place of the begun one.
        again = "\r" if sys.stdout.isatty() else ""
        self._say(f"  {name} …", end="" if again else "\n")
        try:
            yield words.append
        except BaseException:
            self._say("")
            raise
        remark = f" ({words[0]})" if words and words[0] else ""
        self._say(f"{again}  {name}: {time.monotonic() - started:.1f} s{remark}")

    def _say(self, text: str, end: str = "\n") -> None:
        if not self.quiet:
            print(text, end=end, flush=True)


def _ready_text(stack: Stack) -> str:
    demo = stack.demo
    lines = [f"Ready: {stack.base_url}/  (Ctrl-C stops and keeps the data; ARGS=--fresh starts anew)"]
    if admin := demo.get("admin"):
        lines.append(f"  log in   {admin['email']} / {admin['password']}  (administrator)")
        lines += [
            f"           {agent['email']} / {agent['password']}  ({agent['name']})" for agent in demo.get("agents", [])
        ]
    lines.append(f"  the API  {stack.base_url}/v1/openapi.json   its token and the channels: {stack.demo_file}")
    lines.append(f"  sent     {stack.providers_url}/calls   logs: {stack.state_dir / 'logs'}")
    elsewhere = "" if stack.state_dir == ROOT / ".local" else f" ARGS='--demo {stack.demo_file}'"
    lines.append(f"  try      make demo{elsewhere}   (in another terminal)")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make run", description="Recado on this machine")
    parser.add_argument("--fresh", action="store_true", help="forget the data of the last run")
    parser.add_argument("--port", type=int, default=8080, help="where the product answers")
    parser.add_argument("--ministack-port", type=int, default=4566)
    parser.add_argument("--providers-port", type=int, default=8090)
    parser.add_argument("--state-dir", type=Path, default=ROOT / ".local")
    arguments = parser.parse_args()
    stopping = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        # The first signal ends start() by an exception, the wait by the event; later ones must not cut the stop short.
        for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(one, signal.SIG_IGN)
        stopping.set()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)  # the terminal was closed
    stack = Stack(arguments.state_dir, arguments.port, arguments.ministack_port, arguments.providers_port)
    code = 0
    try:
        if arguments.fresh:
            forget(stack.state_dir)
        stack.start()
        print(_ready_text(stack), flush=True)
        ended = stack.wait_until_one_ends(stopping)
        if ended:
            how = f"ended by itself with code {ended.process.returncode}"
            print(f"\n{ended.name} {how}:\n{processes.tail(ended.log)}", file=sys.stderr)
            code = 1
    except KeyboardInterrupt:
        pass
    except (StartFailed, BuildFailed, DeployFailed) as error:
        print(f"\nCannot go on: {error}", file=sys.stderr)
        code = 1
    running = stack.running
    if running:
        print("\nStopping, saving the data …", flush=True)
        stack.stop()
    # A start that was cut has stopped its children itself.
    if running or stopping.is_set():
        print("Stopped.", flush=True)
    return code


def forget(state_dir: Path) -> None:
    """Remove the data of earlier runs; built packages stay."""
    for name in ("ministack", "s3", "tmp", "layers", "logs"):
        shutil.rmtree(state_dir / name, ignore_errors=True)
    for name in ("demo.json", "clock.json", "ssrf.json", "providers_templates.json"):
        (state_dir / name).unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
