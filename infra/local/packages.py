"""Build what is uploaded: one zip per function and per layer, for the Python of this machine.

The layers are built by the makefiles that `sam build` uses, so that there is one recipe. What has not changed since the
last time is not built again: a package is kept under the digest of its sources.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class BuildFailed(Exception):
    """A package could not be built; the text says which and why."""


# This start's layer and the last one's.
KEPT_LAYERS = 2


@dataclass(frozen=True)
class Package:
    """A zip ready for upload. `key` names its content: the same sources give the same key."""

    resource: str
    key: str
    path: Path


def build_packages(
    root: Path, template: dict[str, Any], build_dir: Path, python: str = sys.executable
) -> list[Package]:
    """Build every function and layer of the template. BuildFailed names what is missing or broken.

    Whoever builds in the same folder at the same time waits, and finds the packages made.
    """
    packages = []
    build_dir.mkdir(parents=True, exist_ok=True)
    with (build_dir / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for resource, definition in template["Resources"].items():
            kind, properties = definition["Type"], definition.get("Properties", {})
            if kind == "AWS::Serverless::Function":
                packages.append(_function(root, resource, properties["CodeUri"], build_dir))
            elif kind == "AWS::Serverless::LayerVersion":
                packages.append(_layer(root, resource, properties["ContentUri"], build_dir, python))
    return packages


def unpack_layer(package: Package, layers_dir: Path) -> Package:
    """Unpack a layer into a folder of its own in `layers_dir`; a package that only points there.

    The layer before this one stays: until they are deployed anew, the functions of the last start run with it.
    """
    unpacked = layers_dir / package.path.stem
    if not unpacked.is_dir():
        unfinished = layers_dir / f"{package.path.stem}.part"
        shutil.rmtree(unfinished, ignore_errors=True)
        with zipfile.ZipFile(package.path) as archive:
            archive.extractall(unfinished)
        unfinished.replace(unpacked)
    os.utime(unpacked)
    for older in sorted(layers_dir.iterdir(), key=lambda folder: folder.stat().st_mtime_ns)[:-KEPT_LAYERS]:
        shutil.rmtree(older)
    digest = hashlib.sha256(str(unpacked).encode()).hexdigest()[:16]
    pointer = unpacked / "pointer.zip"
    _zip_pointer(pointer, unpacked / "python")
    return Package(package.resource, f"layers/{package.path.stem}-{digest}.zip", pointer)


def _function(root: Path, resource: str, code_uri: str, build_dir: Path) -> Package:
    folder = root / code_uri
    if not (folder / "handler.py").is_file():
        raise BuildFailed(f"template.yaml names {resource}, but {code_uri}/handler.py does not exist")
    build_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=build_dir, prefix=f"{folder.name}-") as name:
        content = Path(name)
        if (folder / "Makefile").is_file():
            _make(folder, resource, content)
        else:
            shutil.copytree(folder, content, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        files = _files(content)
        digest = _digest(files)
        package = Package(resource, f"functions/{folder.name}-{digest}.zip", build_dir / f"{folder.name}-{digest}.zip")
        if not package.path.is_file():
            _zip(package.path, files)
    return package


def _layer(root: Path, resource: str, content_uri: str, build_dir: Path, python: str) -> Package:
    folder = root / content_uri
    digest = _digest(_files(folder), f"{python} {sys.version} {build_dir}")
    package = Package(resource, f"layers/{folder.name}-{digest}.zip", build_dir / f"{folder.name}-layer-{digest}.zip")
    if package.path.is_file():
        return package
    build_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=build_dir, prefix=f"{folder.name}-") as name:
        content = Path(name)
        # PLATFORM empty: wheels of this machine instead of Lambda's.
        _make(folder, resource, content, f"PYTHON={python}", "PLATFORM=")
        if (folder / "requirements.txt").is_file():
            # The same for all stacks, and large: its package is nothing but where it lies.
            kept = package.path.with_suffix("")
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(content / "python", kept)
            _zip_pointer(package.path, kept)
        else:
            _zip(package.path, _files(content, compiled=True))
    return package


def _make(folder: Path, resource: str, content: Path, *variables: str) -> None:
    """Run the folder's own makefile as `sam build` does."""
    command = ["make", "-s", "-C", str(folder), f"build-{resource}", f"ARTIFACTS_DIR={content}", *variables]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise BuildFailed(f"{folder} does not build:\n{(done.stdout + done.stderr).strip()[-2000:]}")


def _files(folder: Path, compiled: bool = False) -> dict[str, Path]:
    """The files of a folder by their names in it; what Python compiled only when asked for."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and (compiled or path.suffix != ".pyc")]
    return {path.relative_to(folder).as_posix(): path for path in found}


def _digest(files: dict[str, Path], salt: str = "") -> str:
    digest = hashlib.sha256(salt.encode())
    for name, path in files.items():
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _zip_pointer(target: Path, imported: Path) -> None:
    """A layer with a .pth file alone, which puts the folder in front of the path: what is imported is the same.

    MiniStack unpacks every layer again for every process of a function: 2,500 files of packages and 1,000 of the
    product are a second and a half of a cold start.
    """
    name = f"python/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages/{target.stem}.pth"
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(name, f"import sys; sys.path.insert(0, {str(imported)!r})\n")


def _zip(target: Path, files: dict[str, Path]) -> None:
    """Written beside and moved: a broken build leaves no half zip under a good name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, path in files.items():
            archive.write(path, name)
    unfinished.replace(target)
