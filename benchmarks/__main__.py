"""Run the benchmarks: `python -m benchmarks [name…] [contacts]`, all of them without a name; at a million contacts
without a number."""

from __future__ import annotations

import sys
from importlib import import_module

from benchmarks.figures import show

ALL = ("contact_exports", "contact_lists", "segments")
"""Modules of this folder, each with `figures(contacts)`."""

names = [one for one in sys.argv[1:] if not one.isdecimal()]
sizes = [int(one) for one in sys.argv[1:] if one.isdecimal()][-1:]
for name in names or ALL:
    print(f"{name}: {(import_module(f'benchmarks.{name}').__doc__ or '').splitlines()[0]}", flush=True)
    show(import_module(f"benchmarks.{name}").figures(*sizes))
