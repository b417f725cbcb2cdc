"""What is uploaded: functions and layers as `sam build` and the local stack put them together."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.local.packages import BuildFailed, Package, build_packages, unpack_layer
from tests.infra.templates import ROOT, template

PACKAGES = ROOT / ".local" / "packages"
IMPORT_ALL = """
import pkgutil, sys, importlib
import recado
names = [found.name for found in pkgutil.walk_packages(recado.__path__, "recado.")]
for name in names:
    importlib.import_module(name)
import app
foreign = [m.__file__ for m in sys.modules.values() if "site-packages" in (getattr(m, "__file__", None) or "")]
assert not foreign, foreign
print(len(names))
"""


@pytest.fixture(scope="module")
def packages() -> dict[str, Package]:
    return {package.resource: package for package in build_packages(ROOT, template(), PACKAGES)}


def _names(package: Package) -> set[str]:
    with zipfile.ZipFile(package.path) as archive:
        return set(archive.namelist())


def test_api_takes_app_along_and_nothing_else_of_the_root(packages: dict[str, Package]) -> None:
    assert _names(packages["ApiFunction"]) == {"handler.py", "app.py"}


def test_a_function_is_its_folder(packages: dict[str, Package]) -> None:
    assert _names(packages["IngressFunction"]) == {"handler.py"}


def test_core_layer_is_the_product_once(packages: dict[str, Package]) -> None:
    names = _names(packages["CoreLayer"])
    assert "python/recado/bootstrap/__init__.py" in names
    assert any(  # compiled for a cold start
        name.startswith("python/recado/bootstrap/__pycache__/__init__.") for name in names
    ), "compiled for a cold start"
    assert not [name for name in names if name.startswith("python/python") or "Makefile" in name]


def test_the_layers_hold_all_the_product_imports(packages: dict[str, Package], tmp_path: Path) -> None:
    """The whole product is imported from a pruned layer by a Python that has nothing else."""
    for name in ("CoreLayer", "ApiFunction"):
        zipfile.ZipFile(packages[name].path).extractall(tmp_path)
    vendor = packages["VendorLayer"].path.with_suffix("")
    path = os.pathsep.join([str(tmp_path / "python"), str(vendor), str(tmp_path)])
    done = subprocess.run(
        [sys.executable, "-S", "-c", IMPORT_ALL],
        env={"PYTHONPATH": path, "AWS_DEFAULT_REGION": "us-east-1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 30


def _layer_of(text: str, digest: str, tmp_path: Path) -> Package:
    path = tmp_path / f"core-layer-{digest}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("python/product_of_the_test.py", f"TEXT = {text!r}\n")
    return Package("CoreLayer", f"layers/core-{digest}.zip", path)


def _imported(layer: Package, tmp_path: Path) -> str:
    """What a process says that has only this layer, unpacked as MiniStack does it."""
    folder = tmp_path / "of the process"
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(layer.path) as archive:
        assert len(archive.namelist()) == 1, "all that is unpacked for each process"
        archive.extractall(folder)
    [site] = folder.glob("python/lib/*/site-packages")
    command = f"import site; site.addsitedir({str(site)!r}); import product_of_the_test as p; print(p.TEXT)"
    done = subprocess.run([sys.executable, "-S", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    return done.stdout.strip() or done.stderr


def test_a_stack_unpacks_its_layer_once_and_keeps_the_last_one(tmp_path: Path) -> None:
    layers = [unpack_layer(_layer_of(f"text {n}", str(n), tmp_path), tmp_path / "layers") for n in (1, 2, 1)]
    assert layers[0] == layers[2] != layers[1], "the same contents are nothing new to deploy"
    assert [_imported(layer, tmp_path) for layer in layers] == ["text 1", "text 2", "text 1"]
    newest = unpack_layer(_layer_of("text 3", "3", tmp_path), tmp_path / "layers")
    assert _imported(newest, tmp_path) == "text 3"
    assert _imported(layers[2], tmp_path) == "text 1", "functions of the last start still run with it"
    assert sorted(folder.name for folder in (tmp_path / "layers").iterdir()) == ["core-layer-1", "core-layer-3"]


def test_the_same_layer_for_another_stack_is_another_package(tmp_path: Path) -> None:
    layer = _layer_of("text", "1", tmp_path)
    assert unpack_layer(layer, tmp_path / "one").key != unpack_layer(layer, tmp_path / "two").key


def test_two_that_build_at_once_build_one_after_the_other(tmp_path: Path) -> None:
    """On a new checkout the suite and its stack want the same packages."""
    resources = {"TickFunction": template()["Resources"]["TickFunction"]}
    (tmp_path / "lock").touch()
    with (tmp_path / "lock").open("w") as held, ThreadPoolExecutor(1) as pool:
        fcntl.flock(held, fcntl.LOCK_EX)
        waiting = pool.submit(build_packages, ROOT, {"Resources": resources}, tmp_path)
        with pytest.raises(TimeoutError):
            waiting.result(0.3)
        assert [path.name for path in tmp_path.iterdir()] == ["lock"]
        fcntl.flock(held, fcntl.LOCK_UN)
        assert waiting.result(30)


def test_layers_fit_into_lambda(packages: dict[str, Package]) -> None:
    """250 MB unpacked is the limit of a function with all its layers; a cold start wants far less."""
    vendor = packages["VendorLayer"].path.with_suffix("")
    size = sum(path.stat().st_size for path in vendor.rglob("*") if path.is_file())
    assert 5_000_000 < size < 40_000_000


def test_the_same_sources_give_the_same_key(tmp_path: Path) -> None:
    resources = {"TickFunction": template()["Resources"]["TickFunction"]}
    (first,) = build_packages(ROOT, {"Resources": resources}, tmp_path)
    (second,) = build_packages(ROOT, {"Resources": resources}, tmp_path)
    assert first == second


def test_a_changed_source_gives_another_key(tmp_path: Path) -> None:
    resources = {"TickFunction": template()["Resources"]["TickFunction"]}
    shutil.copytree(ROOT / "functions" / "tick", tmp_path / "functions" / "tick")
    (first,) = build_packages(tmp_path, {"Resources": resources}, tmp_path / "built")
    with (tmp_path / "functions" / "tick" / "handler.py").open("a") as handler:
        handler.write("\n")
    (second,) = build_packages(tmp_path, {"Resources": resources}, tmp_path / "built")
    assert first.key != second.key
    assert first.path.is_file() and second.path.is_file()


def test_a_missing_function_is_named(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match=r"TickFunction, but functions/tick/handler\.py does not exist"):
        build_packages(
            tmp_path, {"Resources": {"TickFunction": template()["Resources"]["TickFunction"]}}, tmp_path / "built"
        )
