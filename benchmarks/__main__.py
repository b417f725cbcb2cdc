"""Run the benchmarks: `python -m benchmarks [name…]`, all of them without a name."""

from __future__ import annotations

import sys
from importlib import import_module

from benchmarks.figures import show

ALL = ("contact_exports", "contact_lists")
"""Modules of this folder, each with `figures()`."""

for name in sys.argv[1:] or ALL:
    print(f"{name}: {(import_module(f'benchmarks.{name}').__doc__ or '').splitlines()[0]}", flush=True)
    show(import_module(f"benchmarks.{name}").figures())
