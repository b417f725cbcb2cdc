"""The parts of the local stack that need no MiniStack: what they say in trouble and what they leave behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra.local import environments, local_aws, processes, stack
from infra.local.deployment import READERS, _with_parallel_readers
from infra.local.stack import Stack
from infra.local.template_values import Values, without_known
from tests.infra.templates import ROOT


def test_a_taken_port_is_named_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            processes.StartFailed, match=rf"port {port} \(the front\) is taken.*\n.*\n.*--port {port + 1000}"
        ):
            processes.require_free_port(port, "the front", "--port")


def test_two_stacks_on_one_folder_are_refused(tmp_path: Path) -> None:
    first, second = Stack(tmp_path), Stack(tmp_path)
    first._take_folder()
    with pytest.raises(processes.StartFailed, match="another Recado runs"):
        second._take_folder()
    first.stop()
    second._take_folder()
    second.stop()


def test_a_refused_second_start_leaves_the_first_alone(tmp_path: Path) -> None:
    first, second = Stack(tmp_path), Stack(tmp_path, quiet=True)
    first._take_folder()
    (tmp_path / "tmp").mkdir()
    with pytest.raises(processes.StartFailed):
        second.start()
    assert (tmp_path / "tmp").is_dir(), "the unpacked functions of the running stack"
    first.stop()


@pytest.mark.parametrize("grace_s", [5, 0])
def test_stopping_a_child_ends_what_it_started(tmp_path: Path, grace_s: float) -> None:
    """Even a grandchild that its parent forgot, and one that ignores SIGTERM; asked first or not."""
    script = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
        "forgotten = 'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)'\n"
        "print(subprocess.Popen([sys.executable, '-c', forgotten]).pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    child = processes.start("child", [sys.executable, "-c", script], tmp_path / "log", dict(os.environ), tmp_path)
    grandchild = int(_wait_for_text(tmp_path / "log"))
    child.stop(grace_s)
    assert child.process.poll() == (0 if grace_s else -signal.SIGKILL)
    assert not _alive(grandchild)


def _wait_for_text(file: Path) -> str:
    deadline = time.monotonic() + 10
    while not (file.is_file() and file.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return file.read_text()


def _alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be reaped does not."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        state = Path(f"/proc/{pid}/stat")
        if state.is_file() and state.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return False
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    return True


def test_a_child_that_dies_at_once_is_reported_with_its_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such thing as luck')"]
    child = processes.start("front", command, tmp_path / "log", dict(os.environ), tmp_path)
    with pytest.raises(processes.StartFailed, match=r"front ended with code 1:\n    no such thing as luck"):
        processes.wait_for_http(child, "http://127.0.0.1:9/", 10)


def test_an_old_python_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    with pytest.raises(environments.Lacking, match=r"needs 3\.11.*\n.*make … PYTHON=python3\.13"):
        environments.check_python()


def test_an_installation_cut_by_ctrl_c_says_one_line_and_leaves_nothing_running(tmp_path: Path) -> None:
    """The installer stands for pip: it tells its process id and goes on for a minute. Ctrl-C reaches what runs in the
    foreground, even if this suite does not."""
    installer = f"import os, pathlib, time; pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))"
    script = (
        "import signal, sys; sys.path.insert(0, 'infra/local'); import environments as e\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"e.make_environment = lambda folder: e._run([sys.executable, '-c', {installer + '; time.sleep(60)'!r}])\n"
        "sys.argv = ['environments.py', 'dev']; sys.exit(e.main())\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    pid = int(_wait_for_text(tmp_path / "pid"))
    process.send_signal(signal.SIGINT)
    assert (process.communicate(timeout=10)[1], process.returncode) == ("\nStopped.\n", 130)
    assert not _alive(pid)


def test_an_installer_that_fails_is_a_failure() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        environments._run([sys.executable, "-c", "raise SystemExit(3)"])


def test_ctrl_c_among_the_imports_of_the_stack_is_quiet(tmp_path: Path) -> None:
    """A botocore that interrupts its importer stands for a person who is quick."""
    (tmp_path / "botocore").mkdir()
    (tmp_path / "botocore" / "__init__.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "infra.local.stack", "--state-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\nStopped.\n")


def test_a_child_slow_to_stop_is_named_with_its_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(stack, "SLOW_STOP_S", 0.2)
    told = Stack(tmp_path)
    with told._told_when_slow("quick"):
        pass
    with told._told_when_slow("MiniStack"):
        time.sleep(0.4)
    assert re.fullmatch(
        r"  MiniStack: still stopping …\n  MiniStack: stopped after 0\.[4-9] s\n", capsys.readouterr().out
    )


def test_the_last_line_of_ready_can_be_typed_whatever_the_folder(tmp_path: Path) -> None:
    assert "  make demo   (" in stack._ready_text(Stack())
    assert f"make demo ARGS='--demo {tmp_path}/demo.json'" in stack._ready_text(Stack(tmp_path))


def test_environments_speak_to_an_old_python_at_all() -> None:
    """The file must be readable for a Python that is too old, or nobody would read its message."""
    subprocess.run([sys.executable, "-m", "py_compile", str(ROOT / "infra/local/environments.py")], check=True)
    source = (ROOT / "infra/local/environments.py").read_text()
    assert "match " not in source and "except*" not in source


def test_streams_begin_anew_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "ministack" / "lambda.json"
    local_aws.forget_stream_positions(tmp_path)  # the first start: nothing was saved yet
    file.parent.mkdir()
    saved = {"payload": {"functions": {"a": 1}, "dynamodb_stream_positions": {"data": {"mapping": 17}}}}
    file.write_text(json.dumps(saved))
    local_aws.forget_stream_positions(tmp_path)
    assert json.loads(file.read_text()) == {
        "payload": {"functions": {"a": 1}, "dynamodb_stream_positions": {"data": {}}}
    }


def test_children_see_none_of_the_persons_aws_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID"):
        monkeypatch.setenv(name, "real")
    given = {name: value for name, value in Stack(tmp_path).child_environment().items() if name.startswith("AWS_")}
    assert given == {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


TEMPLATE = {"Parameters": {"Days": {"Default": 3}, "Url": {"Type": "String"}}, "Resources": {}}


def test_values_of_a_nested_stack_are_known_or_not() -> None:
    values = Values(TEMPLATE, {"AWS::StackName": "recado", "Url": "http://x"})
    assert values.resolve({"Ref": "Days"}) == "3"
    assert values.resolve({"Fn::Sub": "/a/${AWS::StackName}/${Days}"}) == "/a/recado/3"
    assert values.resolve({"Fn::Sub": "${Unknown}"}) is None
    assert values.resolve({"Fn::GetAtt": ["Data", "Outputs.Name"]}) is None
    values.add_outputs("Data", {"Name": "table"})
    assert values.resolve({"Fn::GetAtt": ["Data", "Outputs.Name"]}) == "table"


def test_only_outputs_of_other_stacks_are_written_out() -> None:
    values = Values(TEMPLATE, {"Url": "http://x"})
    values.add_outputs("Data", {"Name": "table"})
    node = {"a": [{"Fn::GetAtt": ["Data", "Outputs.Name"]}], "b": {"Fn::GetAtt": ["Api", "Arn"]}, "c": {"Ref": "Url"}}
    assert without_known(node, values) == {**node, "a": ["table"]}


def test_queues_are_read_by_several_mappings_and_streams_by_one() -> None:
    queue = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"EventSourceArn": "q"}}
    stream = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"StartingPosition": "TRIM_HORIZON"}}
    table = {"Type": "AWS::DynamoDB::Table", "Properties": {}}
    resources = _with_parallel_readers({"Resources": {"Q": queue, "S": stream, "T": table}})["Resources"]
    assert resources == {"Q": queue, "S": stream, "T": table, **{f"Q{n}": queue for n in range(2, READERS + 1)}}
