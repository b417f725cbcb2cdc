"""The public shape of erasures."""

from __future__ import annotations

from typing import Any

from recado.domain.contact_erasure import COUNTED, Erasure
from recado.services.views import moment


def erasure_view(erasure: Erasure) -> dict[str, Any]:
    """What is on record of an erasure."""
    return {
        "id": erasure.id,
        "contact_id": erasure.contact_id,
        "reason": erasure.reason,
        "state": erasure.state,
        "requested_by": erasure.requested_by,
        "requested_at": moment(erasure.requested_at),
        "finished_at": moment(erasure.finished_at),
        "erased": {name: erasure.erased.get(name, 0) for name in COUNTED},
    }
