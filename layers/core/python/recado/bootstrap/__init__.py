"""The one place that wires ports to what implements them. Everything is built when first asked for, and
imported then: a cold start pays only for what it uses."""

from __future__ import annotations

from functools import lru_cache

from recado.bootstrap.calling import Calling
from recado.bootstrap.mailing import Mailing
from recado.bootstrap.reporting import Reporting
from recado.bootstrap.widgets import Widgets
from recado.settings import settings


class Container(Widgets, Calling, Mailing, Reporting):
    """What a process uses; handlers ask it for services by name."""


@lru_cache(maxsize=1)
def container() -> Container:
    """The container of this process."""
    return Container(settings())
