"""How `make test` gives the suite to its workers, seen in a small suite of the same shape."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.infra.templates import ROOT

TOLD = """
import json, os, time
from pathlib import Path

import pytest

def tell(name):
    with Path({told!r}).open("a") as file:
        file.write(json.dumps([os.environ["PYTEST_XDIST_WORKER"], name, os.nice(0)]) + "\\n")
"""
STACK = """
@pytest.fixture(scope="package")
def stack():
    tell("stack starts")
    yield
    tell("stack stops")
"""
TEST = """
from telling import tell

def test_one({fixture}):
    tell("{name} one")

def test_two({fixture}):
    tell("{name} two")
"""


def _run(folder: Path, *arguments: str) -> list[tuple[str, str, int]]:
    """Of each thing that happened: the worker, its name, the worker's niceness."""
    told = folder / "told.txt"
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    (folder / "telling.py").write_text(TOLD.format(told=str(told)))
    for name in ("e2e", "api", "unit"):
        (folder / "tests" / name).mkdir(parents=True)
        for part in ("a", "b", "lifecycle") if name == "e2e" else ("a", "b"):
            fixture = "stack" if name == "e2e" and part != "lifecycle" else ""
            test = TEST.format(fixture=fixture, name=f"{name}/{part}")
            unique = part if part == "lifecycle" else f"{name}_{part}"
            (folder / "tests" / name / f"test_{unique}.py").write_text(test)
    (folder / "tests" / "e2e" / "__init__.py").touch()
    (folder / "tests" / "e2e" / "conftest.py").write_text("from telling import *\n" + STACK)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.side_by_side", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return [tuple(json.loads(line)) for line in told.read_text().splitlines()]


def test_one_worker_has_the_stack_and_first_and_gives_way_afterwards(tmp_path: Path) -> None:
    told, ours = _run(tmp_path, "-n", "2"), os.nice(0)
    [worker] = {one for one, name, _ in told if name.startswith(("e2e/a", "e2e/b", "stack"))}
    of_worker = [(name, nice) for one, name, nice in told if one == worker]
    assert of_worker[:6] == [
        ("stack starts", ours),
        *((f"e2e/{part} {number}", ours) for part in "ab" for number in ("one", "two")),
        ("stack stops", ours),
    ], "one stack, which does not run on for the rest"
    other = [(name, nice) for one, name, nice in told if one != worker]
    assert other[:2] == [("e2e/lifecycle one", ours), ("e2e/lifecycle two", ours)], (
        "its stacks run beside the shared one"
    )
    assert {nice for _, name, nice in told if not name.startswith(("e2e", "stack"))} == {min(ours + 10, 19)}
    assert len(told) == 2 + 14
