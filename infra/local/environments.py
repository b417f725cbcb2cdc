"""Make the virtual environments that a target needs. Runs on the machine's own Python with nothing installed.

    python3 infra/local/environments.py run|dev|sam

An environment is made once: a stamp in it holds the Python that made it and a digest of its requirements. Another
Python makes it anew, other requirements are installed into it. Exit code 2 with what to do when something is missing,
130 after Ctrl-C.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OLDEST, NEWEST = (3, 11), (3, 13)
# Environment's folder → files of its requirements; the last one is installed, the others are read by it.
ENVIRONMENTS = {
    ".venv": ("layers/vendor/requirements.txt", "requirements/dev.txt"),
    ".venv-ministack": ("requirements/ministack.txt",),
    ".venv-sam": ("requirements/sam.txt",),
}
TARGETS = {"run": (".venv", ".venv-ministack"), "dev": (".venv",), "sam": (".venv-sam",)}


class Lacking(Exception):
    """The machine lacks something; the text says what and what to do."""


def check_python() -> None:
    """Raise Lacking unless a Python runs this that Recado knows."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        raise Lacking(
            f"Python {sys.version.split()[0]} runs this, but Recado needs 3.11, 3.12 or 3.13.\n"
            "Install one of them and name it behind what you typed: make … PYTHON=python3.13"
        )


def make_environment(folder: str) -> None:
    """Make one environment, or bring it up to its requirements; nothing to do takes no time."""
    target, requirements = ROOT / folder, [ROOT / name for name in ENVIRONMENTS[folder]]
    stamp = target / "recado.stamp"
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in requirements)).hexdigest()
    made_by, installed = stamp.read_text().split("\n") if stamp.is_file() else ("", "")
    if (made_by, installed) == (_this_python(), digest):
        return
    started = time.monotonic()
    print(f"  {folder}: installing {requirements[-1].relative_to(ROOT)} …", flush=True)
    if made_by != _this_python():
        shutil.rmtree(target, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(target)])
    # Doubly quiet: pip's errors are still printed, its remarks about this machine's settings are not.
    pip = [str(target / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "-qq"]
    _run([*pip, "install", "--requirement", str(requirements[-1])])
    stamp.write_text(f"{_this_python()}\n{digest}")
    print(f"  {folder}: ready after {time.monotonic() - started:.0f} s", flush=True)


def _run(command: list[str]) -> None:
    """Run to the end, or raise CalledProcessError.

    In a group of its own, which Ctrl-C does not reach: cut short it is ended whole, and prints no traceback.
    """
    process = subprocess.Popen(command, start_new_session=True)
    try:
        code = process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if code:
        raise subprocess.CalledProcessError(code, command)


def _this_python() -> str:
    return f"{sys.executable} {sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"


def main() -> int:
    target = sys.argv[1] if len(sys.argv) == 2 else ""
    if target not in TARGETS:
        print(__doc__)
        return 2
    os.environ.pop("PYTHONPATH", None)
    try:
        check_python()
        for folder in TARGETS[target]:
            make_environment(folder)
    except Lacking as lack:
        print(f"\nCannot go on: {lack}", file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print(
            f"\nCannot go on: {' '.join(error.cmd[:6])} … failed with code {error.returncode} (its words are above)."
            "\nIs the package registry reachable? Then try again: environments that were ready are kept.",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
